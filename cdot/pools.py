"""Threads that stand ready for products: one pool a process and number of threads, lent to one caller at a time.

Starting threads takes longer than most products. A pool is started when it is first asked for; its workers spin for
a fraction of a millisecond behind a product, then sleep. Who asks while it is lent gets none and multiplies alone:
the cores are taken.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from functools import cache

from dotbench.cdot.errors import KernelError
from dotbench.cdot.kernel import Pool


class StandingPools:
    """Idle pools by number of threads; `take` one and `give` it back.

    Who is interrupted (Ctrl-C comes anywhere) and gives none back drops it, and a pool that nobody holds is neither
    lent nor idle: the next one who asks gets a new one. The lock may be taken again by a signal handler's product.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begins anew: a child of `os.fork` has no threads but the one that forked, and no lock is free for sure."""
        self._lock = threading.RLock()
        self._idle: dict[int, Pool] = {}
        self._lent: weakref.WeakValueDictionary[int, Pool] = weakref.WeakValueDictionary()

    def take(self, threads: int) -> Pool | None:
        """The pool of so many threads; None where it is lent, or where the system starts no more threads."""
        with self._lock:
            if threads in self._lent:
                return None
            pool = self._idle.pop(threads, None)
            if pool is None:
                try:
                    pool = Pool(threads)
                except KernelError:
                    return None
            self._lent[threads] = pool
            return pool

    def give(self, pool: Pool) -> None:
        """Back from whoever took it."""
        with self._lock:
            if self._lent.get(pool.threads) is pool:
                del self._lent[pool.threads]
                self._idle[pool.threads] = pool

    def close(self) -> None:
        """Ends the threads of idle pools; one that is lent is left to its caller."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for pool in idle.values():
            pool.close()


@cache
def standing_pools() -> StandingPools:
    """This process's; closed at its end, begun anew in a child."""
    pools = StandingPools()
    atexit.register(pools.close)
    os.register_at_fork(after_in_child=pools.forget)
    return pools


def cores() -> int:
    """Cores that this thread may run on now."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
