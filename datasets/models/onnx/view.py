"""What an operator gets of a stored tensor: which axes in which order, which part of them, by what it was scaled.

Operators on constants are folded by changing the view, which costs nothing; numbers are computed when asked for.

```
Stored (512, 128) --Slice--> View of rows 0:128 --Unsqueeze--> View (1, 128, 128) --LSTM
Stored (384, 1536) int8 --Cast, Mul by (1, 1536)--> View with Scaling along axis 1 --MatMul
```

What a view cannot say (a shape whose axes are others, a zero point that is subtracted) is a `Computed` base of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy.typing as npt

from dotbench.datasets.models.onnx.tensor import Stored

MOST_DEPTH = 24  # bases upon bases: their arrays are made by functions that call each other
MOST_SCALINGS = 4
MOST_NOTES = 4


class Base(Protocol):
    """An array that views are of."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    def array(self) -> npt.NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class Computed:
    """An array that is made of a view; ``whole`` whether all of the stored tensor is in it."""

    shape: tuple[int, ...]
    dtype: str
    make: Callable[[], npt.NDArray[Any]]
    depth: int
    whole: bool

    def array(self) -> npt.NDArray[Any]:
        return self.make()


@dataclass(frozen=True)
class Scaling:
    """Numbers are multiplied by ``count`` scales, which change along ``axes`` of the base (None where nobody knows any
    more), one for ``block`` numbers along one of them (0: each). ``sources`` are stored; ``nbytes`` in the file."""

    axes: frozenset[int] | None
    count: int
    nbytes: int
    sources: tuple[Stored, ...] = ()
    block: int = 0
    zero_points: bool = False


@dataclass(frozen=True, eq=False)
class View:
    """Dimension d is axis ``axes[d]`` of the base, or has the size 1 where that is None; of axis a it has ``takes[a]``.

    ``root`` is the tensor in the file; ``trouble`` why its numbers cannot be had, ``notes`` what was done to them.
    """

    root: Stored
    base: Base
    axes: tuple[int | None, ...]
    takes: tuple[range, ...]
    scalings: tuple[Scaling, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(1 if axis is None else len(self.takes[axis]) for axis in self.axes)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def depth(self) -> int:
        return self.base.depth if isinstance(self.base, Computed) else 0

    @property
    def base_is_whole(self) -> bool:
        return self.base.whole if isinstance(self.base, Computed) else True

    @property
    def takes_all(self) -> bool:
        """Whether it has all of the base."""
        return all(len(take) == size for take, size in zip(self.takes, self.base.shape, strict=True))

    @property
    def is_plain(self) -> bool:
        """Whether it is the base as it lies."""
        return self.axes == tuple(range(len(self.base.shape))) and self.takes == full(self.base.shape)

    def array(self) -> npt.NDArray[Any]:
        """Its numbers, without scalings."""
        found = self.base.array()
        if self.is_plain:
            return found
        found = found[tuple(map(_slice, self.takes))]
        there = [axis for axis in self.axes if axis is not None]
        return found.transpose([*there, *(axis for axis in range(found.ndim) if axis not in there)]).reshape(self.shape)

    def noted(self, note: str) -> View:
        known = note in self.notes or len(self.notes) >= MOST_NOTES
        return self if known else replace(self, notes=(*self.notes, note))

    def scaled(self, scaling: Scaling) -> View | None:
        """None where it was scaled too often to be an honest model's."""
        return replace(self, scalings=(*self.scalings, scaling)) if len(self.scalings) < MOST_SCALINGS else None


def full(shape: tuple[int, ...]) -> tuple[range, ...]:
    return tuple(map(range, shape))


def of(stored: Stored) -> View:
    """All of a stored tensor."""
    return View(stored, stored, tuple(range(len(stored.shape))), full(stored.shape), trouble=stored.trouble)


def computed(view: View, shape: tuple[int, ...], make: Callable[[], npt.NDArray[Any]], dtype: str = "") -> View | None:
    """A view of what is made of another; scalings go along where their axis is still one. None where so much was made
    of what was made that it is no honest model."""
    if view.depth >= MOST_DEPTH:
        return None
    whole = view.base_is_whole and view.takes_all
    base = Computed(shape, dtype or view.base.dtype, make, view.depth + 1, whole)
    scalings = tuple(replace(one, axes=_moved(view, one.axes, shape)) for one in view.scalings)
    return View(view.root, base, tuple(range(len(shape))), full(shape), scalings, view.trouble, view.notes)


def reshaped(view: View, shape: tuple[int, ...]) -> View | None:
    """The same numbers in another shape, of the same size."""
    if [size for size in shape if size != 1] == [size for size in view.shape if size != 1]:
        axes = iter([axis for axis, size in zip(view.axes, view.shape, strict=True) if size != 1])
        return replace(view, axes=tuple(None if size == 1 else next(axes) for size in shape))
    return computed(view, shape, lambda: view.array().reshape(shape))


def laid_out(view: View) -> View:
    """The same numbers as a base that lies as the view does."""
    made = computed(view, view.shape, view.array)
    return made or replace(view, trouble=f"its shape changes more than {MOST_DEPTH} times before it is multiplied")


def _moved(view: View, axes: frozenset[int] | None, shape: tuple[int, ...]) -> frozenset[int] | None:
    """Axes of a base as those of another shape with the same numbers; None where one of them is no axis there."""
    if axes is None:
        return None
    old = [dimension for dimension, axis in enumerate(view.axes) if axis in axes and view.shape[dimension] > 1]
    new = {(math.prod(shape[:axis]), size): axis for axis, size in enumerate(shape) if size > 1}
    found = [new.get((math.prod(view.shape[:one]), view.shape[one])) for one in old]
    return None if None in found else frozenset(axis for axis in found if axis is not None)


def _slice(take: range) -> slice:
    return slice(take.start, take.stop if take.stop >= 0 else None, take.step)
