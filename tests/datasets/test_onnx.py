"""The reader of .onnx files: what it says of each operator's weights, held against what the operator computes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from dotbench import datasets
from dotbench.datasets import reader_calls, readers
from dotbench.datasets.models import names
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Scales

sys.path.insert(0, str(Path(__file__).parent.parent))
from onnx_files import MICROSOFT, graph, model, node, save, sparse, tensor

RNG = np.random.default_rng(11)


def whole(*shape: int, low: int = -9, high: int = 9, dtype: Any = np.float32) -> Any:
    """Numbers whose products are exact in float32."""
    return RNG.integers(low, high, shape).astype(dtype)


def read(path: Path, *arguments: Any, **more: Any) -> ModelFile:
    """What the reader says of a model that is made of the arguments."""
    save(path / "m.onnx", *arguments, **more)
    reader = readers.find("m.onnx", readers.of_models())
    assert reader is not None
    return reader_calls.tensors(reader, path / "m.onnx")


def one(model: ModelFile, role: str = "product") -> ModelTensor:
    (found,) = [tensor for tensor in model.tensors if tensor.role == role]
    assert found.array().shape == found.shape and found.matrix().shape == found.matrix_shape
    return found


def computed(path: Path, x: Any, opset: int = 21) -> Any:
    """What the operators make of x."""
    return ReferenceEvaluator(str(path / "m.onnx")).run(None, {"x": x})[0]


# ---- products: x @ W is what the operator computes

W, WT = whole(4, 6), whole(6, 4)
MATRICES = {
    "matmul": ([node("MatMul", "x w")], {"w": W}, "inputs_first"),
    "matmul, leading ones": ([node("MatMul", "x w")], {"w": W.reshape(1, 1, 4, 6)}, "inputs_first"),
    "gemm": ([node("Gemm", "x w b")], {"w": W, "b": np.zeros(6, np.float32)}, "inputs_first"),
    "gemm, transB": ([node("Gemm", "x w", transB=1)], {"w": WT}, "outputs_first"),
    "transposed": ([node("Transpose", "w", "t"), node("MatMul", "x t")], {"w": WT}, "outputs_first"),
    "transposed twice": (
        [node("Transpose", "w", "t"), node("Identity", "t", "i"), node("Transpose", "i", "u", perm=[1, 0]), node("MatMul", "x u")],
        {"w": W}, "inputs_first",
    ),
    "reshaped": ([node("Reshape", "w s", "r"), node("MatMul", "x r")], {"w": W.reshape(2, 12), "s": [4, -1]}, "inputs_first"),
    "flattened": ([node("Flatten", "w", "r", axis=1), node("MatMul", "x r")], {"w": W.reshape(4, 2, 3)}, "inputs_first"),
    "squeezed": ([node("Squeeze", "w a", "r"), node("MatMul", "x r")], {"w": W.reshape(4, 1, 6), "a": [1]}, "inputs_first"),
    "squeezed, all": ([node("Squeeze", "w", "r"), node("MatMul", "x r")], {"w": W.reshape(4, 1, 6)}, "inputs_first"),
    "unsqueezed": ([node("Unsqueeze", "w a", "r"), node("MatMul", "x r")], {"w": W, "a": [0]}, "inputs_first"),
    "axes that change places": (
        [node("Transpose", "w", "t", perm=[1, 0, 2]), node("Reshape", "t s", "r"), node("MatMul", "x r")],
        {"w": W.reshape(2, 4, 3), "s": [4, 6]}, "inputs_first",
    ),
    "cast": ([node("Cast", "w", "c", to=1), node("MatMul", "x c")], {"w": W.astype(np.float16)}, "inputs_first"),
    "constant node": ([node("Constant", "", "w", value=tensor("", W)), node("MatMul", "x w")], {}, "inputs_first"),
}  # fmt: skip


@pytest.mark.parametrize("what", MATRICES)
def test_products_are_vectors_times_the_matrix(what: str, tmp_path: Path) -> None:
    nodes, constants, orientation = MATRICES[what]
    constants = {key: np.int64(value) if isinstance(value, list) else value for key, value in constants.items()}
    found = one(read(tmp_path, nodes, constants, (3, 4)))
    x = whole(3, 4)
    assert computed(tmp_path, x).reshape(3, 6).tolist() == (x @ found.matrix().astype(np.float32)).tolist()
    assert (found.orientation, found.matrix_shape, found.nbytes) == (orientation, (4, 6), found.array().nbytes)


@pytest.mark.parametrize("swapped", [0, 1])
def test_a_left_operand_is_outputs_by_inputs(swapped: int, tmp_path: Path) -> None:
    stored = WT.T if swapped else WT
    nodes = [node("Gemm", "w x", transA=swapped)] if swapped else [node("MatMul", "w x")]
    found = one(read(tmp_path, nodes, {"w": np.ascontiguousarray(stored)}, (4, 3)))
    x = whole(4, 3)
    assert computed(tmp_path, x).T.tolist() == (x.T @ found.matrix()).tolist()
    assert found.matrix_shape == (4, 6) and found.orientation == ("inputs_first" if swapped else "outputs_first")


def test_a_convolution_is_rows_of_kernels_places_then_channels(tmp_path: Path) -> None:
    kernel, x = whole(5, 2, 3, 4), whole(1, 2, 3, 4)
    found = one(read(tmp_path, [node("Conv", "x k")], {"k": kernel}, (1, 2, 3, 4), y=["batch", 5, 7, 2]))
    assert computed(tmp_path, x).ravel().tolist() == (np.moveaxis(x[0], 0, -1).ravel() @ found.matrix()).tolist()
    assert (found.orientation, found.matrix_shape, found.pixels) == ("channels_first", (24, 5), 14)


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (2, 3, 1, 0), (1, 0, 2, 3)])
def test_a_kernel_that_is_stored_in_another_order(order: tuple[int, ...], tmp_path: Path) -> None:
    """As TensorFlow's exporters leave it."""
    kernel, x = whole(5, 2, 3, 4), whole(1, 2, 3, 4)
    back = [order.index(axis) for axis in range(4)]
    nodes = [node("Transpose", "k", "t", perm=back), node("Conv", "x t")]
    found = one(read(tmp_path, nodes, {"k": kernel.transpose(order)}, (1, 2, 3, 4)))
    assert computed(tmp_path, x).ravel().tolist() == (np.moveaxis(x[0], 0, -1).ravel() @ found.matrix()).tolist()


