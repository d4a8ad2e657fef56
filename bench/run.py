"""A run: every matrix of a plan is encoded, checked and timed; everything goes to the journal at once.

Resuming reads only the journal: finished cells are kept, failed ones are tried again, and a cell whose
passes were cut off goes on with the missing ones if machine and boot are the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import datasets
import formats
from bench import identity, machine, workers
from bench.journal import Journal
from bench.meters import pairs
from bench.meters import time as time_meter
from bench.plan import REFERENCE, Cell, Plan
from bench.show.screen import Screen
from cdot import build

Row = dict[str, Any]


@dataclass
class Outcome:
    """What a run leaves: rows by file, in no order, and how long things took in seconds."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {"space": [], "time": []})
    measuring_seconds: float = 0.0
    sampling_seconds: float = 0.0
    missing: list[str] = field(default_factory=list)  # matrices without rows, and why

    def failed(self) -> list[Row]:
        return [row for rows in self.rows.values() for row in rows if row["status"] in ("failed", "timeout")]


class Runner:
    """Runs a plan against a journal, showing what happens on a screen."""

    def __init__(self, plan: Plan, home: Path, journal: Journal, screen: Screen) -> None:
        self._plan, self._home, self._journal, self._screen = plan, home, journal, screen
        self._outcome = Outcome()
        self._machine, self._boot = machine.machine_id(), machine.boot_id()
        self._isa, self._compiler = build.chosen_isa(), build.compiler_name()

    def run(self) -> Outcome:
        """All matrices, one after the other; what cannot be had is named in ``missing``."""
        self._journal.record_machine(self._machine, machine.metadata())
        build.build()  # once here, so that no worker's time holds a compilation
        matrices = list(self._load())
        cells = [cell for matrix in matrices for cell in self._plan.cells(matrix.name)]
        self._screen.plan(len(cells), sum(cell.metric == "time" for cell in cells))
        for matrix in matrices:
            self._matrix(matrix)
        return self._outcome

    def _load(self) -> Iterable[datasets.Matrix]:
        for name in self._plan.datasets:
            try:
                matrix = datasets.load(name, cache_dir=self._home, progress=self._screen.terminal)
            except datasets.DataError as error:
                self._screen.problem(f"{name}: {error}")
                self._outcome.missing.append(f"{name}: {error}")
                continue
            self._journal.record_input(matrix.matrix_sha256, matrix.name, matrix.source, matrix.file_sha256)
            yield matrix

    def _matrix(self, matrix: datasets.Matrix) -> None:
        self._screen.matrix(matrix)
        start = time.monotonic()
        work = _MatrixRun(self, matrix)
        usable = work.encode()
        work.time(usable)
        self._outcome.measuring_seconds += time.monotonic() - start
        self._screen.matrix_done(matrix, work.rows)


