"""What operators of .tflite files do with their constants: which inputs are matrices, and how these lie.

Convolutions, depthwise and fully connected layers are told by `weights`, with all that contradicts itself in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dotbench.datasets.models.model_file import Role
from dotbench.datasets.models.orientation import INPUTS_FIRST, OUTPUTS_FIRST
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite.file import Operator, schema
from dotbench.datasets.models.tflite.tensor import Tensor
from dotbench.datasets.models.tflite.values import FLOATS, WHOLE
from dotbench.datasets.models.tflite.weights import (
    KINDS,
    Kind,
    check_signal,
    label_of,
    options_of,
    pixels_of,
    window_of,
)


@dataclass(frozen=True)
class Use:
    """What an operator does with a constant: ``label`` behind the operator's number names it; the role, and how it
    lies. ``pixels`` vectors are multiplied by it, 0 where nobody can say; ``flat``: leading dimensions of 1 go."""

    label: str
    role: Role = "vector"
    orientation: str = OUTPUTS_FIRST
    note: str = ""
    pixels: int = 0
    flat: bool = False


GATES = ("input", "forget", "cell", "output")
BIAS = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "CONV_3D": 2, "TRANSPOSE_CONV": 3,
        "CONV_3D_TRANSPOSE": 3, "RNN": 3, "UNIDIRECTIONAL_SEQUENCE_RNN": 3, "SVDF": 3}  # fmt: skip
LOOKED_UP = {"GATHER": 0, "EMBEDDING_LOOKUP": 1, "EMBEDDING_LOOKUP_SPARSE": 3}
# operators that hand a constant on, or of which nobody knows what they do
UNSURE = ("BITCAST", "CALL", "CALL_ONCE", "CAST", "CONCATENATION", "CUSTOM", "EXPAND_DIMS", "FAKE_QUANT", "IF", "PACK",
          "QUANTIZE", "RESHAPE", "SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK",
          "WHILE", "")  # fmt: skip
UNTOLD = ("CUSTOM", "")  # may hold weights of which the schema knows nothing


def _gates(first: int, what: str) -> dict[int, str]:
    return {first + at: f"{what}_to_{gate}" for at, gate in enumerate(GATES)}


def _both(first: int) -> dict[int, str]:
    """Input and recurrent weights of an LSTM, from input number ``first`` on."""
    return _gates(first, "input") | _gates(first + 4, "recurrent")


def _way(way: str, slots: dict[int, str]) -> dict[int, str]:
    return {at: f"{way}_{label}" for at, label in slots.items()}


LSTM = _both(1) | {16: "projection"}
BOTH_WAYS = (
    _way("forward", _both(1) | {16: "projection"} | _gates(40, "auxiliary"))
    | _way("backward", _both(18) | {33: "projection"} | _gates(44, "auxiliary"))
)  # fmt: skip
RNN = {1: "input", 2: "recurrent"}
# weights of (units, inputs), by the number of the input
MATRICES = {
    "LSTM": LSTM,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": LSTM,
    "BIDIRECTIONAL_SEQUENCE_LSTM": BOTH_WAYS,
    "RNN": RNN,
    "UNIDIRECTIONAL_SEQUENCE_RNN": RNN,
    "BIDIRECTIONAL_SEQUENCE_RNN": _way("forward", RNN | {10: "auxiliary"})
    | _way("backward", {5: "input", 6: "recurrent", 11: "auxiliary"}),
    "SVDF": {1: "feature"},
}
BASIC_LSTM = 5  # inputs of the older kind, whose four gates' weights are one matrix
HOLDERS = (*KINDS, *MATRICES, "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE")  # whose weights should be constants
WEIGHTS_AT = 1  # of their inputs


def use(operator: Operator, at: int, tensor: Tensor) -> Use:
    """What an operator does with its input number ``at``, a constant; Skipped where it contradicts itself."""
    if operator.name in KINDS and at == WEIGHTS_AT:
        return _layer(operator, KINDS[operator.name], tensor)
    short = operator.name.lower()
    if BIAS.get(operator.name) == at:
        return Use("bias")
    if tensor.type not in (*FLOATS, *WHOLE):
        return _refused(operator, at, tensor) or Use(f"{short or 'unknown'}_{at}")
    found = _matrix(operator, at, tensor, short)
    if found is not None:
        return found
    if operator.name in UNSURE and sum(size > 1 for size in tensor.shape) > 1:
        return Use(f"{short or 'unknown'}_{at}", "unsure", note=f"goes into {operator.code}")
    return Use(f"{short or 'unknown'}_{at}")


def _refused(operator: Operator, at: int, tensor: Tensor) -> Use | None:
    """None for what is no matrix of weights; Skipped for one of a type that is not read."""
    if at in MATRICES.get(operator.name, {}) or (operator.name in HOLDERS and at == WEIGHTS_AT):
        raise _type(tensor)
    return None


def _type(tensor: Tensor) -> Skipped:
    return Skipped(f"weights of type {tensor.type} ({', '.join((*FLOATS, *WHOLE))} are read)")


def _matrix(operator: Operator, at: int, tensor: Tensor, short: str) -> Use | None:
    """Of operators that have matrices besides the three kinds of layers; None of other inputs."""
    name, rank = operator.name, len(tensor.shape)
    if name == "LSTM" and len(operator.inputs) == BASIC_LSTM:
        return _ranked(Use("lstm_gates", "product"), tensor, 2) if at == 2 else None
    if at in MATRICES.get(name, {}):
        return _ranked(Use(f"{_short(name)}_{MATRICES[name][at]}", "product"), tensor, 2)
    if name == "SVDF" and at == 2:
        return _ranked(Use("svdf_time", "depthwise"), tensor, 2)
    if name == "TRANSPOSE_CONV" and at == WEIGHTS_AT:
        note = "transposed convolution"
        return _ranked(Use(f"transpose_conv{_sides(tensor.shape[1:3])}", "product", note=note), tensor, 4)
    if name == "CONV_3D" and at == WEIGHTS_AT:
        return _ranked(Use(f"conv{_sides(tensor.shape[:3])}", "product", INPUTS_FIRST), tensor, 5)
    if name == "CONV_3D_TRANSPOSE" and at == WEIGHTS_AT:
        return _ranked(Use("conv_3d_transpose", "unsure", INPUTS_FIRST, "outputs lie in its dimension 3"), tensor, 5)
    if name == "BATCH_MATMUL":
        return _matmul(operator, at, tensor)
    if LOOKED_UP.get(name) == at and rank > 1:
        return Use(short, "gather", note=_axis(operator))
    return None


def _short(name: str) -> str:
    """
    >>> _short("UNIDIRECTIONAL_SEQUENCE_LSTM"), _short("SVDF")
    ('lstm', 'svdf')
    """
    return name.rpartition("_")[2].lower()


def _sides(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def _ranked(found: Use, tensor: Tensor, rank: int) -> Use:
    if len(tensor.shape) != rank:
        raise Skipped(f"weights {tensor.name!r} have the shape {list(tensor.shape)}, and {rank} dimensions are needed")
    return found


def _axis(operator: Operator) -> str:
    """A note where something else than rows is looked up."""
    options = _table(operator, "GatherOptions") if operator.name == "GATHER" else None
    axis = options.Axis() if options is not None else 0
    return f"looked up along dimension {axis}" if axis else ""


def _matmul(operator: Operator, at: int, tensor: Tensor) -> Use:
    """A constant operand: (..., n, m) of the second one, (..., m, n) of the first; the other way round if adjoint."""
    options = _table(operator, "BatchMatMulOptions")
    adjoint = bool(options is not None and (options.AdjY() if at else options.AdjX()))
    label = "batch_matmul" if at else "batch_matmul_left"
    if len(tensor.shape) < 2:
        return Use(label)
    outputs_first = adjoint == bool(at)
    if any(size != 1 for size in tensor.shape[:-2]):
        return Use(label, "unsure", INPUTS_FIRST, "several matrices, one below the other", flat=True)
    return Use(label, "product", OUTPUTS_FIRST if outputs_first else INPUTS_FIRST, flat=True)


def _table(operator: Operator, name: str) -> Any:
    """The operator's parameters, None where there are none of this kind."""
    if operator.options is None or operator.options_kind != getattr(schema().BuiltinOptions, name):
        return None
    options = getattr(schema(), name)()
    options.Init(operator.options.Bytes, operator.options.Pos)
    return options


