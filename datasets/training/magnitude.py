"""Magnitude pruning: the smallest weights of a matrix become 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16, numbers


def prune(matrix: npt.NDArray[Any], percent: float) -> npt.NDArray[Any]:
    """A copy of a matrix (n, m) of which ``percent`` of all entries are 0, those of the smallest magnitude.

    Of equal magnitudes those that come first column by column become 0, so that the result is the same everywhere. A
    matrix with more zeros than that stays as it is. Any dtype that formats store, bfloat16 too; ValueError for a
    percentage outside 0 to 100. (Han et al., 2015; one threshold for the whole matrix.)

    >>> prune(np.float32([[1, -2], [3, 4]]), 50)
    array([[0., 0.],
           [3., 4.]], dtype=float32)
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent:g} % of the entries cannot be pruned: 0 to 100")
    flat = np.array(matrix.T).reshape(-1)  # a copy, column by column
    size = np.abs(numbers(flat).astype(np.float32, copy=False))
    count = round(flat.size * percent / 100)
    if count > int((size == 0).sum()):
        threshold = np.partition(size, count - 1)[count - 1]
        gone = size < threshold
        alike = np.flatnonzero(size == threshold)[: count - int(gone.sum())]
        gone[alike] = True
        (flat.view(np.uint16) if is_bfloat16(flat.dtype) else flat)[gone] = 0
    pruned: npt.NDArray[Any] = flat.reshape(matrix.shape[::-1]).T
    return pruned
