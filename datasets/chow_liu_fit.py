"""Fits the tree of `chow_liu` to real rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from dotbench.datasets.chow_liu import Variable

Ints = npt.NDArray[np.int64]
Bin = dict[float, float]  # values of a state, and how often each occurs
BINS = 32  # of a column with more values than that; 0 is one of its own


def fit(sample: Ints, groups: list[tuple[int, int]], more: dict[int, Bin]) -> list[dict[str, Any]]:
    """The variables of a table as `TreeTwin` takes them.

    ``sample`` (rows, m) are random real rows; ``groups`` the one-hot groups of its columns; ``more`` values, by
    column, that the sample lacks, each put into the bin of its neighbours.
    """
    grouped = {column for group in groups for column in range(*group)}
    spans = sorted([*groups, *((column, column + 1) for column in range(sample.shape[1]) if column not in grouped)])
    states, bins = [], []
    for begin, end in spans:
        one = (begin, end) in groups
        found = ([], sample[:, begin:end].argmax(axis=1)) if one else binned(sample[:, begin], more.get(begin, {}))
        bins.append(found[0])
        states.append(found[1])
    order, parents = tree(states)
    known = []
    for at in order:
        parent = parents[at]
        table = joint(states[parent] if parent >= 0 else np.zeros_like(states[at]), states[at]).tolist()
        values, weights = [list(one) for one in bins[at]], [list(one.values()) for one in bins[at]]
        known.append(asdict(Variable(*spans[at], order.index(parent) if parent >= 0 else -1, table, values, weights)))
    return known


def binned(column: Ints, more: Bin) -> tuple[list[Bin], Ints]:
    """The bins of a column, and in which of them each row is. Up to `BINS` values are a bin each.

    >>> binned(np.array([7, 0, 7]), {9: 0.5})
    ([{0: 1}, {7: 2, 9: 0.5}], array([1, 0, 1]))
    """
    values, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    others = values != 0
    of_value = np.arange(len(values))
    if len(values) > BINS:
        before = np.cumsum(counts * others) - counts  # rows with a smaller value
        of_value = np.where(others, before * (BINS - 1) // counts[others].sum(), BINS - 1)
        of_value = np.unique(of_value, return_inverse=True)[1]
    bins: list[Bin] = [{} for _ in range(of_value.max() + 1)]
    for value, bin_, count in zip(values.tolist(), of_value, counts.tolist(), strict=True):
        bins[bin_][value] = count
    for value, weight in more.items():
        below = max(int(np.searchsorted(values[others], value)) - 1, 0)
        bins[of_value[others][below]][value] = weight
    return bins, of_value[place]


def joint(first: Ints, second: Ints) -> Ints:
    """How many rows have each pair of states."""
    shape = int(first.max()) + 1, int(second.max()) + 1
    return np.bincount(first * shape[1] + second, minlength=shape[0] * shape[1]).reshape(shape)


def information(table: Ints) -> float:
    """Mutual information of two variables in nats.

    >>> round(information(np.array([[1, 0], [0, 1]])), 6), round(information(np.array([[1, 1], [1, 1]])), 6)
    (0.693147, 0.0)
    """
    share = table / table.sum()
    apart = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    there = share > 0
    return float((share[there] * np.log(share[there] / apart[there])).sum())


def tree(states: list[Ints]) -> tuple[list[int], list[int]]:
    """The tree with the most mutual information: variables from the root outwards, and each one's parent (or -1)."""
    count = len(states)
    pairs = [(i, j) for i in range(count) for j in range(i)]
    weights = [-1 - information(joint(states[i], states[j])) for i, j in pairs]  # never 0, which is no edge
    graph = scipy.sparse.coo_array((weights, tuple(zip(*pairs, strict=True))), shape=(count, count))
    order, parents = breadth_first_order(minimum_spanning_tree(graph.tocsr()), 0, directed=False)
    return order.tolist(), [max(int(parent), -1) for parent in parents]
