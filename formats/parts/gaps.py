"""Relative row indices of a few bits: gaps between the nonzeros of a column, and fillers in long ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.gaps import gap_counts, with_fillers
from dotbench.formats.sources.source import Columns, Histogram, Source
from dotbench.formats.sources.streaming import streamed

BITS = 4
LONGEST = (1 << BITS) - 1  # zeros that a gap can say


@dataclass(frozen=True)
class Entries:
    """What is stored of consecutive columns: nonzeros and fillers, one behind the other.

    ``gaps`` uint8: zeros in front of each entry; ``values``: 0 for a filler; ``indptr`` int64
    (columns + 1,), from 0.
    """

    gaps: npt.NDArray[np.uint8]
    values: npt.NDArray[Any]
    indptr: npt.NDArray[np.int64]


def entries(columns: Columns) -> Entries:
    """With a filler, an entry 0 behind ``LONGEST`` zeros, for every ``LONGEST + 1`` zeros of a gap.

    The example of the EIE paper: two zeros, 1, 2, 18 zeros, 3.

    >>> rows, values = np.array([2, 3, 22], np.int32), np.array([1, 2, 3], np.float32)
    >>> found = entries(Columns(rows, values, np.array([0, 3])))
    >>> found.values, found.gaps, found.indptr
    (array([1., 2., 0., 3.], dtype=float32), array([ 2,  0, 15,  2], dtype=uint8), array([0, 4]))
    """
    return Entries(*with_fillers(columns.rows, columns.values, columns.indptr))


@dataclass(frozen=True)
class Stored:
    """What is stored of a whole matrix, each by falling count: the ``gaps`` (uint8) and ``values`` of its
    entries, 0 among the values where there are fillers. Gap 0 stands alone where there are no entries."""

    gaps: Histogram
    values: Histogram

    @property
    def entries(self) -> int:
        """Nonzeros and fillers."""
        return self.gaps.nnz


def count(source: Source) -> Stored:
    """Counts gaps, fillers and values in one pass."""
    counts, fillers = np.zeros(LONGEST + 1, np.int64), 0
    for _, _, (some, more) in streamed(source, lambda _, __, columns: gap_counts(columns.rows, columns.indptr)):
        counts += some
        fillers += more
    counts[LONGEST] += fillers
    used = np.flatnonzero(counts) if counts.any() else np.zeros(1, np.int64)
    gaps = Histogram(used.astype(np.uint8), counts[used]).by_frequency()
    return Stored(gaps, source.histogram().by_frequency(zeros=fillers))
