"""Does the timing tell the truth on this machine? Known differences, measured many times.

A trial is a cell of a run (`dotbench.bench.trust.trials`): passes in fresh processes, A B B A rounds, one interval.
Identical kernels must not be called different; a kernel with 10 % more work must be. Both again while another
process keeps one core busy. One with 3 % more work is looked for with intervals of half the width, and two
whole results of this commit must not differ (`dotbench.bench.trust.repeatability`).
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Row
from dotbench.bench.run.runner import Runner
from dotbench.bench.show import next_step
from dotbench.bench.show.screen import Screen
from dotbench.bench.timing import pairs
from dotbench.bench.trust import repeatability, trials
from dotbench.bench.trust.judged import Judgement

MORE = {"identical": 1.0, "3 % more work": 1.03, "10 % more work": 1.1}  # columns of the kernel against the other
LOOK = ("doctor", "what this machine can measure, and what keeps it from more")
MEASURE = ("run small", "eight matrices and two int8 layers, under ten minutes")
TRUE = "the timing tells the truth on this machine now"
UNTRUE = "the timing does not tell the truth on this machine now, which is no fault of dotbench (exit status 3)"
TRIALS_A_PROCESS = 4  # trials whose passes share a process, as the cells of a run do
CASES = ("identical", "10 % more work")
FINE = Effort(width=0.01, most_passes=40, cap_seconds=60.0)  # for differences of a few per cent


@dataclass(frozen=True)
class Limits:
    """How often a case may be called different, for 24 trials; scaled for others."""

    identical_most: int
    slower_least: int
    half_width: float | None


QUIET = Limits(1, 22, 0.03)
BUSY = Limits(2, 18, None)


def _spin() -> None:
    while True:
        pass


@contextmanager
def _busy_core() -> Iterator[None]:
    """Another process that never sleeps."""
    process = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _matrix() -> np.ndarray:
    """1100 x 1100 at 10 %: a product of some 50 us, in the cache."""
    rng = np.random.default_rng(7)
    dense = rng.standard_normal((1100, 1100)).astype(np.float32)
    return np.where(rng.random(dense.shape) < 0.1, dense, 0)


@dataclass(frozen=True)
class Bed:
    """Where trials are measured: a state folder, the matrix's file in it, and the journal."""

    home: Path
    matrix: Path
    journal: Journal

    def trials(
        self, count: int, cases: Sequence[str] = CASES, effort: Effort | None = None
    ) -> dict[str, list[pairs.Estimate]]:
        """``count`` estimates of each case, with as many passes as a run would make."""
        out: dict[str, list[pairs.Estimate]] = {case: [] for case in cases}
        effort = effort or Effort()
        for begin in range(0, count, TRIALS_A_PROCESS):
            numbers = range(begin, min(begin + TRIALS_A_PROCESS, count))
            asked = {trials.trial(str(self.matrix), MORE[case], number): case for case in cases for number in numbers}
            for row in self._rows(tuple(asked), effort):
                case = next(case for case in cases if MORE[case] == row["work"])
                out[case].append(pairs.Estimate(row["ratio"], row["low"], row["high"], row["passes"]))
        return out

    def _rows(self, cells: tuple[Cell, ...], effort: Effort) -> list[Row]:
        plan = Plan((str(self.matrix),), (), chosen=cells, effort=effort)
        with Screen(Console(quiet=True), plan) as screen:
            outcome = Runner(plan, self.home, self.journal, screen).measured()
        for row in outcome.failed():  # broken, and no judgement of the machine
            raise click.ClickException(f"a trial of the selftest failed: {row['reason']}")
        return outcome.rows["trials"]


@contextmanager
def bed() -> Iterator[Bed]:
    """A bed in a temporary folder, with the kernels of this checkout and a journal that nothing else is in."""
    with tempfile.TemporaryDirectory() as folder:
        matrix = Path(folder) / "selftest.npy"
        np.save(matrix, _matrix())
        with Journal(Path(folder) / "journal.sqlite") as journal:
            yield Bed(Path(folder), matrix, journal)


def judge(name: str, found: dict[str, list[pairs.Estimate]], limits: Limits, console: Console) -> Judgement:
    """Prints what was called how often, beside what is allowed."""
    count = len(found["identical"])
    same = sum(one.verdict in ("faster", "slower") for one in found["identical"])
    slower = sum(one.verdict == "slower" for one in found["10 % more work"])
    most, least = limits.identical_most * count / 24, limits.slower_least * count / 24
    width = statistics.median(one.half_width for case in CASES for one in found[case])
    good = [same <= most, slower >= least, limits.half_width is None or width <= limits.half_width]
    ratios = {case: statistics.median(one.ratio for one in found[case]) for case in CASES}
    console.print(f"{name}, {count} trials each:", highlight=False)
    lines = [
        f"identical kernels called different: {same} (at most {most:g}); median ratio {ratios['identical']:.4f}",
        f"10 % more work found: {slower} (at least {least:g}); median ratio {ratios['10 % more work']:.4f}",
        f"median half-width of the intervals: {width:.2%}"
        + (f" (at most {limits.half_width:.0%})" if limits.half_width else ""),
    ]
    return _said(name, good, lines, console)


def _said(name: str, good: Sequence[bool], lines: Sequence[str], console: Console) -> Judgement:
    for passed, line in zip(good, lines, strict=True):
        console.print(f"  {'ok  ' if passed else 'FAIL'} {line}", highlight=False, soft_wrap=True)
    misses = [line for passed, line in zip(good, lines, strict=True) if not passed]
    return Judgement(short=tuple(f"{name}, {line.partition(';')[0]}" for line in misses))


def judge_fine(found: dict[str, list[pairs.Estimate]], console: Console) -> Judgement:
    """The same for a difference of 3 %: how often it was found."""
    estimates = found["3 % more work"]
    count, slower = len(estimates), sum(one.verdict == "slower" for one in estimates)
    least = QUIET.slower_least * count / 24
    ratio = statistics.median(one.ratio for one in estimates)
    name = "intervals of half the width"
    console.print(f"{name}, {count} trials:", highlight=False)
    line = f"3 % more work found: {slower} (at least {least:g}); median ratio {ratio:.4f}"
    return _said(name, [slower >= least], [line], console)


def main(count: int, quiet: bool, busy: bool, results: bool, console: Console) -> int:
    """All cases, quiet and busy, and two results; the exit status (`dotbench.bench.trust.judged`)."""
    found = Judgement()
    if quiet:
        with bed() as place:
            found += judge("quiet machine", place.trials(count), QUIET, console)
            found += judge_fine(place.trials(count, ("3 % more work",), FINE), console)
    if busy:
        with bed() as place, _busy_core():
            found += judge("one core kept busy", place.trials(count), BUSY, console)
    if results:
        found += repeatability.main(console)
    console.print(found.words(TRUE, UNTRUE), highlight=False, soft_wrap=True)
    console.print(next_step.line(*(LOOK if found.status else MEASURE)), highlight=False, soft_wrap=True)
    return found.status
