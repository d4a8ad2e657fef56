"""What others hand to an encoder: sources and scipy matrices whose indices lead outside, narrow sums, more than
arrays. Encoders in C would follow such indices: they crashed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.formats.sources.source import Columns, Histogram, as_source, matrix_sha256, tally

W = np.array([[0, 1, 0, 0], [2, 0, -3, 0], [0, 4, 0, 0]], np.float32)
KINDS = ("csr", "csc", "bsr", "coo", "lil", "dok", "dia")


class Foreign:
    """A source that gives the columns of W, changed."""

    def __init__(self, change: Callable[[Columns], Columns] = lambda columns: columns, shape: Any = (3, 4)) -> None:
        self.shape, self.dtype, self._change = shape, np.dtype(np.float32), change

    def histogram(self) -> Histogram:
        return tally(as_source(W))

    def columns(self, begin: int, end: int) -> Columns:
        return self._change(as_source(W).columns(begin, end))


def with_rows(*rows: int) -> Callable[[Columns], Columns]:
    return lambda columns: Columns(np.int32(rows), columns.values, columns.indptr)


def with_pointers(*indptr: int) -> Callable[[Columns], Columns]:
    return lambda columns: Columns(columns.rows, columns.values, np.int64(indptr))


WRONG = {  # rows of W are 1, 0, 2, 1 and its pointers 0, 1, 3, 4, 4
    "row outside": (with_rows(1, 0, 3, 1), "row 3 is outside of 0 to 2"),
    "row below": (with_rows(1, -1, 2, 1), "row -1 is outside of 0 to 2"),
    "row far outside": (with_rows(1, 0, 2**31 - 1, 1), "row 2147483647 is outside"),
    "rows fall": (with_rows(1, 2, 0, 1), "rows do not rise inside a column"),
    "a row twice": (with_rows(1, 2, 2, 1), "rows do not rise inside a column"),
    "pointers fall": (with_pointers(0, 3, 1, 4, 4), "indptr does not rise from 0"),
    "pointers from 1": (with_pointers(1, 1, 3, 4, 4), "indptr does not rise from 0"),
    "pointers too far": (with_pointers(0, 1, 3, 4, 9), "indptr ends at 9 where rows and values have 4 and 4 entries"),
    "pointers too few": (with_pointers(0, 1, 4), "indptr has 3 entries for 4 columns, 5 are needed"),
    "values too few": (lambda one: Columns(one.rows, one.values[:3], one.indptr), "rows and values have 4 and 3"),
    "infinite": (lambda one: Columns(one.rows, np.float32([1, -np.inf, 2, 3]), one.indptr), "-inf .* not a finite"),
    "no number": (lambda one: Columns(one.rows, np.float32([1, 2, 3, np.nan]), one.indptr), "nan .* not a finite"),
    "a zero": (lambda one: Columns(one.rows, np.float32([1, 0, 2, 3]), one.indptr), "values hold a zero"),
    "wide rows": (lambda one: Columns(one.rows.astype(np.int64), one.values, one.indptr), "rows .* array of int32"),
    "other values": (lambda one: Columns(one.rows, one.values.astype(np.float64), one.indptr), "values .* float32"),
    "a list": (lambda one: Columns(list(one.rows), one.values, one.indptr), "rows has to be a numpy array"),
    "narrow pointers": (lambda one: Columns(one.rows, one.values, one.indptr.astype(np.int32)), "indptr .* int64"),
    "none": (lambda one: None, "rows has to be a numpy array"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_columns_of_a_foreign_source(what: str) -> None:
    change, words = WRONG[what]
    for name in formats.names("float32"):
        with pytest.raises(ValueError, match=f"of this Foreign are no columns of a matrix: .*{words}"):
            formats.get(name).encode(Foreign(change))  # type: ignore[arg-type]


def test_a_foreign_source_that_is_right() -> None:
    assert matrix_sha256(as_source(Foreign())) == matrix_sha256(as_source(W))
    for name in formats.names("float32"):
        format_ = formats.get(name)
        assert format_.encode(Foreign()).data.tobytes() == format_.encode(W).data.tobytes()
    empty = as_source(np.zeros((3, 4), np.float32))
    assert as_source(Foreign(lambda columns: empty.columns(0, len(columns)))).columns(1, 3).nnz == 0


def test_a_foreign_source_that_is_another_one_each_time() -> None:
    reads: list[int] = []

    def growing(columns: Columns) -> Columns:
        reads.append(1)
        return columns if len(reads) == 1 else as_source(np.ones((3, 4), np.float32)).columns(0, 4)

    source = as_source(Foreign(growing))
    source.columns(0, 4)
    with pytest.raises(ValueError, match="contradicts itself: read again, columns have other nonzeros"):
        source.columns(0, 4)


@pytest.mark.parametrize("shape", [(3,), (3, -4), (3.0, 4), (2**31, 1), "34", (3, 4, 5)])
def test_shapes_that_are_none(shape: Any) -> None:
    with pytest.raises(ValueError, match="shape"):
        as_source(Foreign(shape=shape))


# ---- scipy


def damaged(kind: str, field: str, value: int) -> Any:
    """W with one number of an index array replaced."""
    matrix = getattr(scipy.sparse, f"{kind}_array")(W)
    getattr(matrix, field)[1] = value
    return matrix


@pytest.mark.parametrize(
    ("kind", "field"), [*((kind, "indices") for kind in ("csr", "csc", "bsr")), ("coo", "row"), ("coo", "col")]
)
@pytest.mark.parametrize("value", [-1, 4, 90_000_000])
def test_indices_of_scipy_that_lead_outside(kind: str, field: str, value: int) -> None:
    for name in formats.names("float32"):
        with pytest.raises(ValueError, match=f"scipy {kind} matrix is damaged: index {value} is outside of 0 to"):
            formats.get(name).encode(damaged(kind, field, value))


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr"])
def test_pointers_of_scipy_that_lead_outside(kind: str) -> None:
    for value, words in ((90_000_000, "does not rise from 0|ends at"), (-5, "does not rise from 0")):
        with pytest.raises(ValueError, match=f"{kind} matrix is damaged: indptr ({words})"):
            as_source(damaged(kind, "indptr", value))
    matrix = getattr(scipy.sparse, f"{kind}_array")(W)
    matrix.indptr = matrix.indptr[:-1]
    with pytest.raises(ValueError, match="indptr has . entries, . are needed"):
        as_source(matrix)
    matrix = getattr(scipy.sparse, f"{kind}_array")(W)
    matrix.indices = matrix.indices[:1]
    matrix.indptr[-1] = 4
    with pytest.raises(ValueError, match="there are 1 indices"):
        as_source(matrix)


def test_lists_of_scipy_that_do_not_fit() -> None:
    for change, words in ((lambda one: one.rows[1].append(2), "3 columns and 2 values"),
                          (lambda one: one.rows[1].__setitem__(1, 7), "columns 0 to 7 are not inside of 0 to 3")):  # fmt: skip
        matrix = scipy.sparse.lil_array(W)
        change(matrix)
        with pytest.raises(ValueError, match=f"lil matrix is damaged: .*{words}"):
            as_source(matrix)


def test_foreign_byte_order() -> None:
    matrix = twice(np.int16([30_000, 30_000]), "coo")
    matrix.data = matrix.data.astype(">i2")
    assert as_source(matrix).columns(0, 2).values.tolist() == [60_000]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_scipy_matrix(kind: str) -> None:
    for make in ("array", "matrix"):
        found = as_source(getattr(scipy.sparse, f"{kind}_{make}")(W))
        assert matrix_sha256(found) == matrix_sha256(as_source(W))


def test_a_scipy_matrix_with_room_at_its_end() -> None:
    """scipy leaves room behind the last pointer until prune() is called; what lies there is no part of the matrix."""
    matrix = scipy.sparse.csr_array(W)
    matrix.data, matrix.indices = np.append(matrix.data, np.float32(9)), np.append(matrix.indices, np.int32(99))
    assert matrix_sha256(as_source(matrix)) == matrix_sha256(as_source(W))


DUPLICATES = {
    "int8": ([100, 100], 200), "uint8": ([200, 100], 300), "int16": ([30_000, 30_000], 60_000),
    "uint16": ([65_535, 1], 65_536), "int32": ([2**31 - 2**8, 2**31 - 2**8], 2**32 - 2**9),
    "uint32": ([2**31, 2**31], 2**32), "int64": ([2**62, 2**62], 2**63), "uint64": ([2**63, 2**63], 2**64),
    "float16": ([65_504, 32], 65_536), "float32": ([2**24, 1, 1], 2**24 + 2), "float64": ([2**53, 1, 1, -(2**53)], 2),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DUPLICATES)
@pytest.mark.parametrize("kind", ["coo", "csr", "csc"])
def test_duplicates_are_summed_before_they_are_narrowed(dtype: str, kind: str) -> None:
    numbers, total = DUPLICATES[dtype]
    matrix = twice(np.array(numbers, np.float32 if dtype == "float16" else dtype), kind)
    matrix.data = matrix.data.astype(dtype)  # scipy's constructors take no float16, its fields do
    columns = as_source(matrix).columns(0, 2)
    assert columns.values.tolist() == [total] and columns.rows.tolist() == [0]


@pytest.mark.parametrize("kind", ["coo", "csr", "csc"])
def test_sums_of_floats_are_rounded_once(kind: str) -> None:
    """In whatever order; the sum of 0.1 and 0.2 is none of float32's numbers, and rounding it is nobody's loss."""
    tenths = np.float32([0.1, 0.2, 0.3, 1e8, -1e8])
    expected = np.float32(tenths.astype(np.float64).sum())
    for order in (tenths, tenths[::-1], np.roll(tenths, 2)):
        assert as_source(twice(order, kind)).columns(0, 2).values.tolist() == [expected]
    with pytest.raises(ValueError, match="inf at row 0, column 1 is not a finite number"):
        as_source(twice(np.float32([3e38, 3e38]), kind)).columns(0, 2)


def twice(values: Any, kind: str) -> Any:
    """A 2 x 2 matrix whose entry (0, 1) is stored twice or more."""
    count = len(values)
    if kind == "coo":
        return scipy.sparse.coo_array((values, ([0] * count, [1] * count)), shape=(2, 2))
    indptr = [0, count, count] if kind == "csr" else [0, 0, count]
    index = [1 if kind == "csr" else 0] * count
    return getattr(scipy.sparse, f"{kind}_array")((values, index, indptr), shape=(2, 2))


def test_a_sum_that_a_format_cannot_hold_is_an_error() -> None:
    for kind in ("coo", "csr", "csc"):
        with pytest.raises(ValueError, match="200 at row 0, column 1 is no int8"):
            formats.get("dcsr").encode(twice(np.int8([100, 100]), kind))
        with pytest.raises(ValueError, match="16777217 at row 0, column 1 is changed by rounding"):
            as_source(twice(np.int32([2**24, 1]), kind)).columns(0, 2)
        with pytest.raises(ValueError, match="boolean matrix is stored more than once.*sum_duplicates"):
            as_source(twice(np.array([True, True]), kind))
        assert as_source(twice(np.array([True, False]), kind)).columns(0, 2).values.tolist() == [1]
        assert as_source(twice(np.int8([100, -100]), kind)).columns(0, 2).nnz == 0


# ---- more than an array


class Quantity(np.ndarray):
    """As the arrays with units of other packages: its numbers alone mean nothing."""


class Frame:
    """As a table of pandas or a tensor of torch: numpy can make an array of it."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return W


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.ma.masked_equal(W, 4), r"MaskedArray .* its mask would be lost; pass W.filled\(0\)"),
        (W.view(Quantity), r"Quantity .* more than its numbers .* numpy.asarray\(W\)"),
        (Frame(), r"Frame .* numpy.asarray\(W\)"),
        (np.zeros((2, 2), [("a", "f4")]), "cannot be encoded: weights are real numbers"),
        (np.zeros((2, 2), [("a", "f4")]).view(np.recarray), r"recarray .* numpy.asarray\(W\)"),
        (np.zeros((2, 2), "M8[s]"), r"datetime64\[s\] cannot be encoded"),
        (np.zeros((2, 2), "m8[s]"), r"timedelta64\[s\] cannot be encoded"),
        (np.zeros((2, 2), complex), "complex128 cannot be encoded"),
        (scipy.sparse.csr_array(W.astype(complex)), "complex128 cannot be encoded"),
        (np.full((2, 2), None), "object cannot be encoded"),
    ],
)
def test_what_is_more_or_less_than_numbers(matrix: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        formats.get("csc").encode(matrix)


def test_a_numpy_matrix_and_a_map_are_arrays(tmp_path: Any) -> None:
    np.save(tmp_path / "w.npy", W)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        old = np.asmatrix(W)
    for matrix in (old, np.load(tmp_path / "w.npy", mmap_mode="r")):
        assert matrix_sha256(as_source(matrix)) == matrix_sha256(as_source(W))
