"""Twins of tables: rows drawn from a tree in which each variable depends on one other (Chow and Liu, 1968).

Pairs of columns that the tree joins stay related as they are in the real rows; what depends on more than
one other column is lost. A variable is a column, or a group of columns of which each row has exactly one
set (one-hot). It has states: a value each, or, where a column has many values, a bin of them; inside a bin
a value occurs by its own share, whatever the other columns hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.formats.sources.source import Columns, Histogram, Own, tally

States = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Variable:
    """Columns ``begin`` to ``end`` of the matrix.

    ``table[p][s]`` counts real rows in state s whose ``parent`` (an earlier variable, or -1) is in state p. A
    single column has the ``values`` of each state, and ``weights``: their counts, 0 for one that occurs once.
    """

    begin: int
    end: int
    parent: int
    table: list[list[int]]
    values: list[list[float]]
    weights: list[list[float]]


class TreeTwin(Own):
    """A float32 source of ``shape``: the states of all rows are in memory (a byte a variable), columns are made
    on demand."""

    dtype = np.dtype(np.float32)

    def __init__(self, variables: list[dict[str, Any]], shape: tuple[int, int], seed: int) -> None:
        self.shape, self._seed = shape, seed
        self._variables = [Variable(**known) for known in variables]
        self._states: list[States] = []
        for number, variable in enumerate(self._variables):
            parent = np.zeros(shape[0], np.uint8) if variable.parent < 0 else self._states[variable.parent]
            self._states.append(draw(variable.table, parent, self._rng(number).random(shape[0])))
        self._of_column = {j: at for at, known in enumerate(self._variables) for j in range(known.begin, known.end)}

    def _rng(self, *number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self._seed, *number]))

    def histogram(self) -> Histogram:
        return tally(self)

    def columns(self, begin: int, end: int) -> Columns:
        whole = [self._column(column) for column in range(begin, end)]
        rows = [np.flatnonzero(column).astype(np.int32) for column in whole]
        values = [column[row] for column, row in zip(whole, rows, strict=True)]
        indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        empty = np.zeros(0, np.int32), np.zeros(0, self.dtype)
        return Columns(np.concatenate([empty[0], *rows]), np.concatenate([empty[1], *values]), indptr)

    def _column(self, column: int) -> Floats:
        at = self._of_column[column]
        variable, states = self._variables[at], self._states[at]
        if variable.end - variable.begin > 1:
            return np.asarray(states == column - variable.begin, np.float32)
        out = np.array([values[0] for values in variable.values], self.dtype)[states]
        rng = self._rng(len(self._variables) + column)
        for state, (values, weights) in enumerate(zip(variable.values, variable.weights, strict=True)):
            if len(values) > 1:
                there = np.flatnonzero(states == state)
                out[there] = spread(values, weights, len(there), rng)
        return out


def draw(table: list[list[int]], parent: States, uniform: npt.NDArray[np.float64]) -> States:
    """A state for each row, by the row of ``table`` that its parent's state names.

    >>> draw([[0, 5], [1, 1]], np.uint8([0, 1, 1]), np.array([0.0, 0.2, 0.7]))
    array([1, 0, 1], dtype=uint8)
    """
    counts = np.array(table, np.int64)
    share = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    stairs = (share + np.arange(len(counts))[:, None]).ravel()  # one rising row of steps: state p has p to p + 1
    inside = uniform * (1 - 2.0**-40)  # so that no rounding of the sum reaches the next parent's steps
    found = np.searchsorted(stairs, parent + inside, side="right")
    return np.asarray(found - parent.astype(np.int64) * counts.shape[1], np.uint8)


def spread(values: list[float], weights: list[float], count: int, rng: np.random.Generator) -> Floats:
    """``count`` of the values in random order, by their shares, each at least once if there is room.

    >>> sorted(spread([3, 4, 5], [2, 6, 0], 9, np.random.Generator(np.random.PCG64(1))).tolist())
    [3.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 5.0]
    """
    share = np.array(weights, np.float64)
    once = len(values) if count >= len(values) else 0
    if once and share.any():
        share = np.maximum(share * (count / share.sum()) - 1, 0)
    steps = np.cumsum(share) if share.any() else np.arange(1.0, len(values) + 1)
    rest = (np.arange(count - once) + 0.5) / max(count - once, 1) * steps[-1]
    known = np.array(values, np.float32)
    pool = np.concatenate((known[:once], known[np.searchsorted(steps, rest, side="right")]))
    return pool[np.argsort(rng.random(count), kind="stable")]
