"""Python pickles read as data: lists, dicts, numbers, strings, and numpy arrays and scalars of plain numbers.

numpy's own ways back from a pickle (``dtype.__setstate__``, ``ndarray(shape)``) trust what they are given
and can be led to reserve any amount of memory or to read numbers as pointers. None of them is reached:
each of the four globals is a stand-in of ours, which has no attributes for a pickle to set.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import DataError

PLAIN = re.compile(r"<?(b1|[iu][1248]|f[248])")


class Dtype:
    """A dtype of plain little-endian numbers."""

    __slots__ = ("dtype",)

    def __init__(self, name: object) -> None:
        if not isinstance(name, str) or not PLAIN.fullmatch(name):
            raise pickle.UnpicklingError(f"dtype {name!r} is no plain number")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """(version, byte order, then nothing that a plain number has)"""
        if state[1] not in ("<", "|") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError(f"a dtype with the state {state!r} is no plain little-endian number")


class Array:
    """A 1-D array, whose bytes are all in the file."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: npt.NDArray[Any] = np.zeros(0, np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, _, data = state
        raw = _bytes(data)
        if not isinstance(dtype, Dtype) or tuple(shape) != (len(raw) // dtype.dtype.itemsize,):
            raise pickle.UnpicklingError(f"an array of shape {shape!r} does not fit its {len(raw)} bytes")
        self.values = np.frombuffer(raw, dtype.dtype)


class _Ndarray:
    """Stands for ``numpy.ndarray``, which is only ever named, not called."""

    __slots__ = ()


class _MakeDtype:
    __slots__ = ()

    def __call__(self, name: object, *_: object) -> Dtype:
        return Dtype(name)


class _Reconstruct:
    __slots__ = ()

    def __call__(self, kind: object, shape: object, _: object) -> Array:
        if not isinstance(kind, _Ndarray) or shape != (0,):
            raise pickle.UnpicklingError(f"an array that starts as {kind!r} of shape {shape!r}")
        return Array()


class _Scalar:
    __slots__ = ()

    def __call__(self, dtype: object, data: object) -> int | float | bool:
        raw = _bytes(data)
        if not isinstance(dtype, Dtype) or len(raw) != dtype.dtype.itemsize:
            raise pickle.UnpicklingError("a scalar whose bytes do not fit its type")
        number: int | float | bool = np.frombuffer(raw, dtype.dtype)[0].item()
        return number


def _bytes(data: object) -> bytes:
    if isinstance(data, str):
        return data.encode("latin1")
    if not isinstance(data, bytes):
        raise pickle.UnpicklingError(f"{type(data).__name__} where an array's bytes should be")
    return data


ADMITTED: dict[tuple[str, str], object] = {("numpy", "ndarray"): _Ndarray(), ("numpy", "dtype"): _MakeDtype()}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # numpy 1 and 2
    ADMITTED[_module, "scalar"] = _Scalar()
    ADMITTED[_module, "_reconstruct"] = _Reconstruct()


class RestrictedUnpickler(pickle.Unpickler):
    """Finds the four globals of the published files, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and an archive of numbers needs no such thing: refused"
            ) from None


def load(path: Path) -> Any:
    """What a pickle holds (arrays as `Array`); DataError where it is cut short, no pickle, or asks for code."""
    try:
        with path.open("rb") as file:
            return RestrictedUnpickler(file, encoding="latin1").load()
    except Exception as error:  # a hostile pickle can raise nearly anything
        raise DataError(f"{path} cannot be read as a published archive: {error}") from error


def flat(value: object, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An `Array` or a list of numbers as a 1-D array of integers or of floats; TypeError for all else.

    Lists in lists are refused before numpy sees them: a few of them, each naming the one before ten
    times, are a small file and a huge array.
    """
    whole = np.dtype(dtype).kind in "iu"
    if isinstance(value, Array) and value.values.dtype.kind in ("iu" if whole else "iuf"):
        return value.values.astype(dtype)
    if isinstance(value, list) and set(map(type, value)) <= ({int} if whole else {int, float}):
        return np.array(value, dtype)
    raise TypeError(f"{type(value).__name__} where a list of {'integers' if whole else 'numbers'} should be")
