"""What a metric tells of its cells while it measures them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TextIO

from dotbench.bench.plan.cell import Cell


class Wire:
    """Events to the parent. What libraries print goes to standard error instead."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def _send(self, event: str, cell: Cell, **more: Any) -> None:
        self._out.write(json.dumps({"event": event, "cell": asdict(cell), **more}) + "\n")
        self._out.flush()

    def start(self, cell: Cell) -> None:
        self._send("start", cell)

    def ready(self, seconds: float) -> None:
        """This process has started and imported what it needs, ``seconds`` after its parent asked for it."""
        self._out.write(json.dumps({"event": "ready", "seconds": seconds}) + "\n")
        self._out.flush()

    def lack(self, cell: Cell, status: str, reason: str, columns: dict[str, Any] | None = None) -> None:
        """A cell that cannot be measured here: ``unavailable`` or ``skipped``, and why; ``ok`` with a remark."""
        self._send("lack", cell, status=status, reason=reason, data=columns or {})

    def done(self, cell: Cell, data: dict[str, Any]) -> None:
        self._send("done", cell, data=data)

    def fail(self, cell: Cell, error: Exception) -> None:
        text = str(error) or type(error).__name__
        self._send("fail", cell, reason=f"{type(error).__name__}: {text}")
