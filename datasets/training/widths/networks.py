"""What widths cost and keep, for the two kinds of networks of REDS.

A network is a row of choices, one width each, and a step's multiplications, importance and memory depend on
its width and the one before it. Everything else about a network is in these tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Widths = tuple[int, ...]
Numbers = npt.NDArray[Any]  # int64, or float64 if importances are


@dataclass(frozen=True)
class Step:
    """Tables [previous width, width], both from 0 on; the first step has one row, for its input is whole.

    ``multiplications`` as budgets count them; ``importance`` kept; ``largest``: bytes of the largest
    activation map at the step; ``together``: bytes of an input and its output at once, at the worst.
    """

    multiplications: Numbers
    importance: Numbers
    largest: Numbers
    together: Numbers


class Network(ABC):
    """A row of steps. ``units``: the largest width of each choice; ``minimum``: the least of all, as published."""

    units: Widths
    minimum: ClassVar[int]

    @cached_property
    @abstractmethod
    def steps(self) -> list[Step]:
        """The tables, one for each choice."""

    @abstractmethod
    def true_multiplications(self, widths: Sequence[int]) -> int:
        """What the network takes at these widths, classifier included where it is known."""

    def _at(self, table: str, widths: Sequence[int]) -> list[Any]:
        if len(widths) != len(self.units) or any(
            not 0 <= w <= most for w, most in zip(widths, self.units, strict=True)
        ):
            raise ValueError(f"widths {tuple(widths)} are none of this network: at most {self.units}")
        places = pairwise([0, *widths])
        return [getattr(step, table)[place].item() for step, place in zip(self.steps, places, strict=True)]

    def multiplications(self, widths: Sequence[int]) -> int:
        """As budgets count them."""
        return int(sum(self._at("multiplications", widths)))

    def importance(self, widths: Sequence[int]) -> Any:
        """Importance kept at these widths."""
        return sum(self._at("importance", widths))

    def peak_bytes(self, widths: Sequence[int], together: bool = True) -> int:
        """Bytes of an input and its output at the worst step, or of the largest map alone."""
        return int(max(self._at("together" if together else "largest", widths)))

    def budgets(self, shares: Sequence[int] = (25, 50, 75)) -> list[int]:
        """Multiplications that are these percentages of the whole network's, rounded."""
        return [round(share * self.multiplications(self.units) / 100) for share in shares]


def importance_of(what: str, values: Any, shape: tuple[int | None, ...], falling: bool = True) -> Numbers:
    """As int64 or float64; ValueError for another shape, what is not finite or negative, and one that rises.

    None in ``shape`` stands for any length but 0.
    """
    found = np.asarray(values)
    if found.dtype.kind not in "iuf" or found.ndim != len(shape) or not found.size:
        raise ValueError(f"{what} is {found.dtype} of shape {found.shape}: {len(shape)}-dimensional numbers are needed")
    if any(wanted not in (None, length) for wanted, length in zip(shape, found.shape, strict=True)):
        wanted_shape = " by ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{what} is of shape {found.shape}: {wanted_shape} importances are needed")
    found = found.astype(np.float64 if found.dtype.kind == "f" else np.int64)
    bad = ~np.isfinite(found) | (found < 0)
    if bad.any():
        raise ValueError(f"{what} has {found[bad][0]} in it: importances are finite and not negative")
    if falling and (np.diff(found) > 0).any():
        at = int(np.argmax(np.diff(found) > 0)) + 1
        raise ValueError(f"{what} rises at unit {at}: sort the units by falling importance")
    return found


def _from_zero(values: Numbers) -> Numbers:
    """Sums of the first 0, 1, 2, ... along every axis."""
    sums = np.zeros(tuple(length + 1 for length in values.shape), values.dtype)
    inner = values
    for axis in range(values.ndim):
        inner = inner.cumsum(axis)
    sums[(slice(1, None),) * values.ndim] = inner
    return sums


