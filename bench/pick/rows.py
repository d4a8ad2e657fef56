"""What a pick found as rows of space.csv and time.csv: those of `run`, asked about somebody's own file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dotbench import formats
from dotbench.bench.counting.bounds import bounds
from dotbench.bench.machine import describe
from dotbench.bench.metrics import space
from dotbench.bench.metrics import time as times
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.pick.answer import Answer, Layer
from dotbench.bench.pick.times import BLAS, Measured, cell_of
from dotbench.bench.plan.cell import Cell
from dotbench.bench.record import identity
from dotbench.formats.sources.source import as_source, matrix_sha256

Row = dict[str, Any]
STOP = "passes"  # why no pass was added: a pick has four


def rows_of(answer: Answer, measured: Sequence[Measured]) -> dict[str, list[Row]]:
    """Rows by file: of each layer the dense payload, the pick and what was timed, encoded and compared; and times."""
    timed = {one.layer.weights.dataset: one for one in measured}
    spaces = [row for layer in answer.layers for row in _spaces(layer, timed.get(layer.weights.dataset))]
    return {"space": spaces, "time": [row for one in measured for row in _times(one, answer)]}


def _spaces(layer: Layer, one: Measured | None) -> Iterator[Row]:
    if layer.failed:
        yield _row(
            space.METRIC, Cell("space", layer.weights.dataset, layer.dense.label), layer, "", "failed", layer.failed
        )
        return
    matrix, _ = layer.weights.read()
    source = as_source(matrix, matrix.dtype)
    sha, known = matrix_sha256(source), bounds(source)
    for label in dict.fromkeys((layer.dense.label, layer.pick, *(one.labels if one else ()))):
        format_ = formats.parse(label)
        cell = Cell("space", layer.weights.dataset, format_.name, format_.params)
        encoded = space.encode(format_, source, sha)
        yield _row(space.METRIC, cell, layer, sha, "ok") | space.columns_of_row(encoded, source, known)


def _times(one: Measured, answer: Answer) -> Iterator[Row]:
    place = describe.place()
    for label in (one.layer.dense.label, *one.labels, BLAS):
        cell = cell_of(one, label, answer.question)
        passes = one.passes.get(label, [])
        known = {**times.constant(cell, place), "reference_sha": identity.code_sha(times.METRIC, cell.reference, "")}
        if len(passes) > 1:
            columns = times.columns_of_row(cell, passes, one.nnz, one.seconds.get(label), STOP)
            yield _row(times.METRIC, cell, one.layer, one.sha256, "ok") | known | columns
        elif label in one.failed:
            yield _row(times.METRIC, cell, one.layer, one.sha256, "failed", one.failed[label]) | known


def _row(metric: Metric, cell: Cell, layer: Layer, sha256: str, status: str, reason: str = "") -> Row:
    return {
        "dataset": layer.weights.dataset,
        "matrix_sha256": sha256,
        "source": layer.weights.source,
        "format": cell.format,
        "params": cell.params,
        "status": status,
        "reason": reason or layer.note,
        "code_sha": identity.code_sha(metric, cell.format, cell.params) or "",
    }
