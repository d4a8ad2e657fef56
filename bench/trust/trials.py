"""Trials: what timing says of a kernel that has more work than another, or the same; for `bench.trust.selftest`.

A trial is a cell: ``csc`` on so many columns of a matrix that its work is ``work`` times that of its opponent, which
is ``csc`` on fewer columns. It gets the passes of a time, in the same processes, and its own interval.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dotbench.bench.machine.pinning import pin
from dotbench.bench.metrics.metric import job
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.time import ROOTS as TIME
from dotbench.bench.metrics.time import Bench, one_pass
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.targets.ours import FormatTarget
from dotbench.bench.timing import pairs

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {"format": TIME["format"]}
MOST_WORK = 1.1  # times the opponent's, which has so many columns fewer than the matrix


def trial(dataset: str, work: float, number: int) -> Cell:
    """One of many trials with ``work`` times the opponent's work."""
    return Cell("trials", dataset, REFERENCE, "", 1, 1, "warm", f"work={work},trial={number}")


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """How much more work, and where it was timed."""
    return {"work": float(cell.details()["work"]), "machine": place.machine, "isa": place.isa}


def _one(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, Any]:
    payload, X = bench.payload(cell.label), bench.reference(cell.label, 1).X
    most = payload.shape[1] / MOST_WORK
    own, other = (
        FormatTarget(payload, X, columns=(0, round(most * work))) for work in (float(cell.details()["work"]), 1.0)
    )
    pin()
    return asdict(pairs.measure(own.run, other.run, effort.rounds, effort.sample_ms * 1e6, rng))


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """One pass over all trials, in shuffled order."""
    one_pass(task, cells, wire, _one)


def of_passes(
    cell: Cell, passes: Sequence[dict[str, Any]], nnz: int, encode_seconds: float | None, stop: str
) -> dict[str, Any]:
    """The estimate of all passes."""
    return {**asdict(pairs.estimate([one["log_ratio"] for one in passes])), "stop": stop}


JOB = job(
    "trials",
    "kernels of the same code called the same, and slower ones",
    ROOTS,
    measure,
    constant=constant,
    place=("machine", "isa", "compiler"),
    of_passes=of_passes,
)