def test_convolutions_in_groups(tmp_path: Path) -> None:
    kernel, x = whole(6, 2, 2, 2), whole(1, 4, 2, 2)
    found = one(read(tmp_path, [node("Conv", "x k", group=2)], {"k": kernel}, (1, 4, 2, 2)))
    patches = [np.moveaxis(x[0, at : at + 2], 0, -1).ravel() for at in (0, 2)]
    expected = [patches[0] @ found.matrix()[:, :3], patches[1] @ found.matrix()[:, 3:]]
    assert computed(tmp_path, x).ravel().tolist() == np.concatenate(expected).tolist() and found.note == "in 2 groups"
    deep = one(read(tmp_path, [node("Conv", "x k", group=4)], {"k": whole(8, 1, 2, 2)}, (1, 4, 2, 2)), "depthwise")
    assert deep.shape == (8, 1, 2, 2) and deep.orientation == "channels_first"
    alone = one(read(tmp_path, [node("Conv", "x k")], {"k": whole(8, 1, 2, 2)}, (1, 1, 2, 2)))
    assert alone.matrix_shape == (4, 8)  # one channel, but for all


def test_a_transposed_convolution_has_a_column_for_each_place(tmp_path: Path) -> None:
    kernel, x = whole(4, 3, 2, 2), whole(1, 4, 1, 1)
    found = one(read(tmp_path, [node("ConvTranspose", "x k")], {"k": kernel}, (1, 4, 1, 1)))
    assert computed(tmp_path, x).ravel().tolist() == (x.ravel() @ found.matrix()).tolist()
    assert found.matrix_shape == (4, 12)


