"""Small .onnx files, made with the package's own helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
MICROSOFT = "com.microsoft"


def node(operator: str, inputs: str, output: str = "y", name: str = "", **attributes: Any) -> Any:
    """``inputs``: names between blanks; ``-`` for one that is left out."""
    names = ["" if one == "-" else one for one in inputs.split()]
    return helper.make_node(operator, names, output.split(), name or f"/{operator}", **attributes)


def tensor(name: str, values: Any) -> Any:
    return values if isinstance(values, TensorProto) else numpy_helper.from_array(np.asarray(values), name)


def graph(nodes: Sequence[Any], constants: Mapping[str, Any], shape: Sequence[Any] = ("n", "k"), **more: Any) -> Any:
    """From x to y, both float32."""
    x = helper.make_tensor_value_info("x", more.pop("of", TensorProto.FLOAT), shape)
    y = helper.make_tensor_value_info("y", more.pop("gives", TensorProto.FLOAT), more.pop("y", None))
    made = [tensor(name, values) for name, values in constants.items()]
    return helper.make_graph(list(nodes), "main", [x], [y], made, **more)


def model(nodes: Sequence[Any], constants: Mapping[str, Any], shape: Sequence[Any] = ("n", "k"), **more: Any) -> Any:
    """A ModelProto of such a graph."""
    functions = more.pop("functions", ())
    opset = [
        helper.make_opsetid("", more.pop("opset", OPSET)),
        helper.make_opsetid(MICROSOFT, 1),
        helper.make_opsetid("own", 1),
    ]
    return helper.make_model(
        graph(nodes, constants, shape, **more), opset_imports=opset, functions=functions, ir_version=10
    )


def save(path: Path, *arguments: Any, **more: Any) -> Any:
    """Writes one, and gives it."""
    made = model(*arguments, **more)
    path.write_bytes(made.SerializeToString())
    return made


def sparse(name: str, values: Any, indices: Any, dims: Sequence[int]) -> Any:
    return helper.make_sparse_tensor(tensor(name, values), tensor("", np.asarray(indices, np.int64)), dims)


def external(name: str, dims: Sequence[int], kind: int = TensorProto.FLOAT, **entries: Any) -> Any:
    """A tensor whose numbers lie in another file: location, offset, length."""
    made = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        made.external_data.add(key=key, value=str(value))
    return made


def packed(name: str, kind: int, dims: Sequence[int], raw: bytes) -> Any:
    """A tensor of raw bytes, whatever they are."""
    return TensorProto(name=name, data_type=kind, dims=dims, raw_data=raw)


def seeds() -> list[bytes]:
    """Files that fuzzing starts from: each kind of weights, of folds and of containers."""
    rng = np.random.default_rng(5)
    W = rng.integers(-9, 9, (4, 6)).astype(np.float32)
    q, scale = rng.integers(-9, 9, (4, 6)).astype(np.int8), np.ones((1, 6), np.float32)
    kernel = W.reshape(3, 2, 2, 2)
    product = [node("MatMul", "x w")]
    branch = helper.make_graph(
        [node("Constant", "", "c", value=tensor("c", W)), node("MatMul", "x c", "z")],
        "branch", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )  # fmt: skip
    function = helper.make_function(
        "own", "Dense", ["a", "b"], ["c"], [node("MatMul", "a b", "c")], [helper.make_opsetid("", OPSET)]
    )
    made = [
        model(product, {"w": W}),
        model([node("Cast", "q", "f", to=1), node("Mul", "f s", "w"), *product], {"q": q, "s": scale}),
        model([node("DequantizeLinear", "q s z", "w", axis=1, block_size=3), *product],
              {"q": q, "s": np.ones((4, 2), np.float32), "z": np.ones((4, 2), np.int8)}),
        model([node("Conv", "x k")], {"k": kernel}, (1, 2, 2, 2)),
        model([node("Slice", "w a b c", "s"), node("Transpose", "s", "t", perm=[1, 0]), node("Gemm", "x t", transB=1)],
              {"w": W, "a": np.int64([0]), "b": np.int64([3]), "c": np.int64([1])}),
        model([node("Reshape", "w s", "r"), node("Unsqueeze", "r a", "u"), node("LSTM", "x u u")],
              {"w": W, "s": np.int64([8, 3]), "a": np.int64([0])}),
        model([node("Gather", "w x", "g"), node("Transpose", "w", "t"), node("MatMul", "g t")], {"w": W}),
        model(product, {}, sparse_initializer=[sparse("w", np.float32([1, 2]), [3, 7], (4, 6))]),
        model([node("If", "x", then_branch=branch, else_branch=branch)], {}),
        model([helper.make_node("Dense", ["x", "w"], ["y"], domain="own")], {"w": W}, functions=[function]),
        model([helper.make_node("MatMulNBits", ["x", "q", "s"], ["y"], domain=MICROSOFT, K=20, N=2, bits=4, block_size=16)],
              {"q": rng.integers(0, 255, (2, 2, 8)).astype(np.uint8), "s": np.ones(4, np.float32)}),
        model([node("QLinearMatMul", "x s z q s z s z")], {"q": q.astype(np.uint8) % 9, "s": np.float32(1), "z": np.uint8(3)}),
        model(product, {"w": external("w", (4, 6), location="w.bin", offset=0, length=96)}),
    ]  # fmt: skip
    return [one.SerializeToString() for one in made]


__all__ = ["external", "graph", "model", "node", "onnx", "packed", "save", "seeds", "sparse", "tensor"]
