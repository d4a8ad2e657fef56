"""What a pickle of PyTorch says of a tensor: which numbers of which storage, held against the storage's size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from dotbench.datasets.models.torch.types import ITEMSIZE
from dotbench.datasets.pickled_numpy import PickleError, Stand

MOST_DIMENSIONS = 64
PICKLED_SCALES = 16  # bytes: a scale and a zero point in the pickle itself


@dataclass(frozen=True)
class Storage:
    """Numbers of one dtype that lie elsewhere: ``count`` in all of the storage ``key``, of which ``size`` from
    ``start`` on are meant (older files know views of storages)."""

    key: str
    dtype: str
    count: int
    start: int
    size: int


@dataclass(frozen=True)
class Quantiser:
    """``axis`` of the scales, None for one scale; ``nbytes`` of scales and zero points; ``zero_points``: a tensor, or
    the one there is."""

    axis: int | None
    nbytes: int
    zero_points: Any


@dataclass(eq=False)
class TorchTensor(Stand):
    """A tensor: numbers of ``dtype`` from ``offset`` on (in numbers), ``strides`` apart. ``unread``: why its numbers
    cannot be had, "" where they can."""

    storage: Storage | None
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    unread: str = ""
    quantiser: Quantiser | None = None
    nbytes: int = 0
    attributes: Any = field(default=None, repr=False)

    @property
    def numbers(self) -> tuple[object, ...]:
        """What two names of the same numbers have in common."""
        if self.storage is None:
            return (id(self),)
        return self.storage.key, self.dtype, self.storage.start, self.offset, self.shape, self.strides

    @property
    def extent(self) -> int:
        """How many numbers lie from the first to the last."""
        return extent(self.shape, self.strides)

    def build(self, state: Any) -> None:
        """Attributes of a parameter, which are no weights."""
        self.attributes = state


def extent(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Numbers from the first to the last of a tensor.

    >>> extent((1000, 1280), (1, 1000)), extent((2, 0), (1, 1)), extent((), ())
    (1280000, 0, 1)
    """
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def is_expanded(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether some number of a storage may be meant more than once.

    >>> is_expanded((3, 4), (0, 1)), is_expanded((3, 4), (1, 3)), is_expanded((1, 4), (0, 1))
    (True, False, False)
    """
    if 0 in shape:
        return False
    reached = 1
    for stride, size in sorted((stride, size) for size, stride in zip(shape, strides, strict=True) if size > 1):
        if stride < reached:
            return True
        reached += (size - 1) * stride
    return False


def tensor(storage: Any, offset: Any, shape: Any, strides: Any, *, dtype: str = "") -> TorchTensor:
    """A view of a storage; PickleError where it leads outside of it. ``dtype``: where the storage has none."""
    if not isinstance(storage, Storage):
        raise PickleError("a tensor is made of something other than a storage")
    if not (_is_counts(shape) and _is_counts(strides) and _is_counts((offset,)) and len(shape) == len(strides)):
        raise PickleError("a tensor's offset, size or strides are no whole numbers from 0 on: refused")
    dtype = dtype or storage.dtype
    itemsize = ITEMSIZE[dtype]
    there = storage.size * ITEMSIZE[storage.dtype] // itemsize
    if extent(shape, strides) and offset + extent(shape, strides) > there:
        raise PickleError(
            f"a tensor of shape {list(shape)!r:.60} takes {extent(shape, strides)} numbers from {offset} on, and its "
            f"storage {storage.key!r:.20} has {there}"
        )
    why = "expanded: one number of the file would be many, which is refused" if is_expanded(shape, strides) else ""
    nbytes = itemsize * (extent(shape, strides) if why else math.prod(shape))
    return TorchTensor(storage, dtype, offset, shape, strides, why, nbytes=nbytes)


def quantiser(parameters: Any) -> Quantiser | None:
    """What ``_rebuild_qtensor`` is given: a scheme, and a scale and a zero point or tensors of them; None for other
    things."""
    if type(parameters) is not tuple:
        return None
    if len(parameters) == 3 and type(parameters[1]) is float and type(parameters[2]) is int:
        return Quantiser(None, PICKLED_SCALES, parameters[2])
    if len(parameters) == 4 and all(isinstance(one, TorchTensor) for one in parameters[1:3]):
        _, scales, zero_points, axis = parameters
        if type(axis) is int and len(scales.shape) == len(zero_points.shape) == 1:
            return Quantiser(axis, scales.nbytes + zero_points.nbytes, zero_points)
    return None


def _is_counts(found: Any) -> bool:
    """Whether something is a tuple of a few whole numbers that 63 bits hold."""
    return (
        type(found) is tuple
        and len(found) <= MOST_DIMENSIONS
        and all(type(one) is int and 0 <= one < 1 << 63 for one in found)
    )
