"""From a plan to the cells of a matrix: each metric says which it has."""

from __future__ import annotations

from collections.abc import Callable

from dotbench.bench.metrics import registry, trial
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan

LeaveOut = Callable[[str, str], None]  # a metric's name, and what is wrong with it


def _raised(name: str, fault: str) -> None:
    raise trial.Unfit(fault)


def cells(plan: Plan, dataset: str, dtype: str = "float32", leave_out: LeaveOut = _raised) -> list[Cell]:
    """All cells of one matrix, in the order in which they are measured.

    ``leave_out``: hears of each metric of another package whose cells cannot be used; it has none then.
    """
    if plan.chosen:
        return [cell for cell in plan.chosen if cell.dataset == dataset]
    narrowed = plan.of(dtype)
    found: list[Cell] = []
    for metric in registry.in_runs():
        if dtype in metric.dtypes and plan.has(metric.name) and metric.name not in registry.unfit():
            try:
                found += [cell for cell in _cells(metric, narrowed, dataset) if not narrowed.leaves_out(cell)]
            except trial.Unfit as unfit:
                leave_out(metric.name, str(unfit))
    return found


def _cells(metric: Metric, plan: Plan, dataset: str) -> list[Cell]:
    if not registry.distribution(metric.name):
        return list(metric.cells(plan, dataset))
    found = trial.cells(metric, plan, dataset)
    for cell in found:
        trial.hashed(metric, cell)
    return found
