"""What stands for numpy in a pickle that is read as data: the four globals that arrays and scalars are made with.

numpy's own ways back from a pickle (``dtype.__setstate__``, ``ndarray(shape)``) trust what they are given and can be
led to reserve any amount of memory or to read numbers as pointers. None of them is reached. An array's bytes stay
those of the file until they are asked for, however many arrays name them.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

PLAIN = re.compile(r"<?(b1|[iu][1248]|f[248])")
EMPTY = (0,)
PickleError = pickle.UnpicklingError


class Stand:
    """Something that a pickle may name: calls, states and entries are refused unless a kind takes them."""

    def call(self, *_: Any) -> Any:
        raise PickleError(f"{type(self).__name__.lower()} is named there, and is not callable")

    def build(self, _: Any) -> None:
        raise PickleError(f"{type(self).__name__.lower()} has no state to set")

    def append(self, _: list[Any]) -> None:
        raise PickleError(f"{type(self).__name__.lower()} is no list")

    def set(self, _: dict[Any, Any]) -> None:
        raise PickleError(f"{type(self).__name__.lower()} is no dict")


class Dtype(Stand):
    """A dtype of plain little-endian numbers."""

    def __init__(self, name: Any) -> None:
        if type(name) is not str or not PLAIN.fullmatch(name):
            raise PickleError("a dtype of an array is no plain number")
        self.dtype = np.dtype(name)

    def build(self, state: Any) -> None:
        """(version, byte order, then nothing that a plain number has)"""
        order = state[1] if type(state) is tuple and len(state) > 4 else None
        if type(order) is not str or order not in ("<", "|") or any(part is not None for part in state[2:5]):
            raise PickleError("the state of a dtype is that of no plain little-endian number")


class Array(Stand):
    """A 1-D array, whose bytes are all in the file."""

    def __init__(self) -> None:
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self._data: str | bytes = b""

    def build(self, state: Any) -> None:
        if type(state) is not tuple:
            raise PickleError("the state of an array is no tuple")
        _, shape, dtype, _, data = state
        data = _data(data)
        if type(shape) is not tuple or not isinstance(dtype, Dtype):
            raise PickleError("the state of an array has no shape or no dtype")
        if len(shape) != 1 or type(shape[0]) is not int or shape[0] != len(data) // dtype.dtype.itemsize:
            raise PickleError(f"an array's shape does not fit its {len(data)} bytes: it has to have 1 dimension")
        self.dtype, self._data = dtype.dtype, data

    def values(self) -> npt.NDArray[Any]:
        """Its numbers; ValueError where the bytes are not whole ones."""
        return np.frombuffer(_bytes(self._data), self.dtype)


class Ndarray(Stand):
    """Stands for ``numpy.ndarray``, which is only ever named, not called."""


class MakeDtype(Stand):
    """``numpy.dtype``."""

    def call(self, *arguments: Any) -> Dtype:
        return Dtype(arguments[0] if arguments else None)


class Reconstruct(Stand):
    """Makes an empty array, which gets its state later."""

    def call(self, *arguments: Any) -> Array:
        kind, shape, *_ = arguments
        if not isinstance(kind, Ndarray) or type(shape) is not tuple or shape != EMPTY:
            raise PickleError("an array starts as something other than an empty array")
        return Array()


class Scalar(Stand):
    """One number of a dtype."""

    def call(self, *arguments: Any) -> int | float | bool:
        dtype, data = arguments
        data = _data(data)
        if not isinstance(dtype, Dtype) or len(data) != dtype.dtype.itemsize:
            raise PickleError("a scalar's bytes do not fit its type")
        number: int | float | bool = np.frombuffer(_bytes(data), dtype.dtype)[0].item()
        return number


def _data(data: Any) -> str | bytes:
    if type(data) is not str and type(data) is not bytes:
        raise PickleError(f"{type(data).__name__} where an array's bytes should be")
    return data


def _bytes(data: str | bytes) -> bytes:
    return data.encode("latin1") if isinstance(data, str) else data


ADMITTED: dict[tuple[str, str], Callable[[], Stand]] = {("numpy", "ndarray"): Ndarray, ("numpy", "dtype"): MakeDtype}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # numpy 1 and 2
    ADMITTED[_module, "scalar"] = Scalar
    ADMITTED[_module, "_reconstruct"] = Reconstruct
