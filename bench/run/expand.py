"""From a plan to the cells of a matrix: each metric says which it has."""

from __future__ import annotations

from dotbench.bench.metrics import registry
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan


def cells(plan: Plan, dataset: str, dtype: str = "float32") -> list[Cell]:
    """All cells of one matrix, in the order in which they are measured."""
    if plan.chosen:
        return [cell for cell in plan.chosen if cell.dataset == dataset]
    narrowed = plan.of(dtype)
    metrics = [metric for metric in registry.in_runs() if dtype in metric.dtypes and plan.has(metric.name)]
    return [cell for metric in metrics for cell in metric.cells(narrowed, dataset)]
