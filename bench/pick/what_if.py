"""What a layer would take if it were pruned and its values were shared: another matrix, with its error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.pick.answer import Changed, Layer
from dotbench.bench.pick.question import WhatIf
from dotbench.bench.pick.sizes import Allowance, sized
from dotbench.bench.pick.weights import Weights
from dotbench.cdot.bfloat16 import converted, numbers
from dotbench.datasets.training.magnitude import prune
from dotbench.datasets.training.sharing import share


def changed(layer: Layer, asked: WhatIf, labels: tuple[str, ...] | None) -> Changed | None:
    """The smallest format of the changed layer; None of a layer that failed."""
    if layer.failed:
        return None
    matrix = _dense(layer.weights.read()[0])
    other = matrix
    if asked.prune:
        other = prune(other, asked.prune)
    if asked.share:
        other = share(other, asked.share)
    weights = _of(layer.weights, other)
    found = sized(weights, labels, Allowance(0))
    if found.failed:
        return None
    best = min(found.candidates, key=lambda one: one.bytes)
    exact, norm = matrix.astype(np.float64), 0.0
    norm = float(np.linalg.norm(exact))
    error = float(np.linalg.norm(exact - numbers(other).astype(np.float64))) / norm if norm else 0.0
    return Changed(best.label, best.bytes, error, found.density, found.distinct, layer.dense.bytes)


def _dense(matrix: Any) -> npt.NDArray[Any]:
    """All entries as an array (n, m), of a source, too."""
    if isinstance(matrix, np.ndarray):
        return numbers(matrix)
    n, m = matrix.shape
    return numbers(matrix.columns(0, m).dense(n).T)


def _of(weights: Weights, matrix: npt.NDArray[Any]) -> Weights:
    from dataclasses import replace

    kept = converted(matrix, weights.dtype) if weights.dtype != matrix.dtype.name else matrix
    return replace(weights, read=lambda: (kept, ""))
