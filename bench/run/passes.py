"""Timing the cells of one matrix: passes in fresh processes until each cell is narrow enough, or the time is up."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dotbench.bench.metrics import time as time_meter
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record.journal import JournalFull
from dotbench.bench.run import processes
from dotbench.bench.run.rows import MatrixRows
from dotbench.bench.timing.allowance import Allowance, Spent, kept_seconds
from dotbench.bench.timing.stopping import why_stopped

Task = Callable[[list[Cell]], dict[str, Any]]  # of some cells: what their worker is told


class Passes:
    """``timeout``: seconds of silence after which a cell counts as hung; ``encode_seconds``: by label;
    ``slowdown``: of the machine as it was seen before, None: not yet."""

    def __init__(
        self,
        rows: MatrixRows,
        effort: Effort,
        task: Task,
        timeout: float,
        nnz: int,
        encode_seconds: dict[str, float],
        slowdown: float | None = None,
    ) -> None:
        self._rows, self._effort, self._task, self._timeout = rows, effort, task, timeout
        self._nnz, self._encode_seconds = nnz, encode_seconds
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

        def listen(event: processes.Event) -> None:
            cell = event.cell
            if event.kind == "start":
                screen.running(cell, f"pass {index + 1}")
                return
            if event.kind == "done":
                sampled[0] += event.data["sampling_seconds"]
                sampled[1] += kept_seconds(event.data)
            if event.kind == "done" and not (trouble := self._add(event, effort)):
                screen.passed(cell)
            else:
                row = self._rows.row(cell, "failed", trouble) if event.kind == "done" else self._rows.of(event)
                failed.add(cell)
                self._rows.finish(cell, row)

        def ready(seconds: float) -> None:
            outcome.start_seconds += seconds

        seed = random.SystemRandom().getrandbits(32)
        task = {**self._task(cells), "seed": seed, "effort": asdict(effort)}
        start, cpu = time.monotonic(), _processor_seconds()
        processes.run(task, cells, listen, self._timeout, max(cell.threads for cell in cells), ready)
        wall = time.monotonic() - start
        self.allowance.add(effort, Spent(wall, _processor_seconds() - cpu, *sampled))
        outcome.timing_seconds += wall
        return failed

    def _add(self, event: processes.Event, effort: Effort) -> str:
        """Keeps a pass, and whether it was cut short; why it could not be kept, else empty: a row is made from the
        journal's passes."""
        self._rows.outcome.sampling_seconds += event.data["sampling_seconds"]
        data = event.data if effort == self._effort else {**event.data, "short": True}
        journal, identity, boot = self._rows.journal, self._rows.identity(event.cell), self._rows.boot
        try:
            journal.add_pass(identity, boot, journal.next_pass(identity, boot), data)
        except JournalFull as error:
            return str(error)
        return ""

    def _decided(self, cell: Cell, spent: float) -> bool:
        """Writes the cell's row when its passes are enough."""
        passes = self._rows.passes(cell)
        if not (stop := why_stopped(passes, self._effort, spent, self.allowance.used_up)):
            return False
        seconds = self._encode_seconds.get(cell.label)
        columns = time_meter.columns_of_row(cell, passes, self._nnz, seconds, stop)
        self._rows.finish(cell, self._rows.row(cell, "ok", **columns))
        return True


def _processor_seconds() -> float:
    """Of all processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
