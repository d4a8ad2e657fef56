"""Operators on constants that move numbers or scale them: what they make of views.

A value is what a name in a graph stands for: views, joined along some axis where there are several (an LSTM's gates in
another order are slices, joined again). What cannot be folded is no constant (None); an input that is left out is ().
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dotbench.datasets.models.onnx import quantised as onnx_quantised
from dotbench.datasets.models.onnx import view as onnx_view
from dotbench.datasets.models.onnx.tensor import MOST_RANK
from dotbench.datasets.models.onnx.types import TYPES
from dotbench.datasets.models.onnx.view import Scaling, View

Value = tuple[View, ...]
Fold = Callable[[Sequence[Value | None], Mapping[str, Any], int], Sequence[Value | None]]
MOST_PARTS = 64
MOST_STEERING = 64  # numbers of a shape, of bounds, of axes


def numbers(value: Value | None) -> list[int] | None:
    """Whole numbers that steer an operator (a shape, bounds, axes); None for all else."""
    if value is None or sum(view.root.size for view in value) > MOST_STEERING:
        return None
    if any(view.root.dtype not in ("int64", "int32") or view.trouble or view.scalings for view in value):
        return None
    if len(value) > 1 and any(len(view.shape) != 1 for view in value):
        return None
    return [int(number) for view in value for number in view.array().reshape(-1)]


def _identity(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    return inputs[:1]


def _cast(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    """Numbers stay as they are stored; what rounds or cuts them is said, or folded no further."""
    value, to = inputs[0], TYPES.get(attributes.get("to", 0))
    if value is None or to is None or to.name in ("bool", "string"):
        return [None]
    made = []
    for view in value:
        stored = view.root.type
        if stored.is_float and not to.is_float:
            return [None]
        narrower = stored.is_float and to.bits < stored.bits
        made.append(view.noted(f"used as {to.name}") if narrower else view)
    return [tuple(made)]


def _quantize(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    """Of floats that become whole numbers when a model is loaded: the floats are what is stored."""
    return [inputs[0] and tuple(view.noted("quantised when the model is loaded") for view in inputs[0])]


def _transpose(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    value = inputs[0]
    if value is None:
        return [None]
    rank = len(value[0].shape)
    order = list(attributes.get("perm") or range(rank)[::-1])
    if sorted(order) != list(range(rank)):
        return [None]
    return [tuple(replace(view, axes=tuple(view.axes[axis] for axis in order)) for view in value)]


def _reshape(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    shape = numbers(inputs[1]) if len(inputs) > 1 else attributes.get("shape")
    if inputs[0] is None or len(inputs[0]) > 1 or shape is None:
        return [None]
    view, shape = inputs[0][0], list(shape)
    if not attributes.get("allowzero"):
        known = view.shape
        shape = [known[at] if size == 0 and at < len(known) else size for at, size in enumerate(shape)]
    return [_in_shape(view, shape)]


def _in_shape(view: View, shape: list[int]) -> Value | None:
    if not view.size:
        return None
    rest = math.prod(size for size in shape if size != -1)
    if shape.count(-1) == 1 and rest > 0:
        shape = [view.size // rest if size == -1 else size for size in shape]
    if min(shape, default=0) < 0 or math.prod(shape) != view.size or len(shape) > MOST_RANK:
        return None
    made = onnx_view.reshaped(view, tuple(shape))
    return (made,) if made else None


def _flatten(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    if inputs[0] is None or len(inputs[0]) > 1:
        return [None]
    view, axis = inputs[0][0], attributes.get("axis", 1)
    return [_in_shape(view, [math.prod(view.shape[:axis]), math.prod(view.shape[axis:])])]


def _axes(inputs: Sequence[Value | None], attributes: Mapping[str, Any], rank: int) -> list[int] | None:
    """Axes as an input or, of old models, an attribute; sorted and from 0 on, None for what is wrong."""
    given = numbers(inputs[1]) if len(inputs) > 1 and inputs[1] else attributes.get("axes")
    if given is None or not all(-rank <= axis < rank for axis in given):
        return None
    axes = sorted(axis % rank for axis in given)
    return axes if len({*axes}) == len(axes) else None


def _squeeze(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    value = inputs[0]
    if value is None:
        return [None]
    shape = value[0].shape
    if (len(inputs) < 2 or inputs[1] == ()) and "axes" not in attributes:
        axes: list[int] | None = [at for at, size in enumerate(shape) if size == 1]
    else:
        axes = _axes(inputs, attributes, len(shape))
    if axes is None or any(view.shape[axis] != 1 for axis in axes for view in value):
        return [None]
    return [tuple(replace(one, axes=tuple(a for at, a in enumerate(one.axes) if at not in axes)) for one in value)]


def _unsqueeze(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    value = inputs[0]
    given = numbers(inputs[1]) if len(inputs) > 1 else attributes.get("axes")
    if value is None or given is None or len(given) + len(value[0].shape) > MOST_RANK:
        return [None]
    axes = _axes([None], {"axes": given}, len(value[0].shape) + len(given))
    if axes is None:
        return [None]
    made = []
    for view in value:
        inserted: list[int | None] = list(view.axes)
        for axis in axes:
            inserted.insert(axis, None)
        made.append(replace(view, axes=tuple(inserted)))
    return [tuple(made)]


def _slice(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    if len(inputs) > 1:
        given: list[list[int] | None] = [numbers(one) for one in (*inputs[1:], (), ())[:4]]
    else:
        given = [*(list(attributes.get(word, ())) for word in ("starts", "ends", "axes")), []]
    if inputs[0] is None or any(one is None for one in given):
        return [None]
    starts, ends, axes, steps = (one or [] for one in given)
    rank = len(inputs[0][0].shape)
    axes = axes or list(range(len(starts)))
    steps = steps or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        return [None]
    value: Value | None = inputs[0]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if value is None or not -rank <= axis < rank:
            return [None]
        value = _part(value, axis % rank, slice(start, end, step))
    return [value]


def _part(value: Value, dimension: int, part: slice) -> Value | None:
    """A slice along a dimension; None where nothing is left, or where parts are joined there."""
    made = []
    for view in value:
        axis, size = view.axes[dimension], view.shape[dimension]
        take = (range(1) if axis is None else view.takes[axis])[part]
        if not len(take) or (len(value) > 1 and len(take) < size):
            return None
        takes = tuple(take if at == axis else one for at, one in enumerate(view.takes))
        made.append(replace(view, takes=takes))
    return tuple(made)


def _split(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    value, axis = inputs[0], attributes.get("axis", 0)
    if value is None or len(value) > 1 or not -len(value[0].shape) <= axis < len(value[0].shape):
        return [None] * outputs
    size = value[0].shape[axis]
    each = -(-size // outputs)
    default = [min(each, size - at * each) for at in range(outputs)]
    sizes = numbers(inputs[1]) if len(inputs) > 1 and inputs[1] else attributes.get("split", default)
    if sizes is None or len(sizes) != outputs or min(sizes, default=0) < 1 or sum(sizes) != size:
        return [None] * outputs
    starts = [sum(sizes[:at]) for at in range(outputs)]
    parts = zip(starts, sizes, strict=True)
    return [_part(value, axis % len(value[0].shape), slice(start, start + one)) for start, one in parts]


def _concat(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    """Parts, each of which is multiplied as the whole is; axes of all have the same meaning."""
    known = [value for value in inputs if value is not None]
    parts = tuple(view for value in known for view in value)
    if len(known) < len(inputs) or len(parts) > MOST_PARTS or len({len(view.shape) for view in parts}) > 1:
        return [None]
    return [parts]


def _multiply(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    """By scales: of two constants the smaller one, if its sizes are 1 or the other's, and some 1 is not."""
    if any(not value or len(value) > 1 for value in inputs) or len(inputs) != 2:
        return [None]
    views = [value[0] for value in inputs if value]
    data, scale = views if views[0].size >= views[1].size else views[::-1]
    rank = len(data.shape)
    sizes = (1,) * (rank - len(scale.shape)) + scale.shape
    fits = len(sizes) == rank and all(one in (1, size) for one, size in zip(sizes, data.shape, strict=True))
    if not fits or (scale.size == data.size and data.size > 1):
        return [None]
    axes = {axis for axis, one in zip(data.axes, sizes, strict=True) if one > 1 and axis is not None}
    made = data.scaled(Scaling(frozenset(axes), scale.size, scale.root.nbytes, (scale.root,)))
    return [(made,) if made else None]


def _divide(inputs: Sequence[Value | None], attributes: Mapping[str, Any], outputs: int) -> Sequence[Value | None]:
    """By scales, which are no larger."""
    sizes = [value[0].size for value in inputs if value]
    return _multiply(inputs, attributes, outputs) if len(sizes) == 2 and sizes[0] > sizes[1] else [None]


FOLDS: dict[str, Fold] = {
    "Identity": _identity,
    "Cast": _cast,
    "QuantizeLinear": _quantize,
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Split": _split,
    "Concat": _concat,
    "Mul": _multiply,
    "Div": _divide,
    "Sub": onnx_quantised.subtract,
    "DequantizeLinear": onnx_quantised.dequantize,
}
