"""Two results of one commit: does the diff of them say that nothing has changed?

Two whole runs over some matrices, each with a journal of its own, on this machine; their CSV files are
compared as ``dotbench diff`` would. Exact figures have to be the same, intervals of times have to overlap.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from dotbench import formats
from dotbench.bench.compare import results
from dotbench.bench.compare.align import Apart
from dotbench.bench.compare.cells import label
from dotbench.bench.compare.diff import SAME, Change, Diff, compare
from dotbench.bench.metrics.metric import Row
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.targets import peers
from dotbench.bench.trust.judged import Judgement

DATASETS = ("deepdta/30-0-16", "deepdta/80-0-16", "orsreg_1", "vgg19/90-0-32")
METRICS = ("space", "systolic", "levels", "instructions", "time")
MOST_DIFFERENT, LEAST_OVERLAPPING, WIDEST = 0.01, 0.90, 0.03


@dataclass(frozen=True)
class Verdict:
    """What two results of one commit say.

    ``exact_changed``: exact figures that differ, and cells that only one result has; ``different``: time rows
    called faster or slower, by name; ``overlapping``: the share whose intervals overlap; ``half_width``: the
    median of both results.
    """

    exact_changed: int
    different: tuple[str, ...]
    overlapping: float
    half_width: float
    rows: int


def plan(effort: Effort | None = None) -> Plan:
    """The cells: those of the small run for `DATASETS`, energy left out."""
    every = Plan(DATASETS, formats.standard(), tuple(kind() for kind in peers.ALL), later_batches=(1,))
    return replace(every, metrics=METRICS, ceilings=False, effort=effort or Effort())


def judge(found: Diff) -> Verdict:
    """From a diff of two results of one commit."""
    times = [change for change in found.changes if change.file == "time"]
    exact = [change for change in found.changes if change.figure.exact]
    pairs = [(change.a, change.b) for change in times]
    widths = [half_width(row) for pair in pairs for row in pair]
    return Verdict(
        sum(change.verdict != SAME for change in exact) + sum(map(_differs, found.apart)) + len(found.broken),
        tuple(_named(change) for change in times if change.better is not None),
        sum(overlap(a, b) for a, b in pairs) / len(times),
        statistics.median(widths),
        len(times),
    )


def _named(change: Change) -> str:
    row = change.b
    return f"{row['dataset']} {label(row)} batch {row['batch']}: {change.before:.4f}, {change.after:.4f}"


def _differs(apart: Apart) -> bool:
    """Whether two rows that were not compared say something else: what neither could measure is the same in both."""
    a, b = apart.a, apart.b
    return not (a and b and a["status"] == b["status"] != "ok")


def half_width(row: Row) -> float:
    """Half the length of a time row's interval, as a share of the ratio."""
    return float((row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1)


def overlap(a: Row, b: Row) -> bool:
    return bool(a["ratio_low"] <= b["ratio_high"] and b["ratio_low"] <= a["ratio_high"])


def measure(home: Path, chosen: Plan) -> Verdict:
    """Runs the plan twice and compares. Matrices and payloads are shared, journals are not."""
    from dotbench.bench.run.session import run_plan

    folders = []
    for name in ("first", "second"):
        folders.append(home / name / "results")
        run_plan(chosen, home / name, folders[-1], Console(quiet=True), False)
    first, second = (results.of_folder(folder, folder.parent.name) for folder in folders)
    return judge(compare(first, second, {}))


def report(found: Verdict, console: Console) -> Judgement:
    """Prints the verdict beside what is asked for. Exact figures that differ are a fault on any machine."""
    same = found.exact_changed == 0, f"exact figures that differ: {found.exact_changed} (none)"
    lines = [
        (
            len(found.different) <= MOST_DIFFERENT * found.rows,
            f"time rows called different: {len(found.different)} (at most {MOST_DIFFERENT:.0%}: "
            f"{int(MOST_DIFFERENT * found.rows)})" + "".join(f"\n         {name}" for name in found.different),
        ),
        (
            found.overlapping >= LEAST_OVERLAPPING,
            f"time rows whose intervals overlap: {found.overlapping:.1%} (at least {LEAST_OVERLAPPING:.0%})",
        ),
        (
            found.half_width <= WIDEST,
            f"median half-width of the intervals: {found.half_width:.2%} (at most {WIDEST:.0%})",
        ),
    ]
    console.print(f"two results of this commit, {found.rows} time rows each:", highlight=False)
    for good, line in (same, *lines):
        console.print(f"  {'ok  ' if good else 'FAIL'} {line}", highlight=False, soft_wrap=True)
    misses = tuple(f"two results of this commit, {line.splitlines()[0]}" for good, line in lines if not good)
    return Judgement(() if same[0] else (same[1],), misses)


def main(console: Console) -> Judgement:
    """Both runs in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return report(measure(Path(folder), plan()), console)
