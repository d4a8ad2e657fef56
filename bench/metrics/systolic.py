"""Systolic arrays: what column combining saves there, and what it costs. Exact on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.counting.systolic_array import STANDARD, Packing, Setting
from dotbench.bench.metrics.meter import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import PRODUCTS, PRODUCTS_C, Roots
from dotbench.datasets.cache import CachedSource
from dotbench.formats.column_combined import ColumnCombined

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {"format": Roots((f"{__name__}.measure",), kernel="decoding", apart=PRODUCTS, c_apart=PRODUCTS_C)}
PLACE: tuple[str, ...] = ()


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Every column_combined format of the plan on every array of `STANDARD`."""
    for one in plan.formats:
        if isinstance(one, ColumnCombined):
            for setting in STANDARD:
                yield Cell("systolic", dataset, one.name, one.params, detail=setting.detail)


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """The array."""
    setting = Setting.parse(cell.details())
    return {"array": setting.array, "input_length": setting.input_length, "word_cycles": setting.word_cycles}


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Compares each payload with the matrix once, and computes its cells from that."""
    source = CachedSource(task.matrix)
    known: dict[str, Packing] = {}
    for cell in cells:
        wire.start(cell)
        try:
            if cell.label not in known:
                known[cell.label] = Packing.of(source, formats.load(task.paths[cell.label], limits=None))
            wire.done(cell, known[cell.label].columns_of_row(Setting.parse(cell.details())))
        except Exception as error:
            wire.fail(cell, error)