def test_recurrent_layers_have_a_row_for_each_gate(tmp_path: Path) -> None:
    x, w, r = whole(1, 1, 3), whole(1, 8, 3), whole(1, 8, 2)
    found = read(tmp_path, [node("LSTM", "x w r", hidden_size=2)], {"w": w / 16, "r": r}, (1, 1, 3))
    inputs, hidden = [one for one in found.tensors if one.role == "product"]
    assert (inputs.shape, hidden.shape, inputs.orientation) == ((8, 3), (8, 2), "outputs_first")
    i, o, _, c = np.split(x.ravel() @ inputs.matrix(), 4)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    expected = sigmoid(o) * np.tanh(sigmoid(i) * np.tanh(c))
    assert computed(tmp_path, x).ravel() == pytest.approx(expected, rel=1e-5)
    both = read(
        tmp_path, [node("GRU", "x w r b", hidden_size=2)], {"w": whole(2, 6, 3), "r": whole(2, 6, 2), "b": whole(2, 12)}
    )
    assert [(one.role, one.shape) for one in both.tensors] == [
        ("product", (12, 3)),
        ("product", (12, 2)),
        ("vector", (2, 12)),
    ]


def test_gates_in_another_order_are_one_tensor(tmp_path: Path) -> None:
    """As PyTorch's exporter writes an LSTM."""
    nodes = [
        *(node("Slice", f"w {start} {end} zero", f"s{start}") for start, end in (("a", "b"), ("c", "d"), ("b", "c"))),
        node("Concat", "sa sc sb", "j", axis=0), node("Unsqueeze", "j zero", "u"), node("LSTM", "x u r", hidden_size=2),
    ]  # fmt: skip
    ends = {name: np.int64([at]) for name, at in zip("abcd", (0, 2, 6, 8), strict=True)}
    found = read(tmp_path, nodes, {"w": whole(8, 3), "r": whole(1, 8, 2), "zero": np.int64([0]), **ends})
    gates = next(one for one in found.tensors if one.name == "w")
    assert (gates.role, gates.shape, gates.orientation, gates.note) == (
        "product",
        (8, 3),
        "outputs_first",
        "multiplied in slices",
    )
    assert len(found.tensors) == 2 and found.notes == ("5 shapes, axes and indices are left out",)


@pytest.mark.parametrize("axis", [0, 1])
def test_parts_of_a_constant_are_one_tensor(axis: int, tmp_path: Path) -> None:
    nodes = [
        node("Split", "w", "a b", axis=axis, num_outputs=2),
        node("MatMul", "x a", "y"),
        node("MatMul", "x b", "z"),
    ]
    found = one(read(tmp_path, nodes, {"w": W}))
    assert (found.matrix() == W).all() and found.note == "multiplied in slices"


# ---- what is no product


def test_tables_and_heads_that_share_them(tmp_path: Path) -> None:
    table = whole(7, 4)
    looked_up = one(read(tmp_path, [node("Gather", "e x")], {"e": table}), "gather")
    assert (looked_up.shape, looked_up.orientation) == ((7, 4), "outputs_first")
    nodes = [node("Gather", "e x", "g"), node("Transpose", "e", "t"), node("MatMul", "g t")]
    tied = one(read(tmp_path, nodes, {"e": table}), "tied")
    assert (tied.matrix() == table.T).all()


UNSURE = {
    "a batch of 2 matrices": ([node("MatMul", "x w")], whole(2, 4, 6)),
    "Einsum 'bi,ij->bj'": ([node("Einsum", "x w", equation="bi,ij->bj")], W),
    "an operand of Strange": ([helper.make_node("Strange", ["x", "w"], ["y"], domain="own")], W),
    "no operator takes it": ([node("Relu", "x")], W),
    "multiplied in parts of other shapes": (
        [node("Slice", "w a b", "s"), node("Reshape", "s r", "t"), node("MatMul", "x t")], W),
}  # fmt: skip


@pytest.mark.parametrize("note", UNSURE)
def test_what_is_unsure_says_why(note: str, tmp_path: Path) -> None:
    nodes, values = UNSURE[note]
    found = one(
        read(tmp_path, nodes, {"w": values, "a": np.int64([0]), "b": np.int64([2]), "r": np.int64([4, 3])}), "unsure"
    )
    assert note in found.note and found.array().tolist() == values.tolist()


