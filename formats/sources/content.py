"""What is known of a matrix when its columns have gone by once: the hash of its content, and its histogram."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import NAME, is_bfloat16
from dotbench.cdot.encode.table import Table
from dotbench.formats.sources.columns import Columns


class ContentHash:
    """`matrix_sha256` of a matrix whose columns come block by block, from the first to the last."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        self._n, self._dtype = shape[0], dtype.newbyteorder("<")
        name = NAME if is_bfloat16(dtype) else self._dtype.str
        self._head = f"{shape[0]} {shape[1]} {name}\n".encode()
        self._positions, self._values = hashlib.sha256(), hashlib.sha256()

    def add(self, begin: int, columns: Columns) -> None:
        """The next columns, of which ``begin`` is the first."""
        linear = (columns.column_of_each() + begin) * self._n + columns.rows
        self._positions.update(linear.astype("<i8", copy=False).data)
        self._values.update(np.ascontiguousarray(columns.values, self._dtype).view(np.uint8).data)

    def hexdigest(self) -> str:
        return hashlib.sha256(self._head + self._positions.digest() + self._values.digest()).hexdigest()


class Tally:
    """Distinct values and how often each occurs, of values that come block by block.

    >>> tally = Tally(np.dtype(np.float32))
    >>> tally.add(np.float32([2, 1, 2])), tally.add(np.float32([2]))
    (None, None)
    >>> tally.totals()
    (array([1., 2.], dtype=float32), array([1, 3]))
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype, self._table = dtype, Table()

    def add(self, values: npt.NDArray[Any]) -> None:
        self._table.add(values)

    def totals(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Distinct values, rising, and their counts."""
        return self._table.totals(self._dtype)