def _layer(operator: Operator, kind: Kind, tensor: Tensor) -> Use:
    """Of a convolution, a depthwise or a fully connected layer, held against what flows through it."""
    if tensor.type not in (*FLOATS, *WHOLE):
        raise _type(tensor)
    shape, last = tensor.shape, kind.axis != 0
    if len(shape) != kind.rank or (kind.name == "depthwise" and shape[0] != 1):
        raise Skipped(f"weights {tensor.name!r} of a {kind.name} layer have the shape {list(shape)}")
    outputs = shape[kind.axis]
    _check_scales(kind, tensor, outputs)
    window = window_of(kind, shape, options_of(operator, kind))
    inputs = _size(shape) // outputs
    signal, output = operator.inputs[0], operator.outputs[0] if operator.outputs else None
    if signal is None or output is None:
        raise Skipped(f"it has no {'input' if signal is None else 'output'} 0")
    check_signal(kind, tensor, signal.tensor(), inputs)
    pixels = pixels_of(output.tensor(), outputs)
    role: Role = "depthwise" if kind.name == "depthwise" else "product"
    return Use(label_of(kind, window), role, INPUTS_FIRST if last else OUTPUTS_FIRST, pixels=pixels)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for one in shape:
        size *= one
    return size


def _check_scales(kind: Kind, tensor: Tensor, outputs: int) -> None:
    found = tensor.quantisation
    if tensor.type in FLOATS or not len(found.scales):
        return
    if len(found.scales) not in (1, outputs):
        raise Skipped(f"weights {tensor.name!r} have {len(found.scales)} scales, for {outputs} outputs")
    if found.per_channel and found.axis != kind.axis:
        raise Skipped(f"weights {tensor.name!r} have scales along dimension {found.axis}, outputs lie in {kind.axis}")
