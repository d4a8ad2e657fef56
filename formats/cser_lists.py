"""CSER's lists: for each column and value, the rows that hold it, all but the most frequent value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from formats.codebook import SymbolFinder
from formats.source import Columns, Histogram, Source, blocks


@dataclass(frozen=True)
class Lists:
    """The lists of consecutive columns: by column, in a column by falling length, then by rank of the value.

    Their order is free. This one lets a kernel's loops over lists run equally long many times in a row, which
    the processor predicts.

    ``rows`` int64, one list after the other; ``ranks`` and ``lengths`` int64, of each list;
    ``per_column`` int64, how many lists each column has.
    """

    rows: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    per_column: npt.NDArray[np.int64]


def codebook(source: Source) -> Histogram:
    """The distinct entries of a matrix by falling frequency: the first is implicit."""
    n, m = source.shape
    histogram = source.histogram()
    return histogram.by_frequency(zeros=n * m - histogram.nnz)


def lists(source: Source, values: npt.NDArray[Any]) -> Iterator[tuple[int, int, Lists]]:
    """(begin, end, lists) over all columns; ``values`` are those of `codebook`.

    One sort of integers that hold column, rank and row (62 bits at the most in blocks of 2^23 entries),
    then one of the lists.
    """
    n, find, shift = source.shape[0], SymbolFinder(values), source.shape[0].bit_length()
    for begin, end, columns in blocks(source):
        column, ranks, rows = _listed(columns, n, values, find)
        keys = np.sort((column * len(values) + ranks) << shift | rows)
        keyed = keys >> shift
        starts = np.flatnonzero(np.diff(keyed, prepend=-1))
        column, ranks = np.divmod(keyed[starts], max(len(values), 1))
        lengths = np.diff(starts, append=len(keyed))
        order = np.lexsort((-lengths, column))
        moved = np.repeat(starts[order] - _starts(lengths[order]), lengths[order])
        rows = (keys & (1 << shift) - 1)[moved + np.arange(len(keys))]
        yield begin, end, Lists(rows, ranks[order], lengths[order], np.bincount(column, minlength=end - begin))


def _starts(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return lengths.cumsum() - lengths


def _listed(columns: Columns, n: int, values: npt.NDArray[Any], find: SymbolFinder) -> tuple[Any, Any, Any]:
    """Column (int64), rank and row of all entries but those of rank 0."""
    column, ranks = columns.column_of_each(), find(columns.values)
    if not len(values) or values[0] == 0:
        return column, ranks, columns.rows
    every = np.full((len(columns.indptr) - 1, n), np.argmax(values == 0), np.uint32)
    every[column, columns.rows] = ranks
    column, rows = np.nonzero(every)
    return column, every[column, rows], rows
