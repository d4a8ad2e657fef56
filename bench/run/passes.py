"""Timing the cells of one matrix: passes in fresh processes until each cell is narrow enough, or the time is up."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dotbench.bench.metrics import row_faults
from dotbench.bench.metrics.messages import Done, Ended, Event, Failed, Started, Task, Worker
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record.journal import JournalFull
from dotbench.bench.run import jobs, processes
from dotbench.bench.run.rows import MatrixRows
from dotbench.bench.timing.allowance import Allowance, Spent, kept_seconds
from dotbench.bench.timing.stopping import why_stopped
from dotbench.cdot.entry_points import in_words

TaskOf = Callable[[list[Cell]], Task]  # of some cells: what their worker is told


Columns = Callable[
    [Cell, list[dict[str, Any]], str], dict[str, Any]
]  # of a cell's row: from its passes, and why no more


class Passes:
    """``timeout``: seconds of silence after which a cell counts as hung; ``slowdown``: of the machine as it was seen
    before, None: not yet."""

    def __init__(
        self,
        rows: MatrixRows,
        effort: Effort,
        task: TaskOf,
        timeout: float,
        columns: Columns,
        slowdown: float | None = None,
    ) -> None:
        self._rows, self._effort, self._task, self._timeout = rows, effort, task, timeout
        self._columns = columns
        self.allowance = Allowance(effort, slowdown)

    def run(self, todo: list[Cell]) -> None:
        """Rows for all of them."""
        start = time.monotonic()
        for cell in todo:
            self._rows.screen.resumed(cell, len(self._rows.passes(cell)))
        while todo:
            index = min(len(self._rows.passes(cell)) for cell in todo)
            now = [cell for cell in todo if len(self._rows.passes(cell)) == index]
            failed = self._pass(now, index)
            spent = time.monotonic() - start
            todo = [cell for cell in todo if cell not in failed and not self._decided(cell, spent)]

    def _pass(self, cells: list[Cell], index: int) -> set[Cell]:
        """One more pass over ``cells``; the cells that failed."""
        failed: set[Cell] = set()
        effort, sampled = self.allowance.next(), [0.0, 0.0]
        outcome, screen = self._rows.outcome, self._rows.screen

        def listen(event: Event, worker: Worker | None) -> None:
            cell = event.cell
            self._rows.heard(event, worker)
            if isinstance(event, Started):
                screen.running(cell, f"pass {index + 1}")
                return
            if isinstance(event, Done) and (fault := _fault(event)):
                event = Failed(cell, fault)
            if isinstance(event, Done):
                sampled[0] += event.data["sampling_seconds"]
                sampled[1] += kept_seconds(event.data)
            if row := self._row_of_trouble(event, effort):
                failed.add(cell)
                self._rows.finish(cell, row)
            else:
                screen.passed(cell)

        def ready(seconds: float) -> None:
            outcome.start_seconds += seconds

        seed = random.SystemRandom().getrandbits(32)
        task = replace(self._task(cells), seed=seed, effort=effort)
        start, cpu = time.monotonic(), _processor_seconds()
        processes.run(task, cells, listen, self._timeout, ready)
        wall = time.monotonic() - start
        self.allowance.add(effort, Spent(wall, _processor_seconds() - cpu, *sampled))
        outcome.timing_seconds += wall
        return failed

    def _row_of_trouble(self, event: Ended, effort: Effort) -> dict[str, Any] | None:
        """Keeps a pass, and whether it was cut short; the row of a cell that gets no more of them, for it could not be
        measured, or its pass could not be kept: a row is made from the journal's passes."""
        if not isinstance(event, Done):
            return self._rows.of(event)
        self._rows.outcome.sampling_seconds += event.data["sampling_seconds"]
        data = event.data if effort == self._effort else {**event.data, "short": True}
        try:
            self._rows.add_pass(event.cell, data)
        except JournalFull as error:
            return self._rows.row(event.cell, "failed", str(error))
        return None

    def _decided(self, cell: Cell, spent: float) -> bool:
        """Writes the cell's row when its passes are enough."""
        passes = self._rows.passes(cell)
        if not (stop := why_stopped(passes, self._effort, spent, self.allowance.used_up)):
            return False
        self._rows.finish(cell, self._row_of_passes(cell, passes, stop))
        return True

    def _row_of_passes(self, cell: Cell, passes: list[dict[str, Any]], stop: str) -> dict[str, Any]:
        try:
            columns = self._columns(cell, passes, stop)
        except Exception as error:  # another package's
            return self._rows.row(cell, "failed", f"of_passes of {cell.metric} raises {in_words(error)}")
        return self._rows.row(cell, "ok", columns=columns)


def _fault(event: Done) -> str:
    """What is wrong with a pass, so that no time can be made of it; empty where nothing is."""
    if fault := row_faults.of_pass(jobs.get(event.cell.metric), event.data):
        return fault
    try:
        kept_seconds(event.data)
    except Exception as error:  # another package's rounds
        return f"{event.cell.metric} gives rounds of a pass that cannot be read: {in_words(error)}"
    return ""


def _processor_seconds() -> float:
    """Of all processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
