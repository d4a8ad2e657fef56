"""The best widths for budgets of multiplications: exact, by dynamic programming over layers.

Of the networks up to some layer, with some width there, only those matter that keep more importance than every
cheaper one: a front. Fronts go from layer to layer, and the last one is looked up. A front has at most one
entry for each number of multiplications up to the budget; in fact it is much shorter (DS-CNN S: 1 300).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dotbench.datasets.training.widths.networks import Network, Numbers, Widths


class BudgetError(ValueError):
    """A budget that no widths keep to; the message has the smallest that some do."""


@dataclass(frozen=True)
class Level:
    """The best widths for a budget: ``multiplications`` as the budget counts, ``importance`` kept."""

    budget: int
    widths: Widths
    multiplications: int
    importance: Any


@dataclass(frozen=True)
class _Front:
    """Rising multiplications with rising importance; where each came from: width and entry of the layer before."""

    cost: Numbers
    value: Numbers
    width: Numbers
    entry: Numbers

    @classmethod
    def best_of(cls, parts: Sequence[_Front], budget: int) -> _Front:
        """Of all entries within the budget, those that no other one beats; of equal ones the first."""
        cost, value, width, entry = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("cost", "value", "width", "entry")
        )
        order = np.lexsort((-value, cost))
        order = order[: np.searchsorted(cost[order], budget, side="right")]
        value_so_far = np.maximum.accumulate(value[order])
        order = order[np.append(np.ones(min(len(order), 1), bool), np.diff(value_so_far) > 0)]
        return cls(cost[order], value[order], width[order], entry[order])

    def plus(self, cost: Any, value: Any) -> _Front:
        return _Front(self.cost + cost, self.value + value, self.width, self.entry)

    def seen_from(self, width: int) -> _Front:
        """The same entries as the next layer refers to them."""
        return _Front(self.cost, self.value, np.full(len(self.cost), width), np.arange(len(self.cost)))


def solve(
    network: Network,
    budgets: Sequence[int],
    minimum: int | None = None,
    peak_bytes: int | None = None,
    together: bool = True,
) -> list[Level]:
    """The best widths for each of the rising ``budgets``: the most importance that its multiplications keep.

    ``minimum``: units a layer (None: the network's own). Each level has all units of the one before it
    (bottom-up). ``peak_bytes`` bounds the activations: an input and its output at once, or, without
    ``together``, the largest map. Of equally good widths the cheapest, of these the one with the narrowest
    layer before the last. ValueError for budgets that fall; BudgetError for one that cannot be met.

    >>> from dotbench.datasets.training.widths.networks import Chain
    >>> [level.widths for level in solve(Chain([[3, 2, 1], [5, 4]], [10, 3]), [26, 36])]
    [(2, 2), (3, 2)]
    """
    if any(high < low for low, high in pairwise(budgets)):
        raise ValueError(f"budgets {list(budgets)} are out of order: a level has all units of the one before it")
    minimum = network.minimum if minimum is None else minimum
    if not 1 <= minimum <= min(network.units):
        raise ValueError(f"at least {minimum} units a layer: this network has layers of {network.units}")
    levels: list[Level] = []
    for budget in budgets:
        lower = levels[-1].widths if levels else (minimum,) * len(network.units)
        levels.append(_level(network, budget, lower, peak_bytes, together))
    return levels


def _level(network: Network, budget: int, lower: Widths, peak_bytes: int | None, together: bool) -> Level:
    """The best widths from ``lower`` on."""
    smallest = network.multiplications(lower)
    if smallest > budget:
        raise BudgetError(f"{budget} multiplications cannot be met: widths {lower} are the least, and take {smallest}")
    costs = [step.multiplications for step in network.steps]
    if peak_bytes is not None:
        least = network.peak_bytes(lower, together)
        if least > peak_bytes:
            raise BudgetError(f"{peak_bytes} bytes of activations cannot be met: widths {lower} take {least}")
        sizes = [step.together if together else step.largest for step in network.steps]
        costs = [np.where(size > peak_bytes, budget + 1, cost) for size, cost in zip(sizes, costs, strict=True)]
    values = [step.importance for step in network.steps]
    widths = _best(costs, values, budget, lower, network.units)
    return Level(budget, widths, network.multiplications(widths), network.importance(widths))


def _best(costs: list[Numbers], values: list[Numbers], budget: int, lower: Widths, upper: Widths) -> Widths:
    """The widths of the best way through the tables, back to front."""
    nothing = np.zeros(1, np.int64)
    layers = [{0: _Front(nothing, nothing.astype(values[0].dtype), nothing, nothing)}]
    choices = [range(low, high + 1) for low, high in zip(lower, upper, strict=True)]
    for cost, value, widths in zip(costs[:-1], values[:-1], choices[:-1], strict=True):
        layers.append(_advance(layers[-1], cost, value, widths, budget))
    last, width, entry = _last(layers[-1], costs[-1], values[-1], choices[-1], budget)
    found = [last]
    for fronts in reversed(layers[1:]):
        found.append(width)
        width, entry = int(fronts[width].width[entry]), int(fronts[width].entry[entry])
    return tuple(reversed(found))


def _advance(fronts: dict[int, _Front], cost: Numbers, value: Numbers, widths: range, budget: int) -> dict[int, _Front]:
    """The fronts of the next layer, by width."""
    before = {width: front.seen_from(width) for width, front in fronts.items()}
    if (cost == cost[0]).all() and (value == value[0]).all():  # the width before it does not matter
        before = {min(before): _Front.best_of(list(before.values()), budget)}
    after = {}
    for width in widths:
        parts = [front.plus(cost[w, width], value[w, width]) for w, front in before.items()]
        front = _Front.best_of(parts, budget)
        if len(front.cost):
            after[width] = front
    return after


def _last(fronts: dict[int, _Front], cost: Numbers, value: Numbers, widths: range, budget: int) -> tuple[int, int, int]:
    """The last width, the one before it and its entry: the most importance, then the fewest multiplications."""
    best: tuple[Any, ...] = ()
    for before, front in fronts.items():
        costs, values = cost[before, widths.start : widths.stop], value[before, widths.start : widths.stop]
        entries = np.searchsorted(front.cost, budget - costs, side="right") - 1
        fits = np.flatnonzero(entries >= 0)
        if not len(fits):
            continue
        total = front.value[entries[fits]] + values[fits]
        spent = front.cost[entries[fits]] + costs[fits]
        first = int(np.lexsort((spent, -total))[0])
        rank = (total[first], -spent[first])
        if not best or rank > best[0]:
            best = (rank, widths[int(fits[first])], before, int(entries[fits[first]]))
    return best[1], best[2], best[3]
