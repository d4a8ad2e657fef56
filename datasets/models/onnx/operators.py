"""What operators of ONNX do with a constant: which dimensions are inputs of a product, which outputs, or what else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dotbench.datasets.models.model_file import Role
from dotbench.datasets.models.onnx import nbits as onnx_nbits
from dotbench.datasets.models.onnx import quantised as onnx_quantised
from dotbench.datasets.models.onnx.folds import Value
from dotbench.datasets.models.onnx.view import Scaling, View

# operators of numbers one by one, norms and what moves numbers: what they take is no matrix, whatever its rank
ELEMENTWISE = frozenset((
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Sum", "Mean", "Where", "PRelu", "Clip", "Equal",
    "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "Abs", "Neg", "Sqrt", "Exp",
    "Log", "Erf", "Tanh", "Sigmoid", "Relu", "Softmax", "LayerNormalization", "SimplifiedLayerNormalization",
    "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "RMSNormalization", "BatchNormalization",
    "InstanceNormalization", "GroupNormalization", "GroupNorm", "BiasGelu", "BiasAdd", "FastGelu", "QuickGelu",
    "Pad", "Expand", "Tile", "Shape", "Size", "Concat", "Resize", "Upsample", "Range", "OneHot", "TopK",
    "ReduceSum", "ReduceMean", "ReduceMax", "ScatterND", "ScatterElements", "ConstantOfShape", "RandomNormalLike",
    "CastLike", "QLinearAdd", "QLinearMul", "RotaryEmbedding",
))  # fmt: skip
Shape = tuple[int | None, ...] | None


@dataclass(frozen=True, eq=False)
class Node:
    """``operator`` by its name, whichever package's it is; ``inputs`` what is known of them; ``shape`` of its first
    output, as the file says it."""

    name: str
    operator: str
    inputs: Sequence[Value | None]
    attributes: Mapping[str, Any]
    shape: Shape = None

    def input(self, at: int) -> Value | None:
        return self.inputs[at] if at < len(self.inputs) else ()


@dataclass(frozen=True, eq=False)
class Use:
    """Dimensions of the view: ``outputs`` are those of a product's outputs, ``inputs`` those of its inputs in the order
    of a matrix's rows; of a convolution ``inputs`` are the kernel's and then the channels'."""

    node: Node
    role: Role
    view: View
    outputs: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()
    is_kernel: bool = False
    pixels: int = 0
    note: str = ""


def uses(node: Node) -> Iterator[Use]:
    """What an operator does with each of its constants."""
    products = PRODUCTS.get(node.operator)
    found = list(products(node)) if products else []
    yield from found
    taken = {id(use.view.root) for use in found} | {
        id(root) for use in found for scaling in use.view.scalings for root in scaling.sources
    }
    computed = any(value is None for value in node.inputs)  # else it makes a constant of constants
    role: Role = "vector" if products or (node.operator in ELEMENTWISE and computed) else "unsure"
    for value in node.inputs:
        for view in value or ():
            if id(view.root) not in taken:
                yield Use(node, role, view, note="" if role == "vector" else f"an operand of {node.operator[:40]}")


def _matmul(node: Node, at: int = 1, swapped: bool = False) -> Iterator[Use]:
    """The right operand, n x m, or the left one, m x n."""
    for view in node.input(at) or ():
        yield _matrix(node, view, at == 1, swapped)


def _matrix(node: Node, view: View, right: bool, swapped: bool) -> Use:
    rank, shape = len(view.shape), node.shape
    if rank < 2:
        return Use(node, "vector", view)
    first, last = (rank - 1, rank - 2) if swapped else (rank - 2, rank - 1)
    inputs, outputs = (first, last) if right else (last, first)
    others = None if shape is None else (shape[:-1] if right else (*shape[:-2], *shape[-1:]))
    if any(size > 1 for size in view.shape[:-2]):
        batch = f"a batch of {math.prod(view.shape[:-2])} matrices, one for each of its operand's"
        return Use(node, "unsure", view, (outputs,), (*range(rank - 2), inputs), note=batch)
    return Use(node, "product", view, (outputs,), (inputs,), pixels=_count(others))


def _either(node: Node, transposed: tuple[bool, bool] = (False, False)) -> Iterator[Use]:
    right = list(_matmul(node, 1, transposed[1]))
    yield from right
    if not right:
        yield from _matmul(node, 0, transposed[0])


def _gemm(node: Node) -> Iterator[Use]:
    swapped = bool(node.attributes.get("transA", 0)), bool(node.attributes.get("transB", 0))
    yield from _either(node, swapped)


def _conv(node: Node, at: int = 1) -> Iterator[Use]:
    group = node.attributes.get("group", 1)
    for view in node.input(at) or ():
        rank = len(view.shape)
        if rank < 3:
            yield Use(node, "unsure", view, note=f"a kernel of {rank} dimensions")
            continue
        one_each = group > 1 and view.shape[1] == 1
        note = f"in {group} groups" if group > 1 and not one_each else ""
        shape = node.shape if node.shape is None or len(node.shape) != rank else (node.shape[0] or 1, *node.shape[2:])
        yield Use(
            node, "depthwise" if one_each else "product", view, (0,), (*range(2, rank), 1), True, _count(shape), note
        )


