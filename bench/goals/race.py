"""How near the kernels are to what stands in their way: ``nox -s limits``.

Each goal is a cell of a run (bench/timing/pairwise.py): passes in fresh processes, A B B A rounds, one interval over
the passes' log medians. Beside the goals stand what bounds a kernel and is no matter of the machine's
mood: bytes of the payload, instructions (callgrind), and in the same pairs how long copying the payload and
decoding it alone take.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from dotbench import formats
from dotbench.bench.goals import goals
from dotbench.bench.goals.goals import COUNTED, GOALS, Goal
from dotbench.bench.machine import describe
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.labels import written
from dotbench.bench.plan.plan import Plan, split_names
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Row
from dotbench.bench.run.runner import Runner
from dotbench.bench.show import terminal
from dotbench.bench.show.screen import Screen
from dotbench.bench.timing import pairs
from dotbench.bench.trust.judged import STATUSES, Judgement
from dotbench.cdot import build

EFFORT = Effort(cell_timeout=300.0)
QUICK = Effort(passes=3, rounds=2, cell_timeout=300.0)
MET = "no goal is missed on this machine now"
MISSED = "goals missed on this machine now, which may be the machine or a kernel that grew slower (exit status 3)"


@dataclass(frozen=True)
class Result:
    """A goal and what was measured of it: an estimate in the goal's unit, or why there is none."""

    goal: Goal
    found: pairs.Estimate | None
    reason: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, ``unsure`` where the interval holds the goal, ``failed``, or nothing without a goal."""
        if self.found is None:
            return "failed"
        return self.goal.verdict(self.found)


@dataclass(frozen=True)
class Counted:
    """What bounds a format's product with one vector on one matrix.

    ``nonzeros``, ``entries`` and ``bytes``: of matrix and payload. ``instructions``: of one product, None where
    nothing can be counted. ``ns``: of one product; ``memcpy`` and ``decode``: how long copying the payload and
    decoding it alone take, as shares of the product's time (decode: None for formats that are not coded).
    """

    dataset: str
    label: str
    nonzeros: int
    entries: int
    bytes: int
    instructions: int | None = None
    ns: float | None = None
    memcpy: float | None = None
    decode: float | None = None


class Told(Screen):
    """Says how far it is, once a step."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        super().__init__(Console(quiet=True), plan)
        self._say_words, self._passes_planned, self._last = say, plan.effort.passes, ""

    def running(self, cell: Cell, what: str) -> None:
        if what == "encoding":
            words = f"{cell.dataset}: encoding"
        elif what == "instructions":
            words = "counting instructions"
        else:
            words = f"{what} of {self._passes_planned}: {cell.dataset}"
        if words != self._last:
            self._last = words
            self._say_words(words)


class Limits:
    """The measurement: cells of a run, which are named one by one. Their journal goes when all is measured, so that a
    measurement that was stopped goes on, and one that was finished is made anew."""

    def __init__(self, home: Path, chosen: Sequence[Goal], counted: Sequence[tuple[str, str]], effort: Effort) -> None:
        self._home, self._goals, self._counted = home, chosen, counted
        self._effort = replace(effort, most_passes=effort.passes, cap_seconds=math.inf)
        self._races = [*(goal.cell for goal in chosen), *goals.ceilings(counted)]
        self._rows: dict[Cell, Row] = {}
        self._missing = ""
        self.place = describe.place()

    def run(self, say: Callable[[str], None]) -> tuple[list[Result], list[Counted]]:
        """Everything; ``say`` hears how far it is."""
        path = self._home / "limits.sqlite"
        shapes = [_shape(goal.cell.dataset) for goal in self._goals]
        exact = [cell for one in self._counted for cell in _exact(*one)]
        cells = list(dict.fromkeys([*self._races, *shapes, *exact]))
        with Journal(path) as journal:
            for threads in sorted({max(cell.threads, 1) for cell in cells}):  # libraries have as many as their process
                self._measure([cell for cell in cells if max(cell.threads, 1) == threads], journal, say)
        for file in self._home.glob(f"{path.name}*"):
            file.unlink()
        return [self._result(goal) for goal in self._goals], [self._one(*one) for one in self._counted]

    def _measure(self, cells: Sequence[Cell], journal: Journal, say: Callable[[str], None]) -> None:
        names = tuple(dict.fromkeys(cell.dataset for cell in cells))
        plan = Plan(names, (), chosen=tuple(cells), effort=self._effort)
        with Told(plan, say) as screen:
            outcome = Runner(plan, self._home, journal, screen).measured()
        self._missing = "; ".join(filter(None, [self._missing, *outcome.missing]))
        for metric, rows in outcome.rows.items():
            for row in rows:
                self._rows[_cell(metric, row)] = row

    def _result(self, goal: Goal) -> Result:
        row = self._rows.get(goal.cell, {"status": "failed", "reason": self._missing})
        if row["status"] != "ok":
            return Result(goal, None, row["reason"])
        self.place = Place(row["machine"], row["isa"], row["compiler"])
        found = pairs.Estimate(row["ratio"], row["low"], row["high"], row["passes"])
        shape = self._rows[_shape(goal.cell.dataset)]
        return Result(goal, goal.in_its_unit(found, 4 * shape["n"] * shape["m"]))

    def _one(self, dataset: str, label: str) -> Counted:
        space, instructions = (self._rows.get(cell, {}) for cell in _exact(dataset, label))
        sizes = (space["nnz"], space["n"] * space["m"], space["bytes"]) if space.get("status") == "ok" else (0, 0, 0)
        known = Counted(dataset, label, *sizes)
        if instructions.get("columns_share") == "1":  # those of a slice are no product's
            known = replace(known, instructions=instructions["instructions_per_dot"])
        for cell in goals.ceilings([(dataset, label)]):
            row = self._rows.get(cell, {})
            if row.get("status") == "ok":
                name = cell.format.removeprefix("ceiling:")
                known = replace(known, ns=row["other_ns"], **{name: row["ratio"]})
        return known


