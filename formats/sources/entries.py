"""Every entry of a matrix with all its bits: what a format reads that keeps the sign of zero, infinities and NaN.

Sources (`formats.sources.source`) are of nonzeros, and finite. A dense array, and a payload that keeps bits, have more:
here they are read as they are. All other matrices are read as sources: their zeros are positive.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import NAME, bfloat16_dtype, bits_of, converted, is_bfloat16, numbers
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.columns import Columns, Histogram
from dotbench.formats.sources.source import (
    PLAIN_ARRAYS,
    TOGETHER,
    ArraySource,
    Own,
    Source,
    as_source,
    tally,
)
from dotbench.formats.value_types import BFLOAT16


class Entries(Own):
    """A source of bfloat16 that has `bits`, too: those of all entries of some columns, uint16 (columns, n)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.shape, self.dtype = source.shape, source.dtype
        self.together = int(getattr(source, "together", 1))

    def bits(self, begin: int, end: int) -> npt.NDArray[np.uint16]:
        return bits_of(self._source.columns(begin, end).dense(self.shape[0], self.dtype))

    def columns(self, begin: int, end: int) -> Columns:
        """The nonzeros, infinities and NaN among them."""
        dense = self.bits(begin, end)
        column, row = np.nonzero(dense & 0x7FFF)
        indptr = np.zeros(len(dense) + 1, np.int64)
        np.cumsum(np.bincount(column, minlength=len(dense)), out=indptr[1:])
        return Columns(row.astype(np.int32), dense[column, row].view(self.dtype), indptr)

    def histogram(self) -> Histogram:
        return self._histogram

    @cached_property
    def _histogram(self) -> Histogram:
        return tally(self)


class ArrayEntries(Entries):
    """Of a dense array of any layout and real dtype; ValueError for a number that bfloat16 does not hold."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        super().__init__(ArraySource(array, NAME))  # it looks at shape and dtype
        self._array = array
        self.together = TOGETHER if abs(array.strides[1]) < abs(array.strides[0]) else 1

    def bits(self, begin: int, end: int) -> npt.NDArray[np.uint16]:
        block = self._array[:, begin:end].T
        if is_bfloat16(block.dtype):
            return bits_of(block)
        self._check(block, begin)
        return bits_of(converted(block, self.dtype))

    def _check(self, block: npt.NDArray[Any], begin: int) -> None:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            kept = numbers(converted(block, self.dtype)).astype(block.dtype)
        changed = (kept != block) & (block == block)
        if changed.any():
            column, row = (int(index[0]) for index in np.nonzero(changed))
            raise ValueError(
                f"{block[column, row]!s} at row {row}, column {begin + column} is {BFLOAT16.refused}: {BFLOAT16.cure}"
            )


class PayloadEntries(Entries):
    """Of a payload of bfloat16."""

    def __init__(self, payload: Payload) -> None:
        super().__init__(payload)
        self._payload = payload

    def bits(self, begin: int, end: int) -> npt.NDArray[np.uint16]:
        return bits_of(self._payload.entries(begin, end))


def entries_of(matrix: Any) -> Entries:
    """All entries of a matrix of any kind, as bfloat16. TypeError and ValueError as `as_source`, infinities and NaN
    of dense arrays and of payloads apart."""
    if isinstance(matrix, Entries):
        return matrix
    if type(matrix) in PLAIN_ARRAYS:
        return ArrayEntries(np.asarray(matrix))
    if isinstance(matrix, Payload) and matrix.dtype == bfloat16_dtype():
        return PayloadEntries(matrix)
    return Entries(as_source(matrix, NAME))