class Chain(Network):
    """Fully connected layers one after the other; the classifier behind them, ``outputs`` wide, stays whole.

    ``importance``: of the units of each layer, falling. ``multiplications``: of a unit of each layer at full
    fan-in, so that budgets are linear in widths; the first is the number of inputs. ``value_bytes``: of an
    activation. Raises ValueError that says which layer is wrong.

    >>> Chain([[3, 2, 1], [5, 4]], [10, 3]).multiplications((2, 1))
    23
    """

    minimum: ClassVar[int] = 2

    def __init__(
        self,
        importance: Sequence[npt.ArrayLike],
        multiplications: Sequence[int],
        outputs: int = 0,
        value_bytes: int = 4,
    ) -> None:
        if len(importance) != len(multiplications) or not importance:
            raise ValueError(
                f"importances of {len(importance)} layers, and multiplications a unit of {len(multiplications)}"
            )
        if min(multiplications) < 1:
            raise ValueError(f"multiplications a unit are {list(multiplications)}: all are at least 1")
        self.unit_importance = [
            importance_of(f"the importance of layer {layer}", values, (None,))
            for layer, values in enumerate(importance)
        ]
        self.units = tuple(len(values) for values in self.unit_importance)
        self.unit_multiplications, self.outputs, self.value_bytes = tuple(multiplications), outputs, value_bytes

    @cached_property
    def steps(self) -> list[Step]:
        found = []
        before = np.full((1, 1), self.unit_multiplications[0])  # maps, in values; the input's is whole
        for values, each in zip(self.unit_importance, self.unit_multiplications, strict=True):
            width = np.arange(len(values) + 1)[None, :]
            shape = len(before), width.size
            found.append(
                Step(
                    np.broadcast_to(each * width, shape),
                    np.broadcast_to(_from_zero(values), shape),
                    self.value_bytes * np.maximum(before, width),
                    self.value_bytes * (before + width),
                )
            )
            before = width.T
        return found

    def true_multiplications(self, widths: Sequence[int]) -> int:
        chain = [self.unit_multiplications[0], *widths, self.outputs]
        return sum(inputs * outputs for inputs, outputs in pairwise(chain))


class DsCnn(Network):
    """A convolution, then blocks of a depthwise and a pointwise (1x1) convolution; the classifier is left out.

    Widths: of the first convolution and of the pointwise layer of each block; a depthwise layer is as wide as
    what comes before it. ``convolution``: importance of its filters. ``depthwise``: of each block's filters, as
    many as the widest input. ``kernels``: of each block's 1x1 kernels [output filter, input], all in the order
    of the sorted network. ``multiplications``: of a filter of the first convolution, a depthwise filter, and a
    1x1 kernel, which multiplies once a position. ``input_values`` of the network.
    """

    minimum: ClassVar[int] = 1

    def __init__(
        self,
        convolution: npt.ArrayLike,
        depthwise: Sequence[npt.ArrayLike],
        kernels: Sequence[npt.ArrayLike],
        multiplications: tuple[int, int, int],
        input_values: int = 0,
        value_bytes: int = 4,
    ) -> None:
        if len(depthwise) != len(kernels):
            raise ValueError(f"importances of {len(depthwise)} depthwise and {len(kernels)} pointwise layers")
        if min(multiplications) < 1:
            raise ValueError(f"multiplications are {list(multiplications)}: all are at least 1")
        self.convolution = importance_of("the importance of the convolution", convolution, (None,))
        self.depthwise, self.kernels, units = [], [], [len(self.convolution)]
        for block, (filters, kernel) in enumerate(zip(depthwise, kernels, strict=True), 1):
            what = f"layer of block {block}"
            self.depthwise.append(importance_of(f"the importance of the depthwise {what}", filters, (units[-1],)))
            known = importance_of(f"the importance of the pointwise {what}", kernel, (None, units[-1]), falling=False)
            self.kernels.append(known)
            units.append(len(known))
        self.units, self.unit_multiplications = tuple(units), multiplications
        self.input_values, self.value_bytes = input_values, value_bytes

    @cached_property
    def steps(self) -> list[Step]:
        filter_, depthwise, kernel = self.unit_multiplications
        map_bytes = kernel * self.value_bytes
        width = np.arange(self.units[0] + 1)[None, :]
        first, whole = map_bytes * width, np.array([[self.input_values * self.value_bytes]])
        found = [Step(filter_ * width, _from_zero(self.convolution)[None, :], np.maximum(first, whole), first + whole)]
        for filters, kernels in zip(self.depthwise, self.kernels, strict=True):
            before, width = width.T, np.arange(len(kernels) + 1)[None, :]
            found.append(
                Step(
                    depthwise * before + kernel * before * width,
                    _from_zero(filters)[:, None] + _from_zero(kernels).T,
                    map_bytes * np.maximum(before, width),
                    map_bytes * (before + np.maximum(before, width)),  # depthwise in and out, or pointwise
                )
            )
        return found

    def true_multiplications(self, widths: Sequence[int]) -> int:
        return self.multiplications(widths)  # counted as they are
