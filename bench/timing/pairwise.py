"""Races: one kernel against another of the same matrix, in pairs, for `dotbench.bench.goals.race`.

A cell's ``detail`` says what it is: ``against=LABEL`` (a product or ceiling against the product of another format
or peer), ``against=probe`` (what threads gain, against what a compute probe gains), or ``from=array`` (encoding).
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.machine.pinning import pin, unpin
from dotbench.bench.metrics.metric import job
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.time import ROOTS as TIME
from dotbench.bench.metrics.time import Bench, one_pass, scaling
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record.identity import code_sha
from dotbench.bench.targets.blas_dense import dense
from dotbench.bench.timing import pairs

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task


ROOTS = {kind: replace(roots, definitions=(f"{__name__}._one", *roots.definitions)) for kind, roots in TIME.items()}


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Which race it was, where it ran, and the code of the opponent."""
    name, params = opponent(cell)
    known = {} if name == "probe" else {"reference_sha": code_sha(JOB, name, params)}
    which = {"batch": cell.batch, "threads": cell.threads, "detail": cell.detail}
    return which | {"machine": place.machine, "isa": place.isa, "compiler": place.compiler} | known


def opponent(cell: Cell) -> tuple[str, str]:
    """Name and parameters of what a cell races against; ``probe``: nothing that has a payload."""
    name, _, params = cell.details().get("against", "probe").partition("[")
    return name, params.removesuffix("]")


def race(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, Any]:
    """The log median of kernel over opponent, and nanoseconds a product of both; both products are checked."""
    one_thread = cell.threads == 1
    (pin if one_thread else unpin)()  # before threads start: they stay on the cores of who starts them
    other = Cell("time", cell.dataset, *opponent(cell), cell.batch, cell.threads, cell.cache)
    runs = []
    for one in (cell, other):
        target = bench.target(one)
        if (product := target.product()) is not None:
            bench.reference(one.about, one.batch).error(product)
        runs.append(target.run)
    return asdict(pairs.measure(runs[0], runs[1], effort.rounds, effort.sample_ms * 1e6, rng, one_thread))


def gain(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, float]:
    """The log of what threads gain over what the probe gains in the same rounds (measurement rule 8)."""
    unpin()
    target = bench.target(cell)
    if (product := target.product()) is not None:
        bench.reference(cell.about, cell.batch).error(product)
    start = time.perf_counter()
    found = [scaling(bench, cell, target, effort, rng) for _ in range(2)]
    spent = time.perf_counter() - start
    own, probe = (statistics.mean(one[name] for one in found) for name in ("log_speedup", "log_probe_speedup"))
    return {"log_ratio": own - probe, "sampling_seconds": spent}


def encoding(bench: Bench, cell: Cell) -> dict[str, float]:
    """The log of the seconds that encoding takes from a dense array in C order, on one core."""
    W = dense(bench.payload(REFERENCE))
    pin()  # threads that are started here stay on that core
    start = time.perf_counter()
    formats.parse(cell.label).encode(W)
    seconds = time.perf_counter() - start
    return {"log_ratio": math.log(seconds), "sampling_seconds": seconds}


def _one(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, Any]:
    known = cell.details()
    if "from" in known:
        return encoding(bench, cell)
    return (gain if known["against"] == "probe" else race)(bench, cell, effort, rng)


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """One pass over the cells of one matrix."""
    one_pass(task, cells, wire, _one)


def of_passes(
    cell: Cell, passes: Sequence[dict[str, Any]], nnz: int, encode_seconds: float | None, stop: str
) -> dict[str, Any]:
    """The estimate of all passes; nanoseconds of the opponent where there is one."""
    known = pairs.estimate([one["log_ratio"] for one in passes])
    others = [math.log(one["reference_ns"]) for one in passes if "reference_ns" in one]
    return {**asdict(known), "other_ns": math.exp(statistics.fmean(others)) if others else None, "stop": stop}


JOB = job(
    "races",
    "one kernel against another of the same matrix",
    ROOTS,
    measure,
    constant=constant,
    place=("machine", "isa", "compiler"),
    of_passes=of_passes,
)
