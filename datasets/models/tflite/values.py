"""Numbers of constants of .tflite files, of any type: floats as stored, whole numbers less their zero point as int8."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import bfloat16_dtype
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite import sparse_tensor
from dotbench.datasets.models.tflite.conversions import SPARSE_TYPES, densify
from dotbench.datasets.models.tflite.guard import Guard
from dotbench.datasets.models.tflite.tensor import TYPES, Tensor

FLOATS = ("FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64")
WHOLE = ("INT8", "UINT8", "INT4")
OTHERS = {"INT16": "<i2", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "BOOL": "?"}  # not of weights
LOWEST, HIGHEST = -128, 127  # int8


def type_name(kind: str) -> str:
    """What a type of the format is called elsewhere.

    >>> type_name("FLOAT16"), type_name("INT4")
    ('float16', 'int4')
    """
    return kind.lower()


def check(tensor: Tensor, size: int, centred: bool = True) -> None:
    """Skipped where a constant's numbers cannot be had; ``size`` is the file's. Sparse ones are not written out.

    Whole numbers are looked at only where their zero point leaves in doubt whether int8 holds them; not ``centred``
    ones keep it.
    """
    assert tensor.data is not None
    if tensor.sparsity is not None:
        _check_sparse(tensor, size)
        return
    if (needed := _bytes(tensor)) is None:
        raise Skipped(f"numbers of type {tensor.type} are not read")
    if needed != tensor.data.nbytes:
        raise Skipped(
            f"tensor {tensor.name!r} of shape {list(tensor.shape)} and type {tensor.type} has "
            f"{tensor.data.nbytes} bytes"
        )
    if centred and tensor.type in WHOLE and not _surely_held(tensor):
        _centred(tensor, _stored(tensor))


def numbers(tensor: Tensor, size: int, centred: bool = True) -> npt.NDArray[Any]:
    """A constant's numbers, in its shape; Skipped as of `check`. A view of the file where they lie there so."""
    check(tensor, size, centred)
    if tensor.sparsity is not None:
        return densify(tensor, Guard(size)).values()
    stored = _stored(tensor)
    return _centred(tensor, stored) if centred and tensor.type in WHOLE else stored


def _check_sparse(tensor: Tensor, size: int) -> None:
    assert tensor.sparsity is not None and tensor.data is not None
    if tensor.type not in SPARSE_TYPES:
        raise Skipped(f"sparse weights of type {tensor.type} ({', '.join(SPARSE_TYPES)} are read)")
    if not tensor.quantisation.symmetric:
        raise Skipped("sparse int8 weights around another number than 0, which the format rules out")
    width = TYPES[tensor.type].itemsize
    if tensor.data.nbytes % width:
        raise Skipped(f"tensor {tensor.name!r} of type {tensor.type} has {tensor.data.nbytes} bytes")
    Guard(size).grow(math.prod(tensor.shape) * width)
    sparse_tensor.check(tensor.sparsity(), tensor.shape, tensor.data.nbytes // width)


def _dtype(kind: str) -> np.dtype[Any] | None:
    if kind == "BFLOAT16":
        return bfloat16_dtype()
    known = {**TYPES, **{name: np.dtype(code) for name, code in OTHERS.items()}}
    return {**known, "UINT8": np.dtype("u1"), "FLOAT64": np.dtype("<f8")}.get(kind)


def _bytes(tensor: Tensor) -> int | None:
    """What the numbers have to take in the file; None of types that are no numbers."""
    count = math.prod(tensor.shape)
    if tensor.type == "INT4":
        return (count + 1) // 2
    dtype = _dtype(tensor.type)
    return None if dtype is None else count * dtype.itemsize


def _stored(tensor: Tensor) -> npt.NDArray[Any]:
    """The numbers as they are stored, int4 as int8."""
    assert tensor.data is not None
    if tensor.type == "INT4":
        return unpacked(tensor.data, math.prod(tensor.shape)).reshape(tensor.shape)
    dtype = _dtype(tensor.type)
    assert dtype is not None
    values: npt.NDArray[Any] = tensor.data.view(dtype).reshape(tensor.shape)
    return values


def unpacked(data: npt.NDArray[np.int8], count: int) -> npt.NDArray[np.int8]:
    """``count`` numbers of four bits as int8: two a byte, the first in the low half.

    >>> unpacked(np.array([0x1F, 0x78], np.int8), 3).tolist()
    [-1, 1, -8]
    """
    both = np.empty((len(data), 2), np.int8)
    np.right_shift(np.left_shift(data, 4), 4, out=both[:, 0])  # shifts of int8 bring the sign down
    np.right_shift(data, 4, out=both[:, 1])
    return both.reshape(-1)[:count]


def _surely_held(tensor: Tensor) -> bool:
    """Whether zero points alone say that int8 holds every number less its zero point."""
    low, high = {"INT8": (-128, 127), "UINT8": (0, 255), "INT4": (-8, 7)}[tensor.type]
    points = tensor.quantisation.zero_points if len(tensor.quantisation.zero_points) else np.zeros(1, np.int64)
    return low - int(points.max()) >= LOWEST and high - int(points.min()) <= HIGHEST  # of Python: theirs overflow


def _centred(tensor: Tensor, stored: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Numbers less their zero point, int8; Skipped where int8 does not hold them."""
    points = tensor.quantisation.zero_points
    if tensor.type != "UINT8" and not points.any():
        found: npt.NDArray[np.int8] = stored
        return found
    low, high = (0, 255) if tensor.type == "UINT8" else (-128, 127)
    if len(points) and not low <= points.min() <= points.max() <= high:
        raise Skipped(f"tensor {tensor.name!r} has the zero point {points.max()}, which its type does not hold")
    if len(points) > 1:
        axis = tensor.quantisation.axis
        if not 0 <= axis < stored.ndim or stored.shape[axis] != len(points):
            raise Skipped(f"tensor {tensor.name!r} of shape {list(tensor.shape)} has {len(points)} zero points")
        points = points.reshape([-1 if at == axis else 1 for at in range(stored.ndim)])
    centred = stored.astype(np.int16)
    if points.size:
        centred -= points.astype(np.int16)
    lowest, highest = int(centred.min()), int(centred.max())
    if lowest < LOWEST or highest > HIGHEST:
        raise Skipped(
            f"{tensor.type} numbers less their zero point are {lowest} to {highest}: int8 holds {LOWEST} to {HIGHEST}"
        )
    return centred.astype(np.int8)
