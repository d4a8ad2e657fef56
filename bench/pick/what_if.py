"""What a layer would take if it were pruned and its values were shared: another matrix, with its error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.pick.answer import Changed, Layer
from dotbench.bench.pick.question import WhatIf
from dotbench.bench.pick.sizes import Allowance, sized
from dotbench.bench.pick.weights import Weights
from dotbench.cdot.bfloat16 import numbers, rounded
from dotbench.datasets.training.magnitude import prune
from dotbench.datasets.training.sharing import share

ROWS = 1 << 22  # entries that are compared at once


def changed(layer: Layer, asked: WhatIf, labels: tuple[str, ...] | None, allowance: Allowance) -> Changed | None:
    """The smallest format of the changed layer; None of a layer that failed. ``allowance``: of all layers together."""
    if layer.failed:
        return None
    matrix = _dense(layer.weights.read()[0])
    other = matrix
    if asked.prune:
        other = prune(other, asked.prune)
    if asked.share:
        other = share(other, asked.share)
    weights = _of(layer, other)
    found = sized(weights, labels, allowance)
    if found.failed:
        return None
    best = min(found.candidates, key=lambda one: one.bytes)
    error = _error(matrix, numbers(weights.read()[0]))
    return Changed(best.label, best.bytes, error, found.density, found.distinct, layer.dense.bytes)


def _error(matrix: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """|W - W'| / |W| in the Frobenius norm, some rows at a time."""
    wrong = norm = 0.0
    step = max(1, ROWS // max(matrix.shape[1], 1))
    for begin in range(0, len(matrix), step):
        exact = matrix[begin : begin + step].astype(np.float64)
        wrong += float(((exact - other[begin : begin + step]) ** 2).sum())
        norm += float((exact**2).sum())
    return float((wrong / norm) ** 0.5) if norm else 0.0


def _dense(matrix: Any) -> npt.NDArray[Any]:
    """All entries as an array (n, m), of a source, too."""
    if isinstance(matrix, np.ndarray):
        return numbers(matrix)
    n, m = matrix.shape
    return numbers(matrix.columns(0, m).dense(n).T)


def _of(layer: Layer, matrix: npt.NDArray[Any]) -> Weights:
    """The layer's tensor with other numbers, in the type that it is stored in."""
    kept = matrix if layer.dtype == matrix.dtype.name else rounded(matrix)
    return replace(layer.weights, read=lambda: (kept, ""))
