"""Energy: joules of a product where there are counters, and the modelled energy of formats that have a formula.

Where nothing can be measured the row says why, and the model stands alone (kind ``model``).
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.energy import backends, estimate, windows
from dotbench.bench.energy.counters import CounterLost, NotMeasurable
from dotbench.bench.energy.meters import Clock, Meter, SystemClock
from dotbench.bench.energy.model import FORMULAS, model_pj_per_entry
from dotbench.bench.energy.windows import Run
from dotbench.bench.machine.pinning import pin, unpin
from dotbench.bench.metrics.column import count, joules, number, word
from dotbench.bench.metrics.figure import ENERGY, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis
from dotbench.bench.metrics.time import Bench
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import SPINE, Plan
from dotbench.bench.record.code_hash.roots import BUILD, Roots
from dotbench.datasets.cache import CachedSource
from dotbench.datasets.registry import TWIN

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

Columns = dict[str, Any]

ROOTS = {"format": Roots((f"{__name__}.measure", "dotbench.bench.run.processes.environment", *BUILD), kernel="whole")}
MATRICES = ("orsreg_1", "SiNa", "vgg19/90-0-32")  # of the standard runs


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """One vector (the fewest asked for) in every format; in standard runs on three matrices, in the first
    formats and those with a formula.

    ``detail`` says how it is measured here, or has a hash of why not: where that changes (counters are
    opened, perf is installed) no finished cell stands in the way.
    """
    if plan.standard and dataset.removesuffix(TWIN) not in MATRICES:
        return
    kind, lack = backends.outlook(os.environ.get(backends.VARIABLE, ""))
    how = "".join(f",{name}={value:g}" for name, value in asdict(plan.energy).items())
    if lack:
        how = f",why={hashlib.sha256(lack.encode()).hexdigest()[:8]}"
    for one in plan.formats:
        if plan.standard and one.name not in SPINE and one.name not in FORMULAS:
            continue
        for threads in plan.threads:
            yield Cell("energy", dataset, one.name, one.params, min(plan.batches), threads, "", f"kind={kind}{how}")


def constant(cell: Cell, place: Place) -> Columns:
    """What a row says besides its figures; ``kind`` is what it is until something has been measured."""
    return {"batch": cell.batch, "threads": cell.threads, "kind": "model", "machine": place.machine}


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Windows of all cells of a matrix, or the model alone."""
    models = modelled(task, cells)
    try:
        meter = backends.open_meter()
    except NotMeasurable as lack:
        for cell in cells:
            wire.start(cell)
            tell_model(cell, models[cell], str(lack), wire)
        return
    try:
        measure_with(meter, SystemClock(), task, cells, models, wire)
    finally:
        meter.close()


def modelled(task: Task, cells: list[Cell]) -> dict[Cell, float | None]:
    """The modelled energy of each cell's format; of a product of one vector, so None for batches."""
    source = CachedSource(task.matrix)
    one_vector = [cell for cell in cells if cell.batch == 1]
    known = {cell.label: model_pj_per_entry(formats.parse(cell.label), source) for cell in one_vector}
    return {cell: known[cell.label] if cell.batch == 1 else None for cell in cells}


def tell_model(cell: Cell, model: float | None, why: str, wire: Wire) -> None:
    """The row of a cell that this machine cannot measure: the model is all there is, if there is one."""
    if model is None:
        wire.lack(cell, "unavailable", f"not measured: {why}; no modelled energy of this format and batch")
    else:
        wire.done(cell, {"model_pj_per_entry": model}, f"not measured: {why}")


