"""Gaps of 4 bits, and fillers: `encode_gaps.c` with its memory and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdot.encode_table import value_bits
from cdot.library import library, pointer

GAPS = 16  # that there are


def _columns(rows: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    return np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(indptr, np.int64)


def gap_counts(rows: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """How many nonzeros have each gap (16,), behind their fillers; and the fillers."""
    rows, indptr = _columns(rows, indptr)
    counts = np.zeros(GAPS, np.int64)
    read = pointer(rows, "const int32_t *"), pointer(indptr, "const int64_t *")
    return counts, int(library().encode_gap_counts(*read, len(indptr) - 1, pointer(counts, "int64_t *")))


def with_fillers(
    rows: npt.NDArray[np.int32], values: npt.NDArray[Any], indptr: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Gaps, values (0 of a filler) and indptr of nonzeros and fillers."""
    fillers = gap_counts(rows, indptr)[1]
    rows, indptr = _columns(rows, indptr)
    bits = value_bits(values)
    gaps, stored = np.empty(len(rows) + fillers, np.uint8), np.empty(len(rows) + fillers, np.float32)
    ends = np.zeros(len(indptr), np.int64)
    library().encode_gaps(
        pointer(rows, "const int32_t *"),
        pointer(bits, "const uint32_t *"),
        pointer(indptr, "const int64_t *"),
        len(indptr) - 1,
        pointer(gaps, "uint8_t *"),
        pointer(stored, "uint32_t *"),
        pointer(ends, "int64_t *"),
    )
    return gaps, stored, ends