def test_vectors(tmp_path: Path) -> None:
    nodes = [node("Add", "x b", "a"), node("LayerNormalization", "a s", "c"), node("Mul", "c m")]
    found = read(tmp_path, nodes, {"b": whole(1, 6), "s": whole(6), "m": whole(1, 6), "never": whole(3)})
    assert [one.role for one in found.tensors] == ["vector"] * 4


def test_a_tensor_counts_once_and_two_ways_are_said(tmp_path: Path) -> None:
    square = whole(4, 4)
    nodes = [
        node("MatMul", "x w", "a", "first"),
        node("MatMul", "a w", "b"),
        node("Gemm", "b w", "y", "other", transB=1),
    ]
    found = one(read(tmp_path, nodes, {"w": square}))
    assert (found.orientation, found.note) == ("inputs_first", "also multiplied the other way by other")


# ---- where constants are


def test_subgraphs_see_names_around_them_and_hide_them(tmp_path: Path) -> None:
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    own = helper.make_tensor_value_info("w", TensorProto.FLOAT, None)
    inner = helper.make_graph(
        [node("Constant", "", "c", value=tensor("", WT)), node("Gemm", "x c", "z", transB=1)], "a", [], [out]
    )
    outer = helper.make_graph([node("MatMul", "x v", "z")], "b", [], [out])
    body = helper.make_graph([node("MatMul", "x w", "z")], "c", [own], [out])
    nodes = [
        node("If", "x", "i", then_branch=inner, else_branch=outer),
        node("Scan", "w", "y", body=body, num_scan_inputs=1),
    ]
    found = {one.name: one.role for one in read(tmp_path, nodes, {"v": W, "w": whole(2, 4, 6)}).tensors}
    assert found == {"v": "product", "w": "unsure", "c": "product"}


def test_functions_of_a_model(tmp_path: Path) -> None:
    opset = [helper.make_opsetid("", 21)]
    gemm = node("Gemm", "a b", "c")
    gemm.attribute.add(name="transB", ref_attr_name="turned", type=2)
    inner = helper.make_function("own", "Dense", ["a", "b"], ["c"], [gemm], opset, ["turned"])
    again = helper.make_node("Again", ["a"], ["c"], domain="own")
    hostile = helper.make_function("own", "Again", ["a"], ["c"], [again, again], opset)
    body = helper.make_graph([node("Relu", "a", f"z{at}") for at in range(5000)], "g", [], [])
    branch = helper.make_function("own", "Branch", ["a"], ["c"], [node("If", "a", "c", then_branch=body)], opset)
    many = [helper.make_node("Branch", ["x"], [f"y{at}"], domain="own") for at in range(100)]
    with pytest.raises(datasets.DataError, match="more than 100000 nodes"):
        read(tmp_path, many, {}, functions=[branch])
    call = helper.make_node("Dense", ["x", "w"], ["y"], domain="own", turned=1)
    assert one(read(tmp_path, [call], {"w": WT}, functions=[inner])).orientation == "outputs_first"
    turn = helper.make_function("own", "Turn", ["a"], ["c"], [node("Transpose", "a", "c")], opset)
    turned = [helper.make_node("Turn", ["w"], ["t"], domain="own"), node("MatMul", "x t")]
    assert one(read(tmp_path, turned, {"w": WT}, functions=[turn])).orientation == "outputs_first"
    with pytest.raises(datasets.DataError, match="call each other for more than 100000 nodes"):
        read(tmp_path, [helper.make_node("Again", ["x"], ["y"], domain="own")], {}, functions=[hostile])


SPARSE = {"linear": [3, 10, 23], "by dimension": [[0, 3], [1, 4], [3, 5]]}


