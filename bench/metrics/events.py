"""What a metric tells of its cells while it measures them."""

from __future__ import annotations

from typing import TextIO

from dotbench.bench.metrics import messages
from dotbench.bench.metrics.messages import Columns, Done, Failed, Ready, Started, Without, Worker
from dotbench.bench.plan.cell import Cell


class Wire:
    """Events to the parent. What libraries print goes to standard error instead."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def _send(self, event: Ready | Started | Done | Without | Failed) -> None:
        self._out.write(messages.line(event) + "\n")
        self._out.flush()

    def ready(self, seconds: float, worker: Worker) -> None:
        """This process has started and imported what it needs, ``seconds`` after its parent asked for it."""
        self._send(Ready(seconds, worker))

    def start(self, cell: Cell) -> None:
        self._send(Started(cell))

    def done(self, cell: Cell, data: Columns, remark: str = "") -> None:
        """A cell that was measured, and what its row says besides."""
        self._send(Done(cell, data, remark))

    def lack(self, cell: Cell, status: str, reason: str, columns: Columns | None = None) -> None:
        """A cell that cannot be measured here: ``unavailable``, ``skipped`` or ``timeout``, and why."""
        self._send(Without(cell, status, reason, columns or {}))

    def fail(self, cell: Cell, error: Exception) -> None:
        text = str(error) or type(error).__name__
        self._send(Failed(cell, f"{type(error).__name__}: {text}"))