class _MatrixRun:
    """The cells of one matrix."""

    def __init__(self, runner: Runner, matrix: datasets.Matrix) -> None:
        self._plan, self._journal, self._screen = runner._plan, runner._journal, runner._screen
        self._outcome, self._matrix = runner._outcome, matrix
        self._machine, self._boot = runner._machine, runner._boot
        self._isa, self._compiler = runner._isa, runner._compiler
        self._folder = runner._home / "payloads" / matrix.matrix_sha256[:16]
        self.rows: dict[str, list[Row]] = {"space": [], "time": []}
        self._seconds: dict[str, float] = {}  # of encoding, by label

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
        if cell.metric == "time":
            known |= {"compiler": self._compiler, "isa": self._isa, "machine": self._machine}
        return known

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
        if cell.metric == "time":
            row |= {
                "batch": cell.batch,
                "threads": cell.threads,
                "cache": cell.cache,
                "isa": self._isa,
                "compiler": self._compiler,
                "reference": REFERENCE,
                "reference_sha": identity.code_sha("time", REFERENCE, ""),
                "machine": self._machine,
            }
        return row | columns

    def _finish(self, cell: Cell, row: Row) -> None:
        self._journal.record(self._identity(cell), row)
        self._keep(cell, row)
        self._screen.finished(cell, row)

    def _keep(self, cell: Cell, row: Row) -> None:
        # where a matrix came from is of this run, not of the one that measured it
        row = {**row, "source": self._matrix.source}
        self.rows[cell.metric].append(row)
        self._outcome.rows[cell.metric].append(row)

    # ---- encoding and space

    def _path(self, label: str) -> Path:
        sha = identity.space_sha(formats.parse(label))
        return self._folder / f"{label.replace('/', '_')}-{sha}.dbp"

    def encode(self) -> set[str]:
        """Payloads of all formats (the reference too), and space rows; labels that can be timed."""
        name, timed = self._matrix.name, "time" in self._plan.metrics
        cells = [Cell("space", name, one.name, one.params) for one in self._plan.formats]
        asked = set(cells) if "space" in self._plan.metrics else set()
        if timed and not any(cell.label == REFERENCE for cell in cells):
            cells.append(Cell("space", name, REFERENCE))
        todo, good = [], set()
        for cell in cells:
            row = self._journal.finished(self._identity(cell))
            if row and (not timed or self._path(cell.label).exists()):
                self._seconds[cell.label] = row["encode_seconds"]
                good.add(cell.label)
                if cell in asked:
                    self._keep(cell, row)
                    self._screen.known(cell, row)
            else:
                todo.append(cell)
        self._encode(todo, asked, good)
        return good

    def _encode(self, todo: list[Cell], asked: set[Cell], good: set[str]) -> None:
        def listen(event: workers.Event) -> None:
            cell = event.cell
            if event.kind == "start":
                self._screen.running(cell, "encoding")
            elif event.kind == "done":
                good.add(cell.label)
                self._seconds[cell.label] = event.data["encode_seconds"]
                row = self._row(cell, "ok", **event.data)
                if cell in asked:
                    self._finish(cell, row)
                else:
                    self._journal.record(self._identity(cell), row)
            else:
                status = "timeout" if event.kind == "timeout" else "failed"
                row = self._row(cell, status, event.reason)
                if cell in asked:
                    self._finish(cell, row)

        if todo:
            task = {
                **self._task(todo, "encode"),
                "matrix": str(self._matrix.matrix.folder),
                "batches": sorted(set(self._plan.batches)) if "time" in self._plan.metrics else [],
            }
            workers.run(task, todo, listen, self._timeout)

    def _task(self, cells: Iterable[Cell], job: str) -> dict[str, Any]:
        labels = {cell.label for cell in cells if not cell.format.startswith("ceiling:")}
        labels |= {cell.params.removeprefix("format=") for cell in cells if cell.format.startswith("ceiling:")}
        labels = {label for label in labels if label not in ("blas_dense", "scipy_csc")} | {REFERENCE}
        return {
            "job": job,
            "paths": {label: str(self._path(label)) for label in sorted(labels)},
            "sha256": self._matrix.matrix_sha256,
            "folder": str(self._folder),
        }

    # ---- timing

    def time(self, usable: set[str]) -> None:
        """Passes over all cells until each is narrow enough, or the time is up."""
        todo = []
        for cell in self._plan.cells(self._matrix.name):
            if cell.metric != "time":
                continue
            row = self._journal.finished(self._identity(cell))
            if row:
                self._keep(cell, row)
                self._screen.known(cell, row)
            elif (missing := self._missing(cell, usable)) is not None:
                self._finish(cell, self._row(cell, "failed", missing))
            else:
                todo.append(cell)
                self._screen.resumed(cell, len(self._passes(cell)))
        start = time.monotonic()
        while todo:
            index = min(len(self._passes(cell)) for cell in todo)
            now = [cell for cell in todo if len(self._passes(cell)) == index]
            failed = self._pass(now, index)
            spent = time.monotonic() - start
            todo = [cell for cell in todo if cell not in failed and not self._decided(cell, spent)]

    def _missing(self, cell: Cell, usable: set[str]) -> str | None:
        """Why a cell cannot be timed, or None."""
        needed = {REFERENCE}
        if cell.format.startswith("ceiling:"):
            needed.add(cell.params.removeprefix("format="))
        elif cell.format not in ("blas_dense", "scipy_csc"):
            needed.add(cell.label)
        lacking = sorted(needed - usable)
        return f"not timed: {', '.join(lacking)} could not be encoded" if lacking else None

    def _passes(self, cell: Cell) -> list[dict[str, Any]]:
        return self._journal.passes(self._identity(cell), self._boot)

    def _pass(self, cells: list[Cell], index: int) -> set[Cell]:
        """One more pass over ``cells``; the cells that failed."""
        failed: set[Cell] = set()

        def listen(event: workers.Event) -> None:
            cell = event.cell
            if event.kind == "start":
                self._screen.running(cell, f"pass {index + 1}")
            elif event.kind == "done":
                self._journal.add_pass(self._identity(cell), self._boot, index, event.data)
                self._outcome.sampling_seconds += event.data["sampling_seconds"]
                self._screen.passed(cell)
            else:
                failed.add(cell)
                status = "timeout" if event.kind == "timeout" else "failed"
                self._finish(cell, self._row(cell, status, event.reason))

        seed = random.SystemRandom().getrandbits(32)
        task = {**self._task(cells, "time"), "effort": asdict(self._plan.effort), "seed": seed}
        threads = max(cell.threads for cell in cells)
        workers.run(task, cells, listen, self._timeout, threads)
        return failed

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
