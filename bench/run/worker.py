"""The measuring process: one task on standard input, one line of JSON on standard output per event.

A fresh process does the job of one metric for cells of one matrix, or such jobs in turn. It says which cell it
starts, so that its parent knows which one it was if it dies, and it ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.events import Wire
from dotbench.bench.plan.cell import Cell


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
    jobs = [registry.get(part["job"]) for part in parts]
    wire.ready(time.monotonic() - task["sent_at"])
    for job, part in zip(jobs, parts, strict=True):
        job.measure(part, [Cell(**cell) for cell in part["cells"]], wire)
    out.flush()


if __name__ == "__main__":
    main()
