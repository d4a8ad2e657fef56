"""The twin of ImageNet's features. No row of the real matrix is at hand, so that all but three figures is assumed.

Published are shape, density and the number of distinct nonzero values. Assumed is that values are counts 1, 2,
3, ... of visual words in an image, of which v occurs in proportion to 1 / (v + offset)^2, the same in all columns
(5.0 bits each with an offset of 4); that the densities of columns, in random order, rise with the square of their
rank from ``lowest`` times the mean, as words are from rare to common; and that entries are independent otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.formats.sources.source import Columns, Histogram, Own, tally


class FeatureTwin(Own):
    """A float32 source whose columns are made on demand, each from a seed of its own."""

    dtype = np.dtype(np.float32)

    def __init__(self, fitted: dict[str, Any], seed: int) -> None:
        n, m = fitted["shape"]
        self.shape, self._seed = (int(n), int(m)), seed
        self._values = np.arange(1, fitted["distinct"] + 1)
        steps = np.cumsum(1 / (self._values + float(fitted["offset"])) ** 2)
        self._steps = steps / steps[-1]
        self._density = self._densities(fitted["density"], fitted["lowest"])

    def _rng(self, *number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self._seed, *number]))

    def _densities(self, mean: float, lowest: float) -> npt.NDArray[np.float64]:
        m = self.shape[1]
        rank = np.argsort(np.argsort(self._rng().random(m), kind="stable"), kind="stable")
        squares = ((rank + 0.5) / m) ** 2  # whose mean is 1/3 - 1/(12 m^2)
        return np.asarray(mean * (lowest + (1 - lowest) * squares * 12 * m * m / (4 * m * m - 1)))

    def histogram(self) -> Histogram:
        return tally(self)

    def columns(self, begin: int, end: int) -> Columns:
        rows, values = [np.zeros(0, np.int32)], [np.zeros(0, self.dtype)]
        for column in range(begin, end):
            rng = self._rng(1, column)
            rows.append(np.flatnonzero(rng.random(self.shape[0]) < self._density[column]).astype(np.int32))
            drawn = np.searchsorted(self._steps, rng.random(len(rows[-1])), side="right")
            values.append(self._values[drawn].astype(self.dtype))
        indptr = np.cumsum([len(row) for row in rows], dtype=np.int64)
        return Columns(np.concatenate(rows), np.concatenate(values), indptr)
