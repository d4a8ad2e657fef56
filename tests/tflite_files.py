"""Small .tflite files, built field by field, so that a test can make any of them wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

INT8, INT32, FLOAT32 = tflite.TensorType.INT8, tflite.TensorType.INT32, tflite.TensorType.FLOAT32
CONV, DEPTHWISE, DENSE = 3, 4, 9  # operator codes


@dataclass
class Tensor:
    shape: Sequence[int]
    data: np.ndarray | bytes | None = None
    type: int = INT8
    scales: Sequence[float] = ()
    zero_points: Sequence[int] = ()
    axis: int = 0
    name: str = "t"
    sparse: bool = False
    place: tuple[int, int] | None = None  # offset and size of data behind all tables


@dataclass
class Operator:
    """``code`` counts in the model's codes; ``options`` is a kind (0 for none) and its fields."""

    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: str = ""
    fields: dict[str, int] = field(default_factory=dict)


@dataclass
class Graph:
    tensors: list[Tensor]
    operators: list[Operator]


def build(graphs: Sequence[Graph], codes: Sequence[tuple[int, int, str]], identifier: bytes = b"TFL3") -> bytes:
    """A file; each code is (deprecated, new, name of a custom one). Buffer 0 is empty, as the format has it."""
    builder = flatbuffers.Builder(1024)
    buffers = [_table(builder, "Buffer", {})]
    parts = [_graph(builder, graph, buffers) for graph in graphs]
    made = [
        _table(builder, "OperatorCode", {
            "DeprecatedBuiltinCode": old, "BuiltinCode": new,
            "CustomCode": builder.CreateString(custom) if custom else None,
        })
        for old, new, custom in codes
    ]  # fmt: skip
    fields = {"Subgraphs": parts, "OperatorCodes": made, "Buffers": buffers}
    vectors = {name: _offsets(builder, "Model", name, found) for name, found in fields.items()}
    builder.Finish(_table(builder, "Model", {"Version": 3, **vectors}), file_identifier=identifier)
    return bytes(builder.Output())


def _graph(builder: Any, graph: Graph, buffers: list[int]) -> int:
    tensors = [_tensor(builder, tensor, buffers) for tensor in graph.tensors]
    operators = [_operator(builder, operator) for operator in graph.operators]
    return _table(builder, "SubGraph", {
        "Tensors": _offsets(builder, "SubGraph", "Tensors", tensors),
        "Operators": _offsets(builder, "SubGraph", "Operators", operators),
    })  # fmt: skip


def _tensor(builder: Any, tensor: Tensor, buffers: list[int]) -> int:
    number = 0
    if tensor.data is not None:
        data = builder.CreateNumpyVector(np.frombuffer(bytes(tensor.data), np.uint8))
        buffers.append(_table(builder, "Buffer", {"Data": data}))
        number = len(buffers) - 1
    if tensor.place is not None:
        buffers.append(_table(builder, "Buffer", dict(zip(("Offset", "Size"), tensor.place, strict=True))))
        number = len(buffers) - 1
    quantisation = _table(builder, "QuantizationParameters", {
        "Scale": builder.CreateNumpyVector(np.array(tensor.scales, np.float32)),
        "ZeroPoint": builder.CreateNumpyVector(np.array(tensor.zero_points, np.int64)),
        "QuantizedDimension": tensor.axis,
    })  # fmt: skip
    return _table(builder, "Tensor", {
        "Shape": builder.CreateNumpyVector(np.array(tensor.shape, np.int32)), "Type": tensor.type, "Buffer": number,
        "Name": builder.CreateString(tensor.name), "Quantization": quantisation,
        "Sparsity": _table(builder, "SparsityParameters", {}) if tensor.sparse else None,
    })  # fmt: skip


def _operator(builder: Any, operator: Operator) -> int:
    options = _table(builder, operator.options, operator.fields) if operator.options else None
    return _table(builder, "Operator", {
        "OpcodeIndex": operator.code,
        "Inputs": builder.CreateNumpyVector(np.array(operator.inputs, np.int32)),
        "Outputs": builder.CreateNumpyVector(np.array(operator.outputs, np.int32)),
        "BuiltinOptionsType": getattr(tflite.BuiltinOptions, operator.options, 0), "BuiltinOptions": options,
    })  # fmt: skip


def _offsets(builder: Any, table: str, name: str, offsets: Sequence[int]) -> int:
    getattr(tflite, f"{table}Start{name}Vector")(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _table(builder: Any, name: str, fields: dict[str, int | None]) -> int:
    add: Callable[[str], Any] = lambda what: getattr(tflite, f"{name}{what}")  # noqa: E731
    add("Start")(builder)
    for title, value in fields.items():
        if value is not None:
            add(f"Add{title}")(builder, value)
    return int(add("End")(builder))


# ---- a network of three layers: conv 2x3, depthwise 3x3, dense

KERNELS = np.arange(-24, 24, dtype=np.int8).reshape(4, 2, 3, 2)  # filters, rows, columns, channels
DEEP = np.arange(36, dtype=np.int8).reshape(1, 3, 3, 4)
DENSE_WEIGHTS = np.array([[1, 0, -2, 0], [0, 127, 0, -128], [0, 0, 0, 5]], np.int8)  # outputs, inputs
WALK = {"StrideH": 1, "StrideW": 2, "DilationHFactor": 1, "DilationWFactor": 1, "Padding": 1}


def network() -> tuple[Graph, list[tuple[int, int, str]]]:
    """Input 5x9x2 -> conv (4x4x4) -> depthwise, SAME (4x4x4) -> dense on each pixel (16 x 3)."""
    signal = {"scales": [0.5], "zero_points": [-3]}
    tensors = [
        Tensor([1, 5, 9, 2], name="in", **signal),
        Tensor([4, 2, 3, 2], KERNELS.tobytes(), scales=[0.1, 0.2, 0.3, 0.4], zero_points=[0] * 4, name="net/conv"),
        Tensor([4], np.arange(4, dtype=np.int32).tobytes(), INT32, name="bias"),
        Tensor([1, 4, 4, 4], name="between", **signal),
        Tensor([1, 3, 3, 4], DEEP.tobytes(), scales=[1, 2, 3, 4], zero_points=[0] * 4, axis=3, name="net/deep"),
        Tensor([1, 4, 4, 4], name="after", **signal),
        Tensor([3, 4], DENSE_WEIGHTS.tobytes(), scales=[0.25], zero_points=[0], name="net/dense"),
        Tensor([16, 3], name="out", scales=[0.125], zero_points=[7]),
    ]
    operators = [
        Operator(0, [0, 1, 2], [3], "Conv2DOptions", {**WALK, "FusedActivationFunction": 1}),
        Operator(1, [3, 4, -1], [5], "DepthwiseConv2DOptions", {
            **WALK, "StrideW": 1, "Padding": 0, "DepthMultiplier": 1, "FusedActivationFunction": 3,
        }),
        Operator(2, [5, 6], [7], "FullyConnectedOptions", {"FusedActivationFunction": 0}),
    ]  # fmt: skip
    return Graph(tensors, operators), [(CONV, CONV, ""), (DEPTHWISE, 0, ""), (0, DENSE, "")]


Change = Callable[[Graph], None]


def model(change: Change = lambda graph: None) -> bytes:
    """The file of `network`, with a change to its graph."""
    graph, codes = network()
    change(graph)
    return build([graph], codes)