def measure_with(
    meter: Meter, clock: Clock, task: Task, cells: list[Cell], models: dict[Cell, float | None], wire: Wire
) -> None:
    """Checks every product, then repeats them in windows of ``meter``."""
    runs, by_name = {}, {}
    bench = Bench(task.paths, task.sha256, task.folder)
    for cell in cells:
        wire.start(cell)
        try:
            name = f"{cell.label}, {cell.threads} threads"
            runs[name], by_name[name] = checked_run(bench, cell), cell
        except Exception as error:
            wire.fail(cell, error)
    effort = effort_of(cells[0])
    try:
        rng = random.Random()
        sampling = windows.measure(meter, clock, runs, effort, rng, lambda name: wire.start(by_name[name]))
        for name, cell in by_name.items():
            tell(cell, meter.kind, models[cell], sampling, name, effort.windows, wire)
    except (NotMeasurable, CounterLost) as lack:
        for cell in by_name.values():
            tell_lack(cell, models[cell], lack, wire)


def effort_of(cell: Cell) -> windows.Effort:
    """What a cell's detail asks for."""
    known = cell.details()
    if "windows" not in known:  # nothing could be measured when the run was planned
        return windows.SMALL
    return windows.Effort(float(known["seconds"]), int(known["updates"]), int(known["windows"]))


def checked_run(bench: Bench, cell: Cell) -> Run:
    """What repeats a cell's product in C, on one core or on all; WrongProduct if it is wrong."""
    target = bench.target(cell)
    product = target.product()
    assert product is not None  # only formats have energy cells
    bench.reference(cell.about, cell.batch).error(product)

    def run(repeat: int) -> int:
        (pin if cell.threads == 1 else unpin)()
        return target.run(repeat)

    return run


def tell(
    cell: Cell, kind: str, model: float | None, sampling: windows.Sampling, name: str, wanted: int, wire: Wire
) -> None:
    """The row of a cell whose windows are there."""
    try:
        found = estimate.figures(sampling, name, wanted)
    except NotMeasurable as lack:
        tell_lack(cell, model, lack, wire)
        return
    columns = {
        "kind": kind,
        "windows": found.windows,
        "joules_per_dot": found.joules,
        "joules_low": found.low,
        "joules_high": found.high,
        "net_joules_per_dot": found.net,
        "dram_joules_per_dot": found.dram,
        "psys_joules_per_dot": found.psys,
        "model_pj_per_entry": model,
    }
    wire.done(cell, columns, found.remark)


def tell_lack(cell: Cell, model: float | None, lack: Exception, wire: Wire) -> None:
    """The row of a cell whose counters failed while it was measured: the next run tries again."""
    wire.lack(cell, "unavailable", f"not measured: {lack}", {"model_pj_per_entry": model})


METRIC = Metric(
    name="energy",
    summary="energy of a product: measured where there are counters, modelled where the format has a formula",
    columns=(
        count("batch", "vectors", "multiplied at once"),
        count("threads", "threads", "asked for"),
        word("kind", "rapl or perf: measured by it; model: modelled alone"),
        count("windows", "windows", "that were measured"),
        joules("joules_per_dot", "energy of a product, the package's"),
        joules("joules_low", "lower end of its 99 % interval"),
        joules("joules_high", "upper end of its 99 % interval"),
        joules("net_joules_per_dot", "the same without what an idle machine takes"),
        joules("dram_joules_per_dot", "energy of the memory, where it has a counter"),
        joules("psys_joules_per_dot", "energy of the whole platform, where it has a counter"),
        number("model_pj_per_entry", 8, "pJ", "modelled energy of a product of one vector, per entry"),
        word("machine", "where it was measured: processor and cores"),
    ),
    keys=("batch", "threads"),
    figures=(
        Figure("joules_per_dot", ENERGY, "energy", False, "joules_low", "joules_high", gates=False),
        Figure("model_pj_per_entry", ENERGY, gates=False),
    ),
    equal=("kind", "machine"),
    roots=ROOTS,
    place=("machine", "isa", "compiler"),
    dtypes=("float32",),  # the model, and what is published, are of it
    cells=cells,
    constant=constant,
    measure=measure,
    axes=(
        Axis("joules_per_dot", "energy of a product, measured", "J", "joules_low", "joules_high", 31),
        Axis("net_joules_per_dot", "energy without idle, measured", "J", place=32),
        Axis("model_pj_per_entry", "energy per entry, modelled", "pJ", place=33),
    ),
    shown=4,
)
