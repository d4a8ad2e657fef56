"""The cells of one matrix: encoded, then measured metric by metric, each finished cell in the journal.

Of a large matrix some formats come after others, as many as there is room for, and their payloads are removed when
their rows are done, all but the reference's: together they would fill a disk, and the memory that holds its pages.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.messages import Done, Event, Failed, Started, Task, TimedOut, Without, Worker
from dotbench.bench.plan import full_run
from dotbench.bench.plan.cell import BOUNDS, Cell
from dotbench.bench.plan.front import front_first
from dotbench.bench.run import expand, jobs, lacking, payloads, processes
from dotbench.bench.run.context import Context
from dotbench.bench.run.passes import Passes
from dotbench.bench.run.rows import MatrixRows, Row
from dotbench.bench.targets import peers
from dotbench.formats.value_types import value_type

if TYPE_CHECKING:
    from dotbench import datasets

TWIN_REASON = "a twin has no repeated rows or neighbours to speak of: its size would say nothing"


@dataclass(frozen=True)
class Encoding:
    """A job for a worker: what it is told, the cells that it is of, who hears of them, and the longest silence."""

    task: Task
    cells: list[Cell]
    listen: processes.Listen
    timeout: float


def _without_kernels(cell: Cell) -> tuple[str, str] | None:
    """Status and reason of a cell of which a format has kernels that cannot be used."""
    return next(filter(None, map(lacking.kernels, sorted(payloads.read_by(cell)))), None)


class MatrixRun:
    """Runs the cells of one matrix; ``rows`` by file is what its table shows."""

    def __init__(self, context: Context, matrix: datasets.Matrix) -> None:
        self._plan = full_run.share(context.plan, matrix.name)
        self.matrix, self._out = matrix, MatrixRows(context, matrix)
        self._outcome = context.outcome
        self._screen = context.screen
        self._folder = payloads.folder(context.home, matrix.matrix_sha256)
        found = expand.cells(self._plan, matrix.name, matrix.dtype, context.leave_out)
        self._cells = [cell for cell in found if cell.metric not in context.left_out]
        self._reference = value_type(matrix.dtype).reference
        self._seconds: dict[str, float] = {}  # of encoding, by label
        self._refused: dict[str, str] = {}  # labels that could not be encoded, and why
        self._without: dict[str, tuple[str, str]] = {}  # labels that get no payload here: status and reason
        self._large = context.plan.full and full_run.is_large(matrix.name)
        self._usable: set[str] | None = None  # labels with a payload, as soon as all are encoded

    @property
    def rows(self) -> dict[str, list[Row]]:
        return self._out.by_file

    @property
    def sized(self) -> bool:
        """Whether `encoding` has been asked for."""
        return self._usable is not None

    def encoding(self) -> Encoding:
        """What makes the payloads of all formats and their rows; when it has been done `run` goes on from there."""
        self._usable = set()
        return self._to_encode(self._cells, self._usable)

    def run(self) -> None:
        """Everything, in parts for which there is room."""
        if not self._large:
            return self._part(self._cells)
        n, m = self.matrix.matrix.shape
        for cells in full_run.parts(self._cells, 4 * n * m):
            self._part(cells)
            for label in {cell.about for cell in cells if cell.format not in BOUNDS} - {self._reference}:
                if path := self._path(label):
                    path.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _part(self, cells: list[Cell]) -> None:
        """Space first, for it makes the payloads."""
        usable = self._encode(cells) if self._usable is None else self._usable
        for metric in self._metrics():
            if metric == "space":
                continue
            todo = self._ready([cell for cell in cells if cell.metric == metric], usable)
            if jobs.get(metric).of_passes:
                self._time(metric, todo)
            elif todo:
                self._direct(metric, todo)

    def _metrics(self) -> list[str]:
        """In the order in which they are measured; behind them those of cells that were named one by one."""
        order = registry.names_in_runs()
        if not self._plan.standard:  # of own files times come first, after sizes: they are what was asked
            order = ("time", *(metric for metric in order if metric != "time"))
        return [*order, *dict.fromkeys(cell.metric for cell in self._cells if cell.metric not in order)]

    @property
    def _timeout(self) -> float:
        """Seconds of silence after which a cell counts as hung: longer for matrices of over 10^8 entries."""
        n, m = self.matrix.matrix.shape
        return max(self._plan.effort.cell_timeout, n * m / 1e6)

    def _ready(self, cells: list[Cell], usable: set[str]) -> list[Cell]:
        """Those that are still to be measured; finished ones are kept, impossible ones get their row."""
        todo = []
        for cell in cells:
            if row := self._out.finished(cell):
                self._out.known(cell, row)
            elif (lack := self._lack(cell, usable)) is not None:
                self._out.finish(cell, self._out.row(cell, *lack))
            else:
                todo.append(cell)
        return todo

    def _lack(self, cell: Cell, usable: set[str]) -> tuple[str, str] | None:
        """Status and reason of a cell that cannot be measured, or None."""
        if self._says_nothing(cell):
            return "unavailable", TWIN_REASON
        if without := _without_kernels(cell):
            return without
        if peers.is_peer(cell.label) and (lack := peers.lack(peers.parse(cell.label))):
            return "unavailable", lack
        needed = {label for label in self._read(cell) if self._path(label)}
        for label in sorted(needed & self._without.keys()):
            return self._without[label]
        for label in sorted(needed - usable):
            return "failed", f"not measured: {label} cannot be encoded: {self._refused.get(label, 'its row says why')}"
        return None

    def _read(self, cell: Cell) -> set[str]:
        """The labels whose payload the worker of a cell reads."""
        return payloads.read_by(cell) | {self._reference} if jobs.get(cell.metric).reads_payloads else set()

    def _says_nothing(self, cell: Cell) -> bool:
        return self.matrix.source == "twin" and peers.is_peer(cell.label) and peers.parse(cell.label).repetitive

    def _task(self, job: str, cells: Iterable[Cell]) -> Task:
        labels = set[str]().union({self._reference}, *(payloads.read_by(cell) for cell in cells))
        paths = {label: self._path(label) for label in sorted(labels)}
        return Task(
            job,
            self.matrix.matrix_sha256,
            self._folder,
            self.matrix.matrix.folder,
            {label: path for label, path in paths.items() if path},
            self._reference,
            self._plan.effort,
        )

    def _path(self, label: str) -> Path | None:
        return None if lacking.kernels(label) else payloads.path(self._folder, label)

    # ---- encoding and space

    def _encode(self, cells: list[Cell]) -> set[str]:
        """Payloads of all formats (the reference too), and space rows; labels that can be measured."""
        good: set[str] = set()
        work = self._to_encode(cells, good)
        if work.cells:
            processes.run(work.task, work.cells, work.listen, self._timeout)
        return good

    def _to_encode(self, cells: list[Cell], good: set[str]) -> Encoding:
        """What is left to encode; ``good`` gets the labels that can be measured."""
        payloads.sweep_folder(self._folder)
        asked = [cell for cell in cells if cell.metric == "space"]
        needed = [
            cell
            for cell in cells
            if cell.metric != "space" and jobs.get(cell.metric).reads_payloads and not self._settled(cell)
        ]
        todo = []
        for cell in self._encoding(asked, needed):
            row = self._out.finished(cell)
            path = self._path_of(cell)
            if lack := _without_kernels(cell):
                self._without[cell.label] = lack
                if cell in asked:
                    self._out.finish(cell, self._out.row(cell, *lack))
            elif row and row["status"] != "ok":
                self._without[cell.label] = row["status"], row["reason"]
                if cell in asked:
                    self._out.known(cell, row)
            elif row and (not needed or not path or self._is_whole(path, cell.label)):
                self._seconds[cell.label] = row.get("encode_seconds", 0.0)
                good.add(cell.label)
                if cell in asked:
                    self._out.known(cell, row)
            elif self._says_nothing(cell):
                self._out.finish(cell, self._out.row(cell, "unavailable", TWIN_REASON))
            else:
                todo.append(cell)
        batches = sorted({cell.batch for cell in needed if cell.batch and jobs.get(cell.metric).of_passes})
        task = replace(self._task("space", todo), batches=tuple(batches))
        return Encoding(task, todo, self._encoded(set(asked), good), self._timeout)

    def _is_whole(self, path: Path, label: str) -> bool:
        """Whether a cached payload can be used; a damaged one is said, and made anew."""
        state = payloads.state(path, label, self.matrix.matrix.shape)
        if state == "damaged":
            self._screen.problem(f"  {label}: its cached payload was damaged, and is encoded anew")
        return state == "whole"

    def _settled(self, cell: Cell) -> bool:
        """Whether a cell needs no payload: it is finished, or will not be measured."""
        return self._says_nothing(cell) or self._out.finished(cell) is not None

    def _encoding(self, asked: list[Cell], needed: list[Cell]) -> list[Cell]:
        """Space cells of all payloads that some cell needs; those of the plan first."""
        cells = list(asked)
        labels = [self._reference, *(label for cell in needed for label in sorted(self._read(cell)))] if needed else []
        for label in dict.fromkeys(labels):
            named = peers.parse(label) if peers.is_peer(label) else formats.parse(label)
            cell = Cell("space", self.matrix.name, named.name, named.params)
            if cell not in cells and self._path(label):
                cells.append(cell)
        return cells

    def _path_of(self, cell: Cell) -> Path | None:
        return None if cell.format in BOUNDS else self._path(cell.about)

    def _encoded(self, asked: set[Cell], good: set[str]) -> processes.Listen:
        def listen(event: Event, worker: Worker | None) -> None:
            cell = event.cell
            self._out.heard(event, worker)
            if isinstance(event, Started):
                self._screen.running(cell, "encoding")
                return
            if isinstance(event, Done):
                good.add(cell.label)
                self._seconds[cell.label] = event.data.get("encode_seconds", 0.0)
            elif isinstance(event, Without):
                self._without[cell.label] = event.status, event.reason
            else:
                self._refused[cell.label] = event.reason
            row = self._out.of(event)
            if cell in asked:
                self._out.finish(cell, row)
            elif not isinstance(event, Failed | TimedOut):
                self._out.record(cell, row)

        return listen

    # ---- what needs payloads

    def _direct(self, metric: str, cells: list[Cell]) -> None:
        """A metric that is measured in one go."""

        def listen(event: Event, worker: Worker | None) -> None:
            self._out.heard(event, worker)
            if isinstance(event, Started):
                self._screen.running(event.cell, metric)
            else:
                self._out.finish(event.cell, self._out.of(event))

        for part in [[cell] for cell in cells] if jobs.get(metric).alone else [cells]:
            processes.run(self._task(metric, part), part, listen, self._timeout)

    def _time(self, metric: str, todo: list[Cell]) -> None:
        """Of times of own matrices what may be on the front comes first: it is what was asked for."""
        first = metric == "time" and not self._plan.standard
        groups = list(front_first(todo, self.rows["space"])) if first else [todo]
        for number, cells in enumerate(groups, 1):
            self._passes(metric, cells)
            if number < len(groups):
                self._screen.first_times(self.rows)

    def _passes(self, metric: str, todo: list[Cell]) -> None:
        nnz, row = self.matrix.matrix.histogram().nnz, jobs.get(metric).of_passes
        assert row, "only what is measured in passes comes here"

        def columns(cell: Cell, passes: list[dict[str, Any]], stop: str) -> dict[str, Any]:
            return row(cell, passes, nnz, self._seconds.get(cell.label), stop)

        task = partial(self._task, metric)
        passes = Passes(self._out, self._plan.effort, task, self._timeout, columns, self._outcome.slowdown)
        passes.run(todo)
        self._outcome.slowdown = passes.allowance.slowdown