def _shape(dataset: str) -> Cell:
    """The cell that says how large a matrix is: of its reference, which is encoded in any case."""
    return Cell("space", dataset, REFERENCE)


def _exact(dataset: str, label: str) -> tuple[Cell, Cell]:
    """The cells of a format's bytes and of its instructions with one vector."""
    kind = formats.parse(label)
    return Cell("space", dataset, kind.name, kind.params), Cell("instructions", dataset, kind.name, kind.params, 1)


def _cell(metric: str, row: Row) -> Cell:
    """The cell that a row is of."""
    cell = Cell(metric, row["dataset"], row["format"], row["params"], row.get("batch", 0))
    if metric != "races":
        return cell
    warm = "warm" if "against=" in row["detail"] else ""
    return replace(cell, threads=row["threads"], cache=warm, detail=row["detail"])


def record(results: Iterable[Result], counted: Iterable[Counted], place: Place) -> dict[str, Any]:
    """The measurement as JSON keeps it; ``place``: where it was made."""
    return {
        **asdict(place),
        "goals": [
            {
                "what": one.goal.what,
                "unit": one.goal.unit,
                "goal": one.goal.words,
                "measured": one.found and one.found.ratio,
                "low": one.found and one.found.low,
                "high": one.found and one.found.high,
                "passes": one.found and one.found.passes,
                "verdict": one.verdict,
                "reason": one.reason,
            }
            for one in results
        ],
        "counted": [asdict(one) for one in counted],
    }


def judgement(results: Iterable[Result]) -> Judgement:
    """What could not be measured is broken; a goal that was missed is this machine's, or a kernel's that grew slow."""
    known = [(one.goal.what, one.verdict, one.reason) for one in results]
    return Judgement(
        tuple(f"{what} ({reason})" for what, verdict, reason in known if verdict == "failed"),
        tuple(what for what, verdict, _ in known if verdict == "not met"),
    )


@click.command(epilog=STATUSES)
@click.option("--formats", "kinds", metavar="NAMES", help="Only goals of these formats, as ham,sham.")
@click.option("--datasets", "matrices", metavar="NAMES", help="Only goals on these matrices.")
@click.option("--quick", is_flag=True, help="Three passes of two rounds, for a look.")
@click.option("--save", is_flag=True, help="Write docs/limits.json, and docs/limits.md from it.")
def main(kinds: str | None, matrices: str | None, quick: bool, save: bool) -> None:
    """Goals beside what this machine measures; some minutes."""
    from dotbench.bench.pages import limits as show

    labelled = [written(name) for name in split_names(kinds or "")]

    def wanted(dataset: str, label: str) -> bool:
        return (not labelled or label in labelled) and (matrices is None or dataset in split_names(matrices))

    chosen = [goal for goal in GOALS if wanted(goal.cell.dataset, goal.cell.label)]
    counted = [one for one in COUNTED if wanted(*one)]
    if not chosen and not counted:
        sys.exit(f"no goal is of formats {kinds or 'of any kind'} on {matrices or 'any matrix'}")
    console = terminal.console()
    work = Limits(build.state_folder(), chosen, counted, QUICK if quick else EFFORT)
    with console.status("") as status:

        def say(words: str) -> None:
            status.update(words)
            if not console.is_terminal:
                console.print(words, highlight=False)

        results, counts = work.run(say)
    known = record(results, counts, work.place)
    show.render(known, console)
    if save:
        show.save(known)
    found = judgement(results)
    console.print(found.words(MET, MISSED), highlight=False, soft_wrap=True)
    sys.exit(found.status)


if __name__ == "__main__":
    main()
