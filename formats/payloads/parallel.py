"""How many threads a product takes: as many as are asked for where each has enough to do, else fewer.

To wake a thread costs its caller five to ten microseconds. `ENOUGH` for each of two threads takes one alone from 60 us
on (dense arrays, blocks), with most formats half a millisecond.
"""

from __future__ import annotations

from dotbench.cdot.kernel import Kernel
from dotbench.cdot.pools import cores

ENOUGH = 500_000  # of `work` for each thread


def work(kernel: Kernel, batch: int, columns: int) -> int:
    """What a product of ``columns`` has to do: a nonzero is 1, with four vectors of a batch of more, and so are four
    bytes of the payload, whichever is more. Formats differ by 10 in the time that 1 takes; this is the shortest."""
    n, m = kernel.shape
    vectors = max(4, batch) / 4
    counted = min(max(kernel.nnz * vectors, len(kernel.data) / 4), n * m * vectors)
    return int(counted * columns / max(m, 1))


def most_threads(kernel: Kernel, batch: int, columns: int) -> int:
    """How many threads have enough to do."""
    return max(1, work(kernel, batch, columns) // ENOUGH)


def threads_taken(kernel: Kernel, batch: int, columns: int, threads: int) -> int:
    """How many of ``threads`` a product takes: no more than there are columns, cores, and pieces of work.

    All of them, or a power of two: a pool stands for each number that was taken, and there are few of these.
    """
    able = min(most_threads(kernel, batch, columns), max(columns, 1))
    if min(able, threads) == 1:
        return 1
    threads = min(threads, cores())
    return threads if able >= threads else 1 << (able.bit_length() - 1)
