"""From a plan to the cells of a matrix: each metric says which it has."""

from __future__ import annotations

from dotbench.bench.metrics.meter import meter
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import METRICS, Plan


def cells(plan: Plan, dataset: str, dtype: str = "float32") -> list[Cell]:
    """All cells of one matrix, in the order in which they are measured."""
    if plan.chosen:
        return [cell for cell in plan.chosen if cell.dataset == dataset]
    narrowed = plan.of(dataset, dtype)
    return [cell for metric in METRICS if metric in narrowed.metrics for cell in meter(metric).cells(narrowed, dataset)]
