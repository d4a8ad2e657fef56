"""The cells of one matrix: encoded, then measured metric by metric, each finished cell in the journal."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import formats
from bench import identity, peers, workers
from bench.journal import JournalFull
from bench.meters import meter, pairs
from bench.meters import time as time_meter
from bench.plan import BOUNDS, METRICS, REFERENCES, Cell

if TYPE_CHECKING:
    import datasets
    from bench.run import Runner

Row = dict[str, Any]
TWIN_REASON = "a twin has no repeated rows or neighbours to speak of: its size would say nothing"


class MatrixRun:
    """Runs the cells of one matrix; ``rows`` by file is what its table shows."""

    def __init__(self, runner: Runner, matrix: datasets.Matrix) -> None:
        self._plan, self._journal, self._screen = runner.plan, runner.journal, runner.screen
        self._outcome, self._matrix = runner.outcome, matrix
        self._place, self._boot = runner.place, runner.boot
        self._folder = runner.home / "payloads" / matrix.matrix_sha256[:16]
        self._cells = self._plan.cells(matrix.name, matrix.dtype)
        self._reference = REFERENCES[matrix.dtype]
        self._seconds: dict[str, float] = {}  # of encoding, by label
        self.rows: dict[str, list[Row]] = {"space": [], "time": []}

    def run(self) -> None:
        """Everything: space first, for it makes the payloads."""
        usable = self._encode()
        for metric in METRICS:
            if metric == "space":
                continue
            cells = self._ready([cell for cell in self._cells if cell.metric == metric], usable)
            if metric == "time":
                self._time(cells)
            elif cells:
                self._direct(metric, cells)

    @property
    def _timeout(self) -> float:
        """Seconds of silence after which a cell counts as hung: longer for matrices of over 10^8 entries."""
        n, m = self._matrix.matrix.shape
        return max(self._plan.effort.cell_timeout, n * m / 1e6)

    # ---- rows and identities

    def _sha(self, cell: Cell) -> str:
        return identity.code_sha(cell.metric, cell.format, cell.params) or ""

    def _identity(self, cell: Cell) -> dict[str, Any]:
        """What a finished cell is found by."""
        known = {**asdict(cell), "matrix_sha256": self._matrix.matrix_sha256, "code_sha": self._sha(cell)}
        how = meter(cell.metric)
        known |= {name: getattr(self._place, name) for name in how.PLACE}
        # a ratio is to a reference: another one makes another figure
        constant = how.constant(cell, self._place)
        return known | {name: constant[name] for name in ("reference_sha",) if name in constant}

    def _row(self, cell: Cell, status: str, reason: str = "", **columns: Any) -> Row:
        row: Row = {
            "dataset": self._matrix.name,
            "matrix_sha256": self._matrix.matrix_sha256,
            "source": self._matrix.source,
            "format": cell.format,
            "params": cell.params,
            "status": status,
            "reason": reason or self._matrix.reason,
            "code_sha": self._sha(cell),
        }
        return row | meter(cell.metric).constant(cell, self._place) | columns

    def _record(self, cell: Cell, row: Row) -> None:
        """Into the journal. Where the disk is full the run goes on, and says at its end what is not in there."""
        try:
            self._journal.record(self._identity(cell), row)
        except JournalFull as error:
            self._outcome.unrecorded += 1
            self._outcome.full = str(error)

    def _finish(self, cell: Cell, row: Row) -> None:
        self._record(cell, row)
        self._keep(cell, row)
        self._screen.finished(cell, row)

    def _keep(self, cell: Cell, row: Row) -> None:
        # where a matrix came from is of this run, not of the one that measured it
        row = {**row, "source": self._matrix.source}
        self.rows.setdefault(cell.metric, []).append(row)
        self._outcome.add(cell.metric, row)

    def _ready(self, cells: list[Cell], usable: set[str]) -> list[Cell]:
        """Those that are still to be measured; finished ones are kept, impossible ones get their row."""
        todo = []
        for cell in cells:
            row = self._journal.finished(self._identity(cell))
            if row:
                self._keep(cell, row)
                self._screen.known(cell, row)
            elif (lack := self._lack(cell, usable)) is not None:
                self._finish(cell, self._row(cell, *lack))
            else:
                todo.append(cell)
        return todo

    def _lack(self, cell: Cell, usable: set[str]) -> tuple[str, str] | None:
        """Status and reason of a cell that cannot be measured, or None."""
        if self._says_nothing(cell):
            return "unavailable", TWIN_REASON
        needed = {self._reference, cell.about} if self._path_of(cell) else {self._reference}
        lacking = sorted(needed - usable)
        return ("failed", f"not measured: {', '.join(lacking)} could not be encoded") if lacking else None

    def _says_nothing(self, cell: Cell) -> bool:
        return self._matrix.source == "twin" and peers.is_peer(cell.label) and peers.parse(cell.label).repetitive

    def _task(self, job: str, cells: Iterable[Cell]) -> dict[str, Any]:
        labels = {cell.about for cell in cells if cell.format not in BOUNDS} | {self._reference}
        paths = {label: self._path(label) for label in sorted(labels)}
        return {
            "job": job,
            "reference": self._reference,
            "paths": {label: str(path) for label, path in paths.items() if path},
            "sha256": self._matrix.matrix_sha256,
            "folder": str(self._folder),
            "matrix": str(self._matrix.matrix.folder),
            "effort": asdict(self._plan.effort),
        }

    def _path(self, label: str) -> Path | None:
        """Where a format's payload is cached, or what a peer stores; None for peers that store nothing."""
        if not peers.is_peer(label):
            return self._folder / f"{label.replace('/', '_')}-{identity.space_sha(formats.parse(label))}.dbp"
        peer = peers.parse(label)
        return self._folder / f"{label}-{identity.peer_sha(peer)}.stored" if peer.stored else None

    # ---- encoding and space

    def _encode(self) -> set[str]:
        """Payloads of all formats (the reference too), and space rows; labels that can be measured."""
        asked = [cell for cell in self._cells if cell.metric == "space"]
        needed = [cell for cell in self._cells if cell.metric != "space"]
        good: set[str] = set()
        todo = []
        for cell in self._encoding(asked, needed):
            row = self._journal.finished(self._identity(cell))
            path = self._path_of(cell)
            if row and (not needed or not path or path.exists()):
                self._seconds[cell.label] = row.get("encode_seconds", 0.0)
                good.add(cell.label)
                if cell in asked:
                    self._keep(cell, row)
                    self._screen.known(cell, row)
            elif self._says_nothing(cell):
                self._finish(cell, self._row(cell, "unavailable", TWIN_REASON))
            else:
                todo.append(cell)
        if todo:
            batches = sorted({cell.batch for cell in needed if cell.metric == "time"})
            task = {**self._task("space", todo), "batches": batches}
            workers.run(task, todo, self._encoded(set(asked), good), self._timeout)
        return good

    def _encoding(self, asked: list[Cell], needed: list[Cell]) -> list[Cell]:
        """Space cells of all payloads that some cell needs; those of the plan first."""
        cells = list(asked)
        labels = [self._reference, *(cell.about for cell in needed)] if needed else []
        for label in dict.fromkeys(labels):
            named = peers.parse(label) if peers.is_peer(label) else formats.parse(label)
            cell = Cell("space", self._matrix.name, named.name, named.params)
            if cell not in cells and self._path(label):
                cells.append(cell)
        return cells

    def _path_of(self, cell: Cell) -> Path | None:
        return None if cell.format in BOUNDS else self._path(cell.about)

    def _encoded(self, asked: set[Cell], good: set[str]) -> Callable[[workers.Event], None]:
        def listen(event: workers.Event) -> None:
            cell = event.cell
            if event.kind == "start":
                self._screen.running(cell, "encoding")
                return
            if event.kind == "done":
                good.add(cell.label)
                self._seconds[cell.label] = event.data.get("encode_seconds", 0.0)
            row = self._row_of(event)
            if cell in asked:
                self._finish(cell, row)
            elif event.kind == "done":
                self._record(cell, row)

        return listen

    def _row_of(self, event: workers.Event) -> Row:
        """The row that an event makes of its cell."""
        known = {"done": "ok", "timeout": "timeout", "fail": "failed", "lack": event.status}
        return self._row(event.cell, known[event.kind], event.reason, **event.data)

    # ---- metrics that are measured in one go

    def _direct(self, metric: str, cells: list[Cell]) -> None:
        def listen(event: workers.Event) -> None:
            if event.kind == "start":
                self._screen.running(event.cell, metric)
            else:
                self._finish(event.cell, self._row_of(event))

        workers.run(self._task(metric, cells), cells, listen, self._timeout)

    # ---- timing

    def _time(self, todo: list[Cell]) -> None:
        """Passes over all cells until each is narrow enough, or the time is up."""
        start = time.monotonic()
        for cell in todo:
            self._screen.resumed(cell, len(self._passes(cell)))
        while todo:
            index = min(len(self._passes(cell)) for cell in todo)
            now = [cell for cell in todo if len(self._passes(cell)) == index]
            failed = self._pass(now, index)
            spent = time.monotonic() - start
            todo = [cell for cell in todo if cell not in failed and not self._decided(cell, spent)]

    def _passes(self, cell: Cell) -> list[dict[str, Any]]:
        return self._journal.passes(self._identity(cell), self._boot)

    def _pass(self, cells: list[Cell], index: int) -> set[Cell]:
        """One more pass over ``cells``; the cells that failed."""
        failed: set[Cell] = set()

        def listen(event: workers.Event) -> None:
            cell = event.cell
            if event.kind == "start":
                self._screen.running(cell, f"pass {index + 1}")
            elif event.kind == "done" and not (trouble := self._add_pass(event, index)):
                self._screen.passed(cell)
            else:
                row = self._row(cell, "failed", trouble) if event.kind == "done" else self._row_of(event)
                failed.add(cell)
                self._finish(cell, row)

        def ready(seconds: float) -> None:
            self._outcome.start_seconds += seconds

        task = {**self._task("time", cells), "seed": random.SystemRandom().getrandbits(32)}
        start = time.monotonic()
        workers.run(task, cells, listen, self._timeout, max(cell.threads for cell in cells), ready)
        self._outcome.timing_seconds += time.monotonic() - start
        return failed

    def _add_pass(self, event: workers.Event, index: int) -> str:
        """Keeps a pass; why it could not be kept, else empty: a row is made from the journal's passes."""
        self._outcome.sampling_seconds += event.data["sampling_seconds"]
        try:
            self._journal.add_pass(self._identity(event.cell), self._boot, index, event.data)
        except JournalFull as error:
            return str(error)
        return ""

    def _decided(self, cell: Cell, spent: float) -> bool:
        """Writes the cell's row when its passes are enough."""
        effort, passes = self._plan.effort, self._passes(cell)
        if len(passes) < effort.passes:
            return False
        known = pairs.estimate([one["log_ratio"] for one in passes])
        if known.half_width <= effort.width:
            stop = f"width {effort.width:.0%}"
        elif len(passes) >= effort.most_passes:
            stop = f"{len(passes)} passes"
        elif spent >= effort.cap_seconds:
            stop = f"cap {effort.cap_seconds:.0f} s"
        else:
            return False
        nnz = self._matrix.matrix.histogram().nnz
        seconds = self._seconds.get(cell.label)
        columns = time_meter.columns_of_row(cell, passes, nnz, seconds, stop)
        self._finish(cell, self._row(cell, "ok", **columns))
        return True
