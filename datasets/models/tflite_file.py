"""The parts of a .tflite file (identifier TFL3): operators, tensors, buffers. Files are untrusted.

The classes that `tflite` generated from the published schema find the fields; here each number is held against
the file before it is used. Arrays are views of the file's bytes, so that no size a file claims is ever allocated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import DataError
from datasets.models.guard import Guard
from datasets.models.layer import Quantisation

IDENTIFIER = b"TFL3"
MOST_DIMENSIONS = 8
MOST_LETTERS = 80  # of a name that stands in a line for every operator that has it
BUILTIN_CODE = 10  # the field's place in the table OperatorCode
TYPES: dict[str, np.dtype[Any]] = {
    "INT8": np.dtype("i1"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FLOAT32": np.dtype("<f4"),
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """``data`` are its bytes where they are in the file (int8 view), None where they are computed."""

    name: str
    type: str
    shape: tuple[int, ...]
    quantisation: Quantisation
    data: npt.NDArray[np.int8] | None
    sparse: bool

    def values(self) -> npt.NDArray[Any]:
        """A constant's numbers in their shape; DataError where its bytes are not as many as that needs."""
        assert self.data is not None
        dtype = TYPES[self.type]
        if math.prod(self.shape) * dtype.itemsize != self.data.nbytes:
            raise DataError(
                f"tensor {self.name!r} of shape {list(self.shape)} and type {self.type} has {self.data.nbytes} bytes"
            )
        values: npt.NDArray[Any] = self.data.view(dtype).reshape(self.shape)
        return values


@dataclass(frozen=True)
class Operator:
    """``name`` as the schema has it (CONV_2D), "" where it is not known; ``options`` the table of its parameters,
    and of which kind that is. Inputs are None where they are left out."""

    number: str
    name: str
    code: str
    inputs: list[Callable[[], Tensor] | None]
    outputs: list[Callable[[], Tensor] | None]
    options_kind: int
    options: Any


def schema() -> Any:
    """The generated classes; nearly two hundred modules, and so imported where a model is read."""
    import tflite  # type: ignore[import-untyped]

    return tflite


def operators(data: bytes) -> Iterator[Operator]:
    """All operators of a file, subgraph by subgraph."""
    if data[4:8] != IDENTIFIER:
        raise DataError(f"it is no .tflite file: {IDENTIFIER!r} should stand at byte 4, {data[4:8]!r} does")
    file = _File(data)
    for number, graph in enumerate(file.graphs):
        yield from _Graph(file, graph, f"s{number}_" if number else "").operators()


class _File:
    def __init__(self, data: bytes) -> None:
        self.data, self.guard = data, Guard(len(data))
        self.model = model = schema().Model.GetRootAs(data, 0)
        each = self.guard.each
        self.graphs = each(model.SubgraphsLength(), model.Subgraphs)
        self.types, self._builtin = _names(schema().TensorType), _names(schema().BuiltinOperator)
        self.codes = [self._code(code) for code in each(model.OperatorCodesLength(), model.OperatorCodes)]

    def bytes_of(self, number: int) -> npt.NDArray[np.int8] | None:
        """Those of a buffer; in large models they lie behind all tables."""
        model = self.model
        buffer = self.guard.one("buffer", number, model.BuffersLength(), model.Buffers)
        if buffer.Offset() > 1:
            return np.frombuffer(self.data, np.int8, buffer.Size(), buffer.Offset())
        return None if buffer.DataLength() == 0 else buffer.DataAsNumpy().view(np.int8)

    def text(self, found: bytes | None) -> str:
        self.guard.charge(len(found or b""))
        return (found or b"").decode("utf-8", "replace")

    def _code(self, code: Any) -> tuple[str, str]:
        """An operator's name and what to call it in words.

        A file has its code in a byte, an int32, or in both, then with 127 in the byte where it is larger: the larger
        one holds, as in the format's own readers.
        """
        from flatbuffers.number_types import Int32Flags  # type: ignore[import-untyped]

        # not code.BuiltinCode(): it gives the byte where the int32 is below 127, and so loses files without the byte
        number = max(code._tab.GetSlot(BUILTIN_CODE, 0, Int32Flags), code.DeprecatedBuiltinCode())
        name = self._builtin.get(number, "")
        if name == "CUSTOM":
            return name, f"custom operator {self.text(code.CustomCode())[:MOST_LETTERS]!r}"
        return name, name or f"operator code {number}"


class _Graph:
    def __init__(self, file: _File, graph: Any, prefix: str) -> None:
        self.file, self.graph, self.prefix = file, graph, prefix
        self._known: dict[int, Tensor] = {}

    def operators(self) -> Iterator[Operator]:
        guard = self.file.guard
        for number, operator in enumerate(guard.each(self.graph.OperatorsLength(), self.graph.Operators)):
            codes = self.file.codes
            name, code = guard.one("operator code", operator.OpcodeIndex(), len(codes), codes.__getitem__)
            yield Operator(
                f"{self.prefix}{number:02d}",
                name,
                code,
                [self._later(index) for index in guard.array(operator.InputsAsNumpy()).tolist()],
                [self._later(index) for index in guard.array(operator.OutputsAsNumpy()).tolist()],
                operator.BuiltinOptionsType(),
                operator.BuiltinOptions(),
            )

    def _later(self, number: int) -> Callable[[], Tensor] | None:
        return None if number == -1 else lambda: self._tensor(number)

    def _tensor(self, number: int) -> Tensor:
        if number not in self._known:
            graph = self.graph
            found = self.file.guard.one("tensor", number, graph.TensorsLength(), graph.Tensors)
            self._known[number] = self._read(found)
        return self._known[number]

    def _read(self, found: Any) -> Tensor:
        name, shape = self.file.text(found.Name()), self.file.guard.array(found.ShapeAsNumpy())
        if (shape <= 0).any() or len(shape) > MOST_DIMENSIONS:
            raise DataError(f"tensor {name!r} has the shape {shape[: MOST_DIMENSIONS + 1].tolist()}")
        kind = self.file.types.get(found.Type(), f"type {found.Type()}")
        return Tensor(
            name,
            kind,
            tuple(shape.tolist()),
            self._quantisation(name, None if kind == "FLOAT32" else found.Quantization()),
            None if found.IsVariable() else self.file.bytes_of(found.Buffer()),
            found.Sparsity() is not None,
        )

    def _quantisation(self, name: str, found: Any) -> Quantisation:
        if found is None:
            return Quantisation(np.zeros(0, np.float32), np.zeros(0, np.int64))
        scales = self.file.guard.array(found.ScaleAsNumpy()).astype(np.float32)
        zero_points = self.file.guard.array(found.ZeroPointAsNumpy()).astype(np.int64)
        if len(zero_points) not in (0, len(scales)):
            raise DataError(f"tensor {name!r} has {len(scales)} scales and {len(zero_points)} zero points")
        bad = ~(np.isfinite(scales) & (scales > 0))
        if bad.any():
            at = int(np.argmax(bad))
            raise DataError(f"scale {at} of tensor {name!r} is {scales[at]}: scales are positive numbers")
        if not len(zero_points):
            zero_points = np.zeros(len(scales), np.int64)
        return Quantisation(scales, zero_points, found.QuantizedDimension())


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
