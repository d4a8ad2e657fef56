"""What a run shows while it works: a live display at a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from bench.plan import Cell, Plan
from bench.show.table import matrix_table

if TYPE_CHECKING:
    import datasets

Row = dict[str, Any]


def duration(seconds: float) -> str:
    """Minutes and seconds for people.

    >>> duration(42), duration(200)
    ('42 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Clock:
    """How long is left: the pace of the work so far, which is counted in passes of one cell."""

    def __init__(self, passes: int) -> None:
        self._passes, self._total, self._done, self._start = passes, 0, 0, time.monotonic()

    def plan(self, timed_cells: int) -> None:
        self._total, self._start = timed_cells * self._passes, time.monotonic()

    def passed(self) -> None:
        self._done += 1

    def skip(self, passes: int) -> None:
        """Passes that were made before."""
        self._total -= passes

    def left(self) -> str:
        """In words; nothing before there is a pace. Passes beyond the least come on top."""
        if self._done < 20:
            return ""
        seconds = (time.monotonic() - self._start) / self._done * (self._total - self._done)
        return f"about {duration(seconds)} left" if seconds > 5 else "nearly done"


class Screen:
    """Plain lines: what is done, what failed and why, how long is left."""

    terminal = False

    def __init__(self, console: Console, plan_: Plan) -> None:
        self.console, self._plan = console, plan_
        self.clock = Clock(plan_.effort.passes)
        self._passes: dict[Cell, int] = {}
        self._said = time.monotonic()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def plan(self, cells: int, timed: int) -> None:
        """How many cells there are, and how many of them are timed."""
        self.clock.plan(timed)
        self.console.print(f"{cells} cells to measure", highlight=False)

    def problem(self, text: str) -> None:
        """Something that is left out or went wrong, and why."""
        self.console.print(Text(text, "red"), soft_wrap=True)

    def matrix(self, matrix: datasets.Matrix) -> None:
        n, m = matrix.matrix.shape
        nnz = matrix.matrix.histogram().nnz
        share = nnz / (n * m) if n * m else 0.0
        text = f"{matrix.name}: {n} x {m}, {nnz} nonzeros ({share:.2%}), from {matrix.source}"
        self.console.print(Text(text + (f" ({matrix.reason})" if matrix.reason else ""), "bold"), soft_wrap=True)

    def running(self, cell: Cell, what: str) -> None:
        """The cell that is being measured now."""

    def passed(self, cell: Cell) -> None:
        """One pass of one cell is in the journal."""
        if self._count(cell) and time.monotonic() - self._said > 15:
            self._said = time.monotonic()
            self.console.print(f"  {cell.dataset}: timing, {self.clock.left()}".rstrip(", "), highlight=False)

    def _count(self, cell: Cell) -> bool:
        """Counts a pass of a cell; whether it is one of those that were planned."""
        self._passes[cell] = self._passes.get(cell, 0) + 1
        planned = self._passes[cell] <= self._plan.effort.passes
        if planned:
            self.clock.passed()
        return planned

    def finished(self, cell: Cell, row: Row) -> None:
        """A cell has its row; troubles are told at once."""
        if row["status"] not in ("ok", "skipped"):
            batch = f" batch {cell.batch}" if cell.metric == "time" else ""
            self.problem(f"  {cell.label}, {cell.metric}{batch}: {row['status']}: {row['reason']}")

    def known(self, cell: Cell, row: Row) -> None:
        """A cell that was measured before."""
        if cell.metric == "time":
            self.clock.skip(self._plan.effort.passes)
        self.finished(cell, row)

    def resumed(self, cell: Cell, passes: int) -> int:
        """A cell that has passes from a run that was stopped; how many of them were planned."""
        self._passes[cell] = passes
        planned = min(passes, self._plan.effort.passes)
        self.clock.skip(planned)
        return planned

    def matrix_done(self, matrix: datasets.Matrix, rows: dict[str, list[Row]]) -> None:
        """All cells of a matrix have rows: its table."""
        self.console.print(matrix_table(rows, self.console.width))


class LiveScreen(Screen):
    """The same at a terminal, with a line that lives: what runs, how much is done, how long is left."""

    terminal = True

    def __init__(self, console: Console, plan_: Plan) -> None:
        super().__init__(console, plan_)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(), console=console
        )
        self._task = self._bar.add_task("cells", total=None)
        self._line = Text()
        self._live = Live(Group(self._line, self._bar), console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveScreen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def plan(self, cells: int, timed: int) -> None:
        self.clock.plan(timed)
        space = cells - timed
        self._bar.update(self._task, total=space + timed * self._plan.effort.passes)

    def running(self, cell: Cell, what: str) -> None:
        batch = f", batch {cell.batch}" if cell.batch else ""
        text = f"{cell.dataset}  {cell.label}{batch}: {what}"
        left = self.clock.left()
        self._line = Text(text, overflow="ellipsis", no_wrap=True)
        self._live.update(Group(self._line, Text(left, "dim"), self._bar))

    def passed(self, cell: Cell) -> None:
        if self._count(cell):
            self._bar.advance(self._task)

    def finished(self, cell: Cell, row: Row) -> None:
        if cell.metric != "time":
            self._bar.advance(self._task)
        super().finished(cell, row)

    def resumed(self, cell: Cell, passes: int) -> int:
        planned = super().resumed(cell, passes)
        self._bar.advance(self._task, planned)
        return planned

    def known(self, cell: Cell, row: Row) -> None:
        super().known(cell, row)
        if cell.metric == "time":
            self._bar.advance(self._task, self._plan.effort.passes)


def make(console: Console, plan_: Plan) -> Screen:
    """The screen for a console."""
    return LiveScreen(console, plan_) if console.is_terminal else Screen(console, plan_)
