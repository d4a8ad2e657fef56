"""Sharing of weights: the nonzeros of a matrix take a few values of their own, each for a range of equally many."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import converted, numbers


def share(W: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """A copy of W, of any shape and of its dtype, whose nonzeros have at most ``count`` values; zeros stay.

    Nonzeros are sorted and cut into ``count`` ranges with equally many in each, equal ones together; all of a range
    become its median, which is one of them. Nothing is calculated but counts, so that the result is the same on every
    machine. ValueError for less than one value.

    >>> share(np.float32([[1, 0, 2], [3, 10, 20]]), 2).tolist()
    [[1.0, 0.0, 1.0], [10.0, 10.0, 10.0]]
    """
    if count < 1:
        raise ValueError(f"{count} values cannot be shared: one is the least")
    wide = numbers(np.array(W, order="C"))
    nonzero = wide != 0
    values, where, counts = np.unique(wide[nonzero], return_inverse=True, return_counts=True)
    if not values.size:
        return np.array(W, order="C")
    before = np.cumsum(counts) - counts
    of = (2 * before + counts) * count // (2 * counts.sum())  # a value's range: where the middle of its entries lies
    shared = values.copy()
    for one in np.unique(of):
        inside = np.flatnonzero(of == one)
        reached = np.cumsum(counts[inside])
        shared[inside] = values[inside[np.searchsorted(reached, (reached[-1] + 1) // 2)]]
    wide = wide.copy()
    wide[nonzero] = shared[where.reshape(-1)]
    return converted(wide, W.dtype)
