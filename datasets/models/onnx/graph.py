"""A walk over a model's nodes in their order, into subgraphs and functions: which tensors there are, and their uses.

Names mean what they mean where they stand: in a subgraph those of the graphs around it, too, in a function its own. A
name that is not known yet, or that a loop gives new values, is no constant; so what goes round in circles is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.onnx import view as onnx_view
from dotbench.datasets.models.onnx.external import Piece
from dotbench.datasets.models.onnx.folds import FOLDS, MOST_STEERING, Value
from dotbench.datasets.models.onnx.operators import Node, Shape, Use, uses
from dotbench.datasets.models.onnx.sparse import sparse
from dotbench.datasets.models.onnx.tensor import Stored, of_array, stored
from dotbench.datasets.models.onnx.types import text

WORDS: dict[str, type] = {  # attributes that say something of weights
    **dict.fromkeys(["axis", "to", "group", "transA", "transB", "block_size", "K", "N", "bits", "allowzero"], int),
    **dict.fromkeys(["perm", "axes", "shape", "starts", "ends", "split"], list),
    "equation": str,
}
MOST_CALLED = 100_000  # nodes of functions, which a small file may call again and again
MOST_DEEP = 48  # graphs in graphs and functions in functions; messages of protobuf end at 33 graphs
Given = Mapping[str, Any] | None  # attributes of a function's call; None in none
INT, STRING, INT_LIST = 2, 3, 7  # AttributeProto.AttributeType


@dataclass(eq=False)
class Scope:
    """Names of one graph; None is a name of its own that is no constant."""

    around: Scope | None
    values: dict[str, Value | None] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def value(self, name: str) -> Value | None:
        """() for an input that is left out."""
        if not name:
            return ()
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.around
        return None


@dataclass(eq=False)
class Walk:
    """``tensors`` in the order in which they are met, ``uses`` of them; ``size`` of the file in bytes."""

    path: Path
    size: int
    tensors: list[Stored] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    functions: dict[tuple[str, str], Any] = field(default_factory=dict)
    pieces: dict[int, tuple[Any, Piece]] = field(default_factory=dict)  # of the file, by message
    places: dict[Any, Value] = field(default_factory=dict)  # tensors of other files, by where they lie
    known: dict[int, tuple[Any, Value]] = field(default_factory=dict)  # by message: functions are called more than once
    called: int = 0

    def model(self, model: Any, pieces: Mapping[int, Piece]) -> None:
        """``pieces`` of the file are numbers of initializers, by their place."""
        initializers = [(model.graph.initializer[number], piece) for number, piece in pieces.items()]
        self.pieces = {id(one): (one, piece) for one, piece in initializers}
        self.functions = {(one.domain, one.name): one for one in model.functions}
        self.graph(model.graph, None, None, 0)

    def graph(self, graph: Any, around: Scope | None, given: Given, depth: int) -> None:
        if depth > MOST_DEEP:
            raise DataError(f"{self.path}: its graphs lie in each other more than {MOST_DEEP} deep")
        self.visit(given, *map(len, (graph.input, graph.output, graph.value_info, graph.initializer)))
        scope = Scope(around)
        scope.values.update((one.name, None) for one in graph.input)
        for info in (*graph.value_info, *graph.output):
            scope.shapes[info.name] = _shape(info)
        for one in graph.initializer:
            scope.values[one.name] = self.tensor(one.name, one)
        for one in graph.sparse_initializer:
            scope.values[one.values.name] = self.sparse(one.values.name, one)
        self.nodes(graph.node, scope, given, depth)

    def nodes(self, nodes: Sequence[Any], scope: Scope, given: Given, depth: int) -> None:
        """Those of a graph, or of a function, which may be called again and again."""
        self.visit(given, len(nodes), 1)
        for proto in nodes:
            if proto.op_type == "Constant" and len(proto.output):
                scope.values[proto.output[0]] = self.constant(proto)
        for proto in nodes:
            if proto.op_type != "Constant":
                self.node(proto, scope, given, depth)

    def visit(self, given: Given, *counts: int) -> None:
        """Counts what is looked at in functions; DataError where it is too much."""
        self.called += 0 if given is None else sum(counts)
        if self.called > MOST_CALLED:
            raise DataError(
                f"{self.path}: its functions call each other for more than {MOST_CALLED} nodes: no honest model does"
            )

    def node(self, proto: Any, scope: Scope, given: Given, depth: int) -> None:
        inputs = [scope.value(name) for name in proto.input]
        attributes = dict(_attributes(proto.attribute, given or {}))
        scope.values.update((name, None) for name in proto.output)
        function = self.functions.get((proto.domain, proto.op_type))
        if function is not None and depth < MOST_DEEP:
            scope.values.update(zip(proto.output, self.call(function, inputs, attributes, depth), strict=False))
            return
        for graph in _subgraphs(proto):
            self.graph(graph, scope, given, depth + 1)
        if not any(inputs):
            return
        outputs, fold = len(proto.output), FOLDS.get(proto.op_type)
        words = {name: one for name, one in attributes.items() if isinstance(one, WORDS.get(name, ()))}
        values = fold(inputs, words, outputs) if fold and inputs[0] else [None]
        scope.values.update(zip(proto.output, values, strict=False))
        if all(value is None for value in values):
            shape = scope.shapes.get(proto.output[0]) if outputs else None
            self.uses.extend(uses(Node(text(proto.name), text(proto.op_type), inputs, words, shape)))

    def call(
        self, function: Any, inputs: Sequence[Value | None], attributes: Mapping[str, Any], depth: int
    ) -> list[Value | None]:
        """What a function of the model does with what it is given, and what it gives."""
        defaults = dict(_attributes(function.attribute_proto, {}))
        scope = Scope(None, dict(zip(function.input, inputs, strict=False)))
        self.nodes(function.node, scope, {**defaults, **attributes}, depth + 1)
        return [scope.value(name) or None for name in function.output]

    def constant(self, proto: Any) -> Value | None:
        """What a node Constant holds: a tensor, a sparse one, a few numbers; None for text."""
        name = proto.output[0]
        for one in proto.attribute:
            if one.name == "value" and one.HasField("t"):
                return self.tensor(name, one.t)
            if one.name == "sparse_value" and one.HasField("sparse_tensor"):
                return self.sparse(name, one.sparse_tensor)
            if one.name in ("value_float", "value_floats"):
                return self.numbers(name, one, np.array(one.floats if one.name.endswith("s") else one.f, np.float32))
            if one.name in ("value_int", "value_ints"):
                return self.numbers(name, one, np.array(one.ints if one.name.endswith("s") else one.i, np.int64))
        return None

    def tensor(self, name: str, proto: Any) -> Value:
        _, piece = self.pieces.get(id(proto), (None, None))
        return self.once(proto, lambda: stored(self.path, text(name), proto, piece))

    def sparse(self, name: str, proto: Any) -> Value:
        return self.once(proto, lambda: sparse(self.path, self.size, text(name), proto))

    def numbers(self, name: str, proto: Any, numbers: npt.NDArray[Any]) -> Value:
        return self.once(proto, lambda: of_array(text(name), numbers))

    def once(self, proto: Any, make: Callable[[], Stored]) -> Value:
        """The value of a message, made when it is met first."""
        if id(proto) not in self.known:
            self.known[id(proto)] = proto, self.met(make())
        return self.known[id(proto)][1]

    def met(self, tensor: Stored) -> Value:
        """The value of a stored tensor. Two names of the same bytes of another file are one tensor."""
        if tensor.piece is None or not tensor.nbytes:
            self.tensors.append(tensor)
            return (onnx_view.of(tensor),)
        place = tensor.piece, tensor.shape, tensor.type
        if place not in self.places:
            self.tensors.append(tensor)
            self.places[place] = (onnx_view.of(tensor),)
        return self.places[place]


def _attributes(attributes: Sequence[Any], given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Whole numbers and short lists of them, and text; in a function, those of its call."""
    for one in attributes:
        if one.ref_attr_name:
            if one.ref_attr_name in given:
                yield one.name, given[one.ref_attr_name]
        elif one.type == INT:
            yield one.name, one.i
        elif one.type == INT_LIST and len(one.ints) <= MOST_STEERING:
            yield one.name, list(one.ints)
        elif one.type == STRING:
            yield one.name, one.s[:MOST_STEERING].decode("latin-1")


def _subgraphs(proto: Any) -> Iterator[Any]:
    for one in proto.attribute:
        if one.HasField("g"):
            yield one.g
        yield from one.graphs


def _shape(info: Any) -> Shape:
    """As a file says it of a name: None for a size that is not told, and for no shape."""
    if not info.type.tensor_type.HasField("shape"):
        return None
    dims = info.type.tensor_type.shape.dim
    return tuple(one.dim_value if one.HasField("dim_value") and one.dim_value > 0 else None for one in dims)
