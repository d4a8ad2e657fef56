"""rank beyond conformance: every bit of bfloat16, what products make of infinities and NaN, sizes, damaged lists."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.bfloat16 import widened
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel
from dotbench.formats.parts.ranks import PLACES, Ranks, nibbles
from dotbench.formats.sources.source import as_source, matrix_sha256

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import resealed

CODINGS = ["rank", "rank[coding=rice]"]
EVERY = np.arange(1 << 16, dtype=np.uint16)


def normal(n: int, m: int, seed: int = 0) -> np.ndarray:
    return formats.to_bfloat16(np.random.default_rng(seed).standard_normal((n, m), np.float32))


def bits(W: np.ndarray) -> np.ndarray:
    return W.view(np.uint16)


def shapes() -> list[tuple[int, int]]:
    return [(1, 1 << 16), (1 << 16, 1), (4099, 16), (512, 128), (31, 2115), (33, 1986)]


@pytest.mark.parametrize("label", CODINGS)
@pytest.mark.parametrize("shape", shapes())
def test_every_value_bit_for_bit(label: str, shape: tuple[int, int]) -> None:
    """Zeros of both signs, subnormal numbers, infinities, NaN of either kind, in any place; 241 exponents are listed."""
    _, m = shape
    W = formats.bfloat16_from_bits(np.resize(np.random.default_rng(1).permutation(EVERY), shape))
    payload = formats.parse(label).encode(W)
    assert np.array_equal(bits(payload.decode()), bits(W)) and payload.decode().dtype == payload.dtype == W.dtype
    loaded = formats.load(payload.data.tobytes())
    assert np.array_equal(bits(loaded.entries(m // 3, m)), bits(W.T[m // 3 :].copy()))
    assert payload.nnz == np.count_nonzero(bits(W) & 0x7FFF)
    for threads in (2, 5):
        assert np.array_equal(formats.parse(label).encode(W, threads=threads).data, payload.data)
    again = formats.parse(label).encode(payload)
    assert np.array_equal(again.data, payload.data), "a payload is read with all its bits"


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("label", CODINGS)
def test_products_follow_ieee(label: str, isa: str) -> None:
    """Each column has one odd value; x has a zero, an infinity or a NaN. What comes out is what float64 says."""
    n = 130
    odd = [0x7F80, 0xFF80, 0x7FC1, 0xFF81, 0x0001, 0x8000, 0x0000, 0x7F7F, 0x0080]
    for place in (0, 31, 32, 97, 127, 128, 129):
        W = normal(n, len(odd), place)
        bits(W)[place] = odd
        payload = formats.parse(label).encode(W)
        kernel = Kernel("rank", payload.data, isa=isa)
        with np.errstate(invalid="ignore"):  # of signalling NaN
            wide = widened(W).astype(np.float64)
        for value in (1.0, 0.0, np.inf, -np.inf, np.nan):
            for batch in (1, 8):
                X = np.random.default_rng(2).standard_normal((batch, n)).astype(np.float32)
                X[:, place] = value
                Y = np.zeros((batch, len(odd)), np.float32)
                kernel.dot(X, Y, (0, len(odd)), None, kernel.scratch(batch, 1))
                with np.errstate(all="ignore"):
                    exact = X.astype(np.float64) @ wide
                    close = np.abs(Y - exact) <= 1e-5 * (np.abs(X).astype(np.float64) @ np.abs(wide))
                assert (close | (exact == Y) | (np.isnan(Y) & np.isnan(exact))).all(), (place, value, batch)


def test_products_are_those_of_dense() -> None:
    W, X = normal(1000, 70), np.random.default_rng(3).standard_normal((8, 1000)).astype(np.float32)
    dense = formats.get("dense").encode(W)
    for label in CODINGS:
        payload = formats.parse(label).encode(W)
        for batch in (1, 8):
            expected = dense.dot(X[:batch])
            assert np.allclose(payload.dot(X[:batch]), expected, rtol=1e-4, atol=1e-4)
            for begin, end in ((0, 70), (5, 6), (17, 69)):
                assert np.array_equal(
                    payload.dot(X[:batch], threads=2, columns=(begin, end)), payload.dot(X[:batch])[:, begin:end]
                )


def test_sizes_are_exact() -> None:
    W = normal(1024, 512)
    n, m = W.shape
    exponents = bits(W) >> 7 & 0xFF
    counts = np.sort(np.bincount(exponents.ravel(), minlength=256))[::-1]
    listed = int(counts[15:].sum())
    assert listed == 88
    payload = formats.get("rank").encode(W)
    assert payload.sections == {
        "header": 64 + -3 * listed % 4, "weights": 3 * n * m // 2,
        "counts": 2 * m, "rows": 2 * listed, "exponents": listed, "lengths": 0, "stream": 0,
    }  # fmt: skip
    assert 8 * payload.nbytes / (n * m) == pytest.approx(12.0206, abs=0.0001)
    ranks = np.arange(16)
    code = min(int((np.append(counts[:15], listed) * ((ranks >> k) + 1 + k)).sum()) for k in range(5))
    rice = formats.get("rank", coding="rice").encode(W)
    assert rice.sections["stream"] == -(-code // 8) + 7 and rice.sections["lengths"] == 4 * m // 16
    entropy = -(counts[counts > 0] / (n * m) * np.log2(counts[counts > 0] / (n * m))).sum()
    assert 8 + entropy < 8 * rice.nbytes / (n * m) < 8 + entropy * 1.06
    assert formats.get("rank").paper_bits(as_source(W, "bfloat16")) == 12 * n * m


def test_how_a_column_lies() -> None:
    """As cdot/isa/portable/rank.h draws it."""
    assert sorted(PLACES) == list(range(32)) and PLACES[:5].tolist() == [0, 8, 1, 9, 2] and PLACES[16] == 4
    ranks, rest = np.arange(35, dtype=np.uint8) % 15, np.arange(100, 135, dtype=np.uint8)
    column = nibbles(ranks.reshape(1, -1), rest.reshape(1, -1))[0]
    assert len(column) == 35 + 18
    for h in range(2):
        for k in range(4):
            for i in range(4):
                row = 8 * k + 4 * h + i
                place = 8 * (k // 2) + 2 * i + k % 2
                assert column[place] >> 4 * h & 15 == ranks[row] and column[16 + 16 * h + place] == rest[row]
    assert column[48:].tolist() == [ranks[32] | ranks[33] << 4, ranks[34], *rest[32:]]


def test_ranks() -> None:
    histogram = np.zeros(256, np.int64)
    histogram[[120, 121, 122]] = 5, 9, 5
    ranks = Ranks.of(histogram)
    assert ranks.exponents.tolist() == [121, 120, 122] and ranks.counts[:4].tolist() == [9, 5, 5, 0]
    assert (ranks.table[121], ranks.table[122], ranks.table[0]) == (0, 2, 15)
    assert ranks.stored == bytes([121, 120, 122] + [0] * 13)
    uniform = np.zeros(256, np.int64)
    uniform[100:116] = 1000
    assert Ranks.of(uniform).counts[15] == 1000 and Ranks.of(uniform).rice() == (2, 16_000 * 3 + 24_000)


def test_what_is_taken() -> None:
    """Any dtype whose values bfloat16 holds; the sign of a zero is kept from dense arrays, of any layout."""
    W = normal(50, 33)
    bits(W)[::5, ::3] = 0x8000
    wide = W.astype(np.float32)
    expected = formats.get("rank").encode(W).data
    big = np.zeros((100, 66), W.dtype)
    big[::2, ::2] = W
    same = [
        wide, wide.astype(np.float64), np.asfortranarray(W), big[::2, ::2], wide.astype(">f4"),
        W.astype(W.dtype.newbyteorder(">")), wide.astype(np.longdouble),
    ]  # fmt: skip
    for matrix in same:
        assert np.array_equal(formats.get("rank").encode(matrix).data, expected), matrix.dtype
    positive = formats.get("rank").encode(np.where(wide == 0, 0, wide)).data
    for matrix in (scipy.sparse.csc_array(wide), formats.get("csc").encode(W), formats.get("dense").encode(wide)):
        assert np.array_equal(formats.get("rank").encode(matrix).data, positive), type(matrix)
    assert matrix_sha256(formats.get("rank").encode(W)) == matrix_sha256(as_source(W, "bfloat16"))
    integers = np.arange(-128, 128).reshape(16, 16)
    assert np.array_equal(formats.get("rank").encode(integers).decode().astype(int), integers)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_values_that_bfloat16_does_not_hold(dtype: type) -> None:
    W = np.zeros((5, 7), dtype)
    W[3, 4] = 257
    with pytest.raises(
        ValueError, match=r"257(.0)? at row 3, column 4 is changed by rounding to bfloat16: take a format"
    ):
        formats.get("rank").encode(W)
    with pytest.raises(ValueError, match="row 3, column 4 is changed by rounding to bfloat16"):
        formats.get("rank").encode(scipy.sparse.csr_array(W))
    with pytest.raises(ValueError, match="0 threads"):
        formats.get("rank").encode(W, threads=0)
    with pytest.raises(ValueError, match="codings are nibbles or rice"):
        formats.parse("rank[coding=huffman]")


@pytest.mark.parametrize("label", CODINGS)
def test_damaged_lists(label: str) -> None:
    """Each damage alone, with a checksum that fits: refused when the payload is opened."""
    W = formats.bfloat16_from_bits(np.resize(EVERY[::37], (300, 20)))
    payload = formats.parse(label).encode(W)
    data, size = payload.data, payload.sections
    start = 64 + size["weights"]
    counts, rows = start + -start % 4, start + -start % 4 + 40
    field = struct.Struct("<QIBBH")
    stream, listed, coding, k, zero = field.unpack(data[48:64].tobytes())

    def with_bytes(at: int, new: bytes) -> bytes:
        damaged = data.copy()
        damaged[at : at + len(new)] = np.frombuffer(new, np.uint8)
        return resealed(damaged)

    odd = [
        with_bytes(counts, struct.pack("<H", 301)),
        with_bytes(counts, struct.pack("<H", int(data[counts]) + 1)),
        with_bytes(rows, struct.pack("<H", 300)),
        with_bytes(rows, bytes(data[rows + 2 : rows + 4]) + bytes(data[rows : rows + 2])),
        with_bytes(47, b"\1"),
        *(with_bytes(48, field.pack(*one)) for one in (
            (stream + 8, listed, coding, k, zero), (1 << 60, listed, coding, k, zero),
            (stream, listed + 1, coding, k, zero), (stream, listed, 2, k, zero),
            (stream, listed, coding, 5, zero), (stream, listed, coding, k, 1),
        )),
    ]  # fmt: skip
    if coding:
        lengths = rows + 2 * listed + listed
        odd.append(with_bytes(lengths + -lengths % 4, struct.pack("<I", 0xFFFFFFFF)))
    for number, damaged in enumerate(odd):
        with pytest.raises(PayloadError):
            formats.load(damaged).dot(np.ones(300, np.float32))
            pytest.fail(f"damage {number} was not seen")


# The second has (1.5 n + 0.5) m = 2^64 + 65536: 64 bits hold the 65536 alone. No header may say it, for sides have 31.
TOO_MANY = [(2**31 - 1, 2**31 - 1), (2_863_355_221, 2**32 - 65_535), (2**32 - 1, 2**32 - 1)]


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("label", CODINGS)
@pytest.mark.parametrize("shape", TOO_MANY)
def test_more_weights_than_64_bits_count(label: str, shape: tuple[int, int], isa: str) -> None:
    n, m = shape
    damaged = formats.parse(label).encode(normal(300, 20)).data.copy()
    damaged = np.concatenate((damaged, np.zeros(1 << 17, np.uint8)))
    damaged[8:16] = np.frombuffer(struct.pack("<II", n, m), np.uint8)
    with pytest.raises(PayloadError):
        formats.load(resealed(damaged)).kernel  # noqa: B018
    with pytest.raises(PayloadError):  # what C makes of it, without Python's look at the sections
        Kernel("rank", damaged, isa=isa)


def test_any_stream_is_one() -> None:
    """Whatever a stream holds, each entry has a rank: nothing is read behind it, and nothing hangs."""
    payload = formats.get("rank", coding="rice").encode(normal(200, 40))
    size = payload.sections["stream"]
    for byte in (0x00, 0xFF, 0x55):
        damaged = payload.data.copy()
        damaged[-size:] = byte
        loaded = formats.load(resealed(damaged))
        y = loaded.dot(np.ones(200, np.float32))
        assert np.array_equal(loaded.dot(np.ones(200, np.float32), columns=(7, 40)), y[7:], equal_nan=True)


@pytest.mark.parametrize("isa", build.instruction_sets())
def test_groups_of_a_stream_begin_where_their_lengths_say(isa: str) -> None:
    """Lengths that add up but are not those of the codes: a range is still a part of the whole product."""
    payload = formats.get("rank", coding="rice").encode(normal(200, 40))
    stream = len(payload.data) - payload.sections["stream"]
    at = stream - payload.sections["lengths"]
    first, *others = payload.data[at:stream].view("<u4")
    assert len(others) == 2 and first > 96
    damaged = payload.data.copy()
    damaged[at:stream] = np.array([first - 96, others[0] + 96, *others[1:]], "<u4").view(np.uint8)
    kernel = Kernel("rank", formats.load(resealed(damaged)).data, isa=isa)
    X, Y = np.ones((1, 200), np.float32), np.zeros((1, 40), np.float32)
    kernel.dot(X, Y, (0, 40), None, kernel.scratch(1, 1))
    for begin in range(40):
        part = np.zeros((1, 40), np.float32)
        kernel.dot(X, part, (begin, 40), None, kernel.scratch(1, 1))
        assert np.array_equal(part[:, begin:], Y[:, begin:], equal_nan=True), begin
