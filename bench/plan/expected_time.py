"""What a cell will take, roughly: how long is left is told from it, scaled by what the cells so far took.

Seconds on a machine of 2026 with kernels of some nanoseconds a nonzero. Only their proportions matter. Each metric says
what its cells take (`dotbench.bench.metrics.metric.Metric.seconds`), from what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort

START = 0.05  # of whatever a cell does
ENCODED = 20e-9, 2e-9  # a nonzero, an entry: encoding, decoding again, hashing
PRODUCT = 1e-9, 0.05e-9  # a nonzero, an entry: a product with one vector


@dataclass(frozen=True)
class Work:
    """A matrix of ``entries`` with ``nnz`` nonzeros, and the effort of timing it."""

    entries: int
    nnz: int
    effort: Effort

    @property
    def encoded(self) -> float:
        """Seconds of encoding it."""
        return self.nnz * ENCODED[0] + self.entries * ENCODED[1]

    @property
    def product(self) -> float:
        """Seconds of a product with one vector."""
        return self.nnz * PRODUCT[0] + self.entries * PRODUCT[1]


def encoding(cell: Cell, work: Work) -> float:
    """Of a cell that takes as long as encoding.

    >>> encoding(Cell("space", "w", "csc"), Work(10**6, 10**5, Effort())) < 0.1
    True
    """
    return START + work.encoded
