"""Dense arrays into columns and back: `encode_dense.c` with its memory and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdot.library import ffi, library, pointer

WIDTHS = (1, 2, 4, 8)  # bytes of an entry


def fits(dtype: np.dtype[Any]) -> bool:
    """Whether `compress` takes arrays of this dtype: not those of foreign byte order, nor long doubles."""
    return dtype.isnative and dtype.itemsize in WIDTHS


def _array(array: npt.NDArray[Any]) -> Any:
    bits = 8 * array.itemsize
    n, m = array.shape
    return ffi.new(
        "encode_array *",
        {
            "at": ffi.cast("const uint8_t *", array.ctypes.data),
            "row_stride": array.strides[0],
            "column_stride": array.strides[1],
            "mask": (1 << (bits - 1)) - 1 if array.dtype.kind == "f" else (1 << bits) - 1,  # -0.0 is 0
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
    out: npt.NDArray[Any],
    column_at: npt.NDArray[np.int64],
    row_at: npt.NDArray[np.uint32] | None = None,
) -> None:
    """Writes the low bytes of items to ``out``, flat: that of (row, column k) to column_at[k] + row_at[row]."""
    rows, indptr = np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(indptr, np.int64)
    column_at = np.ascontiguousarray(column_at, np.int64)
    places = ffi.new("encode_places *")
    places.column_at = pointer(column_at, "const int64_t *")
    places.row_at = ffi.NULL if row_at is None else pointer(row_at, "const uint32_t *")
    arrays = pointer(rows, "const int32_t *"), pointer(items, "const uint32_t *"), pointer(indptr, "const int64_t *")
    library().encode_scatter(*arrays, len(indptr) - 1, places, pointer(out, "void *"), out.itemsize)


def set_bits(
    rows: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64], n: int, out: npt.NDArray[np.uint8], lead: int = 0
) -> None:
    """Sets bit lead + k n + row of ``out``, least significant first, for every nonzero of column k."""
    rows, indptr = np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(indptr, np.int64)
    arrays = pointer(rows, "const int32_t *"), pointer(indptr, "const int64_t *")
    library().encode_bits(*arrays, len(indptr) - 1, n, lead, pointer(out, "uint8_t *"))


def add_sizes(
    rows: npt.NDArray[np.int32],
    values: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    row_sums: npt.NDArray[np.float64],
    column_sums: npt.NDArray[np.float64],
) -> None:
    """Adds |value| to the sums of its row and of its column (contiguous), one nonzero after the other."""
    rows, indptr = np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(indptr, np.int64)
    values = np.ascontiguousarray(values, np.float32)
    arrays = pointer(rows, "const int32_t *"), pointer(values, "const float *"), pointer(indptr, "const int64_t *")
    sums = pointer(row_sums, "double *"), pointer(column_sums, "double *")
    library().encode_sums(*arrays, len(indptr) - 1, *sums)
