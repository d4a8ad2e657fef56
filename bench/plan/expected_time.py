"""What a cell will take, roughly: how long is left is told from it, scaled by what the cells so far took.

Seconds on a machine of 2026 with kernels of some nanoseconds a nonzero. Only their proportions matter.
"""

from __future__ import annotations

from dotbench.bench.counting import column_sample
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort

START = 0.05  # of whatever a cell does
ENCODED = 20e-9, 2e-9  # a nonzero, an entry: encoding, decoding again, hashing
PRODUCT = 1e-9, 0.05e-9  # a nonzero, an entry: a product with one vector
CHECKED = 3  # products of a cell and its reference beside those in samples
VALGRIND = 50  # times slower
COUNTED = 8  # products and decodings under valgrind


def seconds(cell: Cell, shape: tuple[int, int], nnz: int, effort: Effort) -> float:
    """Of one cell, all passes of timing.

    >>> seconds(Cell("space", "w", "csc"), (1000, 1000), 10**5, Effort()) < 0.1
    True
    """
    entries = shape[0] * shape[1]
    encoded, product = (nnz * a + entries * b for a, b in (ENCODED, PRODUCT))
    if cell.metric == "space":
        return START + encoded
    if cell.metric == "time":
        vectors = float(max(cell.batch, 1) ** 0.75)
        sample = max(effort.sample_ms / 1e3, product * vectors)
        return effort.passes * (START + 4 * effort.rounds * sample + CHECKED * product * vectors)
    if cell.metric == "instructions":
        share = column_sample.SHARE if entries > column_sample.WHOLE else 1
        return START + COUNTED * VALGRIND * product / share + product
    return START + encoded
