"""Every constant of a .tflite file, once, of the type that it is stored as; what each operator does with it."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite

from dotbench import datasets
from dotbench.cdot.bfloat16 import is_bfloat16, to_bfloat16
from dotbench.datasets import DataError
from dotbench.datasets.models import model_file
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Scales
from dotbench.datasets.models.tflite import tensors as tflite_tensors

sys.path.insert(0, str(Path(__file__).parent.parent))
import fuzz_tflite
from tflite_files import (
    DENSE,
    DENSE_WEIGHTS,
    DENSIFY,
    DEQUANTIZE,
    FLOAT16,
    FLOAT32,
    INT8,
    INT32,
    Graph,
    Operator,
    Tensor,
    build,
    model,
    network,
    packed_dense,
    sparse,
)

TYPES, CODES = tflite.TensorType, tflite.BuiltinOperator


def parse(data: bytes) -> ModelFile:
    return tflite_tensors.parse(data, Path("m.tflite"))


def floats(*shape: int, name: str = "w") -> Tensor:
    numbers = np.arange(1, 1 + np.prod(shape), dtype=np.float32)
    return Tensor(shape, numbers.tobytes(), FLOAT32, name=name)


def of(code: int, inputs: Sequence[Tensor | None], options: str = "", **fields: int) -> ModelFile:
    """A file of one operator."""
    tensors = [one for one in inputs if one is not None]
    places = [-1 if one is None else next(at for at, two in enumerate(tensors) if two is one) for one in inputs]
    graph = Graph([*tensors, Tensor([1, 2], type=FLOAT32, name="out")], [
        Operator(0, places, [len(tensors)], options, fields)
    ])  # fmt: skip
    return parse(build([graph], [(min(code, 127), code, "")]))


def told(found: ModelFile) -> list[tuple[str, str, str]]:
    return [(one.name, one.role, one.orientation) for one in found.tensors]


SIGNAL = Tensor([1, 2], type=FLOAT32, name="in")


def dense(stored: Tensor, steps: Sequence[int] = ()) -> ModelTensor:
    """The weights of a fully connected layer."""
    graph, codes = packed_dense(stored, steps, *stored.shape)
    (found,) = parse(build([graph], codes)).tensors
    assert found.name == f"{len(steps):02d}_dense"
    return found


# ---- what there is


def test_layers_keep_their_names_and_the_rest_has_some() -> None:
    found = parse(model())
    assert told(found) == [
        ("00_conv2x3", "product", "outputs_first"),
        ("00_bias", "vector", "outputs_first"),
        ("01_depthwise3x3", "depthwise", "inputs_first"),
        ("02_dense", "product", "outputs_first"),
    ]
    assert [one.pixels for one in found.tensors] == [16, 0, 16, 16]
    assert [one.dtype for one in found.tensors] == ["int8", "int32", "int8", "int8"]
    assert [one.nbytes for one in found.tensors] == [48, 16, 36, 12]
    assert found.tensors[0].scales == Scales("output", 4 * 4 + 4 * 8) and found.tensors[1].scales is None
    assert found.tensors[2].scales == Scales("output", 48) and found.tensors[3].scales == Scales("tensor", 12)
    assert found.tensors[3].note == "net/dense" and found.tensors[3].matrix().tolist() == DENSE_WEIGHTS.T.tolist()
    assert (found.kind, found.notes) == ("tflite", ())


def test_a_tensor_of_many_uses_counts_once() -> None:
    """Of four uses, one in another graph: vectors add up, and the name is that of the first."""
    graph, codes = network()
    graph.operators += [replace(graph.operators[2])] * 2
    found = parse(build([graph], codes))
    assert len(found.tensors) == 4 and found.tensors[3].name == "02_dense" and found.tensors[3].pixels == 48


def test_all_names_of_a_buffer_are_one_tensor() -> None:
    """Weights that lie behind the tables, where two tensors may name the same bytes."""

    def change(graph: Graph) -> None:
        graph.operators.append(Operator(2, [5, 8], [7], "FullyConnectedOptions"))
        graph.tensors.append(replace(graph.tensors[6], name="again"))

    assert len(parse(model(change)).tensors) == 5  # a buffer each
    twice = parse(model(lambda graph: graph.operators.append(Operator(2, [5, 6], [7], "FullyConnectedOptions"))))
    assert len(twice.tensors) == 4


def test_a_constant_that_nobody_uses() -> None:
    found = parse(model(lambda graph: graph.tensors.append(floats(2, 3, name="lost"))))
    assert told(found)[-1] == ("t08", "vector", "outputs_first")
    assert found.tensors[-1].note == "no operator uses it; lost"


def test_a_file_as_data_sets(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    stored = np.array([[1, 0, -2], [0.5, 4, 0]], np.float16)
    graph, codes = packed_dense(Tensor([2, 3], stored.tobytes(), FLOAT16), [DEQUANTIZE], 2, 3)
    path.write_bytes(build([graph], codes))
    assert datasets.resolve([str(path)]) == [f"{path}#01_dense"]
    found = datasets.load(f"{path}#01_dense", cache_dir=tmp_path)
    assert (found.dtype, found.source, datasets.pixels(found.name)) == ("float16", "model", 2)
    assert found.matrix.columns(0, 2).dense(3).tolist() == stored.tolist()
    layer = datasets.layer(f"{path}#01_dense", cache_dir=tmp_path)
    assert layer.weights.dtype == np.float32 and layer.weights.tolist() == stored.T.tolist()


# ---- types


def test_float16_stays_float16() -> None:
    stored = np.array([[1, 0, -2], [0.5, 65504, 6e-8]], np.float16)
    found = dense(Tensor([2, 3], stored.tobytes(), FLOAT16, name="half"), [DEQUANTIZE])
    assert (found.dtype, found.nbytes, found.note, found.scales) == ("float16", 12, "half", None)
    assert found.matrix().dtype == np.float16 and found.matrix().T.tobytes("C") == stored.tobytes()


@pytest.mark.parametrize("width", [32, 16, 8])
def test_sparse_float16_behind_densify_and_dequantize(width: int) -> None:
    rng = np.random.default_rng(3)
    stored = np.where(rng.random((8, 12)) < 0.7, 0, rng.normal(0, 1, (8, 12))).astype(np.float16)
    coding, values = sparse(stored, [0, 1], [1], width=width)
    tensor = Tensor([8, 12], values.tobytes(), FLOAT16, sparsity=coding)
    found = dense(tensor, [DENSIFY, DEQUANTIZE])
    nnz = int(np.count_nonzero(stored))
    assert (found.dtype, found.nbytes) == ("float16", 2 * nnz + width // 8 * (9 + nnz))
    assert found.note.endswith("sparse in the file") and found.matrix().T.tobytes("C") == stored.tobytes()


def test_sparse_codings_that_contradict_themselves_are_not_read() -> None:
    stored = np.eye(4, dtype=np.float32)
    coding, values = sparse(stored, [0, 1], [1])
    found = dense(Tensor([4, 4], values[:-1].tobytes(), FLOAT32, sparsity=coding), [DENSIFY])
    assert found.role == "unread" and "4 places for 3 values" in found.note
    double = replace(coding, levels=[4, replace(coding.levels[1], indices=[0, 0, 2, 3], segments=[0, 2, 2, 3, 4])])
    found = dense(Tensor([4, 4], values.tobytes(), FLOAT32, sparsity=double), [DENSIFY])
    with pytest.raises(DataError, match="m.tflite#01_dense is not read: .* two values at one place"):
        found.array()


def test_bfloat16_and_float64() -> None:
    numbers = np.array([[1, -2.5, 3], [0, 0.125, 7]], np.float32)
    found = dense(Tensor([2, 3], to_bfloat16(numbers).tobytes(), TYPES.BFLOAT16))
    assert found.dtype == "bfloat16" and is_bfloat16(found.array().dtype)
    assert found.array().tobytes() == to_bfloat16(numbers).tobytes()
    wide = dense(Tensor([2, 3], numbers.astype(np.float64).tobytes(), TYPES.FLOAT64))
    assert wide.dtype == "float64" and wide.array().tolist() == numbers.tolist()


@pytest.mark.parametrize("inputs", [4, 5])
def test_int4_the_low_half_first(inputs: int) -> None:
    numbers = np.random.default_rng(1).integers(-8, 8, (3, inputs)).astype(np.int8)
    flat = np.append(numbers.reshape(-1), np.zeros(numbers.size % 2, np.int8)).view(np.uint8) & 15
    data = (flat[::2] | flat[1::2] << 4).tobytes()
    found = dense(Tensor([3, inputs], data, TYPES.INT4, scales=[0.5, 1, 2]))
    assert (found.dtype, found.nbytes, found.scales) == ("int4", len(data), Scales("output", 12))
    assert found.array().dtype == np.int8 and found.array().tolist() == numbers.tolist()


def test_uint8_less_its_zero_point() -> None:
    numbers = np.array([[0, 128, 255], [127, 1, 2]], np.uint8)
    found = dense(Tensor([2, 3], numbers.tobytes(), TYPES.UINT8, scales=[0.5], zero_points=[128]))
    assert (found.dtype, found.scales) == ("uint8", Scales("tensor", 12, True))
    assert found.array().dtype == np.int8 and found.array().tolist() == [[-128, 0, 127], [-1, -127, -126]]
    odd = dense(Tensor([2, 3], (numbers // 2).tobytes(), TYPES.UINT8, scales=[0.5], zero_points=[100]))
    assert odd.role == "product" and odd.array().max() == 27
    wide = dense(Tensor([2, 3], numbers.tobytes(), TYPES.UINT8, scales=[0.5], zero_points=[120]))
    assert wide.role == "unread" and wide.note.endswith("are -120 to 135: int8 holds -128 to 127")
    with pytest.raises(DataError, match="-120 to 135"):
        wide.array()


def test_int8_around_another_number_than_0() -> None:
    numbers = np.array([[-20, 5, 100], [0, 1, 2]], np.int8)
    found = dense(Tensor([2, 3], numbers.tobytes(), scales=[0.5, 1], zero_points=[-20, 3]))
    assert found.array().tolist() == [[0, 25, 120], [-3, -2, -1]] and found.scales == Scales("output", 24, True)
    wide = dense(Tensor([2, 3], numbers.tobytes(), scales=[0.5], zero_points=[-60]))
    assert wide.role == "unread" and "40 to 160" in wide.note
    huge = dense(Tensor([2, 3], numbers.tobytes(), scales=[0.5], zero_points=[1 << 40]))
    assert huge.role == "unread" and "zero point 1099511627776" in huge.note


def test_other_types_are_not_read() -> None:
    found = dense(Tensor([2, 3], np.zeros(6, np.int16).tobytes(), TYPES.INT16, scales=[0.5]))
    assert (found.role, found.dtype) == ("unread", "int16")
    assert found.note.startswith("operator 00 (FULLY_CONNECTED): weights of type INT16 (FLOAT32,")


def test_bytes_that_do_not_fit() -> None:
    found = dense(Tensor([2, 3], bytes(5), INT8, scales=[0.5]))
    assert found.role == "unread" and "has 5 bytes" in found.note and found.nbytes == 5


# ---- operators


def weights(units: int, inputs: int) -> Tensor:
    return floats(units, inputs, name=f"{units}x{inputs}")


def test_lstm() -> None:
    inputs: list[Tensor | None] = [SIGNAL, *(weights(3, 2) for _ in range(4)), *(weights(3, 3) for _ in range(4))]
    inputs += [None] * 3 + [floats(3) for _ in range(4)] + [None] * 2 + [None] * 2
    found = of(CODES.UNIDIRECTIONAL_SEQUENCE_LSTM, inputs)
    products = [one for one in found.tensors if one.role == "product"]
    gates = ("input", "forget", "cell", "output")
    assert [one.name for one in products] == [
        f"00_lstm_{way}_to_{to}" for way in ("input", "recurrent") for to in gates
    ]
    assert [one.matrix_shape for one in products] == [(2, 3)] * 4 + [(3, 3)] * 4
    assert [one.name for one in found.tensors if one.role == "vector"] == [
        f"00_unidirectional_sequence_lstm_{at}" for at in range(12, 16)
    ]


def test_the_older_lstm_has_one_matrix() -> None:
    found = of(CODES.LSTM, [SIGNAL, None, weights(12, 5), floats(12), None])
    assert told(found)[0] == ("00_lstm_gates", "product", "outputs_first") and found.tensors[0].matrix_shape == (5, 12)


def test_recurrent_layers_and_svdf() -> None:
    found = of(CODES.RNN, [SIGNAL, weights(3, 2), weights(3, 3), floats(3), None])
    assert [one[:2] for one in told(found)] == [
        ("00_rnn_input", "product"), ("00_rnn_recurrent", "product"), ("00_bias", "vector"),
    ]  # fmt: skip
    found = of(CODES.SVDF, [SIGNAL, weights(4, 2), weights(4, 8), floats(4), None])
    assert [one[:2] for one in told(found)] == [
        ("00_svdf_feature", "product"), ("00_svdf_time", "depthwise"), ("00_bias", "vector"),
    ]  # fmt: skip
    both = [SIGNAL, weights(3, 2), weights(3, 3), floats(3), None, weights(3, 2), weights(3, 3), floats(3), None]
    names = [one[0] for one in told(of(CODES.BIDIRECTIONAL_SEQUENCE_RNN, both)) if one[1] == "product"]
    assert names == ["00_rnn_forward_input", "00_rnn_forward_recurrent", "00_rnn_backward_input",
                     "00_rnn_backward_recurrent"]  # fmt: skip


def test_both_ways_of_an_lstm() -> None:
    inputs: list[Tensor | None] = [SIGNAL] + [None] * 47
    for at in (*range(1, 9), *range(18, 26)):
        inputs[at] = weights(3, 2)
    names = [one[0] for one in told(of(CODES.BIDIRECTIONAL_SEQUENCE_LSTM, inputs)) if one[1] == "product"]
    assert len(names) == 16 and names[8] == "00_lstm_backward_input_to_input"


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_batch_matmul(at: int, adjoint: bool) -> None:
    """The product by numpy, of constants on either side."""
    constant = Tensor([1, 1, 3, 4], np.arange(12, dtype=np.float32).tobytes(), FLOAT32)
    inputs = [constant, SIGNAL] if at == 0 else [SIGNAL, constant]
    found = of(CODES.BATCH_MATMUL, inputs, "BatchMatMulOptions", AdjX=int(adjoint), AdjY=int(adjoint))
    (one,) = found.tensors
    operand = np.arange(12, dtype=np.float32).reshape(3, 4)
    operand = operand.T if adjoint else operand
    assert one.role == "product" and one.shape == (3, 4)
    assert one.matrix().tolist() == (operand.T if at == 0 else operand).tolist()


def test_several_matrices_in_one_are_unsure() -> None:
    (one,) = of(CODES.BATCH_MATMUL, [SIGNAL, floats(2, 3, 4)], "BatchMatMulOptions").tensors
    assert one.role == "unsure" and one.note == "several matrices, one below the other; w"


def test_tables_that_are_looked_up(tmp_path: Path) -> None:
    ids = Tensor([2], type=INT32)
    assert told(of(CODES.GATHER, [floats(9, 4), ids], "GatherOptions")) == [("00_gather", "gather", "outputs_first")]
    along = of(CODES.GATHER, [floats(9, 4), ids], "GatherOptions", Axis=1)
    assert along.tensors[0].note == "looked up along dimension 1; w"
    assert told(of(CODES.EMBEDDING_LOOKUP, [ids, floats(9, 4)]))[0][:2] == ("00_embedding_lookup", "gather")
    assert told(of(CODES.GATHER, [floats(9), ids], "GatherOptions"))[0][1] == "vector"
    table = Tensor([9, 2], np.zeros(18, np.int32).tobytes(), INT32)
    assert told(of(CODES.GATHER, [table, ids], "GatherOptions"))[0][1] == "vector"


def test_a_table_that_is_the_head_too() -> None:
    tensors = [Tensor([1], type=INT32), floats(9, 2), Tensor([1, 2], type=FLOAT32), Tensor([1, 9], type=FLOAT32)]
    graph = Graph(tensors, [
        Operator(0, [1, 0], [2], "GatherOptions"), Operator(1, [2, 1], [3], "FullyConnectedOptions"),
    ])  # fmt: skip
    (one,) = parse(build([graph], [(CODES.GATHER, CODES.GATHER, ""), (DENSE, DENSE, "")])).tensors
    assert (one.name, one.role, one.matrix_shape) == ("01_dense", "tied", (2, 9))


def test_convolutions_of_other_kinds() -> None:
    found = of(CODES.TRANSPOSE_CONV, [Tensor([4], bytes(16), INT32), floats(8, 3, 2, 4), SIGNAL, floats(8)])
    assert [one[:2] for one in told(found)] == [
        ("00_transpose_conv_0", "vector"), ("00_transpose_conv3x2", "product"), ("00_bias", "vector"),
    ]  # fmt: skip
    assert found.tensors[1].matrix_shape == (24, 8)
    found = of(CODES.CONV_3D, [SIGNAL, floats(1, 2, 3, 4, 5), floats(5)])
    assert told(found)[0] == ("00_conv1x2x3", "product", "inputs_first")
    assert found.tensors[0].matrix_shape == (24, 5)
    assert (
        told(of(CODES.CONV_3D_TRANSPOSE, [ids := Tensor([5], bytes(20), INT32), floats(1, 2, 3, 4, 5)]))[1][1]
        == "unsure"
    )
    assert ids.shape == [5]


def test_operators_that_nobody_knows() -> None:
    graph = Graph([SIGNAL, floats(3, 2), floats(1, 2)], [Operator(0, [0, 1, 2], [0])])
    found = parse(build([graph], [(32, 0, "MyOp")]))
    assert told(found) == [("00_custom_1", "unsure", "outputs_first"), ("00_custom_2", "vector", "outputs_first")]
    assert found.tensors[0].note == "goes into custom operator 'MyOp'; w"
    assert found.notes == ("operator 00 (custom operator 'MyOp'): weights of its kind are not read",)


def test_weights_that_are_handed_on_are_unsure() -> None:
    found = of(CODES.TRANSPOSE, [floats(3, 2), Tensor([2], bytes(8), INT32)])
    assert told(found)[0][:2] == ("00_transpose_0", "unsure") and told(found)[1][:2] == ("00_transpose_1", "vector")


def test_weights_that_are_computed() -> None:
    found = of(DENSE, [SIGNAL, Tensor([2, 2], type=FLOAT32)], "FullyConnectedOptions")
    assert found.notes == ("operator 00 (FULLY_CONNECTED): its weights are no constant of the file",)


def change_rank(graph: Graph) -> None:
    graph.tensors[6] = replace(graph.tensors[6], shape=[1, 3, 4])


def change_scales(graph: Graph) -> None:
    graph.tensors[6] = replace(graph.tensors[6], scales=[1, 2], zero_points=[])


@pytest.mark.parametrize(
    ("change", "words"), [(change_rank, r"have the shape \[1, 3, 4\]"), (change_scales, "2 scales, for 3 outputs")]
)
def test_layers_that_contradict_themselves(change: Callable[[Graph], None], words: str) -> None:
    one = next(one for one in parse(model(change)).tensors if one.role == "unread")
    assert one.name == "02_dense" and one.note.startswith("operator 02 (FULLY_CONNECTED): ")
    assert re.search(words, one.note)


# ---- strangers' files


def test_no_model_at_all(tmp_path: Path) -> None:
    for data in (b"", b"nothing at all"):
        (tmp_path / "m.tflite").write_bytes(data)
        with pytest.raises(DataError, match="m.tflite cannot be read as a model"):
            tflite_tensors.read(tmp_path / "m.tflite")
    with pytest.raises(DataError, match=r"none.tflite cannot be read: No such file"):
        tflite_tensors.read(tmp_path / "none.tflite")


def test_damaged_at_random() -> None:
    """A DataError, or tensors whose numbers are as many as they say."""
    rng, seeds = random.Random(5), fuzz_tflite.seeds()[:6]
    read = 0
    for _ in range(1500):
        data = fuzz_tflite.mutate(rng.choice(seeds), rng)
        try:
            found = parse(data)
        except DataError:
            continue
        for one in found.tensors:
            assert one.role in model_file.ROLES
            if one.role not in ("unread", "vector"):
                assert len(one.shape) > 1
                try:
                    assert one.array().shape == one.shape
                    read += one.matrix().shape == one.matrix_shape
                except DataError:
                    pass
    assert read > 500
