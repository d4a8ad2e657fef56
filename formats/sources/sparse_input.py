"""scipy's sparse matrices as columns: indices looked at before C code follows them, duplicates summed exactly."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16

WIDE = {  # of which sums are taken in which type, and rounded to which; int64 and long double for all others
    "i8": ("longdouble", "longdouble"),
    "u8": ("longdouble", "longdouble"),
    "f2": ("float64", "float32"),
    "f4": ("float64", "float32"),
    "f8": ("longdouble", "float64"),
}
COMPRESSED = {"csr": (0, 1), "csc": (1, 0), "bsr": (0, 1)}  # which dimension is pointed into, which indices are of


def is_sparse(matrix: Any) -> bool:
    """Whether this is one of scipy's sparse matrices or arrays. Whoever has one has imported scipy, so it is not
    imported to find out: the core does without it.

    >>> is_sparse([[1.0]])
    False
    """
    scipy_sparse = sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and bool(scipy_sparse.issparse(matrix))


def columns_of(matrix: Any) -> Any:
    """A new ``csc_array`` of a matrix of any format, without duplicates and stored zeros, rows in order.

    Duplicates are summed in a wide type (`WIDE`), and sums of floats are rounded once, to float32 or float64.
    ValueError for indices or pointers that lead outside, which scipy's own code would follow, and for a boolean
    that is there twice.
    """
    check(matrix)
    if is_bfloat16(matrix.dtype):
        matrix = matrix.astype(np.float32)
    wide, rounded = wide_types(matrix.dtype)
    if matrix.dtype == np.float16 or not matrix.dtype.isnative:  # scipy keeps such matrices and does not sort them
        matrix = matrix.astype(wide)
    found = _sorted(matrix)
    if wide != matrix.dtype and found.nnz < matrix.nnz:  # there were duplicates (or nothing was lost but time)
        found = _sorted(matrix.astype(wide))
        if matrix.dtype.kind == "b" and (found.data > 1).any():
            raise ValueError(
                "an entry of this boolean matrix is stored more than once, and booleans have no sum: call its "
                "sum_duplicates() if twice true is true, or pass W.astype(numpy.float32) for a count"
            )
        with np.errstate(over="ignore"):  # what becomes infinite is refused where values are looked at
            found.data = found.data.astype(rounded)
    found.eliminate_zeros()
    return found


def _sorted(matrix: Any) -> Any:
    import scipy.sparse  # an optional package, here where the matrix comes from

    csc = scipy.sparse.csc_array(matrix, copy=True)
    csc.sum_duplicates()
    csc.sort_indices()
    return csc


def wide_types(dtype: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """In which type numbers of this one are summed, and what their sums are rounded to.

    Sums of a few thousand integers are exact. Those of floats have a type with 11 bits more at the least, so that
    the order of summing does not matter; long double has none above it.
    """
    name = f"{dtype.kind}{dtype.itemsize}"
    wide, rounded = WIDE.get(name, ("int64", "int64") if dtype.kind in "iub" else ("longdouble", "longdouble"))
    return np.dtype(wide), np.dtype(rounded)


def check(matrix: Any) -> None:
    """ValueError where an index or a pointer of a matrix leads outside of it."""
    if matrix.format in COMPRESSED:
        why = _wrong_compressed(matrix)
    elif matrix.format == "coo":
        why = _wrong_coordinates(matrix)
    elif matrix.format == "lil":
        why = _wrong_lists(matrix)
    elif matrix.format == "dok":
        why = _wrong_coordinates(matrix.tocoo())
    else:
        why = ""  # dia: scipy takes of its data what lies inside
    if why:
        raise ValueError(f"this scipy {matrix.format} matrix is damaged: {why}")


def _wrong_compressed(matrix: Any) -> str:
    along, across = COMPRESSED[matrix.format]
    block = matrix.blocksize if matrix.format == "bsr" else (1, 1)
    major, minor = matrix.shape[along] // block[along], matrix.shape[across] // block[across]
    indptr, indices = matrix.indptr, matrix.indices
    if not _whole(indptr) or not _whole(indices):
        return "indices and indptr have to be whole numbers with 1 dimension"
    if len(indptr) != major + 1:
        return f"indptr has {len(indptr)} entries, {major + 1} are needed"
    if indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any():
        return "indptr does not rise from 0"
    if min(len(indices), len(matrix.data)) < indptr[-1]:
        return f"indptr ends at {indptr[-1]}, and there are {len(indices)} indices and {len(matrix.data)} values"
    return _outside(indices[: indptr[-1]], minor)


def _wrong_coordinates(matrix: Any) -> str:
    for index, size in zip((matrix.row, matrix.col), matrix.shape, strict=True):
        if not _whole(index) or len(index) != len(matrix.data):
            return f"there are {len(matrix.data)} values and not as many whole rows and columns"
        if why := _outside(index, size):
            return why
    return ""


def _wrong_lists(matrix: Any) -> str:
    for rows, data in zip(matrix.rows, matrix.data, strict=True):
        if len(rows) != len(data):
            return f"a row has {len(rows)} columns and {len(data)} values"
        if rows and not 0 <= min(rows) <= max(rows) < matrix.shape[1]:
            return f"columns {min(rows)} to {max(rows)} are not inside of 0 to {matrix.shape[1] - 1}"
    return ""


def _whole(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind in "iu"


def _outside(indices: npt.NDArray[Any], size: int) -> str:
    if not len(indices) or (indices.min() >= 0 and indices.max() < size):
        return ""
    return f"index {indices[(indices < 0) | (indices >= size)][0]} is outside of 0 to {size - 1}"