def _conv_transpose(node: Node) -> Iterator[Use]:
    """(c, m / group, kernel): a vector of c numbers times a matrix of c x (m kernel), whose results are added up where
    they overlap."""
    group = node.attributes.get("group", 1)
    for view in node.input(1) or ():
        rank = len(view.shape)
        if rank < 3:
            yield Use(node, "unsure", view, note=f"a kernel of {rank} dimensions")
            continue
        one_each = group > 1 and view.shape[1] == 1
        note = "transposed convolution: outputs of all places of the kernel are columns"
        yield Use(node, "depthwise" if one_each else "product", view, tuple(range(1, rank)), (0,), note=note)


def _recurrent(node: Node) -> Iterator[Use]:
    """W (directions, gates of h, n) and R (directions, gates of h, h)."""
    for at in (1, 2):
        for view in node.input(at) or ():
            if len(view.shape) == 3:
                note = "both directions" if view.shape[0] > 1 else ""
                yield Use(node, "product", view, (0, 1), (2,), note=note)
            else:
                yield Use(node, "unsure", view, note=f"a {node.operator} of {len(view.shape)} dimensions")


def _gather(node: Node) -> Iterator[Use]:
    for view in node.input(0) or ():
        yield Use(node, "gather" if len(view.shape) > 1 else "vector", view, (0,), tuple(range(1, len(view.shape))))


def _whole(product: Callable[[Node], Iterator[Use]], scale: int | None, zero: int) -> Callable[[Node], Iterator[Use]]:
    """Of operators on whole numbers: scales and zero points are inputs of their own."""

    def found(node: Node) -> Iterator[Use]:
        for use in product(node):
            yield _quantised(use, node, scale, zero) if use.role in ("product", "depthwise", "unsure") else use

    return found


def _quantised(use: Use, node: Node, scale: int | None, zero: int) -> Use:
    scales = (node.input(scale) if scale is not None else ()) or ()
    zeros = node.input(zero)
    view, axis = use.view, use.outputs[0]
    if zeros is None or len(zeros) > 1 or len(scales) > 1 or any(map(onnx_quantised.no_zeros, zeros)):
        return replace(use, view=replace(view, trouble="its zero points are computed when the model runs"))
    about = zeros[0] if zeros else None
    flat = () if about is None else tuple(size for size in about.shape if size > 1)
    expand = onnx_quantised.along(view.shape, flat, axis, 0)
    made = None if expand is None else onnx_quantised.shifted(view, about, lambda one: expand(one.reshape(-1)))
    if made is None:
        return replace(use, view=replace(view, trouble="its zero points do not fit its shape"))
    sources = tuple(one.root for one in (*scales, *(zeros or ())))
    count = max((one.size for one in (*scales, *(zeros or ()))), default=0)
    if not count:
        return replace(use, view=made, note=use.note or "its scales are not told beside it")
    around = about is not None and bool(about.array().any())
    base_axis = made.axes[axis]
    axes = frozenset(() if count == 1 or base_axis is None else (base_axis,))
    scaled = made.scaled(Scaling(axes, count, sum(one.nbytes for one in sources), sources, zero_points=around))
    return replace(use, view=scaled or made)


def _nbits(node: Node) -> Iterator[Use]:
    for view, note in onnx_nbits.unpacked(node.inputs, node.attributes):
        shape = None if node.shape is None else node.shape[:-1]
        yield Use(node, "product", view, (0,), (1,), pixels=_count(shape), note=note)


def _einsum(node: Node) -> Iterator[Use]:
    for value in node.inputs:
        for view in value or ():
            equation = str(node.attributes.get("equation", ""))[:40]
            yield Use(
                node, "unsure" if len(view.shape) > 1 else "vector", view, note=f"an operand of Einsum {equation!r}"
            )


def _at(at: int) -> Callable[[Node], Iterator[Use]]:
    return lambda node: _matmul(_right(node, at), 1, bool(node.attributes.get("transB", 0)))


def _right(node: Node, at: int) -> Node:
    """With its input ``at`` as the right operand."""
    return replace(node, inputs=[(), node.input(at)])


def _count(sizes: Shape) -> int:
    """0 where one is not known."""
    return math.prod(size or 0 for size in sizes) if sizes is not None else 0


PRODUCTS: dict[str, Callable[[Node], Iterator[Use]]] = {
    "MatMul": _either,
    "FusedMatMul": _gemm,
    "Gemm": _gemm,
    "FusedGemm": _gemm,
    "Conv": _conv,
    "FusedConv": _conv,
    "ConvTranspose": _conv_transpose,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Gather": _gather,
    "Einsum": _einsum,
    "Attention": _at(1),
    "MatMulInteger": _whole(_at(1), None, 3),
    "ConvInteger": _whole(_conv, None, 3),
    "QLinearMatMul": _whole(_at(3), 4, 5),
    "QGemm": _whole(_at(3), 4, 5),
    "QLinearConv": _whole(lambda node: _conv(node, 3), 4, 5),
    "DynamicQuantizeMatMul": _whole(_at(1), 2, 3),
    "MatMulIntegerToFloat": _whole(_at(1), 3, 5),
    "MatMulNBits": _nbits,
}
