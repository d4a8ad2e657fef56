"""What the cells of one matrix are found by in the journal, and the rows that they get."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dotbench.bench.metrics import row_faults, trial
from dotbench.bench.metrics.messages import Ended, Event, Worker
from dotbench.bench.plan.cell import Cell
from dotbench.bench.record import identity
from dotbench.bench.record.journal import JournalFull
from dotbench.bench.run import jobs
from dotbench.bench.run.context import Context

if TYPE_CHECKING:
    from dotbench import datasets

Row = dict[str, Any]


class MatrixRows:
    """Rows of one matrix: into the journal, onto the screen, and into the outcome of the run.

    ``by_file`` is what the matrix's table shows.
    """

    def __init__(self, context: Context, matrix: datasets.Matrix) -> None:
        self.journal, self.screen, self.outcome = context.journal, context.screen, context.outcome
        self._here, self._matrix = context.here, matrix
        self._workers: dict[Cell, Worker] = {}  # who was heard of a cell last
        self._measured = context.measured
        self.by_file: dict[str, list[Row]] = {"space": [], "time": []}

    def _sha(self, cell: Cell) -> str:
        return identity.code_sha(jobs.get(cell.metric), cell.format, cell.params) or ""

    @staticmethod
    def _reference(cell: Cell) -> dict[str, Any]:
        """A ratio is to a reference: another one makes another figure."""
        metric = jobs.get(cell.metric)
        return {"reference_sha": identity.code_sha(metric, cell.reference, "")} if metric.is_to_a_reference else {}

    def heard(self, event: Event, worker: Worker | None) -> None:
        """Who speaks of a cell: its row, its passes and what it is found by are of where they were measured."""
        if worker:
            self._workers[event.cell] = worker

    def worker(self, cell: Cell) -> Worker:
        """Who measures a cell; as long as nothing was heard of it, this machine."""
        return self._workers.get(cell, self._here)

    def identity(self, cell: Cell) -> dict[str, Any]:
        """What a finished cell is found by."""
        known = {**asdict(cell), "matrix_sha256": self._matrix.matrix_sha256, "code_sha": self._sha(cell)}
        place = self.worker(cell).place
        known |= {name: getattr(place, name) for name in jobs.get(cell.metric).place}
        return known | self._reference(cell)

    def finished(self, cell: Cell) -> Row | None:
        """The row of a cell that is finished, else None; of a new matrix none is, and no hash is needed for that.

        A row that cannot stand in its file is as if it were not there.
        """
        if self._matrix.matrix_sha256 not in self._measured:
            return None
        identity, metric = self.identity(cell), jobs.get(cell.metric)
        row = self.journal.finished(identity)
        return None if row and metric.has_file and row_faults.of_row(metric, row, identity) else row

    def passes(self, cell: Cell) -> list[dict[str, Any]]:
        """The passes of a cell since its machine was started, without those that nothing can be made of."""
        metric = jobs.get(cell.metric)
        found = self.journal.passes(self.identity(cell), self.worker(cell).boot)
        return [one for one in found if not row_faults.of_pass(metric, one)]

    def add_pass(self, cell: Cell, data: dict[str, Any]) -> None:
        """One more pass of a cell; JournalFull where there is no room for it."""
        identity, boot = self.identity(cell), self.worker(cell).boot
        self.journal.add_pass(identity, boot, self.journal.next_pass(identity, boot), data)

    def row(self, cell: Cell, status: str, reason: str = "", columns: dict[str, Any] | None = None) -> Row:
        """The row of a cell. ``columns``: what was measured; where these, or those known before, are no columns of the
        metric or do not fit them, the cell has failed, and the row has none of them."""
        columns = columns or {}
        known, fault = self._known_before(cell)
        fault = fault or self._fault(cell, columns, known)
        if fault:
            status, reason, columns = "failed", fault, {}
        return self._identity_columns(cell, status, reason) | known | columns

    def _identity_columns(self, cell: Cell, status: str, reason: str) -> Row:
        return {
            "dataset": self._matrix.name,
            "matrix_sha256": self._matrix.matrix_sha256,
            "source": self._matrix.source,
            "format": cell.format,
            "params": cell.params,
            "status": status,
            "reason": reason or self._matrix.reason,
            "code_sha": self._sha(cell),
        }

    def _known_before(self, cell: Cell) -> tuple[dict[str, Any], str]:
        """The metric's columns that are known before anything is measured, and what is wrong with them: then none."""
        metric, place = jobs.get(cell.metric), self.worker(cell).place
        try:
            known = trial.constant(metric, cell, place) if metric.has_file else metric.constant(cell, place)
        except trial.Unfit as unfit:
            return {}, str(unfit)
        return known | self._reference(cell), ""

    @staticmethod
    def _fault(cell: Cell, columns: dict[str, Any], known: dict[str, Any]) -> str:
        metric = jobs.get(cell.metric)
        return row_faults.of_data(metric, columns, known) if metric.has_file else ""

    def of(self, event: Ended) -> Row:
        """The row that an event makes of its cell."""
        return self.row(event.cell, event.status, event.reason, event.data)

    def record(self, cell: Cell, row: Row) -> None:
        """Into the journal. Where the disk is full the run goes on, and says at its end what is not in there."""
        self._measured.add(self._matrix.matrix_sha256)
        try:
            self.journal.record(self.identity(cell), row)
        except JournalFull as error:
            self.outcome.unrecorded += 1
            self.outcome.full = str(error)

    def finish(self, cell: Cell, row: Row) -> None:
        """A cell that has just been measured, or could not be."""
        self.record(cell, row)
        self._keep(cell, row)
        self.screen.finished(cell, row)

    def known(self, cell: Cell, row: Row) -> None:
        """A cell that was finished before."""
        self._keep(cell, row)
        self.screen.known(cell, row)

    def _keep(self, cell: Cell, row: Row) -> None:
        # where a matrix came from is of this run, not of the one that measured it
        row = {**row, "source": self._matrix.source}
        self.by_file.setdefault(cell.metric, []).append(row)
        self.outcome.add(cell.metric, row)
