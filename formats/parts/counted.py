"""What the int8 formats of the microcontroller papers share: limits, and how their columns are numbered.

In the papers W is outputs by inputs and a row is an output; here an output is a column, so that their rows
are our columns and their column indices our rows. `encode` takes inputs by outputs, as everywhere.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.format import Format
from dotbench.formats.sources.source import Columns, Source, blocks

MOST_INPUTS = 65_535  # row indices and counts have 16 bits
MOST_ENTRIES = 2**31 - 1  # positions have 32


@dataclass(frozen=True)
class Microcontroller(Format, ABC):
    """Base of the int8 formats whose indices have 16 bits or less."""

    value_types: ClassVar[tuple[str, ...]] = ("int8",)

    def check_inputs(self, source: Source) -> None:
        """ValueError where a matrix has more inputs than the indices of these formats reach."""
        n = source.shape[0]
        if n > MOST_INPUTS:
            raise ValueError(f"{n} inputs are too many for {self.name}: its indices reach {MOST_INPUTS}")

    def check_entries(self, entries: int) -> None:
        """ValueError where there are more entries than positions can count."""
        if entries > MOST_ENTRIES:
            raise ValueError(f"{entries} entries are too many for {self.name}: its positions have 32 bits")


def whole(source: Source) -> Columns:
    """All nonzeros at once: what is made for a microcontroller fits into memory many times."""
    parts = [columns for _, _, columns in blocks(source)]
    starts = np.cumsum([0, *[part.nnz for part in parts]])
    indptr = [np.zeros(1, np.int64), *[at + part.indptr[1:] for at, part in zip(starts, parts, strict=False)]]
    rows = np.concatenate([np.zeros(0, np.int32), *[part.rows for part in parts]])
    values = np.concatenate([np.zeros(0, source.dtype), *[part.values for part in parts]])
    return Columns(rows, values, np.concatenate(indptr))


def gaps(columns: Columns) -> npt.NDArray[np.int64]:
    """Row of each nonzero minus the row of the one above it in its column, or minus 0 for the first.

    >>> gaps(Columns(np.array([3, 20], np.int32), np.array([1, 1], np.int8), np.array([0, 2])))
    array([ 3, 17])
    """
    above = np.zeros(columns.nnz, np.int64)
    above[1:] = columns.rows[:-1]
    above[columns.indptr[:-1][columns.counts() > 0]] = 0
    return columns.rows - above
