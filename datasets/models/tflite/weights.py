"""From an operator of a .tflite file to a layer: which tensors are weights, and how they lie as a matrix."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from dotbench.datasets.models.layer import Layer, Quantisation, Signal, Window
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite.file import Operand, Operator, schema
from dotbench.datasets.models.tflite.tensor import Tensor

# operators of the format that carry weights of other kinds: said, so that nobody takes the layers for all there is
OTHERS = (
    "BATCH_MATMUL",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "CONV_3D",
    "CONV_3D_TRANSPOSE",
    "EMBEDDING_LOOKUP",
    "LSTM",
    "RNN",
    "SVDF",
    "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "CUSTOM",
    "",  # not known to the schema
)
EMPTY_TABLE = struct.pack("<HHi", 4, 4, 4)  # a table of no fields, so that each has its default; it starts at byte 4


@dataclass(frozen=True)
class Kind:
    """``rank`` of the weight tensor, the ``axis`` of its outputs, and what table holds the parameters."""

    name: str
    options: str
    rank: int
    axis: int


KINDS = {
    "CONV_2D": Kind("conv", "Conv2DOptions", 4, 0),
    "DEPTHWISE_CONV_2D": Kind("depthwise", "DepthwiseConv2DOptions", 4, 3),
    "FULLY_CONNECTED": Kind("dense", "FullyConnectedOptions", 2, 0),
}


def layer(operator: Operator) -> Layer | None:
    """The layer of an operator, None where it has no weights; Skipped where they are not read."""
    kind = KINDS.get(operator.name)
    if kind is None:
        if operator.name in OTHERS:
            raise Skipped("weights of its kind are not read")
        return None
    signal = _operand(operator, "input", operator.inputs, 0).tensor()
    tensor = _operand(operator, "input", operator.inputs, 1).constant()
    output = _operand(operator, "output", operator.outputs, 0).tensor()
    _readable(tensor)
    weights = _matrix(kind, tensor)
    options = options_of(operator, kind)
    window = window_of(kind, tensor.shape, options)
    check_signal(kind, tensor, signal, weights.shape[0])
    return Layer(
        f"{operator.number}_{label_of(kind, window)}",
        kind.name,
        tensor.name,
        tensor.shape,
        weights,
        _weight_scales(kind, tensor, weights.shape[1]),
        _bias(operator, weights.shape[1]),
        _named(schema().ActivationFunctionType, options.FusedActivationFunction(), "activation"),
        window,
        _signal(signal),
        _signal(output),
        pixels_of(output, weights.shape[1]),
    )


def _operand(operator: Operator, what: str, operands: list[Operand | None], at: int) -> Operand:
    found = operands[at] if at < len(operands) else None
    if found is None:
        raise Skipped(f"it has no {what} {at}")
    return found


def _readable(tensor: Tensor) -> None:
    if tensor.data is None:
        raise Skipped("its weights are no constant of the file")
    if tensor.type not in ("INT8", "FLOAT32"):
        raise Skipped(f"weights of type {tensor.type} (INT8 and FLOAT32 are read)")
    if tensor.type == "INT8" and not tensor.quantisation.symmetric:
        raise Skipped("int8 weights around another number than 0, which the format rules out")


def _matrix(kind: Kind, tensor: Tensor) -> npt.NDArray[Any]:
    """(inputs, outputs); a view."""
    values = tensor.values()
    if values.ndim != kind.rank or (kind.name == "depthwise" and values.shape[0] != 1):
        raise Skipped(f"weights {tensor.name!r} of a {kind.name} layer have the shape {list(tensor.shape)}")
    if kind.axis == 0:
        return values.reshape(values.shape[0], -1).T
    return values.reshape(-1, values.shape[-1])


def _weight_scales(kind: Kind, tensor: Tensor, outputs: int) -> Quantisation:
    found = tensor.quantisation
    if tensor.type == "FLOAT32":
        return found
    if len(found.scales) not in (1, outputs):
        raise Skipped(f"weights {tensor.name!r} have {len(found.scales)} scales, for {outputs} outputs")
    if found.per_channel and found.axis != kind.axis:
        raise Skipped(f"weights {tensor.name!r} have scales along dimension {found.axis}, outputs lie in {kind.axis}")
    return found


def _signal(tensor: Tensor) -> Signal:
    if len(tensor.quantisation.scales) > 1:
        raise Skipped(f"activations {tensor.name!r} have {len(tensor.quantisation.scales)} scales: one, or none")
    if not tensor.quantisation.scales.all():
        raise Skipped(f"activations {tensor.name!r} have the scale 0")
    return Signal(tensor.shape, tensor.type, tensor.quantisation)


def _bias(operator: Operator, outputs: int) -> npt.NDArray[Any] | None:
    if len(operator.inputs) < 3 or operator.inputs[2] is None:
        return None
    tensor = operator.inputs[2].constant()
    if tensor.data is None:
        raise Skipped("its bias is no constant of the file")
    if tensor.type not in ("INT32", "INT64", "FLOAT32"):
        raise Skipped(f"bias {tensor.name!r} is of type {tensor.type} (INT32, INT64 and FLOAT32 are read)")
    bias = tensor.values()
    if bias.size != outputs:
        raise Skipped(f"bias {tensor.name!r} has {bias.size} numbers, for {outputs} outputs")
    return bias.reshape(-1)


def options_of(operator: Operator, kind: Kind) -> Any:
    """The table of a layer's parameters; Skipped where it has none."""
    table = operator.options
    options = getattr(schema(), kind.options)()
    if table is None and operator.options_kind == 0 and kind.name == "dense":
        options.Init(EMPTY_TABLE, 4)  # as the format's own readers do: no activation, weights in order
        return options
    if table is None or operator.options_kind != getattr(schema().BuiltinOptions, kind.options):
        raise Skipped(f"it has no {kind.options}")
    options.Init(table.Bytes, table.Pos)
    if kind.name == "dense" and options.WeightsFormat():
        raise Skipped("its weights are shuffled for another machine")
    return options


