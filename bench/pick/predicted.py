"""Predicted times of formats, from counts: they say what is worth timing, and are all that ``--quick`` has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dotbench.bench.costs.calibrate import calibration
from dotbench.bench.costs.predict import Scale, dense_counts, predicted
from dotbench.bench.costs.work import Counts
from dotbench.bench.pick.answer import PREDICTED, Candidate, Layer, Time
from dotbench.bench.pick.question import Question

BLAS = "blas_dense"


def with_predictions(layers: Sequence[Layer], question: Question) -> list[Layer]:
    """The layers with a predicted time of each format that one is known of, over the faster dense product."""
    known = calibration()
    scale = known.scale if known else None
    return [layer if layer.failed else _predicted(layer, question, scale) for layer in layers]


def _predicted(layer: Layer, question: Question, scale: Scale | None) -> Layer:
    n, m = layer.weights.shape or (0, 0)
    nnz = round(layer.density * n * m)
    counts = Counts(n, m, nnz, layer.distinct, layer.dtype, layer.dense.bytes)
    rivals = [layer.dense.label, *([BLAS] if layer.dtype == "float32" else [])]
    dense = [
        found.ns
        for label in rivals
        if (found := predicted(label, dense_counts(counts), question.batch, question.threads, scale=scale))
    ]
    if not dense or not min(dense):
        return layer
    base = min(dense)
    return layer.with_candidates([_of(one, counts, base, layer, question, scale) for one in layer.candidates])


def _of(
    one: Candidate, counts: Counts, base: float, layer: Layer, question: Question, scale: Scale | None
) -> Candidate:
    if one.label == layer.dense.label:
        return replace(one, predicted=Time(1.0, 1.0, 1.0, PREDICTED, dense_ns=base))
    own = replace(counts, bytes=one.bytes)
    found = predicted(one.label, own, question.batch, question.threads, scale=scale)
    if found is None:
        return one
    ratio, error = found.ns / base, 1 + found.error
    return replace(one, predicted=Time(ratio, ratio / error, ratio * error, PREDICTED, dense_ns=base))
