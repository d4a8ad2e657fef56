"""Weight sharing: the nonzero values of a matrix become few."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16, numbers, rounded

ROUNDS = 50  # of moving the centres, at the most
DECIDED = 1 << 24  # nonzeros that the centres are found from: of more every so many


def share(matrix: npt.NDArray[Any], values: int) -> npt.NDArray[Any]:
    """A copy of a matrix whose nonzeros have at most so many distinct ``values``: the centres of a k-means in one
    dimension, started at quantiles, so the result is the same everywhere. Zeros stay 0, and nothing else becomes 0.

    Any dtype that formats store; centres are rounded to it, so that there may be fewer. A matrix with no more values
    stays as it is. ValueError for less than one value. (Han et al., 2016; Marino et al., CWS.)

    >>> share(np.float32([[0, 1, 1.25], [3, 3.5, 0]]), 2)
    array([[0.   , 1.125, 1.125],
           [3.25 , 3.25 , 0.   ]], dtype=float32)
    """
    if values < 1:
        raise ValueError(f"{values} values: a matrix has one at the least")
    out = np.array(matrix)
    wide = numbers(out).astype(np.float64)
    kept = wide != 0
    weights = wide[kept]
    step = max(1, weights.size // DECIDED)
    distinct, counts = np.unique(weights[::step], return_counts=True)
    if len(distinct) <= values and step == 1:
        return out
    centres = np.unique(_stored(_centres(distinct, counts, values), out.dtype))
    centres = centres[centres != 0] if (centres != 0).any() else np.ones(1)
    nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, weights)
    wide[kept] = centres[nearest]
    return _as(wide, out.dtype)


def _centres(distinct: npt.NDArray[Any], counts: npt.NDArray[Any], values: int) -> npt.NDArray[np.float64]:
    """The centres of k-means over sorted values, Lloyd's way, by sums over ranges."""
    total, first = np.append(0, np.cumsum(counts)), np.append(0, np.cumsum(counts * distinct))
    at = np.searchsorted(total[1:], (np.arange(values) + 0.5) * total[-1] / values)
    centres = np.unique(distinct[np.minimum(at, len(distinct) - 1)])
    for _ in range(ROUNDS):
        edges = np.concatenate([[0], np.searchsorted(distinct, (centres[1:] + centres[:-1]) / 2), [len(distinct)]])
        count, amount = np.diff(total[edges]), np.diff(first[edges])
        moved = np.where(count > 0, amount / np.maximum(count, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _stored(centres: npt.NDArray[np.float64], dtype: Any) -> npt.NDArray[np.float64]:
    """Centres as a dtype holds them."""
    if is_bfloat16(dtype):
        return numbers(rounded(centres)).astype(np.float64)
    if np.dtype(dtype).kind == "i":
        return np.rint(centres)
    return centres.astype(dtype).astype(np.float64)


def _as(values: npt.NDArray[np.float64], dtype: Any) -> npt.NDArray[Any]:
    return rounded(values) if is_bfloat16(dtype) else values.astype(dtype)
