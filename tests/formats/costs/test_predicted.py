"""Computed bytes against encoded ones, to the byte, and lower bounds below them: all formats, all dtypes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.bfloat16 import BITS
from dotbench.formats.costs.bounds import LEAST, lower_bound
from dotbench.formats.costs.bytes import EXACT, predicted_bytes
from dotbench.formats.costs.counts import Counts, counts_of
from dotbench.formats.costs.positions import FIELDS, predicted_from_positions
from dotbench.formats.dense import Dense
from dotbench.formats.errors import TooManyValues, TooMuchWork
from dotbench.formats.registry import BUILT_IN

sys.path.insert(0, str(Path(__file__).parents[2]))
from matrices import INT8, LARGE, SMALL, int8

Matrix = np.ndarray
FORMATS = [
    *(one for one in formats.standard_of_all() if type(one) in BUILT_IN),
    *map(formats.parse, ("bsr[block=8]", "bsr[block=16]", "nested[levels=none]", "column_combined[alpha=3,gamma=0.1]")),
]
DTYPES = ("float32", "float16", "bfloat16", "bits", "int8")
SHAPES = [(0, 0), (0, 5), (5, 0), (1, 1), (1, 70), (70, 1), (16, 16), (17, 33), (64, 40), (100, 7), (7, 100)]
EDGES = [(255, 3), (256, 3), (257, 2), (3, 255), (3, 257)]  # where indices become wider
SHARES = (0.0, 0.003, 0.05, 0.3, 0.5, 0.9, 1.0)
DISTINCT = (1, 2, 3, 15, 16, 17, 33, 64, 65, 256, 257, 10**6)


def as_dtype(W: Matrix, dtype: str) -> Matrix:
    """A matrix of float32 in another type: the nearest values, of int8 others in the same places."""
    if dtype == "int8":
        return int8(np.clip(W, -1e6, 1e6))
    if dtype in ("bfloat16", "bits"):
        rounded = formats.to_bfloat16(W)
        return rounded.view(np.uint16).view(BITS) if dtype == "bits" else rounded
    return np.clip(W, -65504, 65504).astype(dtype)


def random_matrix(seed: int) -> Matrix:
    """Of any dtype, layout, shape up to about 3000 entries, density, and number of distinct values."""
    rng = np.random.default_rng(seed)
    n, m = (SHAPES + EDGES)[rng.integers(len(SHAPES + EDGES))] if rng.random() < 0.6 else rng.integers(1, 56, 2)
    book = rng.standard_normal(int(rng.choice(DISTINCT[:-1]))) if rng.random() < 0.8 else rng.integers(1, 9, 300) / 4
    skewed = np.minimum(rng.geometric(rng.choice([0.02, 0.3, 0.7]), (n, m)) - 1, len(book) - 1)
    W = book[skewed] if rng.random() < 0.9 else rng.standard_normal((n, m))
    W = np.where(rng.random((n, m)) < rng.choice(SHARES), W, rng.choice([0.0, -0.0])).astype(np.float32)
    W = as_dtype(W, DTYPES[seed % len(DTYPES)])
    return [np.ascontiguousarray, np.asfortranarray, lambda A: np.repeat(A, 2, 0)[::2]][rng.integers(3)](W)


def check(W: Matrix, which: list[formats.Format] = FORMATS) -> Iterator[str]:
    """The formats that store W, each held against what is computed of it."""
    counts = counts_of(W)
    rough = counts_of(W, most_distinct=16) if counts.dtype == "float32" else counts
    for format_ in which:
        try:
            encoded = format_.encode(W).nbytes
        except TooManyValues as error:
            with pytest.raises(TooManyValues) as refused:
                predicted_bytes(format_, counts)
            assert str(refused.value) == str(error)
        except TooMuchWork:
            assert format_.name == "column_combined"
        except ValueError:
            with pytest.raises(ValueError):
                predicted_from_positions(format_, W, counts)
        else:
            computed = predicted_bytes(format_, counts)
            if type(format_) in EXACT:
                assert computed == encoded, (format_, computed, encoded)
            assert computed in (None, encoded), (format_, computed, encoded)
            exact = predicted_from_positions(format_, W, counts)
            assert exact == encoded or (exact is None and format_.name == "column_combined"), (format_, exact, encoded)
            if rough is not counts:
                assert predicted_bytes(format_, rough) in (None, encoded), format_
                assert predicted_from_positions(format_, W, rough) in (None, encoded), format_
            for known in {counts, rough}:
                assert 32 <= lower_bound(format_, known) <= encoded, (format_, lower_bound(format_, known), encoded)
            yield str(format_)


@pytest.mark.parametrize("part", range(4))
def test_random_matrices(part: int) -> None:
    seen = {name for seed in range(part * 50, part * 50 + 50) for name in check(random_matrix(seed))}
    assert seen == {str(one) for one in FORMATS}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_random_matrices(part: int) -> None:
    for seed in range(1000 * part + 1000, 1000 * part + 2000):
        try:
            list(check(random_matrix(seed)))
        except Exception as error:
            error.add_note(f"random_matrix({seed})")
            raise


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("key", SMALL)
def test_the_matrices_of_all_suites(key: str, dtype: str) -> None:
    assert list(check(as_dtype(SMALL[key](), dtype)))


@pytest.mark.parametrize("key", INT8)
def test_matrices_of_int8(key: str) -> None:
    assert "dcsr" in list(check(INT8[key]()))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("key", LARGE)
def test_long_columns_and_many_values(key: str, dtype: str) -> None:
    skipped = ("column_combined", "nested")  # they are slow, and their sizes have no more cases
    which = [one for one in FORMATS if one.name not in skipped]
    stored = list(check(as_dtype(LARGE[key](), dtype), which))
    assert ("csr16" in stored) == (dtype == "int8" and "column" not in key and "65_536_rows" not in key)


def test_more_than_65_536_distinct_values() -> None:
    rng = np.random.default_rng(0)
    W = np.where(rng.random((400, 400)) < 0.6, rng.permutation(160_000).reshape(400, 400) + 1, 0).astype(np.float32)
    assert counts_of(W).distinct_at_least > 65_536 and len(list(check(W))) > 15


ONE_BIT = [
    (320_000, 1),
    (319_999, 1),
    (160_000, 2),
    (159_999, 2),
    (320_000, 2),
    (319_999, 2),
    (160_000, 4),
    (50_000, 33),
]


@pytest.mark.parametrize("shape", [*ONE_BIT, *((m, n) for n, m in ONE_BIT[:3])])
def test_streams_around_the_lengths_at_which_seek_points_become_more(shape: tuple[int, int]) -> None:
    """Of two values a codeword has one bit, so that a stream has as many as there are entries."""
    n, m = shape
    W = np.where(np.arange(n * m).reshape(n, m) % 3 == 0, 5, 0).astype(np.int8)
    assert len(list(check(W, [*map(formats.parse, ("ham", "sham", "eie[coding=huffman]"))]))) == 3


def test_streams_of_more_than_32_bits_have_bases() -> None:
    """Nobody encodes 2^32 bits in a test: sections are counted by hand. A seek point for 4 columns, a base for 2^13."""
    histogram = formats.Histogram(np.float32([1, 2, 3]), np.array([2**31, 2**30, 2**30]))
    counts = Counts.of((2**16, 2**16), "float32", histogram)
    exact = predicted_bytes(formats.get("ham"), counts)
    words = (2**31 + 2 * 2**31) // 32 + 1
    assert counts.zeros == 0 and exact == 48 + 12 + 8 + 4 + 2 * 8 + 4 * 2**14 + 4 * words  # 4 bytes align two bases
    rough = Counts(2**16, 2**16, "float32", None, counts.classes, counts.exponents)
    assert predicted_bytes(formats.get("ham"), rough) is None
    assert lower_bound(formats.get("ham"), rough) == exact - 8  # one base at the least


def test_every_built_in_format_is_known() -> None:
    assert {*EXACT} | {*LEAST} == {*BUILT_IN} and not {*EXACT} & {*LEAST}
    assert {*LEAST} - {*FIELDS} == {formats.kinds()["column_combined"]}


@dataclass(frozen=True)
class Told(Dense):
    """A plug-in that says what it costs."""

    name: ClassVar[str] = "told"
    fields_bytes: ClassVar[int] = 4
    said: int = 77

    def predicted_bytes(self, counts: Counts) -> int | None:
        return self.said + counts.nnz if self.said else None

    def lower_bound(self, counts: Counts) -> int:
        return 50


@dataclass(frozen=True)
class Silent(Dense):
    """A plug-in with fields that says nothing: a subclass of a format that is known is another format."""

    name: ClassVar[str] = "silent"
    fields_bytes: ClassVar[int] = 4


@dataclass(frozen=True)
class WithoutFields(Dense):
    name: ClassVar[str] = "without_fields"


def test_plug_ins_are_asked_first() -> None:
    W = np.eye(4, dtype=np.float32)
    counts = counts_of(W)
    assert predicted_bytes(Told(), counts) == lower_bound(Told(), counts) == 81
    assert predicted_bytes(Told(0), counts) is None and lower_bound(Told(0), counts) == 50
    assert predicted_bytes(Silent(), counts) is predicted_from_positions(Silent(), W, counts) is None
    assert lower_bound(Silent(), counts) == 36
    assert predicted_bytes(WithoutFields(), counts) == WithoutFields().encode(W).nbytes == 96


REFUSED: list[tuple[str, Any, str]] = [
    ("dense_s8", np.float32([[1.5, 0]]), r"1\.5 is no int8, .*: quantise the matrix"),
    ("rank", np.float32([[1.0009765625]]), r"1\.0009.* is changed by rounding to bfloat16"),
    ("csr16", np.zeros((65_536, 1), np.int8), "65536 inputs are too many for csr16"),
    ("cells", np.arange(65, dtype=np.int8)[None], "65 distinct entries are too many for cells"),
    ("nested[levels=given]", np.float32([[1]]), "no widths of its own"),
]


@pytest.mark.parametrize(("name", "W", "why"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_a_format_does_not_store_is_refused(name: str, W: Matrix, why: str) -> None:
    for call in (predicted_bytes, lower_bound):
        with pytest.raises(ValueError, match=why):
            call(formats.parse(name), counts_of(W))


def test_whole_numbers_of_float32_are_bytes() -> None:
    W = np.float32([[1, -128], [0, 127]])
    for name in ("dense_s8", "csr16"):
        assert predicted_bytes(formats.get(name), counts_of(W)) == formats.get(name).encode(W).nbytes


def test_more_values_than_a_type_has_are_refused_without_a_histogram() -> None:
    rough = counts_of(np.arange(1000, dtype=np.float32)[None], most_distinct=512)
    assert rough.histogram is None
    with pytest.raises(ValueError, match="distinct values or more some are no int8"):
        predicted_bytes(formats.get("dense_s8"), rough)
    with pytest.raises(ValueError, match="at least .* distinct entries are too many"):
        predicted_bytes(formats.get("cells"), rough)


def test_too_many_nonzeros_and_too_large() -> None:
    histogram = formats.Histogram(np.float32([1]), np.array([2**31]))
    with pytest.raises(ValueError, match="2147483648 nonzeros are too many for csc"):
        predicted_bytes(formats.get("csc"), Counts.of((2**16, 2**16), "float32", histogram))
    with pytest.raises(ValueError, match="too large: at most 2147483647 rows"):
        predicted_bytes(formats.get("dense"), Counts.of((2**31, 2), "float32", histogram))
