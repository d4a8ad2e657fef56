"""Races: one kernel against another of the same matrix, in pairs. The job of `bench.goals.race`, no metric of runs.

A cell's ``detail`` says what it is: ``against=LABEL`` (a product or ceiling against the product of another format
or peer), ``against=probe`` (what threads gain, against what a compute probe gains), or ``from=array`` (encoding).
"""

from __future__ import annotations

import math
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.machine.pinning import pin, unpin
from dotbench.bench.metrics.time import Bench, one_pass, scaling
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.targets import peers
from dotbench.bench.targets.blas_dense import dense
from dotbench.bench.timing import pairs

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire


def race(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, float]:
    """The log median of kernel over opponent, and nanoseconds a product of both; both products are checked."""
    name, _, params = cell.details()["against"].partition("[")
    other = Cell("time", cell.dataset, name, params.removesuffix("]"), cell.batch, cell.threads, cell.cache)
    runs = []
    for one in (cell, other):
        target = bench.target(one)
        if (product := target.product()) is not None:
            bench.reference(one.about, one.batch).error(product)
        runs.append(target.run)
    pin()
    done = pairs.measure(runs[0], runs[1], effort.rounds, effort.sample_ms * 1e6, rng)
    return {"log": done.log_ratio, "ns": done.ns, "other_ns": done.reference_ns}


def gain(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, float]:
    """The log of what threads gain over what the probe gains in the same rounds (measurement rule 8)."""
    unpin()
    target = bench.target(cell)
    if (product := target.product()) is not None:
        bench.reference(cell.about, cell.batch).error(product)
    found = [scaling(bench, cell, target, effort, rng) for _ in range(2)]
    own, probe = (statistics.mean(one[name] for one in found) for name in ("log_speedup", "log_probe_speedup"))
    return {"log": own - probe, "speedup": math.exp(own), "probe_speedup": math.exp(probe)}


def encoding(bench: Bench, cell: Cell) -> dict[str, float]:
    """The log of the seconds that encoding takes from a dense array in C order, on one core."""
    W = dense(bench.payload(REFERENCE))
    pin()  # threads that are started here stay on that core
    start = time.perf_counter()
    formats.parse(cell.label).encode(W)
    seconds = time.perf_counter() - start
    return {"log": math.log(seconds), "ns": seconds * 1e9}


def _one(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, float]:
    known = cell.details()
    if "from" in known:
        return encoding(bench, cell)
    return (gain if known["against"] == "probe" else race)(bench, cell, effort, rng)


def measure(task: dict[str, Any], cells: list[Cell], wire: Wire) -> None:
    """One pass over the cells of one matrix."""
    one_pass(task, cells, wire, _one)


def needed(cell: Cell) -> set[str]:
    """Labels of the payloads that a cell's worker reads."""
    labels = {cell.about, cell.details().get("against", REFERENCE), REFERENCE} - {"probe"}
    return {label for label in labels if not peers.is_peer(label)}
