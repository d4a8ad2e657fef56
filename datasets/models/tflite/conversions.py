"""Weights that a graph keeps packed and unpacks when it starts: float16 behind DEQUANTIZE, sparse behind DENSIFY."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.layer import Quantisation
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite import sparse_tensor
from dotbench.datasets.models.tflite.guard import Guard
from dotbench.datasets.models.tflite.tensor import TYPES, Tensor

SPARSE_TYPES = ("INT8", "FLOAT16", "FLOAT32")  # those that the format's own DENSIFY knows


def densify(stored: Tensor, guard: Guard) -> Tensor:
    """A sparse constant written out; one that is not sparse as it is. Skipped where its coding is wrong."""
    if stored.sparsity is None or stored.data is None:
        return stored
    if stored.type not in SPARSE_TYPES:
        raise Skipped(f"sparse weights of type {stored.type} ({', '.join(SPARSE_TYPES)} are read)")
    dtype = TYPES[stored.type]
    if stored.data.nbytes % dtype.itemsize:
        raise Skipped(f"tensor {stored.name!r} of type {stored.type} has {stored.data.nbytes} bytes")
    guard.grow(math.prod(stored.shape) * dtype.itemsize)
    values = sparse_tensor.dense(stored.sparsity(), stored.shape, stored.data.view(dtype))
    return replace(stored, data=_bytes(values), sparsity=None)


def dequantize(stored: Tensor, guard: Guard) -> Tensor:
    """What a product with the result needs: float16 as float32, which is exact.

    Whole numbers stay as they are stored, with their scales: so are those of layers that take them without DEQUANTIZE.
    """
    stored = densify(stored, guard)
    if stored.data is None or stored.type != "FLOAT16":
        return stored
    guard.grow(stored.data.nbytes * 2)
    none = Quantisation(np.zeros(0, np.float32), np.zeros(0, np.int64))
    return replace(stored, type="FLOAT32", data=_bytes(stored.values().astype(np.float32)), quantisation=none)


def _bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    data = values.reshape(-1).view(np.int8)
    data.flags.writeable = False
    return data


CONVERSIONS: dict[str, Callable[[Tensor, Guard], Tensor]] = {"DENSIFY": densify, "DEQUANTIZE": dequantize}
