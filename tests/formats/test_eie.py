"""eie: fillers by hand, both codings decoded in Python, sizes, and damage that only its kernels can see."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, aligned
from dotbench.formats.parts import gaps
from dotbench.formats.parts.huffman import Fields
from dotbench.formats.sources.source import as_source, ranges

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import LARGE, SMALL, check_whole, sparse

NAMES = ["eie", "eie[coding=huffman]"]


def column(*runs: int) -> np.ndarray:
    """One column: as many zeros as each run says, and a 1 behind each."""
    return np.concatenate([np.append(np.zeros(run), 1) for run in runs]).astype(np.float32)[:, None]


@pytest.mark.parametrize(
    ("zeros", "stored"),
    [(0, [0]), (15, [15]), (16, [15, 0]), (17, [15, 1]), (31, [15, 15]), (32, [15, 15, 0]), (47, [15, 15, 15])],
)
def test_fillers(zeros: int, stored: list[int]) -> None:
    """A gap of 15 fits; of each 16 zeros of a longer one the last is an entry."""
    for W, expected in ((column(zeros), stored), (column(2, zeros), [2, *stored])):
        found = gaps.entries(as_source(W).columns(0, 1))
        assert found.gaps.tolist() == expected
        assert np.flatnonzero(found.values == 0).tolist() == [
            i + len(expected) - len(stored) for i in range(len(stored) - 1)
        ]
        for name in NAMES:
            assert np.array_equal(formats.parse(name).encode(W).decode(), W)


def test_the_codebook_has_a_zero_where_there_are_fillers() -> None:
    without, with_ = column(15, 3), column(16, 3)
    for name in NAMES:
        assert formats.parse(name).encode(without).section("values").tolist() == [1]
        assert formats.parse(name).encode(with_).section("values").tolist() == [1, 0]


def test_sections_by_hand() -> None:
    """[[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]]: gaps 0 1, 1 1, 2. Codewords of values 2: 0, -3: 10, 1: 11;
    of gaps 1: 0, 0: 10, 2: 11."""
    W = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)
    payload = formats.get("eie").encode(W)
    assert payload.section("values").tolist() == [2, -3, 1] and payload.section("counts").tolist() == [2, 2, 1]
    assert payload.section("gaps").tolist() == [0x10, 0x11, 0x02] + [0] * 7
    assert payload.section("indices").tolist() == [0b00_10_00_00, 0b01] + [0] * 7
    payload = formats.get("eie", coding="huffman").encode(W)
    assert payload.section("values").tolist() == [2, -3, 1] and payload.section("gap_values").tolist() == [1, 0, 2]
    assert payload.section("lengths").tolist() == payload.section("gap_lengths").tolist() == [1, 2]
    assert payload.section("stream").tolist() == [int("0011010".ljust(32, "0"), 2), 0]
    assert payload.section("gap_stream").tolist() == [int("1000011".ljust(32, "0"), 2), 0]
    assert payload.section("counts").tolist() == [2, 2, 1]


def packed(section: np.ndarray, count: int, width: int) -> list[int]:
    number = int.from_bytes(section.tobytes(), "little")
    return [number >> i * width & (1 << width) - 1 for i in range(count)]


def coded(payload: formats.Payload, prefix: str, count: int) -> list[float]:
    """Symbols of a stream by the definition of a canonical code."""
    symbols, words, word, at = payload.section(f"{prefix}values").tolist(), {}, 0, 0
    for length, number in enumerate(payload.section(f"{prefix}lengths").tolist(), 1):
        for _ in range(number):
            words[format(word, f"0{length}b")] = symbols[at]
            word, at = word + 1, at + 1
        word <<= 1
    if not words:
        return symbols * count
    bits, found, start = "".join(f"{word:032b}" for word in payload.section(f"{prefix}stream")), [], 0
    for end in range(1, len(bits)):
        if len(found) < count and bits[start:end] in words:
            found.append(words[bits[start:end]])
            start = end
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["one_row", "no_zero", "one_value", "every_bit", "very_sparse", "n_257"])
def test_decoded_in_python(name: str, key: str) -> None:
    W = SMALL[key]()
    payload = formats.parse(name).encode(W)
    counts = payload.section("counts").tolist()
    entries = sum(counts)
    assert struct.unpack("<Q", payload.fields[:8]) == (entries,)
    if payload.format.params:
        values, steps = coded(payload, "", entries), coded(payload, "gap_", entries)
    else:
        codebook = payload.section("values").tolist()
        values = [codebook[i] for i in packed(payload.section("indices"), entries, (len(codebook) - 1).bit_length())]
        steps = packed(payload.section("gaps"), entries, 4)
    decoded, at = np.zeros_like(W), 0
    for j, count in enumerate(counts):
        rows = np.cumsum(np.array(steps[at : at + count], int) + 1) - 1
        decoded[rows, j] = values[at : at + count]
        at += count
    assert np.array_equal(decoded, W)


@pytest.mark.real_data("vgg19/90-0-32")
def test_a_layer_of_vgg19(mirror: object, tmp_path: Path) -> None:
    """265 855 entries for 209 715 nonzeros; ten values with the zero take 4 bits an index, so 8 an entry."""
    from dotbench import datasets

    source = datasets.load("vgg19/90-0-32", cache_dir=tmp_path).matrix
    stored = gaps.count(source)
    assert (stored.entries, stored.values.nnz, len(stored.values.values)) == (265_855, 265_855, 10)
    assert formats.get("eie").paper_bits(source) == 265_855 * 8 + 10 * 32 + 4097 * 32
    for name, bits in zip(NAMES, (10.459, 8.078), strict=True):
        payload = formats.parse(name).encode(source)
        assert round(8 * payload.nbytes / 209_715, 3) == bits
        assert formats.matrix_sha256(payload) == formats.matrix_sha256(source)


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", NAMES)
def test_groups_of_many_and_of_few_entries(name: str, isa: str) -> None:
    """Chunks and blocks that end inside columns; groups that are empty between full ones; wide rows."""
    W = sparse(5000, 150, 0.8, 40, 3)
    W[:, 20:70] = 0
    W[:, 70:80] *= np.random.default_rng(0).random((5000, 10)) < 0.001
    for matrix in (W, LARGE["column_longer_than_65_535"]()):
        payload = formats.parse(name).encode(matrix)
        kernel = Kernel("eie", payload.data, isa=isa)
        rows, values, indptr = kernel.decode(0, matrix.shape[1])
        exact = as_source(matrix).columns(0, matrix.shape[1])
        assert np.array_equal(rows, exact.rows) and np.array_equal(values, exact.values)
        assert np.array_equal(indptr, exact.indptr)
        x = np.random.default_rng(1).standard_normal(len(matrix)).astype(np.float32)
        whole = payload.dot(x)
        for end in (17, 71, 79):
            assert np.array_equal(payload.dot(x, columns=(0, min(end, len(whole)))), whole[:end])


def test_seek_bases_of_streams_above_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the border moved to where a test reaches it; the two streams cross it on their own."""
    W = sparse(300, 700, 0.5, 200, 4)
    for border in (1 << 14, 1 << 17):
        monkeypatch.setattr(Fields, "BASES_FROM", border)
        payload = formats.get("eie", coding="huffman").encode(W)
        assert len(payload.section("seek_bases")) > 1 and len(payload.section("gap_seek_bases")) > 1
        assert (payload.section("gap_seek_points") < border).all() and np.array_equal(payload.decode(), W)
        x = np.ones(300, np.float32)
        assert np.allclose(payload.dot(x, columns=(333, 600)), W.sum(0)[333:600], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["ordinary", "no_zero", "mixed_lengths", "very_sparse", "all_zero"])
