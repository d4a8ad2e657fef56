"""What goes from a source to an encoder: the nonzeros of some columns, and how often each value occurs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import numbers
from dotbench.cdot.encode.dense import scatter
from dotbench.cdot.encode.table import value_bits


@dataclass(frozen=True)
class Columns:
    """The nonzeros of consecutive columns, in compressed sparse column order.

    ``rows`` int32 (nnz,), rising inside a column; ``values`` (nnz,), no zeros;
    ``indptr`` int64 (columns + 1,), from 0.
    """

    rows: npt.NDArray[np.int32]
    values: npt.NDArray[Any]
    indptr: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        return len(self.values)

    def counts(self) -> npt.NDArray[np.int64]:
        """Nonzeros of each column, int64."""
        return np.diff(self.indptr)

    def column_of_each(self) -> npt.NDArray[np.int64]:
        """Column (counted from 0 in this block) of each nonzero, int64 (nnz,)."""
        return np.repeat(np.arange(len(self.indptr) - 1), self.counts())

    def in_row_order(self) -> Columns:
        """With the rows of each column rising, as some formats do not store them."""
        if self.has_each_row_once():
            return self
        order = np.lexsort((self.rows, self.column_of_each()))
        return Columns(self.rows[order], self.values[order], self.indptr)

    def has_each_row_once(self) -> bool:
        """Whether rows rise in each column."""
        return bool(((np.diff(self.rows) > 0) | (np.diff(self.column_of_each()) > 0)).all())

    def dense(self, n: int, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
        """All entries as an array (columns, n): one row of it is one column of W."""
        out = np.zeros((len(self.indptr) - 1, n), dtype or self.values.dtype)
        self.write_dense(out)
        return out

    def write_dense(self, out: npt.NDArray[Any], places: npt.NDArray[np.int64] | None = None) -> None:
        """Writes the nonzeros into an array (columns, n) of 0, or of more columns: these go to ``places``."""
        columns = np.arange(len(self)) if places is None else places
        if out.dtype == self.values.dtype == np.float32 and out.flags.c_contiguous:
            scatter(self.rows, value_bits(self.values), self.indptr, out.shape[1], out, out.shape[1] * columns)
        else:
            out[columns[self.column_of_each()], self.rows] = self.values


@dataclass(frozen=True)
class Histogram:
    """Distinct nonzero ``values``, rising, and how often each occurs (``counts`` int64)."""

    values: npt.NDArray[Any]
    counts: npt.NDArray[np.int64]

    @property
    def nnz(self) -> int:
        return int(self.counts.sum())

    def by_frequency(self, zeros: int = 0) -> Histogram:
        """With the entry 0 (``zeros`` of them) where there are any, by falling count.

        Of equal counts the smaller value comes first, so that a code is a function of
        the matrix alone.
        """
        values, counts = self.values, self.counts
        if zeros:
            values = np.append(values, np.zeros(1, values.dtype))
            counts = np.append(counts, zeros)
        order = np.lexsort((numbers(values), -counts))
        return Histogram(values[order], counts[order])
