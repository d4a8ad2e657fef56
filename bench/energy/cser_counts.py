"""The lengths of CSER's arrays, which its modelled energy follows from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formats.codebook import SymbolFinder
from formats.source import Source, blocks


@dataclass(frozen=True)
class CserCounts:
    """``symbols`` K, ``indices`` |colI|, ``groups`` |OI|, ``columns`` m."""

    symbols: int
    indices: int
    groups: int
    columns: int

    @property
    def group_pointers(self) -> int:
        """|OPtr|: where groups start, plus the end."""
        return self.groups + 1

    @property
    def column_pointers(self) -> int:
        """|rowPtr|."""
        return self.columns + 1


def counts(source: Source) -> CserCounts:
    """One group for each column and each value that occurs in it, but the most frequent of all values.

    >>> import formats
    >>> counts(formats.as_source(np.array([[0, 1], [2, 1], [0, 2]], np.float32)))
    CserCounts(symbols=3, indices=4, groups=3, columns=2)
    """
    n, m = source.shape
    book = source.histogram().by_frequency(zeros=n * m - source.histogram().nnz)
    find, K = SymbolFinder(book.values), len(book.values)
    implicit, groups = float(book.values[0]), 0
    for _, _, columns in blocks(source):
        keys = columns.column_of_each() * K + find(columns.values)
        groups += len(np.unique(keys[columns.values != implicit]))
        if implicit != 0:
            groups += int((columns.counts() < n).sum())  # zero is a value like others
    return CserCounts(K, n * m - int(book.counts[0]), groups, m)