def window_of(kind: Kind, shape: tuple[int, ...], options: Any) -> Window:
    """How a convolution walks; Skipped for steps below 1."""
    if kind.name == "dense":
        return Window()
    steps = options.StrideH(), options.StrideW(), options.DilationHFactor(), options.DilationWFactor()
    if min(steps) < 1:
        raise Skipped(f"strides and dilation of a {kind.name} layer are {steps}: at least 1 each")
    padding = _named(schema().Padding, options.Padding(), "padding")
    return Window((shape[1], shape[2]), steps[:2], steps[2:], padding)


def _named(enumeration: Any, number: int, what: str) -> str:
    for name, value in vars(enumeration).items():
        if value == number and not name.startswith("_"):
            return str(name)
    raise Skipped(f"{what} {number} is not known")


def label_of(kind: Kind, window: Window) -> str:
    """What a layer is called behind its operator's number."""
    return kind.name if kind.name == "dense" else f"{kind.name}{window.kernel[0]}x{window.kernel[1]}"


def check_signal(kind: Kind, tensor: Tensor, signal: Tensor, inputs: int) -> None:
    """What flows in has to fit the weights: channels for convolutions (those of a group), numbers for dense."""
    if kind.name == "dense":
        fits = math.prod(signal.shape) % inputs == 0
    else:
        channels = signal.shape[-1] if len(signal.shape) == 4 else 0
        one, other = (channels, tensor.shape[3]) if kind.name == "conv" else (tensor.shape[3], channels)
        fits = channels > 0 and one % other == 0
    if not fits:
        raise Skipped(
            f"weights {tensor.name!r} of shape {list(tensor.shape)} do not fit their input of {list(signal.shape)}"
        )


def pixels_of(output: Tensor, outputs: int) -> int:
    """Vectors that one inference multiplies by the weights."""
    if not output.shape or output.shape[-1] != outputs:
        raise Skipped(f"{outputs} outputs do not fit {output.name!r} of shape {list(output.shape)}")
    return math.prod(output.shape[:-1])
