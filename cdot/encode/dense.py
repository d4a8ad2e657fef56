"""Dense arrays into columns and back: `encode_dense.c` with its memory and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16
from dotbench.cdot.encode.sparse import SparseColumns, checked
from dotbench.cdot.library import ffi, library, pointer

WIDTHS = (1, 2, 4, 8)  # bytes of an entry


def fits(dtype: np.dtype[Any]) -> bool:
    """Whether `compress` takes arrays of this dtype: not those of foreign byte order, nor long doubles."""
    return dtype.isnative and dtype.itemsize in WIDTHS


def _signed_zeros(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "f" or is_bfloat16(dtype)


def _array(array: npt.NDArray[Any]) -> Any:
    bits = 8 * array.itemsize
    n, m = array.shape
    return ffi.new(
        "encode_array *",
        {
            "at": ffi.cast("const uint8_t *", array.ctypes.data),
            "row_stride": array.strides[0],
            "column_stride": array.strides[1],
            "mask": (1 << (bits - 1)) - 1 if _signed_zeros(array.dtype) else (1 << bits) - 1,  # -0.0 is 0
            "n": n,
            "m": m,
            "width": array.itemsize,
        },
    )


def compress(array: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Rows, values and indptr (columns + 1) of the nonzeros of an array (n, m) with any strides."""
    view, indptr = _array(array), np.zeros(array.shape[1] + 1, np.int64)
    library().encode_count(view, pointer(indptr, "int64_t *"))
    np.cumsum(indptr, out=indptr)
    following = indptr[:-1].copy()
    rows, values = np.empty(int(indptr[-1]), np.int32), np.empty(int(indptr[-1]), array.dtype)
    to_rows, to_values = pointer(rows, "int32_t *"), pointer(values, "void *")
    library().encode_compress(view, pointer(following, "int64_t *"), to_rows, to_values)
    return rows, values, indptr


def scatter(
    rows: npt.NDArray[np.int32],
    items: npt.NDArray[np.uint32],
    indptr: npt.NDArray[np.int64],
    n: int,
    out: npt.NDArray[Any],
    column_at: npt.NDArray[np.int64],
    row_at: npt.NDArray[np.uint32] | None = None,
) -> None:
    """Writes the low bytes of items to ``out``, flat: that of (row, column k) to column_at[k] + row_at[row]."""
    columns = SparseColumns(rows, indptr, n, len(items))
    column_at = np.ascontiguousarray(column_at, np.int64)
    if len(column_at) != columns.count or (row_at is not None and len(row_at) != n):
        raise ValueError(f"places of {len(column_at)} columns, and there are {columns.count} of {n} rows")
    places = ffi.new("encode_places *")
    places.column_at, places.size = pointer(column_at, "const int64_t *"), out.size
    places.row_at = ffi.NULL if row_at is None else pointer(row_at, "const uint32_t *")
    read, write = pointer(items, "const uint32_t *"), pointer(out, "void *")
    checked(library().encode_scatter(columns.struct, read, places, write, out.itemsize))


def set_bits(
    rows: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64], n: int, out: npt.NDArray[np.uint8], lead: int = 0
) -> None:
    """Sets bit lead + k n + row of ``out``, least significant first, for every nonzero of column k."""
    columns = SparseColumns(rows, indptr, n, len(rows))
    checked(library().encode_bits(columns.struct, lead, pointer(out, "uint8_t *"), len(out)))


def add_sizes(
    rows: npt.NDArray[np.int32],
    values: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.float64],
    column_sums: npt.NDArray[np.float64],
) -> None:
    """Adds |value| to the sums of its row and of its column (contiguous), one nonzero after the other."""
    columns, values = SparseColumns(rows, indptr, len(row_sums), len(values)), np.ascontiguousarray(values, np.float32)
    if len(column_sums) != columns.count:
        raise ValueError(f"sums of {len(column_sums)} columns, and there are {columns.count}")
    sums = pointer(row_sums, "double *"), pointer(column_sums, "double *")
    checked(library().encode_sums(columns.struct, pointer(values, "const float *"), *sums))
