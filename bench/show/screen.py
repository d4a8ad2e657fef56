"""What a run shows while it works: a live display at a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn
from rich.text import Text

from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.show import orientation
from dotbench.bench.show.answer import sizes_line, times_line
from dotbench.bench.show.escape import visible
from dotbench.bench.show.plural import counted
from dotbench.bench.show.table import matrix_table

if TYPE_CHECKING:
    from dotbench import datasets

Row = dict[str, Any]
PACE_SECONDS = 5.0  # of work, from which on there is a pace
SAY_SECONDS = 15.0  # between two lines of how far it is


def duration(seconds: float) -> str:
    """Minutes and seconds for people.

    >>> duration(42), duration(200)
    ('42 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Clock:
    """How much is done and how long is left: the pace of the work so far, counted in what cells were expected to
    take (`dotbench.bench.plan.expected_time`)."""

    def __init__(self) -> None:
        self._costs: dict[Cell, float] = {}
        self._total = self._done = self._start = 0.0
        self._finished: set[Cell] = set()

    def plan(self, costs: dict[Cell, float]) -> None:
        """All cells, and what each may take."""
        self._costs, self._total, self._start = dict(costs), sum(costs.values()), time.monotonic()

    def did(self, cell: Cell, share: float = 1.0) -> None:
        """A part of a cell is done."""
        self._done += share * self._costs.get(cell, 0.0)

    def skip(self, cell: Cell, share: float = 1.0) -> None:
        """A part of a cell was done before."""
        self._total -= share * self._costs.get(cell, 0.0)

    def finished(self, cell: Cell) -> None:
        """A cell has its row."""
        if cell in self._costs:
            self._finished.add(cell)

    @property
    def share(self) -> float:
        """Of all that is to do in this run, what is done."""
        return min(self._done / self._total, 1.0) if self._total > 0 else 1.0

    def words(self) -> str:
        """``12 of 300 cells, about 5 min 50 s left``."""
        count = f"{len(self._finished)} of {counted(len(self._costs), 'cell')}"
        left = self.left()
        return f"{count}, {left}" if left else count

    def left(self) -> str:
        """In words; nothing before there is a pace. Passes beyond the least come on top."""
        spent = time.monotonic() - self._start
        if spent < PACE_SECONDS or not self._done:
            return ""
        seconds = spent / self._done * max(self._total - self._done, 0.0)
        return f"about {duration(seconds)} left" if seconds > 5 else "nearly done"


class Screen:
    """Plain lines: what is done, what failed and why, how long is left."""

    terminal = False

    def __init__(self, console: Console, plan_: Plan) -> None:
        self.console, self._plan = console, plan_
        self.clock = Clock()
        self._passes: dict[Cell, int] = {}
        self._told: set[tuple[str, ...]] = set()
        self._said = time.monotonic()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def loading(self, name: str) -> None:
        """A matrix is being read, fetched or made."""

    def loaded(self, matrix: datasets.Matrix) -> None:
        """A matrix is there: of a file, what its inputs and outputs are taken to be."""
        if text := orientation.line(matrix):
            self.console.print(Text(text), soft_wrap=True)

    def plan(self, costs: dict[Cell, float]) -> None:
        """All cells of the run, and the seconds that each may take."""
        self.clock.plan(costs)
        self.console.print(f"{counted(len(costs), 'cell')} to measure", highlight=False)

    def problem(self, text: str) -> None:
        """Something that is left out or went wrong, and why."""
        self.console.print(Text(visible(text), "red"), soft_wrap=True)

    def matrix(self, matrix: datasets.Matrix) -> None:
        n, m = matrix.matrix.shape
        histogram = matrix.matrix.histogram()
        nnz, distinct = histogram.nnz, len(histogram.values)
        share = nnz / (n * m) if n * m else 0.0
        text = f"{matrix.name}: {n} x {m}, {nnz} nonzeros ({share:.2%}), "
        text += f"{distinct} distinct value{'' if distinct == 1 else 's'}, from {matrix.source}"
        text += f" ({matrix.reason})" if matrix.reason else ""
        self.console.print(Text(visible(text, keep=""), "bold"), soft_wrap=True)

    def sizes(self, rows: dict[str, list[Row]]) -> None:
        """All payloads of a matrix are there: the smallest."""
        self._say(sizes_line(rows["space"]))

    def first_times(self, rows: dict[str, list[Row]]) -> None:
        """What is likely to be on the front has been timed."""
        self._say(times_line(rows))

    def _say(self, line: str) -> None:
        if line:
            self.console.print(Text(line), soft_wrap=True)

    def running(self, cell: Cell, what: str) -> None:
        """The cell that is being measured now."""
        self._tell(cell)

    def _tell(self, cell: Cell) -> None:
        """How far it is, now and then."""
        if time.monotonic() - self._said > SAY_SECONDS:
            self._said = time.monotonic()
            self.console.print(f"  {cell.dataset}: {self.clock.words()}", highlight=False)

    def passed(self, cell: Cell) -> None:
        """One pass of one cell is in the journal."""
        self._passes[cell] = self._passes.get(cell, 0) + 1
        if self._passes[cell] <= self._plan.effort.passes:
            self.clock.did(cell, 1 / self._plan.effort.passes)
        self._tell(cell)

    def finished(self, cell: Cell, row: Row) -> None:
        """A cell has its row; troubles are told at once."""
        if row["status"] != "ok":  # what it will not take
            self.clock.skip(cell, max(1 - self._passes.get(cell, 0) / self._plan.effort.passes, 0.0))
        elif cell.metric != "time":
            self.clock.did(cell)
        self._row(cell, row)
        self._tell(cell)

    def known(self, cell: Cell, row: Row) -> None:
        """A cell that was measured before."""
        self.clock.skip(cell)
        self._row(cell, row)

    def _row(self, cell: Cell, row: Row) -> None:
        self.clock.finished(cell)
        known = cell.dataset, row["status"], row.get("reason", "")
        if row["status"] != "ok" and known not in self._told:
            if row["status"] in ("unavailable", "skipped"):  # the same for all its cells: once is enough
                self._told.add(known)
            batch = f" batch {cell.batch}" if cell.metric == "time" else ""
            self.problem(f"  {cell.dataset}: {cell.label}, {cell.metric}{batch}: {row['status']}: {row['reason']}")

    def resumed(self, cell: Cell, passes: int) -> None:
        """A cell that has passes from a run that was stopped."""
        self._passes[cell] = passes
        self.clock.skip(cell, min(passes / self._plan.effort.passes, 1.0))

    def matrix_done(self, matrix: datasets.Matrix, rows: dict[str, list[Row]]) -> None:
        """All cells of a matrix have rows: its table."""
        if len(self._plan.datasets) > 1:
            self.console.print(Text(matrix.name, "bold"), soft_wrap=True)
        self.console.print(matrix_table(rows, self.console.width))


class LiveScreen(Screen):
    """The same at a terminal, with lines that live: what runs, how much is done, how long is left."""

    terminal = True

    def __init__(self, console: Console, plan_: Plan) -> None:
        super().__init__(console, plan_)
        self._bar = Progress(BarColumn(bar_width=24), TaskProgressColumn(), console=console)
        self._task = self._bar.add_task("", total=None)
        self._what = ""
        self._live = Live(self._lines(), console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveScreen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _lines(self) -> Group:
        line = Text(visible(self._what, keep=""), overflow="ellipsis", no_wrap=True)
        return Group(line, Text(self.clock.words(), "dim", overflow="ellipsis", no_wrap=True), self._bar)

    def loading(self, name: str) -> None:
        self._what = f"{name}: loading"
        self._live.update(self._lines())

    def plan(self, costs: dict[Cell, float]) -> None:
        self.clock.plan(costs)
        self._bar.update(self._task, total=1.0)

    def running(self, cell: Cell, what: str) -> None:
        batch = f", batch {cell.batch}" if cell.batch else ""
        self._what = f"{cell.dataset}  {cell.label}{batch}: {what}"
        self._live.update(self._lines())

    def _tell(self, cell: Cell) -> None:
        self._bar.update(self._task, completed=self.clock.share)


def make(console: Console, plan_: Plan) -> Screen:
    """The screen for a console."""
    return LiveScreen(console, plan_) if console.is_terminal else Screen(console, plan_)
