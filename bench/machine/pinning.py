"""Which core to time on: one at a time, the one that is free, and back to all of them."""

from __future__ import annotations

import os
import random
import time

CANDIDATES = 8  # cores that are tried out at the most
SPIN_NS = 3_000_000

_ALL: frozenset[int] = frozenset()
_CHOSEN: int | None = None


def share_of(core: int) -> float:
    """CPU time over wall time of a short spin on ``core``: 1 on a free core, 0.5 on a shared one."""
    os.sched_setaffinity(0, {core})
    wall, used = time.perf_counter_ns(), time.thread_time_ns()
    while time.perf_counter_ns() - wall < SPIN_NS:
        pass
    return (time.thread_time_ns() - used) / (time.perf_counter_ns() - wall)


def pin() -> int | None:
    """Keeps this thread on the freest core it may use, chosen once a process; None where it cannot."""
    global _ALL, _CHOSEN
    if not hasattr(os, "sched_setaffinity"):
        return None
    if _CHOSEN is None:
        _ALL = frozenset(os.sched_getaffinity(0))
        cores = random.sample(sorted(_ALL), min(CANDIDATES, len(_ALL)))
        _CHOSEN = max(cores, key=lambda core: round(share_of(core), 1))
    os.sched_setaffinity(0, {_CHOSEN})
    return _CHOSEN


def unpin() -> None:
    """Lets this thread run on all cores it had before; for cells with several threads."""
    if _ALL:
        os.sched_setaffinity(0, _ALL)
