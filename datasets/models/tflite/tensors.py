"""All constants of a .tflite file, once each, with what the graph does with them: a layer of today keeps its name."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Role, Scales
from dotbench.datasets.models.orientation import OUTPUTS_FIRST
from dotbench.datasets.models.skipped import Skipped, SkippedOperator
from dotbench.datasets.models.tflite import file as tflite_file
from dotbench.datasets.models.tflite import uses as tflite_uses
from dotbench.datasets.models.tflite import values as tflite_values
from dotbench.datasets.models.tflite.conversions import CONVERSIONS
from dotbench.datasets.models.tflite.file import Bytes, Operator
from dotbench.datasets.models.tflite.guard import reading
from dotbench.datasets.models.tflite.tensor import Tensor
from dotbench.datasets.models.tflite.uses import Use
from dotbench.datasets.models.tflite.weights import KINDS

# of two uses that of the higher role counts
STRENGTH: dict[Role, int] = {"vector": 0, "unread": 1, "unsure": 2, "gather": 3, "depthwise": 4, "product": 5}


@dataclass(eq=False)
class _Constant:
    """A constant, and all that is done with it: what names it, and how."""

    tensor: Tensor
    uses: list[tuple[str, Use]] = field(default_factory=list)


def read(path: Path) -> ModelFile:
    """All constant tensors of a file; DataError where it is cut short, damaged (it leads outside of itself) or hostile.

    The file is mapped: what is not asked for is not read.
    """
    try:
        with path.open("rb") as file, reading(str(path)):
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return parse(data, path)


def parse(data: Bytes, path: Path) -> ModelFile:
    """The same from a file's bytes."""
    with reading(str(path)):
        walk = _Walk()
        for graph in tflite_file.subgraphs(data):
            for operator in graph.operators():
                walk.operator(operator)
            for number, read_tensor in graph.all_tensors():
                walk.unused(number, read_tensor)
        found = tuple(_tensor(constant, len(data), path) for constant in walk.constants.values())
        return ModelFile(path, "tflite", (path,), found, tuple(dict.fromkeys(walk.notes)))


class _Walk:
    """Goes through the operators in their order."""

    def __init__(self) -> None:
        self.constants: dict[Any, _Constant] = {}
        self.notes: list[str] = []

    def operator(self, operator: Operator) -> None:
        if operator.name in CONVERSIONS:
            return  # what it unpacks counts where it is used
        if operator.name in tflite_uses.UNTOLD:
            self._note(operator, "weights of its kind are not read")
        for at, operand in enumerate(operator.inputs):
            is_weights = operator.name in tflite_uses.HOLDERS and at == tflite_uses.WEIGHTS_AT
            if operand is None:
                continue
            try:
                tensor = operand.packed()
            except Skipped as reason:
                if is_weights:
                    self._note(operator, str(reason))
                continue
            if tensor.data is None:
                if is_weights:
                    self._note(operator, "its weights are no constant of the file")
                continue
            self._add(tensor).uses.append((operator.number, self._use(operator, at, tensor)))
        if operator.name in KINDS and len(operator.inputs) <= tflite_uses.WEIGHTS_AT:
            self._note(operator, "it has no input 1")

    def unused(self, number: str, read_tensor: Callable[[], Tensor]) -> None:
        """A tensor that may be no operator's: of those that are constants, each is listed."""
        try:
            tensor = read_tensor()
        except Skipped:
            return
        if tensor.data is not None and _key(tensor) not in self.constants:
            self._add(tensor).uses.append((number, Use("", note="no operator uses it")))

    def _use(self, operator: Operator, at: int, tensor: Tensor) -> Use:
        try:
            return tflite_uses.use(operator, at, tensor)
        except Skipped as reason:
            skipped = SkippedOperator(operator.number, operator.code, str(reason))
            return Use(_label(operator, tensor), "unread", note=str(skipped))

    def _add(self, tensor: Tensor) -> _Constant:
        return self.constants.setdefault(_key(tensor), _Constant(tensor))

    def _note(self, operator: Operator, reason: str) -> None:
        self.notes.append(str(SkippedOperator(operator.number, operator.code, reason)))


def _key(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.buffer, tensor.type, tensor.shape


def _label(operator: Operator, tensor: Tensor) -> str:
    """What weights that are not read are called: as they would be if they were."""
    kind = KINDS.get(operator.name)
    if kind is None or kind.name == "dense" or len(tensor.shape) != 4:
        return kind.name if kind else operator.name.lower()
    return f"{kind.name}{tensor.shape[1]}x{tensor.shape[2]}"


def _tensor(constant: _Constant, size: int, path: Path) -> ModelTensor:
    number, use = max(constant.uses, key=lambda one: STRENGTH[one[1].role])  # the first of the strongest
    tensor = constant.tensor
    roles = {one.role for _, one in constant.uses}
    role: Role = "tied" if {"product", "gather"} <= roles else use.role
    note = use.note
    name = f"{number}_{use.label}" if use.label else number
    nbytes = int(tensor.data.nbytes) if tensor.data is not None else 0
    if role != "unread":
        try:
            tflite_values.check(tensor, size, use.role != "vector")
            nbytes += tensor.sparsity().nbytes if tensor.sparsity is not None else 0
        except Skipped as reason:
            role, note = "unread", f"operator {number}: {reason}"
    own = _printable(tensor.name)
    shape = _flat(tensor.shape) if use.flat else tensor.shape
    return ModelTensor(
        name,
        role,
        tflite_values.type_name(tensor.type),
        shape,
        nbytes,
        partial(_array, tensor, shape, size, use.role != "vector", f"{path}#{name}"),
        use.orientation,
        _scales(tensor, use),
        note if role == "unread" else "; ".join(filter(None, (note, own, _sparse(tensor)))),
        sum(one.pixels for _, one in constant.uses),
    )


def _array(tensor: Tensor, shape: tuple[int, ...], size: int, centred: bool, name: str) -> npt.NDArray[Any]:
    try:
        with reading(name):
            return tflite_values.numbers(tensor, size, centred).reshape(shape)
    except Skipped as reason:
        raise DataError(f"{name} is not read: {reason}") from reason


def _flat(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without leading dimensions of 1, down to a matrix."""
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _printable(name: str) -> str:
    """A tensor's own name as far as a line has room for it, "" of one that would not print."""
    return name[: tflite_file.MOST_LETTERS] if name.isprintable() else ""


def _sparse(tensor: Tensor) -> str:
    return "sparse in the file" if tensor.sparsity is not None else ""


def _scales(tensor: Tensor, use: Use) -> Scales | None:
    found = tensor.quantisation
    if not len(found.scales) or tensor.type not in tflite_values.WHOLE:
        return None
    outputs = 0 if use.orientation == OUTPUTS_FIRST else len(tensor.shape) - 1
    per = "tensor" if not found.per_channel else "output" if found.axis == outputs else "input"
    return Scales(per, tensor.scale_bytes, not found.symmetric)
