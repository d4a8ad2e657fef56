"""A run: every matrix of a plan, one after the other; everything goes to the journal at once.

Resuming reads only the journal: finished cells are kept, failed ones are tried again, and a cell whose
passes were cut off goes on with the missing ones if machine and boot are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dotbench import datasets, formats
from dotbench.bench.machine import describe
from dotbench.bench.metrics import trial
from dotbench.bench.metrics.messages import Ended, Part, Started, Worker
from dotbench.bench.plan import full_run
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.expected_time import Work
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal, JournalFull
from dotbench.bench.run import expand, jobs, lacking, processes
from dotbench.bench.run.context import Context
from dotbench.bench.run.matrix import MatrixRun
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.show.screen import Screen
from dotbench.cdot import build
from dotbench.formats.value_types import given_to

Load = Callable[[str], datasets.Matrix]


class Runner:
    """Runs a plan against a journal, showing what happens on a screen."""

    def __init__(self, plan: Plan, home: Path, journal: Journal, screen: Screen, load: Load | None = None) -> None:
        """``load``: where matrices come from, by name; None: the registry of data sets."""
        self._load_one = load or self._registered
        self.plan, self.home, self.journal, self.screen = plan, home, journal, screen
        self.context = Context(
            plan, home, journal, screen,
            here=Worker(describe.place(), describe.boot_id()),
            measured={known["matrix_sha256"] for known, _ in journal.rows()},
        )  # fmt: skip
        self.outcome = self.context.outcome

    def run(self) -> Outcome:
        """What is known of this machine, and all matrices; what cannot be had is named in ``missing``."""
        self.journal.record_machine(self.context.here.place.machine, describe.metadata())
        return self.measured()

    def measured(self) -> Outcome:
        """All matrices, one after the other."""
        build.build()  # once here, so that no worker's time holds a compilation
        matrices = list(self._load())
        self._unused({matrix.dtype for matrix in matrices})
        costs = [(cell, spent) for matrix in matrices for cell, spent in self._costs(matrix)]
        self.screen.plan({cell: spent for cell, spent in costs if cell.metric not in self.context.left_out})
        works = [MatrixRun(self.context, matrix) for matrix in matrices]
        if not self.plan.full:  # of a full run sizes alone take many minutes, and large payloads do not stay
            self._sizes(works)
        for work in works:
            self._matrix(work)
        return self.outcome

    def _sizes(self, works: Sequence[MatrixRun]) -> None:
        """Sizes of all matrices first, from one process: they are exact, and there in no time."""
        start = time.monotonic()
        orders = [(work, work.encoding()) for work in works]
        waiting = [(work, set(order.cells)) for work, order in orders]
        listeners = {cell: order.listen for _, order in orders for cell in order.cells}

        def tell() -> None:
            """The matrices that have all their sizes, in their order."""
            while waiting and not waiting[0][1]:
                work, _ = waiting.pop(0)
                self.screen.matrix(work.matrix)
                self.screen.sizes(work.rows)

        def listen(event: Started | Ended, worker: Worker | None) -> None:
            listeners[event.cell](event, worker)
            if not isinstance(event, Started):
                for _, cells in waiting:
                    cells.discard(event.cell)
                tell()

        tell()
        timeout = max((order.timeout for _, order in orders), default=0.0)
        parts = [Part(order.task, tuple(order.cells)) for _, order in orders if order.cells]
        processes.run_parts(parts, listen, timeout)
        self.outcome.measuring_seconds += time.monotonic() - start

    def _costs(self, matrix: datasets.Matrix) -> Iterable[tuple[Cell, float]]:
        """The matrix's cells, and the seconds that each may take."""
        plan, (n, m) = full_run.share(self.plan, matrix.name), matrix.matrix.shape
        work = Work(n * m, matrix.matrix.histogram().nnz, plan.effort)
        for cell in self._cells(plan, matrix):
            try:
                yield cell, trial.seconds(jobs.get(cell.metric), cell, work)
            except trial.Unfit as unfit:
                self.context.leave_out(cell.metric, str(unfit))

    def _registered(self, name: str) -> datasets.Matrix:
        return datasets.load(name, cache_dir=self.home, progress=self.screen.terminal)

    def _load(self) -> Iterable[datasets.Matrix]:
        for name in self.plan.datasets:
            self.screen.loading(name)
            try:
                matrix = self._load_one(name)
                if lack := lacking.dtype(matrix.dtype):
                    raise datasets.DataError(lack)
                self.journal.record_input(matrix.matrix_sha256, matrix.name, matrix.source, matrix.file_sha256)
            except (datasets.DataError, JournalFull) as error:
                self.screen.problem(f"{name}: {error}")
                self.outcome.missing.append(f"{name}: {error}")
                continue
            self.screen.loaded(matrix)
            yield matrix

    def _unused(self, dtypes: set[str]) -> None:
        """Says which formats and libraries that were asked for take none of the matrices, where others do."""
        asked = {str(one): given_to(one) for one in self.plan.formats}
        asked |= {str(one): one.value_types for one in self.plan.peers}
        unused = {name: takes for name, takes in asked.items() if not dtypes & set(takes)}
        if self.plan.formats == formats.standard_of_all() or not dtypes or unused.keys() == asked.keys():
            return
        for name, takes in unused.items():
            self.screen.problem(f"{name} takes {' and '.join(takes)}, and no matrix here is of that: it is left out")

    def _cells(self, plan: Plan, matrix: datasets.Matrix) -> list[Cell]:
        """A matrix's cells; where no format that was asked for stores its values, that is said."""
        out = self.context.left_out
        cells = expand.cells(plan, matrix.name, matrix.dtype, self.context.leave_out)
        if not cells and not out:
            why = f"{matrix.name}: nothing of what was asked for takes {matrix.dtype} (dotbench list formats)"
            self.screen.problem(why)
            self.outcome.missing.append(why)
        return cells

    def _matrix(self, work: MatrixRun) -> None:
        if not work.sized:
            self.screen.matrix(work.matrix)
        start = time.monotonic()
        work.run()
        self.outcome.measuring_seconds += time.monotonic() - start
        self.screen.matrix_done(work.matrix, work.rows)