def test_encoders_stream(name: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = formats.parse(name).encode(SMALL[key]())
    for entries in (1, 1000, 5000):
        monkeypatch.setattr(ranges, "__defaults__", (entries,))
        assert np.array_equal(formats.parse(name).encode(SMALL[key]()).data, whole.data)


def test_other_codings_are_refused() -> None:
    for coding in ("", "Huffman", "none"):
        with pytest.raises(ValueError, match=rf"eie\[coding={coding}\]: codings are plain or huffman"):
            formats.parse(f"eie[coding={coding}]")
    assert formats.parse("eie[coding=plain]") == formats.parse("eie")


def changed(payload: formats.Payload, at: int, fmt: str, value: int) -> np.ndarray:
    """The bytes with a number written at an offset."""
    data = aligned(payload.nbytes)
    data[:] = payload.data
    data[at : at + struct.calcsize(fmt)] = np.frombuffer(struct.pack(fmt, value), np.uint8)
    return data


def offset(payload: formats.Payload, name: str) -> int:
    """Where a section starts."""
    return payload.section(name).ctypes.data - payload.data.ctypes.data


ENTRIES, VALUES, GAPS = 32, 40, 56  # offsets of the fields


@pytest.mark.parametrize(
    ("name", "at", "fmt", "value", "words"),
    [
        ("eie", ENTRIES, "<Q", 2**63, "do not add up"),
        ("eie", ENTRIES, "<Q", 1, "do not add up"),
        ("eie", VALUES + 4, "<B", 1, "do not add up"),  # a codeword's length without a code
        ("eie", GAPS + 8, "<Q", 9, "do not add up"),
        ("eie[coding=huffman]", GAPS, "<I", 17, "cut short|prefix code"),
        ("eie[coding=huffman]", GAPS + 5, "<B", 3, "do not add up"),  # other seek groups than the values'
        ("eie[coding=huffman]", ENTRIES, "<Q", 2**63, "do not add up"),
        ("eie[coding=huffman]", "gap_values", "<B", 16, "out of range"),
        ("eie[coding=huffman]", "gap_lengths", "<I", 3, "prefix code"),
        ("eie[coding=huffman]", "gap_seek_points", "<I", 2**32 - 1, "seek point"),
        ("eie[coding=huffman]", "counts", "<H", 258, "out of order"),
        ("eie[coding=huffman]", "counts", "<H", 0, "out of order"),
        ("eie", "counts", "<H", 0, "out of order"),
        ("eie", "gaps", "<Q", 2**64 - 1, "out of range"),
        ("eie", "indices", "<B", 15, "out of range"),
    ],
)
def test_damage_is_refused(name: str, at: int | str, fmt: str, value: int, words: str) -> None:
    payload = formats.parse(name).encode(SMALL["n_257"]())
    where = at if isinstance(at, int) else offset(payload, at)
    with pytest.raises(PayloadError, match=words):
        Kernel("eie", changed(payload, where, fmt, value))


def test_more_entries_than_a_stream_has_bits() -> None:
    """One value and one gap need no bits, two of either at least one each."""
    payload = formats.get("eie", coding="huffman").encode(SMALL["one_value_everywhere"]())
    assert payload.sections["stream"] == payload.sections["gap_stream"] == 0
    assert payload.nbytes == 72 + 4 + 4 + 40  # a value, a gap with its padding, 40 counts
    few = formats.get("eie", coding="huffman").encode(np.float32([[1], [2]] * 80))
    more = changed(few, 8, "<I", 255)  # more rows, so that a column may have more entries than the stream's 192 bits
    more[offset(few, "counts")] = 250
    more[ENTRIES] = 250
    with pytest.raises(PayloadError, match="outside its bit stream"):
        Kernel("eie", more)


def test_rows_never_leave_the_matrix() -> None:
    """A stream cannot be checked without decoding it: rows past the end become the last row."""
    W = np.zeros((257, 20), np.float32)
    W[::17] = 1
    W[256] = 2
    payload = formats.get("eie", coding="huffman").encode(W)
    for n in (256, 300, 270):
        kernel = Kernel("eie", changed(payload, 8, "<I", n))
        assert kernel.decode(0, 20)[0].max() == min(n, 257) - 1


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(1, 40), st.floats(0, 1), st.integers(1, 300), st.integers(0, 10**6), st.data())
def test_whatever_the_matrix(
    name: str, n: int, m: int, density: float, distinct: int, seed: int, data: st.DataObject
) -> None:
    W = sparse(n, m, density**3, distinct, seed)
    check_whole(formats.parse(name).encode(W), W, data, seed)
