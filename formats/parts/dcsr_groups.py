"""dCSR's groups of 16: where zeros have to be inserted so that slopes, minimums and deltas fit their bits."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

LANES = 16
STEEPEST = 17  # 15 lanes times 17 are 255
Integers = npt.NDArray[np.int64]


def slope(inputs: int, stored: int) -> int:
    """The mean distance of the ``stored`` entries of an output, rounded; 0 where there are none.

    >>> slope(1024, 256), slope(100, 0)
    (4, 0)
    """
    return (inputs + stored // 2) // stored if stored else 0


@dataclass(frozen=True)
class Groups:
    """The groups of one output: ``deltas`` (groups, 16), 0 in unused lanes, and ``steps`` (groups,), the
    stored minimums. Both int64, whatever fits."""

    slope: int
    deltas: Integers
    steps: Integers

    @classmethod
    def of(cls, indices: Integers, inputs: int) -> Groups:
        """From the indices of all stored entries, inserted zeros among them, in order."""
        steep, count = slope(inputs, len(indices)), -(-len(indices) // LANES)
        residuals = np.full(count * LANES, np.iinfo(np.int64).max)
        residuals[: len(indices)] = indices - steep * (np.arange(len(indices)) % LANES)
        lanes = residuals.reshape(count, LANES)
        minimums = lanes.min(1) if count else np.zeros(0, np.int64)
        deltas = (lanes - minimums[:, None]).reshape(-1)
        deltas[len(indices) :] = 0  # unused lanes of the last group take its minimum
        steps = np.diff(minimums, prepend=0)
        steps[1:] -= LANES * steep
        return cls(steep, deltas.reshape(count, LANES), steps)

    def fit(self) -> bool:
        """Whether index parts below 256 and steps from -127 to 126 say it all."""
        parts = self.deltas + self.slope * np.arange(LANES)
        steps = (self.steps > -128) & (self.steps < 127)
        return bool((parts < 256).all() and (self.deltas < 256).all() and steps.all())


class _Gaps:
    """The gaps between 0, the indices and the end; the largest first, of equal ones the first."""

    def __init__(self, indices: Integers, inputs: int) -> None:
        bounds = [0, *indices.tolist(), inputs]
        self._heap: list[tuple[int, int, int]] = [(a - b, a, b) for a, b in pairwise(bounds)]
        heapq.heapify(self._heap)

    def halve(self) -> int:
        """The middle of the largest gap, which becomes two."""
        _, a, b = self._heap[0]
        middle = (a + b) // 2
        heapq.heapreplace(self._heap, (a - middle, a, middle))
        heapq.heappush(self._heap, (middle - b, middle, b))
        return middle


def padded(indices: Integers, inputs: int) -> tuple[Integers, Groups]:
    """Where zeros are inserted, in the order of insertion, and the groups that fit with them.

    One by one, into the middle of the largest gap, until all fits. A single entry gets its first zero at half
    its index, in front of it. Terminates: entries in every place have slope 1 and deltas 0.

    >>> zeros, groups = padded(np.array([100]), 200)
    >>> zeros[:3], groups.slope
    (array([ 50, 150,  25]), 17)
    """
    found = Groups.of(indices, inputs)
    if found.fit():
        return np.zeros(0, np.int64), found
    zeros: list[int] = [int(indices[0]) // 2] if len(indices) == 1 else []
    gaps = _Gaps(np.sort(np.concatenate([indices, np.array(zeros, np.int64)])), inputs)
    while True:
        # while the slope is too steep for the last lane nothing else can help
        if zeros and slope(inputs, len(indices) + len(zeros)) <= STEEPEST:
            found = Groups.of(merged(indices, zeros), inputs)
            if found.fit():
                return np.array(zeros, np.int64), found
        zeros.append(gaps.halve())


def merged(indices: Integers, zeros: list[int] | Integers) -> Integers:
    """Indices and zeros in order; a zero in the place of an index stands in front of it."""
    return np.sort(np.concatenate([np.array(zeros, np.int64), indices]), kind="stable")
