"""Sources of others, looked at before an encoder in C sees them; and a mark on our own, which need no look.

An encoder in C goes where rows and pointers lead. Here they are held against the matrix's shape, once for each
block of columns that is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import numbers
from dotbench.formats.sources.columns import Columns, Histogram

Tally = Callable[[Any], Histogram]
MAX_DIMENSION = 2**31 - 1  # row and column numbers are int32, as scipy's


class Own:
    """A source of this house: its columns are in order by construction."""

    __slots__ = ()


class CheckedSource(Own):
    """Another's source whose columns are checked when they are read, and whose histogram has to be that of them.

    ValueError says what is wrong, and where. ``tally`` counts the values of a source by one pass over its columns.
    """

    def __init__(self, source: Any, tally: Tally) -> None:
        self._source, self._tally = source, tally
        self.shape = _shape(source)
        self.dtype = np.dtype(source.dtype)
        self.together = int(getattr(source, "together", 1))
        self._counts = np.full(self.shape[1], -1, np.int64)  # nonzeros of each column that was read; -1: not yet

    def histogram(self) -> Histogram:
        return self._histogram

    @cached_property
    def _histogram(self) -> Histogram:
        said, counted = self._source.histogram(), self._tally(self)
        if not (np.array_equal(said.values, counted.values) and np.array_equal(said.counts, counted.counts)):
            raise ValueError(
                f"this {self._name} contradicts itself: its histogram() has {len(said.values)} values of "
                f"{int(np.sum(said.counts))} nonzeros, its columns have {len(counted.values)} of {counted.nnz}, "
                "or others"
            )
        return counted

    def columns(self, begin: int, end: int) -> Columns:
        found = self._source.columns(begin, end)
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        if why := self._wrong(found, end - begin):
            raise ValueError(f"columns {begin} to {end} of this {self._name} are no columns of a matrix: {why}")
        checked = Columns(*map(np.ascontiguousarray, (found.rows, found.values, found.indptr)))
        counts, before = checked.counts(), self._counts[begin:end]
        if ((before >= 0) & (before != counts)).any():
            raise ValueError(f"this {self._name} contradicts itself: read again, columns have other nonzeros")
        self._counts[begin:end] = counts
        return checked

    @property
    def _name(self) -> str:
        return type(self._source).__name__

    def _wrong(self, found: Any, count: int) -> str:
        """What is wrong with these columns, "" for nothing."""
        for name, dtype in (("rows", np.dtype(np.int32)), ("values", self.dtype), ("indptr", np.dtype(np.int64))):
            array = getattr(found, name, None)
            if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype != dtype:
                return f"{name} has to be a numpy array of {dtype} with 1 dimension"
        return wrong_pointers(found.indptr, count, len(found.rows), len(found.values)) or self._wrong_entries(found)

    def _wrong_entries(self, found: Columns) -> str:
        rows, values, n = found.rows, numbers(found.values), self.shape[0]
        if len(rows) and (rows.min() < 0 or rows.max() >= n):
            return f"row {int(rows[(rows < 0) | (rows >= n)][0])} is outside of 0 to {n - 1}"
        rising = np.diff(rows) > 0
        rising[found.indptr[1:-1][_inside(found.indptr[1:-1], len(rows))] - 1] = True  # where a column ends
        if not rising.all():
            return "rows do not rise inside a column (sort them, and sum doubles)"
        if not np.all(values):
            return "values hold a zero: nonzeros alone are stored"
        if not np.isfinite(values).all():
            return f"{values[~np.isfinite(values)][0]} among its values is not a finite number"
        return ""


def wrong_pointers(indptr: npt.NDArray[Any], count: int, *lengths: int) -> str:
    """What is wrong with the pointers of ``count`` columns into arrays of these lengths, "" for nothing."""
    if len(indptr) != count + 1:
        return f"indptr has {len(indptr)} entries for {count} columns, {count + 1} are needed"
    if indptr[0] != 0 or (np.diff(indptr) < 0).any():
        return "indptr does not rise from 0"
    if len(set(lengths) | {int(indptr[-1])}) > 1:
        return f"indptr ends at {int(indptr[-1])} where rows and values have {' and '.join(map(str, lengths))} entries"
    return ""


def _inside(places: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    return (places > 0) & (places < length)


def _shape(source: Any) -> tuple[int, int]:
    shape = source.shape
    if not isinstance(shape, tuple) or len(shape) != 2 or not all(isinstance(one, int | np.integer) for one in shape):
        raise ValueError(f"the shape of this {type(source).__name__} is no pair of whole numbers")
    if min(shape) < 0 or max(shape) > MAX_DIMENSION:
        raise ValueError(f"shape {shape} is not that of a matrix: 0 to {MAX_DIMENSION} rows and columns")
    return int(shape[0]), int(shape[1])
