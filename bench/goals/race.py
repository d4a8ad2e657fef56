"""How near the kernels are to what stands in their way: ``nox -s limits``.

Each goal is measured as runs measure: passes in fresh processes, A B B A rounds, one interval over the passes'
log medians (bench/timing/pairs.py). Beside the goals stand what bounds a kernel and is no matter of the machine's
mood: bytes of the payload, instructions (callgrind), and in the same pairs how long copying the payload and
decoding it alone take.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from dotbench import datasets, formats
from dotbench.bench.counting import callgrind
from dotbench.bench.goals import goals
from dotbench.bench.goals.goals import COUNTED, GOALS, Goal
from dotbench.bench.machine import describe
from dotbench.bench.metrics import space
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.labels import written
from dotbench.bench.run import payloads, processes
from dotbench.bench.show import terminal
from dotbench.bench.targets.checked import cached_reference
from dotbench.bench.timing import pairs, pairwise
from dotbench.bench.trust.judged import STATUSES, Judgement
from dotbench.cdot import build

Passes = dict[Cell, list[dict[str, float]]]
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


class Limits:
    """The measurement: matrices are loaded and payloads encoded once, then passes go over all cells."""

    def __init__(self, home: Path, chosen: Sequence[Goal], counted: Sequence[tuple[str, str]], effort: Effort) -> None:
        self._home, self._goals, self._counted, self._effort = home, chosen, counted, effort
        self._cells = [*(goal.cell for goal in chosen), *goals.ceilings(counted)]
        self._matrices: dict[str, datasets.Matrix] = {}
        self._passes: Passes = {cell: [] for cell in self._cells}
        self._failed: dict[Cell, str] = {}

    def run(self, say: Callable[[str], None]) -> tuple[list[Result], list[Counted]]:
        """Everything; ``say`` hears how far it is."""
        build.build()
        for name in dict.fromkeys([*(cell.dataset for cell in self._cells), *(one for one, _ in self._counted)]):
            say(f"{name}: encoding")
            self._prepare(name)
        for number in range(self._effort.passes):
            for name in self._matrices:
                say(f"pass {number + 1} of {self._effort.passes}: {name}")
                self._pass(name)
        say("counting instructions")
        return [self._result(goal) for goal in self._goals], self._counts()

    # ---- payloads

    def _prepare(self, name: str) -> None:
        """Payloads and reference products of a matrix; a format that cannot be encoded fails its cells."""
        matrix = datasets.load(name, cache_dir=self._home)
        self._matrices[name] = matrix
        folder = self._folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        for label in self._labels(name):
            path = payloads.path(folder, label)
            assert path, "only formats are asked for"
            if path.exists():
                continue
            try:
                space.encode(formats.parse(label), matrix.matrix, matrix.matrix_sha256).payload.save(path)
            except Exception as error:
                about = [cell for cell in self._of(name) if label in pairwise.needed(cell)]
                self._failed |= dict.fromkeys(about, f"{label} cannot be encoded: {error}")
        for batch in {cell.batch for cell in self._of(name) if cell.batch}:
            cached_reference(matrix.matrix, matrix.matrix_sha256, batch, folder)

    def _of(self, name: str) -> list[Cell]:
        return [cell for cell in self._cells if cell.dataset == name]

    def _folder(self, name: str) -> Path:
        return payloads.folder(self._home, self._matrices[name].matrix_sha256)

    def _labels(self, name: str) -> set[str]:
        counted = {label for dataset, label in self._counted if dataset == name}
        return counted.union(*map(pairwise.needed, self._of(name)))

    def _path(self, name: str, label: str) -> Path:
        found = payloads.path(self._folder(name), label)
        assert found, "only formats are asked for"
        return found

    # ---- passes

    def _pass(self, name: str) -> None:
        """One process over the cells of a matrix that have not failed."""
        cells = [cell for cell in self._of(name) if cell not in self._failed]
        matrix = self._matrices[name]
        task = {
            "job": "races",
            "reference": REFERENCE,
            "paths": {label: str(self._path(name, label)) for label in self._labels(name)},
            "sha256": matrix.matrix_sha256,
            "folder": str(self._folder(name)),
            "effort": asdict(self._effort),
            "seed": random.SystemRandom().getrandbits(32),
        }

        def listen(event: processes.Event) -> None:
            if event.kind == "done":
                self._passes[event.cell].append(event.data)
            elif event.kind != "start":
                self._failed[event.cell] = event.reason

        if cells:
            processes.run(task, cells, listen, self._effort.cell_timeout)

    def _estimate(self, cell: Cell) -> pairs.Estimate:
        return pairs.estimate([one["log"] for one in self._passes[cell]])

    def _result(self, goal: Goal) -> Result:
        if goal.cell in self._failed:
            return Result(goal, None, self._failed[goal.cell])
        n, m = self._matrices[goal.cell.dataset].matrix.shape
        return Result(goal, goal.in_its_unit(self._estimate(goal.cell), 4 * n * m))

    # ---- what is counted

    def _counts(self) -> list[Counted]:
        instructions = self._instructions()
        return [self._one(dataset, label, instructions[dataset, label]) for dataset, label in self._counted]

    def _one(self, dataset: str, label: str, instructions: int | None) -> Counted:
        matrix = self._matrices[dataset].matrix
        n, m = matrix.shape
        size = self._path(dataset, label).stat().st_size if self._path(dataset, label).exists() else 0
        known = Counted(dataset, label, matrix.histogram().nnz, n * m, size, instructions)
        for cell in goals.ceilings([(dataset, label)]):
            if cell in self._failed:
                continue
            share = self._estimate(cell).ratio
            ns = math.exp(sum(math.log(one["other_ns"]) for one in self._passes[cell]) / len(self._passes[cell]))
            name = cell.format.removeprefix("ceiling:")
            known = replace(known, ns=ns, memcpy=share) if name == "memcpy" else replace(known, ns=ns, decode=share)
        return known

    def _instructions(self) -> dict[tuple[str, str], int | None]:
        """Of one product with one vector, where the payload is there and valgrind is."""
        there = [(dataset, label) for dataset, label in self._counted if self._path(dataset, label).exists()]
        jobs = []
        for dataset, label in there:
            kind = formats.parse(label)
            columns = 0, self._matrices[dataset].matrix.shape[1]
            jobs.append(callgrind.Job(kind.name, self._path(dataset, label), *columns, kind.kernel_source))
        found: dict[tuple[str, str], int | None] = dict.fromkeys(self._counted)
        with tempfile.TemporaryDirectory() as folder, closing(callgrind.count(jobs, Path(folder))) as results:
            for which, result in zip(there, results, strict=True):
                found[which] = result.dot if isinstance(result, callgrind.Count) else None
        return found


def record(results: Iterable[Result], counted: Iterable[Counted]) -> dict[str, Any]:
    """The measurement as JSON keeps it."""
    return {
        "machine": describe.machine_id(),
        "isa": build.chosen_isa(),
        "compiler": build.compiler_name(),
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
    from dotbench.bench.plan.plan import split_names

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
    known = record(results, counts)
    show.render(known, console)
    if save:
        show.save(known)
    found = judgement(results)
    console.print(found.words(MET, MISSED), highlight=False, soft_wrap=True)
    sys.exit(found.status)


if __name__ == "__main__":
    main()
