"""Gaps of 4 bits, and fillers: `encode_gaps.c` with its memory and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.sparse import SparseColumns, checked
from dotbench.cdot.encode.table import value_bits
from dotbench.cdot.library import library, pointer

GAPS = 16  # that there are


ROWS = (1 << 31) - 1  # gaps do not depend on how many rows there are


def gap_counts(rows: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """How many nonzeros have each gap (16,), behind their fillers; and the fillers."""
    columns, counts = SparseColumns(rows, indptr, ROWS, len(rows)), np.zeros(GAPS, np.int64)
    fillers = checked(library().encode_gap_counts(columns.struct, pointer(counts, "int64_t *")))
    return counts, fillers


def with_fillers(
    rows: npt.NDArray[np.int32], values: npt.NDArray[Any], indptr: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Gaps, values (0 of a filler) and indptr of nonzeros and fillers."""
    columns, bits = SparseColumns(rows, indptr, ROWS, len(values)), value_bits(values)
    fillers = gap_counts(rows, indptr)[1]
    gaps, stored = np.empty(len(rows) + fillers, np.uint8), np.empty(len(rows) + fillers, np.float32)
    ends = np.zeros(len(indptr), np.int64)
    checked(
        library().encode_gaps(
            columns.struct,
            pointer(bits, "const uint32_t *"),
            pointer(gaps, "uint8_t *"),
            pointer(stored, "uint32_t *"),
            pointer(ends, "int64_t *"),
        )
    )
    return gaps, stored, ends
