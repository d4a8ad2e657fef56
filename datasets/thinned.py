"""Seeded matrices of one shape that differ in their zeros alone: more zeros, and what is left stays as it is.

``random/512x4096-32-float32``: 512 x 4096, every nonzero one of 32 values, all equally likely; which entries are zero
first is a random order of all entries. The matrix with k nonzeros holds the last k of that order, so that the payloads
of a format get smaller step by step, and a size at which it wins can be found by bisection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.patterns import codebook

SEED = 2611
MOST_DRAWN = 1 << 16  # numbers from a normal distribution


def distinct_values(count: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """So many distinct nonzero values of a dtype: numbers from a normal distribution, or of all int8.

    ValueError where the dtype does not hold as many of them.

    >>> len(np.unique(distinct_values(32, np.float32))), distinct_values(3, np.int8).dtype
    (32, dtype('int8'))
    """
    wanted = np.dtype(dtype)
    if wanted.kind == "i":
        limits = np.iinfo(wanted)
        every = np.array([value for value in range(int(limits.min), int(limits.max) + 1) if value], wanted)
        found = np.random.Generator(np.random.PCG64([SEED, len(every)])).permutation(every)[:count]
    else:
        drawn = count
        while True:  # narrow types round several numbers to one
            every = codebook(min(drawn, MOST_DRAWN)).astype(wanted)
            _, first = np.unique(every[every != 0], return_index=True)
            found = every[every != 0][np.sort(first)[:count]]
            if len(found) == count or drawn >= MOST_DRAWN:
                break
            drawn *= 2
    if len(found) < count:
        raise ValueError(f"{wanted.name} has {len(found)} distinct nonzero values here, and {count} were asked for")
    return found


class Thinned:
    """The matrices of a shape (n, m), a dtype and a number of distinct values; the same on every machine.

    ``name``: what rows call them. ValueError where the dtype does not hold as many values.

    >>> family = Thinned((64, 32), np.float32, 4)
    >>> family.name, [int((family.matrix(count) != 0).sum()) for count in (0, 7, 2048)]
    ('random/64x32-4-float32', [0, 7, 2048])
    """

    def __init__(self, shape: tuple[int, int], dtype: npt.DTypeLike, values: int) -> None:
        n, m = self.shape = shape
        self.entries, self.values = n * m, values
        self.name = f"random/{n}x{m}-{values}-{np.dtype(dtype).name}"
        rng = np.random.Generator(np.random.PCG64([SEED, n, m, values]))
        chosen = rng.integers(0, values, self.entries, np.min_scalar_type(values))
        self._full = distinct_values(values, dtype)[chosen].reshape(shape)
        del chosen
        self._order = rng.permutation(np.arange(self.entries, dtype=np.min_scalar_type(self.entries))).reshape(shape)

    def matrix(self, nonzeros: int) -> npt.NDArray[Any]:
        """The matrix (n, m) with so many nonzeros, in C order."""
        return np.where(self._order < nonzeros, self._full, self._full.dtype.type(0))

    def nonzeros(self, zeros: float) -> int:
        """How many nonzeros a percentage of zeros leaves.

        >>> Thinned((64, 32), np.int8, 4).nonzeros(75)
        512
        """
        return round(self.entries * (100 - zeros) / 100)
