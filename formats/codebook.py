"""From values to their places in a codebook: what index maps and entropy codes share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class SymbolFinder:
    """Calls with an array of values give the index of each in ``codebook`` (uint32)."""

    def __init__(self, codebook: npt.NDArray[Any]) -> None:
        self._order = np.argsort(codebook).astype(np.uint32)
        self._sorted = codebook[self._order]

    def __call__(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
        if not len(self._sorted):
            return np.zeros(0, np.uint32)
        return self._order[np.searchsorted(self._sorted, values)]
