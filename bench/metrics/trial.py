"""A metric of another package on trial, before a run asks it anything: what it says of cells, and whether its roots are
found.

Not when it is registered: a metric may ask the registry for others, and a worker has no time for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from dotbench import formats
from dotbench.bench.metrics import row_faults
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.expected_time import Work
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record import identity
from dotbench.bench.targets import peers
from dotbench.cdot.entry_points import in_words

DATASET = "w.npy"
WORK = Work(10**6, 10**5, Effort())
PLACE = Place("machine", "x86_64", "compiler")
KINDS = {"str": str, "int": int}  # of a cell's fields


class Unfit(ValueError):
    """What a metric says of its cells is of no use; the message is for people."""


def fault(metric: Metric) -> str:
    """What is wrong with a metric's roots, or its cells of a small plan; empty where nothing is."""
    try:
        for what, roots in metric.roots.items():
            _resolve(metric, what, roots)
        for dtype in metric.dtypes:
            plan = Plan((DATASET,), formats.standard_of_all(), peers.standard(), True, batches=(1,), dtype=dtype)
            for cell in cells(metric, plan.of(dtype), DATASET)[:1]:
                seconds(metric, cell, WORK)
                constant(metric, cell, PLACE)
    except Unfit as unfit:
        return str(unfit)
    return ""


def _resolve(metric: Metric, what: str, roots: Any) -> None:
    try:
        identity.of_metric(metric).python(roots)
    except (Exception, SystemExit) as error:
        raise Unfit(f"roots of {metric.name} by {what}: {in_words(error)}") from error


def cells(metric: Metric, plan: Plan, dataset: str) -> list[Cell]:
    """The cells that a metric has of a matrix; Unfit where they cannot be measured as it says."""
    try:
        found = list(metric.cells(plan, dataset))
    except (Exception, SystemExit) as error:  # another package's, None among what it may return
        raise Unfit(f"cells of {metric.name} raises {in_words(error)}") from error
    for wrong in _of_cells(metric, found, dataset):
        raise Unfit(wrong)
    return found


def _of_cells(metric: Metric, found: list[Any], dataset: str) -> Iterator[str]:
    for cell in found:
        if not isinstance(cell, Cell):
            yield f"cells of {metric.name} gives {cell!r:.80}, no dotbench.bench.plan.cell.Cell"
        elif wrong := [one.name for one in fields(cell) if type(getattr(cell, one.name)) is not KINDS[str(one.type)]]:
            yield f"cells of {metric.name} gives a cell whose {wrong[0]} is {getattr(cell, wrong[0])!r:.80}"
        elif cell.metric != metric.name:
            yield f"cells of {metric.name} gives a cell of the metric {cell.metric!r:.80}"
        elif cell.dataset != dataset:
            yield f"cells of {metric.name} gives a cell of {cell.dataset!r:.80}, and was asked for {dataset}"
        elif any("=" not in pair for pair in cell.detail.split(",") if pair):
            yield f"cells of {metric.name} gives the detail {cell.detail!r:.80}: key=value,key=value"
        elif (kind := root_of(cell)) not in metric.roots:
            yield f"{metric.name} has cells of {cell.label}, and no roots by {kind!r}: their rows would have no hash"
    if len(set(found)) < len(found):
        twice = next(cell for cell in found if found.count(cell) > 1)
        yield f"cells of {metric.name} gives {twice.label} more than once"


def root_of(cell: Cell) -> str:
    """By what the roots of a cell's row are named."""
    if cell.format.startswith("bound:"):
        return "bound"
    if cell.format.startswith("ceiling:"):
        return cell.format
    return "peer" if peers.is_peer(cell.label) else "format"


def seconds(metric: Metric, cell: Cell, work: Work) -> float:
    """What a cell takes; Unfit where that is no time."""
    try:
        found = metric.seconds(cell, work)
    except (Exception, SystemExit) as error:
        raise Unfit(f"seconds of {metric.name} raises {in_words(error)}") from error
    if isinstance(found, bool) or not isinstance(found, int | float) or not (math.isfinite(found) and found >= 0):
        raise Unfit(f"seconds of {metric.name} gives {found!r:.80}: a number of seconds is needed")
    return float(found)


def constant(metric: Metric, cell: Cell, place: Place) -> dict[str, Any]:
    """A cell's columns before it is measured; Unfit where they are not the metric's own, or its keys are not there."""
    try:
        found = metric.constant(cell, place)
    except (Exception, SystemExit) as error:
        raise Unfit(f"constant of {metric.name} raises {in_words(error)}") from error
    if wrong := row_faults.of_constant(metric, found):
        raise Unfit(wrong)
    return found


def hashed(metric: Metric, cell: Cell) -> None:
    """Unfit where nobody can say what a cell's figure depends on."""
    try:
        sha = identity.code_sha(metric, cell.format, cell.params)
    except (Exception, SystemExit) as error:
        raise Unfit(f"the code of {metric.name} for {cell.label} cannot be hashed: {in_words(error)}") from error
    if not sha:
        raise Unfit(f"{metric.name} has a cell of {cell.label}, which is no format, peer, bound or ceiling")
