"""The parts of a .tflite file (identifier TFL3): operators, tensors, buffers. Files are untrusted.

The classes that `tflite` generated from the published schema find the fields; here each number is held against
the file before it is used. Arrays are views of the file's bytes, so that no size a file claims is ever allocated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.layer import Quantisation
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite.conversions import CONVERSIONS, densify
from dotbench.datasets.models.tflite.guard import Guard
from dotbench.datasets.models.tflite.sparse_tensor import Sparsity
from dotbench.datasets.models.tflite.sparsity_table import read_sparsity
from dotbench.datasets.models.tflite.tensor import Tensor

IDENTIFIER = b"TFL3"
Bytes = bytes | mmap  # of a file
MOST_DIMENSIONS = 8
MOST_CONVERSIONS = 2  # DENSIFY, then DEQUANTIZE
SCALE_BYTES, ZERO_POINT_BYTES = 4, 8
MOST_LETTERS = 80  # of a name that stands in a line for every operator that has it
BUILTIN_CODE = 10  # the field's place in the table OperatorCode


@dataclass(frozen=True)
class Operand:
    """What an operator takes or gives: ``tensor`` as the file has it, ``constant`` with the graph's own unpacking
    (DENSIFY, DEQUANTIZE) done, where its bytes are in the file; ``packed`` the constant that is unpacked, as stored."""

    tensor: Callable[[], Tensor]
    constant: Callable[[], Tensor]
    packed: Callable[[], Tensor]


@dataclass(frozen=True)
class Operator:
    """``name`` as the schema has it (CONV_2D), "" where it is not known; ``options`` the table of its parameters,
    and of which kind that is. Inputs are None where they are left out."""

    number: str
    name: str
    code: str
    inputs: list[Operand | None]
    outputs: list[Operand | None]
    options_kind: int
    options: Any


def schema() -> Any:
    """The generated classes; nearly two hundred modules, and so imported where a model is read."""
    import tflite  # type: ignore[import-untyped]

    return tflite


def operators(data: Bytes) -> Iterator[Operator]:
    """All operators of a file, subgraph by subgraph."""
    for graph in subgraphs(data):
        yield from graph.operators()


def subgraphs(data: Bytes) -> Iterator[Subgraph]:
    """The subgraphs of a file, the main one first."""
    if data[4:8] != IDENTIFIER:
        raise DataError(f"it is no .tflite file: {IDENTIFIER!r} should stand at byte 4, {data[4:8]!r} does")
    file = _File(data)
    for number, graph in enumerate(file.graphs):
        yield Subgraph(file, graph, f"s{number}_" if number else "")


class _File:
    def __init__(self, data: Bytes) -> None:
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


class Subgraph:
    """Operators and tensors of one graph; ``prefix`` stands before their numbers: "" of the first graph, or ``s1_``."""

    def __init__(self, file: _File, graph: Any, prefix: str) -> None:
        self.file, self.graph, self.prefix = file, graph, prefix
        self._known: dict[int, Tensor] = {}
        self._constants: dict[int, Tensor] = {}
        self._unpacked: dict[int, tuple[str, int]] = {}  # by tensor, the operator that unpacks it, and from which

    def operators(self) -> list[Operator]:
        """All of it, in the file's order."""
        found = self.file.guard.each(self.graph.OperatorsLength(), self.graph.Operators)
        return [self._operator(number, operator) for number, operator in enumerate(found)]

    def _operator(self, number: int, operator: Any) -> Operator:
        guard, codes = self.file.guard, self.file.codes
        name, code = guard.one("operator code", operator.OpcodeIndex(), len(codes), codes.__getitem__)
        inputs = guard.array(operator.InputsAsNumpy()).tolist()
        outputs = guard.array(operator.OutputsAsNumpy()).tolist()
        if name in CONVERSIONS and len(inputs) == len(outputs) == 1:
            self._unpacked[outputs[0]] = name, inputs[0]
        return Operator(
            f"{self.prefix}{number:02d}",
            name,
            code,
            [self._operand(index) for index in inputs],
            [self._operand(index) for index in outputs],
            operator.BuiltinOptionsType(),
            operator.BuiltinOptions(),
        )

    def _operand(self, number: int) -> Operand | None:
        if number == -1:
            return None
        return Operand(
            lambda: self._tensor(number), lambda: self._constant(number), lambda: self._packed(number, MOST_CONVERSIONS)
        )

    def all_tensors(self) -> Iterator[tuple[str, Callable[[], Tensor]]]:
        """Every tensor there is, used or not: its number (``s1_t07``), and how it is read, which Skipped may refuse."""
        for number in range(self.graph.TensorsLength()):
            yield f"{self.prefix}t{number:02d}", partial(self._tensor, number)

    def _packed(self, number: int, most: int) -> Tensor:
        """What a constant is unpacked from, by at most so many operators one after the other."""
        tensor = self._tensor(number)
        name, packed = self._unpacked.get(number, ("", -1))
        if tensor.data is not None or not name or not most:
            return tensor
        found = self._packed(packed, most - 1)
        if found.data is None:
            return tensor
        if found.shape != tensor.shape:
            raise _other_shape(name, tensor, found)
        if name != "DENSIFY":
            return found
        return replace(found, quantisation=tensor.quantisation, scale_bytes=tensor.scale_bytes)  # its result's counts

    def _constant(self, number: int) -> Tensor:
        if number not in self._constants:
            self._constants[number] = self._unpack(number, MOST_CONVERSIONS)
        return self._constants[number]

    def _unpack(self, number: int, most: int) -> Tensor:
        """A constant, unpacked by at most so many operators one after the other."""
        tensor, guard = self._tensor(number), self.file.guard
        if tensor.data is not None:
            return densify(tensor, guard)
        name, packed = self._unpacked.get(number, ("", -1))
        if not name or not most:
            return tensor
        found = CONVERSIONS[name](self._unpack(packed, most - 1), guard)
        if found.data is not None and found.shape != tensor.shape:
            raise _other_shape(name, tensor, found)
        if found.data is None:
            return tensor
        return replace(found, quantisation=tensor.quantisation) if name == "DENSIFY" else found  # its result's counts

    def _tensor(self, number: int) -> Tensor:
        if number not in self._known:
            graph = self.graph
            found = self.file.guard.one("tensor", number, graph.TensorsLength(), graph.Tensors)
            self._known[number] = self._read(found)
        return self._known[number]

    def _read(self, found: Any) -> Tensor:
        name, shape = self.file.text(found.Name()), self.file.guard.array(found.ShapeAsNumpy())
        if (shape <= 0).any() or len(shape) > MOST_DIMENSIONS:
            raise Skipped(f"tensor {name!r} has the shape {shape[: MOST_DIMENSIONS + 1].tolist()}")
        kind = self.file.types.get(found.Type(), f"type {found.Type()}")
        scaled = None if kind in ("FLOAT16", "FLOAT32") else found.Quantization()
        return Tensor(
            name,
            kind,
            tuple(shape.tolist()),
            self._quantisation(name, scaled),
            None if found.IsVariable() else self.file.bytes_of(found.Buffer()),
            self._sparsity(found.Sparsity()),
            found.Buffer(),
            scaled.ScaleLength() * SCALE_BYTES + scaled.ZeroPointLength() * ZERO_POINT_BYTES if scaled else 0,
        )

    def _sparsity(self, table: Any) -> Callable[[], Sparsity] | None:
        return None if table is None else cache(lambda: read_sparsity(table, self.file.guard, schema()))  # charged once

    def _quantisation(self, name: str, found: Any) -> Quantisation:
        if found is None:
            return Quantisation(np.zeros(0, np.float32), np.zeros(0, np.int64))
        scales = self.file.guard.array(found.ScaleAsNumpy()).astype(np.float32)
        zero_points = self.file.guard.array(found.ZeroPointAsNumpy()).astype(np.int64)
        if len(zero_points) not in (0, len(scales)):
            raise Skipped(f"tensor {name!r} has {len(scales)} scales and {len(zero_points)} zero points")
        bad = ~(np.isfinite(scales) & (scales >= 0))  # a pruned channel's may be 0
        if bad.any():
            at = int(np.argmax(bad))
            raise Skipped(f"scale {at} of tensor {name!r} is {scales[at]}: scales are numbers from 0 on")
        if not len(zero_points):
            zero_points = np.zeros(len(scales), np.int64)
        return Quantisation(scales, zero_points, found.QuantizedDimension())


def _other_shape(name: str, tensor: Tensor, found: Tensor) -> Skipped:
    return Skipped(f"{name} makes {list(tensor.shape)} of {found.name!r} of shape {list(found.shape)}")


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
