"""From values to their places in a codebook: what index maps and entropy codes share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.table import Table


class SymbolFinder:
    """Calls with an array of values give the index of each in ``codebook`` (uint32).

    MissingValue where one is not in there.
    """

    def __init__(self, codebook: npt.NDArray[Any]) -> None:
        self.table = Table.of(codebook)

    def __call__(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
        return self.table.find(values)
