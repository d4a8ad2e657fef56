"""The measuring process: one order on standard input, one line of JSON on standard output per event.

A fresh process does the job of one metric for cells of one matrix, or such jobs in turn. It says who it is and which
cell it starts, so that its parent knows where it ran and which cell it had in hand if it dies, and it ends with its
parent.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from dotbench.bench.machine import describe
from dotbench.bench.metrics import time as times
from dotbench.bench.metrics.events import Wire
from dotbench.bench.metrics.messages import Worker, read_order
from dotbench.bench.metrics.metric import Metric


def end_with_parent() -> None:
    """Ends this process and what it has started when its standard input closes, which is when the parent is gone."""

    def wait() -> None:
        sys.stdin.read()
        if os.getpgrp() == os.getpid():  # a group of our own, as dotbench.bench.run.processes makes it
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def job_of(name: str) -> Metric:
    """The job of a name; KeyError where there is none."""
    if name == times.METRIC.name:
        return times.METRIC
    from dotbench.bench.run import jobs  # start-up time: most processes do nothing but time, and do without the others

    return jobs.get(name)


def main() -> None:
    """Reads the order, does it, and leaves without waiting for anything."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    order = read_order(sys.stdin.readline())
    end_with_parent()
    wire = Wire(out)
    todo = [job_of(part.task.job) for part in order.parts]
    wire.ready(time.monotonic() - order.sent_at, Worker(describe.place(), describe.boot_id()))
    for job, part in zip(todo, order.parts, strict=True):
        job.measure(part.task, list(part.cells), wire)
    out.flush()


if __name__ == "__main__":
    main()
