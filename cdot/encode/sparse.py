"""Columns on their way into C encoders: the one place where their arrays become pointers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.library import ffi, pointer

NO_COLUMNS = -17  # CDOT_COLUMNS


class ColumnsError(ValueError):
    """What a source gave as columns are none."""

    def __init__(self) -> None:
        super().__init__(
            "the source's columns contradict themselves: indptr has to rise from 0 to the number of nonzeros, and the "
            "rows of each column from 0 to n - 1, each once. Sort and sum the matrix first (scipy: "
            "W.sum_duplicates()), or mend the source's columns()"
        )


class SparseColumns:
    """An ``encode_sparse``: columns of ``n`` rows whose values, or what stands for them, number ``length``.

    ``rows`` None: the encoder does not read them. The arrays live as long as this object.
    """

    def __init__(self, rows: npt.NDArray[np.int32] | None, indptr: npt.NDArray[np.int64], n: int, length: int) -> None:
        indptr = np.ascontiguousarray(indptr, np.int64)
        if len(indptr) == 0 or (rows is not None and len(rows) != length):
            raise ColumnsError
        self.count = len(indptr) - 1
        self.struct = ffi.new("encode_sparse *")
        self._arrays: list[Any] = [indptr]
        if rows is not None:
            rows = np.ascontiguousarray(rows, np.int32)
            self._arrays.append(rows)
            self.struct.rows = pointer(rows, "const int32_t *")
        self.struct.indptr = pointer(indptr, "const int64_t *")
        self.struct.length, self.struct.columns, self.struct.n = length, self.count, n


def checked(status: int) -> int:
    """What an encoder returned; ColumnsError where it was given no columns."""
    if status == NO_COLUMNS:
        raise ColumnsError
    return check(status)
