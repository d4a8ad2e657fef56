"""sham and eie[coding=huffman] over each way that their kernels decode a code, in both builds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel
from dotbench.formats.parts import huffman
from dotbench.formats.parts.huffman import Code, seek_shift
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import as_source

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import resealed
from matrices import Matrix

NAMES = ["sham", "eie[coding=huffman]"]


def fibonacci(count: int) -> list[int]:
    """Counts that make codewords as long as `count` allows: count - 1 bits."""
    counts = [1, 1]
    while len(counts) < count:
        counts.append(counts[-1] + counts[-2])
    return counts[:count]


def matrix(counts: list[int], n: int = 900) -> Matrix:
    """Values 1, 2, 3, ... as often as `counts` say, at random places of columns that are full, half full and
    nearly empty in turn: chunks end in columns, columns in chunks, and groups differ tenfold."""
    rng = np.random.default_rng(len(counts))
    values = rng.permutation(np.repeat(np.arange(1, len(counts) + 1, dtype=np.float32), counts))
    columns: list[np.ndarray] = []
    for taken, share in places(len(values), n):
        column = np.zeros(n, np.float32)
        column[rng.permutation(n)[:share]] = values[taken : taken + share]
        columns.append(column)
    return np.stack(columns, axis=1)


def places(total: int, n: int) -> Iterator[tuple[int, int]]:
    """Where each column's values begin, and how many there are."""
    taken, shares = 0, [n, n // 2, 9, 0, 1, n - 1, 40]
    while taken < total:
        share = min(shares[0], total - taken)
        yield taken, share
        taken, shares = taken + share, [*shares[1:], shares[0]]


CODES = {  # longest codeword in bits, and the counts that give it
    **{f"alike_{width}": (width, [700] * (1 << width)) for width in range(7)},
    "few": (4, [9000, 4000, 2000, 600, 500]),
    "few_long": (19, fibonacci(20)),
    "bytes_full": (5, [500] * 30 + [1001]),
    "some": (12, [*[2] * 40, *[300] * 20, *[6000] * 2]),
    "many": (16, [*[1] * 8000, *[9000] * 4]),
    "some_long": (19, [*fibonacci(20), *[1107] * 16]),
    "two_a_peek": (22, [*fibonacci(12), *[150] * 127, *[19426 * times for times in (1, 2, 3, 5, 8)]]),
    "rarely_long": (23, [*fibonacci(24), *[7588] * 16]),
}


@pytest.fixture(scope="module", params=sorted(CODES))
def case(request: pytest.FixtureRequest) -> Matrix:
    return matrix(CODES[request.param][1])


def longest(W: Matrix) -> int:
    return Code.of(as_source(W).histogram().by_frequency()).longest


def check(payload: Payload, W: Matrix, isa: str) -> None:
    """Decoded and multiplied, whole and in ranges that begin and end inside groups."""
    kernel = Kernel(payload.format.name, payload.data, None, isa)
    m = W.shape[1]
    rows, values, indptr = kernel.decode(0, m)
    assert np.array_equal(scipy.sparse.csc_array((values, rows, indptr), shape=W.shape).toarray(), W)
    X = np.random.default_rng(1).integers(-4, 5, (1, len(W))).astype(kernel.arithmetic.inputs)
    whole = np.zeros((1, m), kernel.arithmetic.outputs)
    kernel.dot(X, whole, (0, m), None, kernel.scratch(1, 1))
    assert np.array_equal(whole, X.astype(np.float64) @ W)  # small integers: exact in float32
    for begin, end in ((1, m), (m // 3, m - 1), (m // 2, m // 2 + 1), (m - 1, m)):
        part = np.zeros((1, m), kernel.arithmetic.outputs)
        kernel.dot(X, part, (begin, end), None, kernel.scratch(1, 1))
        assert np.array_equal(part[:, begin:end], whole[:, begin:end]), (begin, end)


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_decoding(name: str, case: Matrix, isa: str) -> None:
    check(formats.parse(name).encode(case), case, isa)


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", ["ham", *NAMES])
@pytest.mark.parametrize("shift", range(4))
def test_seek_points_for_fewer_columns(shift: int, name: str, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huffman, "seek_shift", lambda m, *codes: shift)
    for module in ("ham", "sham", "eie"):
        monkeypatch.setattr(f"dotbench.formats.{module}.seek_shift", huffman.seek_shift)
    W = matrix(CODES["few"][1])
    payload = formats.parse(name).encode(W)
    assert len(payload.section("seek_points")) == -(-W.shape[1] >> shift)
    check(payload, W, isa)


def test_few_long_columns_have_more_seek_points() -> None:
    """As many as take a 10 000th of the stream: 54 points of 32 bits are as much of 17.28 million bits."""
    bits = 54 * 32 * 10_000
    codes = [Code(np.zeros(2), np.array([bits - less, 0]), np.ones(2, np.uint8)) for less in (0, 1, bits // 2, bits)]
    assert [seek_shift(54, code) for code in codes] == [0, 1, 1, 4]
    assert seek_shift(54, codes[0], codes[1]) == 1  # of two streams, the shorter one counts
    assert seek_shift(54, codes[0], codes[3]) == 0  # unless it is none
    assert seek_shift(540, codes[0]) == 4


def test_threads_get_whole_groups_of_few_columns() -> None:
    """Three columns of a seek point each, more threads than columns, and the same product."""
    W = np.random.default_rng(0).integers(0, 9, (200_000, 3)).astype(np.float32)
    x = np.random.default_rng(1).integers(-4, 5, len(W)).astype(np.float32)
    for name in ("csc", "csc_palette", "ham", *NAMES):
        payload = formats.parse(name).encode(W)
        for threads in (1, 2, 5):
            assert np.array_equal(payload.dot(x, threads=threads), x.astype(np.float64) @ W), (name, threads)


@pytest.mark.parametrize("key", sorted(CODES))
def test_codes_are_as_long_as_they_say(key: str) -> None:
    assert longest(matrix(CODES[key][1])) == CODES[key][0]


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("key", ["alike_0", "alike_3", "alike_6", "few_long", "some"])
def test_int8(key: str, isa: str) -> None:
    """Bytes are the values themselves, negative ones too."""
    W = matrix(CODES[key][1]).astype(np.int8)
    W[:, ::3] *= -1
    payload = formats.get("sham").encode(W)
    check(payload, W, isa)


def test_small_layers_have_small_tables() -> None:
    """A table takes half of the stream's bytes at the most: 64 entries of 8 bytes here, 512 there."""
    few, many = (formats.get("sham").encode(matrix([count] * 9)) for count in (40, 4000))
    groups = [-(-payload.shape[1] // 16) for payload in (few, many)]
    sizes = [len(payload.kernel.workspace) for payload in (few, many)]
    assert groups == [1, 7]
    assert sizes[1] - sizes[0] == 8 * (512 - 64) + 8 * (7 - 1)


def test_a_length_without_codewords_behind_all_others() -> None:
    """Lengths up to `longest`, of which the last ones have no codewords, are no code that we write."""
    payload = formats.get("sham").encode(matrix(CODES["few"][1]))
    data = payload.data.copy()
    lengths = payload.section("lengths")
    start = lengths.ctypes.data - payload.data.ctypes.data
    assert lengths.tolist() == [1, 1, 1, 2]
    data[start : start + lengths.nbytes].view("<u4")[:] = [0, 3, 2, 0]
    with pytest.raises(PayloadError, match="complete prefix code"):
        _ = formats.load(resealed(data)).kernel
