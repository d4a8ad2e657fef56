"""A tensor that a .onnx file stores: held against its bytes when it is met, read when its numbers are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.onnx import external as onnx_external
from dotbench.datasets.models.onnx.external import Piece
from dotbench.datasets.models.onnx.types import TYPES, Type, from_bytes

EXTERNAL = 1  # TensorProto.DataLocation
MOST_RANK = 32  # dimensions; numpy's own limit was this


@dataclass(frozen=True, eq=False)
class Stored:
    """``name`` in the file; ``numbers`` makes the array of its shape, of packed numbers as int8. ``trouble`` says why
    there are none, "" where there are. ``nbytes`` in the file; ``piece`` of another file, if they lie there."""

    name: str
    type: Type
    shape: tuple[int, ...]
    nbytes: int
    numbers: Callable[[], npt.NDArray[Any]]
    trouble: str = ""
    piece: Piece | None = None
    is_sparse: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> str:
        """Of the array."""
        return "int8" if self.type.is_packed else self.type.name

    def array(self) -> npt.NDArray[Any]:
        """DataError where there is none."""
        if self.trouble:
            raise DataError(f"{self.name} is not read: {self.trouble}")
        return self.numbers()


def stored(path: Path, name: str, proto: Any, own: Piece | None = None) -> Stored:
    """A TensorProto, whose raw numbers may be a piece of the file; DataError where they are not as many as its shape
    needs."""
    what = f"tensor {name[:100]!r}"
    shape = shape_of(path, what, proto.dims)
    count, of = math.prod(shape), TYPES.get(proto.data_type)
    if of is None or not of.bits:
        trouble = f"numbers of type {proto.data_type} of the format are not known" if of is None else "it holds text"
        return Stored(name, of or Type(f"type {proto.data_type}", 0), shape, 0, _none, trouble)
    if proto.HasField("segment"):
        raise DataError(f"{path}: {what} is one of several segments, which nothing writes")
    nbytes = of.nbytes(count)
    trouble = "" if of.code else f"numbers of type {of.name} are not read"
    if proto.data_location == EXTERNAL:
        own = onnx_external.piece(path, what, proto.external_data, nbytes)
    if own is not None:
        _hold(path, what, shape, of, own.nbytes, nbytes, "bytes")
        return Stored(name, of, shape, nbytes, lambda: _mapped(own, of, count).reshape(shape), trouble, own)
    held = len(proto.raw_data)
    if held or not count:
        _hold(path, what, shape, of, held, nbytes, "bytes")
        return Stored(name, of, shape, nbytes, lambda: _raw(proto, of, count).reshape(shape), trouble)
    _hold(path, what, shape, of, len(getattr(proto, of.field)), _entries(of, count), "numbers")
    return Stored(name, of, shape, nbytes, lambda: _typed(proto, of, count).reshape(shape), trouble)


def of_array(name: str, values: npt.NDArray[Any]) -> Stored:
    """Of numbers that are at hand, of a type that the format has."""
    of = next(one for one in TYPES.values() if one.name == values.dtype.name)
    return Stored(name, of, values.shape, values.nbytes, lambda: values)


def shape_of(path: Path, what: str, dims: Any) -> tuple[int, ...]:
    """DataError for what is no shape."""
    if len(dims) > MOST_RANK or min(dims, default=0) < 0:
        raise DataError(f"{path}: {what} has the shape {list(dims)[:MOST_RANK]}: up to {MOST_RANK} sizes, none below 0")
    return tuple(dims)


def _hold(path: Path, what: str, shape: tuple[int, ...], of: Type, held: int, needed: int, unit: str) -> None:
    if held != needed:
        raise DataError(
            f"{path}: {what} of shape {list(shape)} and type {of.name} needs {needed} {unit} and has {held}; {CUT}"
        )


def _entries(of: Type, count: int) -> int:
    """How many numbers a field has for so many."""
    if of.name.startswith("complex"):
        return 2 * count
    return of.nbytes(count) if of.is_packed else count


def _mapped(piece: Piece, of: Type, count: int) -> npt.NDArray[Any]:
    """A view of the file where its processor can read numbers in place."""
    found = from_bytes(piece.bytes(), of, count)
    return found if found.flags.aligned else found.copy()


def _raw(proto: Any, of: Type, count: int) -> npt.NDArray[Any]:
    return from_bytes(np.frombuffer(proto.raw_data, np.uint8), of, count)


def _typed(proto: Any, of: Type, count: int) -> npt.NDArray[Any]:
    """Of a field of numbers: floats of 16 bits and less, and packed ones, lie there as their bits."""
    field = getattr(proto, of.field)
    if of.field != "int32_data":
        return np.array(field, np.dtype(of.code))
    bits = np.array(field, np.int32)
    if of.is_packed:
        return from_bytes(bits.astype(np.uint8), of, count)
    if of.name in ("float16", "bfloat16"):
        return from_bytes(bits.astype("<u2").view(np.uint8), of, count)
    return bits.astype(of.code)


def _none() -> npt.NDArray[Any]:
    raise DataError("it holds no numbers")
