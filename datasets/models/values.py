"""From a tensor's numbers to a matrix of a type that formats store: float32, float16, bfloat16 or int8."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16
from dotbench.datasets.errors import DataError
from dotbench.datasets.models.model_file import ModelTensor

ROUNDED = "float64 rounded to float32"
STORED = ("float32", "float16", "int8")  # and bfloat16


def stored(tensor: ModelTensor) -> tuple[npt.NDArray[Any], str]:
    """W (n, m) of a tensor in a type that formats store, and what was done to it ("" for nothing); DataError where it
    cannot be had."""
    if tensor.role == "unread":
        raise DataError(f"{tensor.name} is not read: {tensor.note}")
    if len(tensor.shape) < 2:
        raise DataError(f"{tensor.name} has the shape {list(tensor.shape)}: it is no matrix")
    matrix = tensor.matrix()
    if is_bfloat16(matrix.dtype) or matrix.dtype.name in STORED:
        return matrix, ""
    if matrix.dtype == np.float64:
        with np.errstate(over="ignore"):
            rounded = matrix.astype(np.float32)
        if (np.isinf(rounded) & np.isfinite(matrix)).any():
            raise DataError(f"{tensor.name} holds float64 beyond float32's range ({np.finfo(np.float32).max:.3g})")
        return rounded, "" if np.array_equal(rounded, matrix, equal_nan=True) else ROUNDED
    raise DataError(f"{tensor.name} holds {matrix.dtype}: {', '.join(STORED)}, bfloat16 and float64 are read")
