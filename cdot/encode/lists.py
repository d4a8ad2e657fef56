"""Rows by value, and square blocks: `encode_lists.c` with its memory and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.sparse import SparseColumns, checked
from dotbench.cdot.encode.table import value_bits
from dotbench.cdot.library import ffi, library, pointer

Ints = npt.NDArray[np.int64]


def _or_null(array: npt.NDArray[Any] | None, kind: str) -> Any:
    return ffi.NULL if array is None else pointer(array, kind)


class Lists:
    """Groups the rows of each column by number; ``symbols`` numbers there are, number 0 is left out.

    ``zero`` >= 0: the number of entries that are not listed; -1 where these have number 0.
    """

    def __init__(self, n: int, symbols: int, zero: int) -> None:
        self._n, self._zero = n, zero
        self._count, self._keys = np.zeros(symbols, np.uint32), np.empty(min(symbols, n), np.uint64)

    def _run(
        self, rows: Any, numbers: Any, indptr: Any, per_column: Ints, out: tuple[npt.NDArray[Any] | None, ...]
    ) -> None:
        columns = SparseColumns(rows, indptr, self._n, len(numbers))
        checked(
            library().encode_lists(
                columns.struct,
                pointer(numbers, "const uint32_t *"),
                self._zero,
                pointer(self._count, "uint32_t *"),
                pointer(self._keys, "uint64_t *"),
                pointer(per_column, "int64_t *"),
                *(
                    _or_null(array, kind)
                    for array, kind in zip(out, ("int32_t *", "uint32_t *", "uint32_t *"), strict=True)
                ),
            )
        )

    def count(self, rows: npt.NDArray[np.int32], numbers: npt.NDArray[np.uint32], indptr: Ints) -> Ints:
        """How many lists each column has."""
        per_column = np.zeros(len(indptr) - 1, np.int64)
        self._run(rows, numbers, indptr, per_column, (None, None, None))
        return per_column

    def __call__(
        self, rows: npt.NDArray[np.int32], numbers: npt.NDArray[np.uint32], indptr: Ints, entries: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32], npt.NDArray[np.uint32], Ints]:
        """Rows, list after list, of ``entries`` entries at the most; of each list number and length; lists of each
        column. Of a column by falling length, then by number."""
        per_column = np.zeros(len(indptr) - 1, np.int64)
        most = min(entries, len(per_column) * len(self._keys))
        out = np.empty(entries, np.int32), np.empty(most, np.uint32), np.empty(most, np.uint32)
        self._run(rows, numbers, indptr, per_column, out)
        lists = int(per_column.sum())
        lengths = out[2][:lists]
        return out[0][: int(lengths.sum(dtype=np.int64))], out[1][:lists], lengths, per_column


class Blocks:
    """Square blocks of 2^``shift`` entries a side; ``n`` rows."""

    def __init__(self, n: int, shift: int) -> None:
        self._n, self._shift = n, shift
        self._place = np.zeros(-(-n >> shift), np.uint32)

    def _run(self, rows: Any, values: Any, indptr: Any, ends: Ints, indices: Any, out: Any) -> None:
        columns, bits = SparseColumns(rows, indptr, self._n, len(values)), value_bits(values)
        room = 0 if indices is None else min(len(indices), len(out) >> 2 * self._shift)
        checked(
            library().encode_blocks(
                columns.struct,
                pointer(bits, "const uint32_t *"),
                self._shift,
                pointer(self._place, "uint32_t *"),
                pointer(ends, "int64_t *"),
                _or_null(indices, "int32_t *"),
                _or_null(out, "uint32_t *"),
                room,
            )
        )

    def _ends(self, indptr: Ints) -> Ints:
        return np.zeros(-(-(len(indptr) - 1) >> self._shift), np.int64)

    def count(self, rows: npt.NDArray[np.int32], values: npt.NDArray[Any], indptr: Ints) -> int:
        """Blocks that are not all 0."""
        ends = self._ends(indptr)
        self._run(rows, values, indptr, ends, None, None)
        return int(ends[-1]) if len(ends) else 0

    def fill(
        self,
        rows: npt.NDArray[np.int32],
        values: npt.NDArray[Any],
        indptr: Ints,
        indices: npt.NDArray[np.int32],
        out: npt.NDArray[np.float32],
    ) -> Ints:
        """Writes the row of blocks of each and its values (into zeros); blocks up to the end of each column of
        blocks."""
        ends = self._ends(indptr)
        self._run(rows, values, indptr, ends, indices, out)
        return ends
