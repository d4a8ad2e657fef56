"""Pruning by magnitude: the smallest weights become zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import numbers


def prune(W: npt.NDArray[Any], percent: float) -> npt.NDArray[Any]:
    """A copy of W, of any shape and of its dtype, in which ``percent`` of its entries are zero, the smallest ones.

    Which of several equal magnitudes go is decided by their place, the first in C order first, so that the result is
    the same on every machine. Zeros of W count among them; ValueError for a percentage outside of 0 to 100.

    >>> prune(np.float32([[3, -1, 2], [-4, 1, 5]]), 50).tolist()
    [[3.0, 0.0, 0.0], [-4.0, 0.0, 5.0]]
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent:g} % of the entries cannot be pruned: 0 to 100 are a share")
    pruned = np.array(W, order="C")
    flat = pruned.reshape(-1)
    wide = numbers(flat)
    magnitudes = np.abs(wide.astype(np.int16) if wide.dtype == np.int8 else wide)  # -128 has no int8 of its size
    gone = np.argsort(magnitudes, kind="stable")[: int(flat.size * percent // 100)]
    flat[gone] = np.zeros(1, flat.dtype)
    return pruned
