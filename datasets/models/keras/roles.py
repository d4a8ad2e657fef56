"""What the variables of Keras's layers are for, by the layer's class and the variable's name.

Keras multiplies inputs from the left, so the last dimension of a kernel is its outputs. Where that is not so, the
tensor gets the shape in which it is: of a transposed convolution (kernel, outputs, channels) as outputs by channels, of
a depthwise one (kernel, channels, multiplier) with all outputs in one dimension, as in .tflite.
"""

from __future__ import annotations

import math
import re
from typing import Any

from dotbench.datasets.models.model_file import Role
from dotbench.datasets.models.orientation import INPUTS_FIRST, OUTPUTS_FIRST
from dotbench.datasets.models.roles import NOT_MULTIPLIED

Placed = tuple[Role, str, tuple[int, ...]]  # and the shape in which it lies as a matrix

WEIGHTS = ("kernel", "bias")
QUANTISED = ("kernel", "bias", "kernel_scale")  # the scale is there where the kernel is int8
SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
CELL = ("kernel", "recurrent_kernel", "bias")
DIMENSIONS = ("1D", "2D", "3D")
# By class, the variables in the order in which a .keras numbers them
VARIABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Dense", "EinsumDense"), QUANTISED),
    **{f"{kind}{one}": WEIGHTS for kind in ("Conv", "DepthwiseConv") for one in DIMENSIONS},
    **{f"Conv{one}Transpose": WEIGHTS for one in DIMENSIONS},
    **{f"SeparableConv{one}": SEPARABLE for one in DIMENSIONS},
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", *(f"ConvLSTM{one}" for one in DIMENSIONS)), CELL),
    **dict.fromkeys(("LSTMCell", "GRUCell", "SimpleRNNCell", "ConvLSTMCell"), CELL),
    **dict.fromkeys(("Embedding", "ReversibleEmbedding"), ("embeddings", "embeddings_scale")),
    "LayerNormalization": ("gamma", "beta"),
    "GroupNormalization": ("gamma", "beta"),
    "PReLU": ("alpha",),
}
VECTORS = re.compile(r"Normalization$|^PReLU$|^Rescaling$|SeedGenerator$")  # classes that multiply one by one
SINGLE = re.compile(r"^(alpha|scale|.*_scale|.*seed.*|iterations?|iteration:?\d*)$")  # variables that do
PROJECTION = re.compile(r"^(query|key|value)(_dense)?$")  # of attention: inputs by heads by numbers of a head
TABLES = re.compile(r"^(\w*embeddings?)$")
HAS_TRANSPOSED = re.compile(r"transpose", re.I)


def variable_name(kind: str, number: int, settings: dict[str, Any]) -> str:
    """What variable ``number`` of a class is called, "" where it is not known.

    >>> variable_name("LSTMCell", 1, {}), variable_name("MyLayer", 0, {})
    ('recurrent_kernel', '')
    """
    known = [one for one in VARIABLES.get(kind, ()) if one != "bias" or settings.get("use_bias", True)]
    return known[number] if number < len(known) else ""


def role_of(kind: str, parts: list[str], shape: tuple[int, ...], settings: dict[str, Any]) -> Placed:
    """Of a variable: its role, its orientation, and the shape in which it lies.

    ``kind``: its layer's class, "" where that is not known; ``parts``: its name, with those of what it is in.

    >>> role_of("Dense", ["out", "kernel"], (8, 4), {}), role_of("DepthwiseConv2D", ["dw", "kernel"], (3, 3, 8, 1), {})
    (('product', 'inputs_first', (8, 4)), ('depthwise', 'inputs_first', (3, 3, 8)))
    """
    name = parts[-1]
    if len(shape) < 2 or VECTORS.search(kind) or SINGLE.match(name) or NOT_MULTIPLIED.search(name):
        return "vector", INPUTS_FIRST, shape
    if TABLES.match(name) and len(shape) == 2:
        tied = kind == "ReversibleEmbedding" and settings.get("tie_weights", True) is True
        return ("tied" if tied else "gather"), OUTPUTS_FIRST, shape
    if name == "depthwise_kernel" or (name == "kernel" and _is_depthwise(kind, parts)):
        return "depthwise", INPUTS_FIRST, (*shape[:-2], shape[-2] * shape[-1])
    if name in ("pointwise_kernel", "recurrent_kernel"):
        return "product", INPUTS_FIRST, shape
    if name != "kernel":
        return "unsure", INPUTS_FIRST, shape
    return _kernel(kind, parts, shape, settings)


def _is_depthwise(kind: str, parts: list[str]) -> bool:
    return kind.startswith("DepthwiseConv") or (not kind and any("depthwise" in one.lower() for one in parts[:-1]))


def _kernel(kind: str, parts: list[str], shape: tuple[int, ...], settings: dict[str, Any]) -> Placed:
    if len(shape) > 2 and HAS_TRANSPOSED.search(kind or " ".join(parts[:-1])):
        return "product", OUTPUTS_FIRST, (math.prod(shape[:-1]), shape[-1])
    if len(shape) == 3 and any(PROJECTION.match(one) for one in parts[:-1]):
        return "product", INPUTS_FIRST, (shape[0], shape[1] * shape[2])
    if kind == "EinsumDense" and "output_dense" not in parts:
        found: tuple[int, ...] | None = shape if len(shape) == 2 else None
        if "equation" in settings:
            found = _contracted(str(settings["equation"]), shape)
        return ("product", INPUTS_FIRST, found) if found else ("unsure", INPUTS_FIRST, shape)
    return "product", INPUTS_FIRST, shape


def _contracted(equation: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Inputs by outputs of the kernel of an equation, None where the one do not lie before the other.

    >>> _contracted("abc,cde->abde", (8, 2, 4)), _contracted("ab,cb->ac", (3, 8))
    ((8, 8), None)
    """
    terms = re.fullmatch(r"\.*(\w+),(\w+)->\.*(\w+)", equation.replace(" ", ""))
    if terms is None or len(terms[2]) != len(shape):
        return None
    inputs = [letter in terms[1] and letter not in terms[3] for letter in terms[2]]
    count = sum(inputs)
    if not 0 < count < len(shape) or not all(inputs[:count]):
        return None
    return math.prod(shape[:count]), math.prod(shape[count:])
