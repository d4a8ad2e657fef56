"""The measuring process: one task on standard input, one line of JSON on standard output per event.

A fresh process does the job of one meter for cells of one matrix, or such jobs in turn. It says which cell it
starts, so that its parent knows which one it was if it dies, and it ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict
from typing import Any, TextIO

from dotbench.bench.metrics.meter import meter
from dotbench.bench.plan.plan import Cell


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


def end_with_parent() -> None:
    """Ends this process and what it has started when its standard input closes, which is when the parent is gone."""

    def wait() -> None:
        sys.stdin.read()
        if os.getpgrp() == os.getpid():  # a group of our own, as dotbench.bench.run.processes makes it
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Reads the task, does it, and leaves without waiting for anything."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.readline())
    end_with_parent()
    wire = Wire(out)
    parts = [task, *task.get("then", [])]
    jobs = [meter(part["job"]) for part in parts]
    wire.ready(time.monotonic() - task["sent_at"])
    for job, part in zip(jobs, parts, strict=True):
        job.measure(part, [Cell(**cell) for cell in part["cells"]], wire)
    out.flush()


if __name__ == "__main__":
    main()
