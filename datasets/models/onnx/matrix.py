"""How what a product takes lies as a matrix: the stored tensor in its own shape wherever that is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from dotbench.datasets.models.model_file import Scales
from dotbench.datasets.models.onnx import view as onnx_view
from dotbench.datasets.models.onnx.operators import Use
from dotbench.datasets.models.onnx.view import Scaling, View
from dotbench.datasets.models.orientation import CHANNELS_FIRST, INPUTS_FIRST, OUTPUTS_FIRST, matrix_shape


@dataclass(frozen=True, eq=False)
class Lying:
    """``array`` makes numbers of ``shape``, which lie as ``orientation`` says; ``view`` is what they were seen by."""

    view: View
    shape: tuple[int, ...]
    orientation: str
    array: Callable[[], npt.NDArray[Any]]
    scales: Scales | None


def lying(use: Use) -> Lying:
    """The whole base that an operator's view is of, as the matrix of its product."""
    view = use.view
    if not use.outputs:  # nobody says which they are: as it is stored, or as its zero points leave it
        view = view if any(scaling.zero_points for scaling in view.scalings) else onnx_view.of(view.root)
        return Lying(view, view.base.shape, OUTPUTS_FIRST, view.base.array, None)
    orientation = _orientation(use, view)
    if not orientation:  # inputs and outputs change places in the middle of it
        view = onnx_view.laid_out(view)
        orientation = _orientation(use, view) or OUTPUTS_FIRST
    n, m = (math.prod(view.base.shape[axis] for axis in _axes(view, of)) for of in (use.inputs, use.outputs))
    base = view.base
    shape = base.shape if orientation == CHANNELS_FIRST else _shape(base.shape, orientation, n, m)
    array = base.array if shape == base.shape else lambda: base.array().reshape(shape)
    return Lying(view, shape, orientation, array, _scales(use, view, n, m))


def _axes(view: View, dimensions: tuple[int, ...]) -> list[int]:
    """Those of the base."""
    return [axis for one in dimensions if (axis := view.axes[one]) is not None]


def _orientation(use: Use, view: View) -> str:
    """The word for it, if there is one."""
    if use.is_kernel and view.axes == tuple(range(len(view.base.shape))):
        return CHANNELS_FIRST
    sizes = view.base.shape
    lie = [axis for axis, size in enumerate(sizes) if size != 1]
    inputs, outputs = ([axis for axis in _axes(view, of) if sizes[axis] != 1] for of in (use.inputs, use.outputs))
    first, last = (outputs + inputs == lie), (inputs + outputs == lie)
    if first and last:  # one row, or one column: as its shape has it
        return OUTPUTS_FIRST if _axes(view, use.outputs)[:1] < _axes(view, use.inputs)[:1] else INPUTS_FIRST
    return OUTPUTS_FIRST if first else INPUTS_FIRST if last else ""


def _shape(shape: tuple[int, ...], orientation: str, n: int, m: int) -> tuple[int, ...]:
    """The base's own, without sizes of 1, or n x m numbers in two dimensions."""
    for one in (shape, tuple(size for size in shape if size != 1)):
        if len(one) > 1 and matrix_shape(one, orientation) == (n, m):
            return one
    return (m, n) if orientation == OUTPUTS_FIRST else (n, m)


def _scales(use: Use, view: View, n: int, m: int) -> Scales | None:
    """Of whole numbers."""
    if not view.scalings or view.root.type.is_float:
        return None
    most = max(view.scalings, key=lambda one: one.count)
    nbytes = sum(one.nbytes for one in view.scalings)
    return Scales(_per(use, view, most, n, m), nbytes, any(one.zero_points for one in view.scalings))


def _per(use: Use, view: View, scaling: Scaling, n: int, m: int) -> str:
    if scaling.count <= 1:
        return "tensor"
    inputs, outputs = set(_axes(view, use.inputs)), set(_axes(view, use.outputs))
    axes = scaling.axes
    if not scaling.block:
        if scaling.count == m and (axes is None or axes <= outputs):
            return "output"
        if scaling.count == n and (axes is None or axes <= inputs):
            return "input"
    return f"group of {scaling.block or max(1, n * m // scaling.count)}"
