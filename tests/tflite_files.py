"""Small .tflite files, built field by field, so that a test can make any of them wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

INT8, INT32, FLOAT32 = tflite.TensorType.INT8, tflite.TensorType.INT32, tflite.TensorType.FLOAT32
FLOAT16 = tflite.TensorType.FLOAT16
CONV, DEPTHWISE, DEQUANTIZE, DENSE, DENSIFY = 3, 4, 6, 9, 124  # operator codes
WIDTHS = {32: ("Int32Vector", 1, np.int32), 16: ("Uint16Vector", 2, np.uint16), 8: ("Uint8Vector", 3, np.uint8)}


@dataclass
class Csr:
    """A level of a sparse tensor; ``width`` of its numbers in bits."""

    segments: Sequence[int]
    indices: Sequence[int]
    width: int = 32


@dataclass
class Sparsity:
    """The table of a sparse tensor; levels are sizes of dense ones, or `Csr`."""

    order: Sequence[int] = ()
    levels: Sequence[int | Csr] = ()
    block_map: Sequence[int] = ()


@dataclass
class Tensor:
    shape: Sequence[int]
    data: np.ndarray | bytes | None = None
    type: int = INT8
    scales: Sequence[float] = ()
    zero_points: Sequence[int] = ()
    axis: int = 0
    name: str = "t"
    sparsity: Sparsity | None = None
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
    inputs: Sequence[int] = ()
    outputs: Sequence[int] = ()


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
        "Inputs": builder.CreateNumpyVector(np.array(graph.inputs, np.int32)),
        "Outputs": builder.CreateNumpyVector(np.array(graph.outputs, np.int32)),
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
        "Sparsity": _sparsity(builder, tensor.sparsity) if tensor.sparsity else None,
    })  # fmt: skip


def _sparsity(builder: Any, sparsity: Sparsity) -> int:
    levels = [_level(builder, level) for level in sparsity.levels]
    return _table(builder, "SparsityParameters", {
        "TraversalOrder": builder.CreateNumpyVector(np.array(sparsity.order, np.int32)),
        "BlockMap": builder.CreateNumpyVector(np.array(sparsity.block_map, np.int32)) if sparsity.block_map else None,
        "DimMetadata": _offsets(builder, "SparsityParameters", "DimMetadata", levels),
    })  # fmt: skip


def _level(builder: Any, level: int | Csr) -> int:
    if isinstance(level, int):
        return _table(builder, "DimensionMetadata", {"Format": 0, "DenseSize": level})
    name, number, dtype = WIDTHS[level.width]
    segments, indices = (
        _table(builder, name, {"Values": builder.CreateNumpyVector(np.array(numbers, dtype))})
        for numbers in (level.segments, level.indices)
    )
    return _table(builder, "DimensionMetadata", {
        "Format": 1, "ArraySegmentsType": number, "ArraySegments": segments,
        "ArrayIndicesType": number, "ArrayIndices": indices,
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


# ---- networks whose dense weights are packed


def sparse(
    dense: np.ndarray, order: Sequence[int], csr: Sequence[int], blocks: dict[int, int] | None = None, width: int = 32
) -> tuple[Sparsity, np.ndarray]:
    """A tensor in the format's sparse coding, loop by loop as the schema tells it, and the values that are stored.

    ``csr``: the levels that are not dense; ``blocks``: a block's size by the dimension that it lies along.
    """
    rank, blocks = dense.ndim, blocks or {}
    along = list(blocks)
    sizes = [dense.shape[one] // blocks.get(one, 1) for one in range(rank)] + [blocks[one] for one in along]
    segments: dict[int, list[int]] = {level: [0] for level in csr}
    indices: dict[int, list[int]] = {level: [] for level in csr}
    values: list[Any] = []

    def part(at: dict[int, int]) -> np.ndarray:
        """What is left of the tensor where some of the loops stand."""
        cut = []
        for one in range(rank):
            size, outer, inner = blocks.get(one, 1), at.get(one), at.get(rank + along.index(one)) if one in along else 0
            rows = range(dense.shape[one]) if outer is None else range(outer * size, (outer + 1) * size)
            cut.append(list(rows) if inner is None else [row for row in rows if row % size == inner])
        return dense[np.ix_(*cut)]

    def walk(level: int, at: dict[int, int]) -> None:
        if level == len(order):
            values.append(part(at).item())
            return
        for place in range(sizes[order[level]]):
            here = {**at, order[level]: place}
            if level in segments and not part(here).any():
                continue
            if level in segments:
                indices[level].append(place)
            walk(level + 1, here)
        if level in segments:
            segments[level].append(len(indices[level]))

    walk(0, {})
    levels = [
        Csr(segments[level], indices[level], width) if level in segments else sizes[order[level]]
        for level in range(len(order))
    ]
    return Sparsity(order, levels, along), np.array(values, dense.dtype)


def packed_dense(
    stored: Tensor, steps: Sequence[int], outputs: int, inputs: int
) -> tuple[Graph, list[tuple[int, int, str]]]:
    """A float32 dense layer whose weights are ``stored``, then what operators of the codes ``steps`` make of them."""
    scales = {"scales": stored.scales, "zero_points": stored.zero_points}
    made = [
        Tensor([outputs, inputs], None, stored.type, **scales, name="dense")
        if step == DENSIFY
        else Tensor([outputs, inputs], type=FLOAT32, name="real")
        for step in steps
    ]
    last = 1 + len(made)
    tensors = [Tensor([2, inputs], type=FLOAT32, name="in"), stored, *made]
    tensors.append(Tensor([2, outputs], type=FLOAT32, name="out"))
    operators = [
        Operator(at, [1 + at], [2 + at], "DensifyOptions" if step == DENSIFY else "DequantizeOptions")
        for at, step in enumerate(steps)
    ]
    operators.append(Operator(len(steps), [0, last, -1], [last + 1], "FullyConnectedOptions"))
    codes = [(min(step, 127), step, "") for step in (*steps, DENSE)]
    return Graph(tensors, operators, [0], [last + 1]), codes


def packed() -> list[bytes]:
    """Files of each way in which weights are packed."""
    rng = np.random.default_rng(11)
    dense = np.where(rng.random((8, 12)) < 0.7, 0, rng.integers(-99, 99, (8, 12))).astype(np.float16)
    csr, values = sparse(dense, [0, 1], [1], width=8)
    blocked, block_values = sparse(dense, [0, 1, 2], [1], {1: 4})
    stored = [
        (Tensor([8, 12], dense.tobytes(), FLOAT16), [DEQUANTIZE]),
        (Tensor([8, 12], values.tobytes(), FLOAT16, sparsity=csr), [DENSIFY, DEQUANTIZE]),
        (
            Tensor([8, 12], block_values.astype(np.int8).tobytes(), scales=[0.5], sparsity=blocked),
            [DENSIFY, DEQUANTIZE],
        ),
        (Tensor([8, 12], values.astype(np.float32).tobytes(), FLOAT32, sparsity=csr), [DENSIFY]),
    ]
    made = [packed_dense(tensor, steps, 8, 12) for tensor, steps in stored]
    return [build([graph], codes) for graph, codes in made]
