"""Systolic arrays: what column combining saves there, and what it costs. Exact on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.counting.systolic_array import STANDARD, Packing, Setting
from dotbench.bench.metrics.column import count, error, number, word
from dotbench.bench.metrics.figure import LEVEL, SIZE, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis, Chart, Strip
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import PRODUCTS, PRODUCTS_C, Roots
from dotbench.datasets.cache import CachedSource
from dotbench.formats.column_combined import ColumnCombined

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {"format": Roots((f"{__name__}.measure",), kernel="decoding", apart=PRODUCTS, c_apart=PRODUCTS_C)}


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


METRIC = Metric(
    name="systolic",
    summary="what column combining saves on a systolic array, and what it costs; exact",
    columns=(
        word("array", "rows x columns of the array"),
        count("input_length", "vectors", "that stream through"),
        count("word_cycles", "cycles", "that a word takes: 1, or its bits where arithmetic is bit-serial"),
        count("groups", "groups", "columns that are left after combining"),
        number(
            "utilization_before", 4, "%", "share of the array's cells with a weight that is not zero, without combining"
        ),
        number("utilization_after", 4, "%", "the same with combining"),
        count("tiles_before", "tiles", "without combining"),
        count("tiles_after", "tiles", "with combining"),
        count("cycles_before", "cycles", "without combining"),
        count("cycles_after", "cycles", "with combining"),
        number("pruned_share", 4, "share", "of the weights that collided and were dropped"),
        error("error_frobenius", "relative Frobenius error of the matrix"),
        error("error_product", "relative error of a product"),
        number("energy_relative", 4, "share", "energy relative to that without combining"),
    ),
    keys=("array", "input_length", "word_cycles"),
    figures=(
        Figure("cycles_after"),
        Figure("tiles_after"),
        Figure("groups"),
        Figure("utilization_after", LEVEL, more_is_better=True),
        Figure("error_product", SIZE),
    ),
    roots=ROOTS,
    dtypes=("float32",),
    cells=cells,
    constant=constant,
    measure=measure,
    axes=(
        Axis("cycles_after", "cycles of a systolic array", place=51),
        Axis("error_product", "error of a product (column combining)", "share", place=52),
    ),
    chart=Chart(
        "Column combining on a systolic array",
        "Systolic array",
        "Column combining packs several sparse columns into one and drops weights that collide. The array is used "
        "better, and the product is no longer exact: utilization is never shown without its error.",
        (
            Strip("utilization_after", "utilization, %", before="utilization_before"),
            Strip("cycles_after", "cycles", before="cycles_before"),
            Strip("tiles_after", "tiles", before="tiles_before"),
            Strip("error_product", "error of the product", "share"),
            Strip("error_frobenius", "error of the matrix", "share"),
            Strip("pruned_share", "share of weights dropped", "share"),
            Strip("energy_relative", "energy relative to before", "ratio"),
        ),
        beside="error_product",
    ),
    shown=5,
)