@pytest.mark.parametrize("way", SPARSE)
def test_sparse_initializers_are_written_out(way: str, tmp_path: Path) -> None:
    found = one(
        read(
            tmp_path,
            [node("MatMul", "x w")],
            {},
            sparse_initializer=[sparse("w", np.float32([1, 2, 3]), SPARSE[way], (4, 6))],
        )
    )
    assert np.argwhere(found.matrix()).tolist() == SPARSE["by dimension"] and found.matrix()[3, 5] == 3
    assert (found.nbytes, found.note) == (12 + np.int64(SPARSE[way]).nbytes, "sparse in the file")


def test_names_are_the_operators_where_an_exporter_counted(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x onnx::MatMul_9", "a", "/layer.0/MatMul"), node("MatMul", "a 12", "y", "/layer.0/MatMul")]
    found = read(tmp_path, nodes, {"onnx::MatMul_9": whole(4, 4), "12": whole(4, 4)})
    assert [one.name for one in found.tensors] == ["/layer.0/MatMul", "/layer.0/MatMul_2"]
    assert found.tensors[0].note == "called 'onnx::MatMul_9' in the file"
    path = f"{tmp_path}/m.onnx"
    assert names.expand(path) == [f"{path}#/layer.0/MatMul", f"{path}#/layer.0/MatMul_2"]
    odd = read(tmp_path, [node("MatMul", "x a#b\n")], {"a#b\n": W}).tensors[0]
    assert odd.name == "a_b_"


def test_float_types(tmp_path: Path) -> None:
    kinds = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16, "float64": TensorProto.DOUBLE}
    for name, kind in kinds.items():
        raw = helper.make_tensor("w", kind, (4, 6), W.ravel())
        typed = helper.make_tensor("w", kind, (4, 6), W.ravel())
        raw = tensor("w", W.astype(name)) if name != "bfloat16" else raw
        for stored in (raw, typed):
            found = one(read(tmp_path, [node("MatMul", "x w")], {"w": stored}))
            assert found.dtype == name and found.matrix().astype(np.float32).tolist() == W.tolist()
    small = helper.make_tensor("w", TensorProto.FLOAT8E4M3FN, (2, 2), [1, 2, 3, 4])
    unread = one_unread(read(tmp_path, [node("MatMul", "x w")], {"w": small}))
    assert unread.note == "numbers of type float8_e4m3fn are not read" and unread.nbytes == 4


def one_unread(model: ModelFile) -> ModelTensor:
    (found,) = [one for one in model.tensors if one.role == "unread"]
    with pytest.raises(datasets.DataError):
        found.array()
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_chain_of_moves_is_folded_as_it_is_computed(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.mktemp("chain")
    shape, nodes, constants, last = [2, 3, 4], [], {}, "w"
    for at in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["Transpose", "Reshape", "Unsqueeze", "Identity"]))
        if kind == "Transpose":
            order = data.draw(st.permutations(range(len(shape))))
            nodes.append(node(kind, last, f"t{at}", perm=order))
            shape = [shape[axis] for axis in order]
        elif kind == "Identity":
            nodes.append(node(kind, last, f"t{at}"))
        else:
            added = data.draw(st.integers(0, len(shape)))
            shape = data.draw(st.permutations([2, 3, 4])) if kind == "Reshape" else [*shape[:added], 1, *shape[added:]]
            constants[f"c{at}"] = np.int64(shape if kind == "Reshape" else [added])
            nodes.append(node(kind, f"{last} c{at}", f"t{at}"))
        last = f"t{at}"
    constants["end"] = np.int64([6, 4])
    nodes += [node("Reshape", f"{last} end", "e"), node("MatMul", "x e")]
    found = one(read(path, nodes, {"w": whole(2, 3, 4), **constants}, (3, 6)))
    x = whole(3, 6)
    assert computed(path, x).tolist() == (x @ found.matrix()).tolist()


def test_the_model_has_a_graph_of_its_own(tmp_path: Path) -> None:
    """The whole way of a user: a layer of a file by name."""
    save(tmp_path / "m.onnx", [node("MatMul", "x fc.weight")], {"fc.weight": W})
    assert names.expand(f"{tmp_path}/m.onnx") == [f"{tmp_path}/m.onnx#fc"]
    source, note = names.read(tmp_path / "m.onnx", "fc")
    assert source.shape == (4, 6) and note == "" and graph and model and MICROSOFT and Scales
