"""Whole numbers around a zero point: what is stored of them is the difference, where int8 holds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.onnx import view as onnx_view
from dotbench.datasets.models.onnx.view import Scaling, View

WHOLE = ("int8", "uint8", "int4", "uint4", "int2", "uint2")
NO_INT8 = "less their zero points its numbers are from {} to {}, and int8 ends at -128 and 127"
CHUNK = 1 << 22  # numbers at a time
Zeros = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


def subtract(
    inputs: Sequence[tuple[View, ...] | None], attributes: Mapping[str, Any], outputs: int
) -> Sequence[tuple[View, ...] | None]:
    """Sub of a constant zero point, before scales."""
    if len(inputs) != 2 or not inputs[0] or not inputs[1] or len(inputs[0]) > 1 or len(inputs[1]) > 1:
        return [None]
    view, zero = inputs[0][0], inputs[1][0]
    rank = len(view.shape)
    sizes = (1,) * (rank - len(zero.shape)) + zero.shape
    fits = len(sizes) == rank and all(one in (1, size) for one, size in zip(sizes, view.shape, strict=True))
    if not fits or zero.scalings or view.scalings or view.root.type.name not in WHOLE or no_zeros(zero):
        return [None]
    made = shifted(view, zero, lambda zeros: zeros)
    around = Scaling(frozenset(), 0, zero.root.nbytes, (zero.root,), zero_points=bool(np.any(zero.array())))
    made = made and made.scaled(around)
    return [(made,) if made else None]


def dequantize(
    inputs: Sequence[tuple[View, ...] | None], attributes: Mapping[str, Any], outputs: int
) -> Sequence[tuple[View, ...] | None]:
    """DequantizeLinear: scale * (x - zero point), for all, along an axis, or for blocks along it."""
    if len(inputs) < 2 or inputs[1] is None or len(inputs[1]) > 1 or not inputs[0]:
        return [None]
    zero = inputs[2] if len(inputs) > 2 else None
    if zero is None and len(inputs) > 2:  # it is computed
        return [None]
    made = [_dequantized(view, inputs[1][0], zero[0] if zero else None, attributes) for view in inputs[0]]
    return [None if None in made or len(made) > 1 else tuple(one for one in made if one)]


def _dequantized(view: View, scale: View, zero: View | None, attributes: Mapping[str, Any]) -> View | None:
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    expand = along(view.shape, scale.shape, axis, block)
    if expand is None or (zero and (zero.shape != scale.shape or zero.scalings or no_zeros(zero))):
        return None
    made = shifted(view, zero, expand) if zero or view.base.dtype == "uint8" else view
    if made is None:
        return None
    axes = _axes(made, scale.shape, axis % max(1, len(view.shape)))
    sources = (scale.root, zero.root) if zero else (scale.root,)
    around = zero is not None and bool(np.any(zero.array()))
    blocked = block if scale.size > 1 and len(scale.shape) == len(view.shape) > 1 else 0
    return made.scaled(Scaling(axes, scale.size, sum(one.nbytes for one in sources), sources, blocked, around))


def no_zeros(zero: View) -> bool:
    """Whether a view gives no whole numbers that can be subtracted."""
    return (
        bool(zero.trouble)
        or zero.root.is_sparse
        or not (zero.root.dtype.startswith(("int", "uint")) or zero.root.type.is_float)
    )


def _axes(view: View, sizes: tuple[int, ...], axis: int) -> frozenset[int]:
    """Those of the base along which scales change."""
    if math.prod(sizes) == 1:
        return frozenset()
    given = [axis] if len(sizes) == 1 else [at for at, size in enumerate(sizes) if size > 1]
    return frozenset(found for at in given if (found := view.axes[at]) is not None)


def along(shape: tuple[int, ...], sizes: tuple[int, ...], axis: int, block: int) -> Zeros | None:
    """What makes scales or zero points of ``sizes`` numbers that go with an array of ``shape``; None where they do
    not."""
    rank = len(shape)
    if math.prod(sizes) == 1:
        return lambda zeros: zeros.reshape(())
    if not -rank <= axis < rank:
        return None
    axis %= rank
    if len(sizes) == 1 and sizes[0] == shape[axis] and not block:
        return lambda zeros: zeros.reshape([-1 if at == axis else 1 for at in range(rank)])
    blocks = tuple(-(-size // block) if at == axis else size for at, size in enumerate(shape)) if block > 0 else ()
    if sizes != blocks:
        return None
    return lambda zeros: np.repeat(zeros, block, axis)[tuple(slice(size) for size in shape)]


def shifted(view: View, zero: View | None, expand: Zeros) -> View | None:
    """A view less its zero points, as int8: the view itself where they are 0 and it is int8; ``trouble`` where int8
    does not hold it."""
    zeros = np.zeros((), np.int64) if zero is None else zero.array()
    if zeros.dtype.kind not in "iu":  # a float, as Sub has it
        zeros = zeros.astype(np.float64)
        if not np.isfinite(zeros).all() or (zeros != np.rint(zeros)).any() or np.abs(zeros).max(initial=0) > 1 << 15:
            return replace(view, trouble="its zero points are no whole numbers")
    if view.trouble or view.root.type.name not in WHOLE:
        return view if view.trouble or not zeros.any() else replace(view, trouble="it has a zero point that is not 0")
    if np.abs(zeros.astype(np.int64)).max(initial=0) > 1 << 15:
        return replace(view, trouble="it has a zero point beyond 16 bits")
    if view.root.is_sparse and (view.base.dtype == "uint8" or zeros.any()):
        return replace(view, trouble="it is sparse, and its zeros are none in int8")
    small = zeros.astype(np.int16)
    if view.base.dtype == "int8" and not small.any():
        return view
    if view.base.dtype != "uint8" or (small != 128).any():
        low, high = _range(view.array(), small, expand)
        if low < -128 or high > 127:
            return replace(view, trouble=NO_INT8.format(low, high))
    made = onnx_view.computed(view, view.shape, lambda: _less(view.array(), small, expand), "int8")
    return made and (made.noted("its zero points are subtracted") if small.any() else made)


def _range(stored: npt.NDArray[Any], small: npt.NDArray[np.int16], expand: Zeros) -> tuple[int, int]:
    """The least and the largest of the differences, or bounds of them within int8's, without an array of them all."""
    if not stored.size:
        return 0, 0
    low, high = int(stored.min()) - int(small.max()), int(stored.max()) - int(small.min())
    if low >= -128 and high <= 127:
        return low, high
    zeros, step = np.broadcast_to(expand(small), stored.shape), max(1, CHUNK * len(stored) // stored.size)
    ranges = []
    for start in range(0, len(stored), step):
        part = stored[start : start + step].astype(np.int16) - zeros[start : start + step]
        ranges.append((int(part.min()), int(part.max())))
    return min(one for one, _ in ranges), max(one for _, one in ranges)


def _less(stored: npt.NDArray[Any], small: npt.NDArray[np.int16], expand: Zeros) -> npt.NDArray[np.int8]:
    """The differences, which int8 holds: so they are right when both sides are cut to 8 bits."""
    difference: npt.NDArray[np.int8] = np.ascontiguousarray(stored).view(np.int8) - expand(small.astype(np.int8))
    return difference
