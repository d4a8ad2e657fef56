"""CSER's lists: for each column and value, the rows that hold it, all but the most frequent value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.lists import Lists as Grouping
from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.sources.source import Columns, Histogram, Source
from dotbench.formats.sources.streaming import streamed


@dataclass(frozen=True)
class Lists:
    """The lists of consecutive columns: by column, in a column by falling length, then by rank of the value.

    Their order is free. This one lets a kernel's loops over lists run equally long many times in a row, which
    the processor predicts.

    ``rows`` int32, one list after the other; ``ranks`` and ``lengths`` uint32, of each list;
    ``per_column`` int64, how many lists each column has.
    """

    rows: npt.NDArray[np.int32]
    ranks: npt.NDArray[np.uint32]
    lengths: npt.NDArray[np.uint32]
    per_column: npt.NDArray[np.int64]


def codebook(source: Source) -> Histogram:
    """The distinct entries of a matrix by falling frequency: the first is implicit."""
    n, m = source.shape
    histogram = source.histogram()
    return histogram.by_frequency(zeros=n * m - histogram.nnz)


class _Grouper:
    """Lists of columns, whichever thread asks: each has its own counters."""

    def __init__(self, n: int, values: npt.NDArray[Any]) -> None:
        self._n, self._symbols, self._find = n, len(values), SymbolFinder(values)
        self._zero = -1 if not len(values) or values[0] == 0 else int(np.argmax(values == 0))
        self._own = local()

    def _grouping(self) -> Grouping:
        if not hasattr(self._own, "grouping"):
            self._own.grouping = Grouping(self._n, self._symbols, self._zero)
        grouping: Grouping = self._own.grouping
        return grouping

    def lists(self, columns: Columns) -> Lists:
        entries = columns.nnz if self._zero < 0 else self._n * len(columns)
        ranks = self._find(columns.values)
        return Lists(*self._grouping()(columns.rows, ranks, columns.indptr, entries))

    def count(self, columns: Columns) -> int:
        ranks = self._find(columns.values)
        return int(self._grouping().count(columns.rows, ranks, columns.indptr).sum())


def count_lists(source: Source, values: npt.NDArray[Any]) -> int:
    """How many lists there are; ``values`` are those of `codebook`."""
    grouper = _Grouper(source.shape[0], values)
    return sum(count for _, _, count in streamed(source, lambda _, __, columns: grouper.count(columns)))


def lists(source: Source, values: npt.NDArray[Any]) -> Iterator[tuple[int, int, Lists]]:
    """(begin, end, lists) over all columns; ``values`` are those of `codebook`."""
    grouper = _Grouper(source.shape[0], values)
    return streamed(source, lambda _, __, columns: grouper.lists(columns))
