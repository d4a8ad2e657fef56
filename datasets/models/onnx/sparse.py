"""Sparse tensors of .onnx files: values and sorted indices, linear or one column a dimension."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.limits import LEAST_ARRAYS, check_unpacked
from dotbench.datasets.models.onnx.tensor import Stored, shape_of, stored


def sparse(path: Path, size: int, name: str, proto: Any) -> Stored:
    """A SparseTensorProto in a file of ``size`` bytes; ``trouble`` where it is too large to be written out."""
    what = f"sparse tensor {name[:100]!r}"
    shape = shape_of(path, what, proto.dims)
    values = stored(path, f"values of {name}", proto.values)
    indices = stored(path, f"indices of {name}", proto.indices)
    nbytes = values.nbytes + indices.nbytes
    trouble = values.trouble or _too_large(path, size, values.type.nbytes(math.prod(shape)))
    if len(values.shape) != 1 or indices.type.name != "int64":
        raise DataError(f"{path}: {what} has values of shape {list(values.shape)}, indices of type {indices.type.name}")
    linear = _linear(path, what, shape, indices.array(), values.size)
    return Stored(name, values.type, shape, nbytes, lambda: _dense(values, linear, shape), trouble, is_sparse=True)


def _too_large(path: Path, size: int, nbytes: int) -> str:
    try:
        check_unpacked(path, size, nbytes, LEAST_ARRAYS)
    except DataError as error:
        return f"written out it is too large: {error}"
    return ""


def _linear(path: Path, what: str, shape: tuple[int, ...], indices: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """int64 (count,): places in the array in row order; DataError where one is outside, or they are not sorted."""
    entries = math.prod(shape)
    if entries >= 1 << 63 or indices.shape not in ((count,), (count, len(shape))):
        raise DataError(
            f"{path}: {what} of shape {list(shape)} has {count} values and indices of {list(indices.shape)}"
        )
    sizes = np.array(shape if indices.ndim == 2 else (entries,), np.int64)
    table = indices.reshape(count, len(sizes))
    if ((table < 0) | (table >= sizes)).any():
        raise DataError(f"{path}: {what} of shape {list(shape)} has an index outside of it")
    steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))] if indices.ndim == 2 else [1]
    linear: npt.NDArray[Any] = table @ np.array(steps, np.int64)
    if (np.diff(linear) <= 0).any():
        raise DataError(f"{path}: indices of {what} are not sorted, or there are two of one place")
    return linear


def _dense(values: Stored, places: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    found = values.array()
    dense = np.zeros(math.prod(shape), found.dtype)
    dense[places] = found
    return dense.reshape(shape)
