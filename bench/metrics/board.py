"""Cycles that a real board's counter measured: rows of `dotbench.bench.microcontroller`, no run makes them."""

from __future__ import annotations

from dotbench.bench.metrics import cycles
from dotbench.bench.metrics.column import count, word
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Metric, no_cells, not_measured
from dotbench.bench.metrics.plots import Axis, Chart, Strip

METRIC = Metric(
    name="board",
    summary="cycles of int8 layers on a real board",
    columns=(*cycles.WHERE, count("cycles", "cycles", "measured"), word("machine", "the board")),
    keys=cycles.METRIC.keys,
    figures=(Figure("cycles", gates=False),),
    equal=("machine",),
    roots=cycles.ROOTS,
    dtypes=cycles.METRIC.dtypes,
    cells=no_cells,
    measure=not_measured,
    axes=(Axis("cycles", "cycles, measured on a board", place=43),),
    chart=Chart(
        "On the microcontroller: measured on a board",
        "Board",
        "Cycles that a real board's counter measured.",
        (Strip("cycles", "cycles, measured"),),
        ("layer", "kernel"),
    ),
    shown=8,
    in_runs=False,
    made_by="`nox -s firmware` does, with a board",
)
