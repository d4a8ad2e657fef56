"""How small a matrix can be for a coder that looks at one entry at a time: the entropy floor, of three kinds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dotbench.formats.costs.counts import Counts
from dotbench.formats.costs.tallies import EXPONENTS


@dataclass(frozen=True)
class Floor:
    """``bits`` for the whole matrix, and ``name``: what is coded.

    ``entropy``: every entry as a symbol, and the table of the distinct ones. ``positions_values``: which entries are
    nonzeros, which value each has, and the table. ``fields``: the exponent field, 0 a symbol of its own, in its
    entropy; sign and mantissa of nonzeros as they are, and no table.
    """

    bits: float
    name: str

    @property
    def nbytes(self) -> int:
        return math.ceil(self.bits / 8)


def floors(counts: Counts) -> list[Floor]:
    """All floors of a matrix. Without a histogram the first two are below the true ones.

    >>> from dotbench.formats.costs.counts import counts_of
    >>> [(round(one.bits), one.name) for one in floors(counts_of(np.float32([[1, 1, 2, 0]])))]
    [(102, 'entropy'), (69, 'positions_values'), (78, 'fields')]
    """
    width, zeros = 8 * counts.value_type.dtype.itemsize, counts.zeros
    positions = log2_binomial(counts.entries, counts.nnz)
    found = [
        Floor(entropy_bits(counts.all_classes) + width * counts.symbols_at_least, "entropy"),
        Floor(positions + entropy_bits(counts.classes) + width * counts.distinct_at_least, "positions_values"),
    ]
    if counts.exponents is not None:
        raw = width - EXPONENTS[counts.dtype][1]
        found.append(Floor(entropy_bits(np.append(counts.exponents, zeros)) + raw * counts.nnz, "fields"))
    return found


def floor(counts: Counts) -> Floor:
    """The least of `floors`: no coder of single entries, or of single fields of them, makes the matrix smaller.

    Without a histogram it is below the true one, or as high.

    >>> from dotbench.formats.costs.counts import counts_of
    >>> least = floor(counts_of(np.eye(4, dtype=np.int8)))
    >>> round(least.bits, 3), least.nbytes, least.name
    (18.83, 3, 'positions_values')
    """
    return min(floors(counts), key=lambda one: one.bits)


def entropy_bits(counts: npt.NDArray[np.int64]) -> float:
    """Bits of all symbols that occur so often, each in the logarithm of its share.

    >>> entropy_bits(np.array([4, 4, 0])), entropy_bits(np.array([], np.int64))
    (8.0, 0.0)
    """
    used = counts[counts > 0].astype(np.float64)
    return float((used * np.log2(used.sum() / used)).sum())


def log2_binomial(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n.

    >>> round(log2_binomial(16, 4), 6) == round(math.log2(1820), 6), log2_binomial(5, 5)
    (True, 0.0)
    """
    if k in (0, n):
        return 0.0
    return (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)
