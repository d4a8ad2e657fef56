"""The reader of .tflite files on small ones that tests build: every field by hand, and every way to be wrong."""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite

from dotbench import datasets
from dotbench.datasets.models import Layer, parse, read
from dotbench.datasets.models.tflite import guard

sys.path.insert(0, str(Path(__file__).parent.parent))
import fuzz_tflite
from tflite_files import (
    CONV,
    DEEP,
    DENSE_WEIGHTS,
    FLOAT32,
    KERNELS,
    Change,
    Graph,
    Operator,
    Sparsity,
    Tensor,
    build,
    model,
    network,
)


def layers(change: Change = lambda graph: None) -> tuple[Layer, ...]:
    return parse(model(change), "m.tflite").layers


def skipped(change: Change) -> tuple[str, ...]:
    return parse(model(change), "m.tflite").skipped


# ---- what is read


def test_kernels_lie_as_columns_of_rows_columns_channels() -> None:
    conv = layers()[0]
    assert (conv.name, conv.kind, conv.tensor, conv.shape) == ("00_conv2x3", "conv", "net/conv", (4, 2, 3, 2))
    assert conv.weights.shape == (2 * 3 * 2, 4) and conv.weights.dtype == np.int8
    for output in range(4):
        assert conv.weights[:, output].tolist() == KERNELS[output].reshape(-1).tolist()
    window = conv.window
    assert (window.kernel, window.strides, window.dilation, window.padding) == ((2, 3), (1, 2), (1, 1), "VALID")
    assert (conv.activation, conv.pixels, conv.nnz, conv.zeros) == ("RELU", 16, 47, 1)
    assert conv.bias is not None and conv.bias.tolist() == [0, 1, 2, 3] and conv.bias.dtype == np.int32
    assert conv.quantisation.per_channel and conv.quantisation.scales.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert (conv.input.shape, conv.input.type, conv.output.shape) == ((1, 5, 9, 2), "INT8", (1, 4, 4, 4))
    assert conv.input.quantisation.zero_points.tolist() == [-3]


def test_a_convolution_is_its_matrix_times_the_patches() -> None:
    """What the format defines, from its indices, against the matrix: strides 1 and 2, no padding."""
    conv, rng = layers()[0], np.random.default_rng(3)
    x = rng.integers(-128, 128, (5, 9, 2))
    for row in range(4):
        for column in range(4):
            patch = x[row : row + 2, 2 * column : 2 * column + 3]
            expected = [sum((kernel.astype(int) * patch).ravel()) for kernel in KERNELS]
            assert (patch.reshape(-1) @ conv.weights.astype(int)).tolist() == expected


def test_depthwise_and_dense() -> None:
    _, deep, dense = layers()
    assert (deep.name, deep.weights.shape, deep.bias, deep.activation) == ("01_depthwise3x3", (9, 4), None, "RELU6")
    assert deep.weights.tolist() == DEEP.reshape(9, 4).tolist()
    assert (deep.quantisation.axis, deep.window.padding, deep.pixels) == (3, "SAME", 16)
    assert (dense.name, dense.kind, dense.weights.shape, dense.activation) == ("02_dense", "dense", (4, 3), "NONE")
    assert dense.weights.tolist() == DENSE_WEIGHTS.T.tolist()
    assert (dense.pixels, dense.quantisation.per_channel, dense.output.quantisation.scales.tolist()) == (
        16,
        False,
        [0.125],
    )


def test_weights_are_views_of_the_file() -> None:
    for layer in layers():
        assert not layer.weights.flags.owndata and not layer.weights.flags.writeable


@pytest.mark.parametrize("codes", [(CONV, 0), (CONV, CONV), (0, CONV)])
def test_operator_codes_old_and_new(codes: tuple[int, int]) -> None:
    graph, others = network()
    found = parse(build([graph], [(*codes, ""), *others[1:]]), "m").layers
    assert [layer.name for layer in found] == ["00_conv2x3", "01_depthwise3x3", "02_dense"]


def test_subgraphs_have_names_of_their_own() -> None:
    graph, codes = network()
    names = [layer.name for layer in parse(build([graph, graph], codes), "m").layers]
    assert names[2:5] == ["02_dense", "s1_00_conv2x3", "s1_01_depthwise3x3"] and len(set(names)) == 6


def test_float_weights() -> None:
    def change(graph: Graph) -> None:
        graph.tensors[6] = Tensor([3, 4], DENSE_WEIGHTS.astype(np.float32).tobytes(), FLOAT32)

    dense = layers(change)[2]
    assert dense.weights.dtype == np.float32 and dense.weights.tolist() == DENSE_WEIGHTS.T.tolist()
    assert len(dense.quantisation.scales) == 0


def test_the_threshold_of_sparsity() -> None:
    """2867 zeros of 4096 pass t = 0.70, 2866 do not; 29 of 100 pass 0.29, which is 28.99... in binary."""

    def dense(inputs: int, outputs: int, zeros: int) -> Layer:
        def change(graph: Graph) -> None:
            graph.tensors[5].shape = [1, inputs]
            weights = np.ones(inputs * outputs, np.int8)
            weights[:zeros] = 0
            graph.tensors[6] = Tensor([outputs, inputs], weights.tobytes(), scales=[1])
            graph.tensors[7].shape = [1, outputs]
            del graph.operators[:2]

        return layers(change)[0]

    assert dense(64, 64, 2867).sparse() and not dense(64, 64, 2866).sparse()
    assert dense(10, 10, 29).sparse(0.29) and not dense(10, 10, 28).sparse(0.29)


# ---- what is skipped, with a line


def weights(**change: object) -> Change:
    return lambda graph: vars(graph.tensors[6]).update(change)


SKIPPED: dict[str, tuple[Change, str]] = {
    "computed": (weights(data=None), "its weights are no constant of the file"),
    "uint8": (weights(type=3), "weights of type UINT8 (INT8 and FLOAT32 are read)"),
    "unknown type": (weights(type=99), "weights of type type 99"),
    "around 3": (weights(zero_points=[3]), "int8 weights around another number than 0"),
    "sparse coding": (weights(sparsity=Sparsity()), "its sparse coding has the order [] and 0 levels"),
    "shuffled": (lambda graph: graph.operators[2].fields.update(WeightsFormat=1), "shuffled"),
    "bias": (lambda graph: setattr(graph.operators[2], "inputs", [5, 6, 3]), "its bias is no constant"),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_weights_that_are_not_read_are_named(what: str) -> None:
    change, words = SKIPPED[what]
    (line,) = skipped(change)
    assert line.startswith("operator 02 (FULLY_CONNECTED): ") and words in line
    assert len(layers(change)) == 2


def tensor(number: int, **change: object) -> Change:
    return lambda graph: vars(graph.tensors[number]).update(change)


def operator(number: int, **change: object) -> Change:
    return lambda graph: vars(graph.operators[number]).update(change)


ODD: dict[str, tuple[Change, str]] = {
    "scales": (tensor(1, scales=[0.1] * 3, zero_points=[]), "'net/conv' have 3 scales, for 4 outputs"),
    "no scales": (tensor(1, scales=[], zero_points=[]), "'net/conv' have 0 scales, for 4 outputs"),
    "zero points": (tensor(1, zero_points=[0] * 3), "4 scales and 3 zero points"),
    "negative scale": (tensor(1, scales=[1, 2, -3, 4]), "scale 2 of tensor 'net/conv' is -3.0"),
    "infinite scale": (tensor(1, scales=[1, 2, 3, float("inf")]), "scale 3 of tensor 'net/conv' is inf"),
    "signal scale 0": (tensor(0, scales=[0]), "activations 'in' have the scale 0"),
    "nan scale": (tensor(0, scales=[float("nan")]), "scale 0 of tensor 'in' is nan"),
    "axis": (tensor(4, axis=0), "scales along dimension 0, outputs lie in 3"),
    "signal scales": (tensor(0, scales=[1, 2], zero_points=[0, 0]), "'in' have 2 scales: one, or none"),
    "short": (tensor(1, data=bytes(47)), "shape [4, 2, 3, 2] and type INT8 has 47 bytes"),
    "long": (tensor(6, data=bytes(13)), "shape [3, 4] and type INT8 has 13 bytes"),
    "huge": (tensor(6, shape=[2**31 - 1] * 4), "has 12 bytes"),
    "negative": (tensor(6, shape=[-3, -4]), "has the shape [-3, -4]"),
    "dimensions": (tensor(6, shape=[1] * 9), "has the shape"),
    "rank": (tensor(6, shape=[3, 2, 2]), "of a dense layer have the shape [3, 2, 2]"),
    "depthwise": (tensor(4, shape=[3, 3, 1, 4]), "of a depthwise layer have the shape"),
    "bias": (tensor(2, data=bytes(12), shape=[3]), "bias 'bias' has 3 numbers, for 4 outputs"),
    "bias type": (tensor(2, type=9, shape=[16]), "bias 'bias' is of type INT8"),
    "float16 bias": (tensor(2, type=1, shape=[8]), "bias 'bias' is of type FLOAT16 (INT32, INT64 and FLOAT32 are"),
    "input": (tensor(0, shape=[1, 5, 9, 3]), "do not fit their input"),
    "flat input": (tensor(0, shape=[90]), "do not fit their input"),
    "output": (tensor(3, shape=[1, 4, 4, 5]), "4 outputs do not fit 'between'"),
    "no output": (operator(0, outputs=[]), "it has no output 0"),
    "no weights": (operator(0, inputs=[0]), "it has no input 1"),
    "left out": (operator(0, inputs=[0, -1]), "it has no input 1"),
    "options": (operator(0, options="", fields={}), "has no Conv2DOptions"),
    "other options": (operator(0, options="Pool2DOptions", fields={}), "has no Conv2DOptions"),
    "stride": (lambda graph: graph.operators[0].fields.update(StrideW=0), "at least 1 each"),
    "dilation": (lambda graph: graph.operators[0].fields.update(DilationHFactor=0), "(1, 2, 0, 1): at least 1 each"),
    "dynamic shape": (tensor(5, shape=[1, 1]), "'net/dense' of shape [3, 4] do not fit their input of [1, 1]"),
    "unknown shape": (tensor(7, shape=[16, 0]), "tensor 'out' has the shape [16, 0]"),
    "padding": (lambda graph: graph.operators[0].fields.update(Padding=7), "padding 7 is not known"),
    "activation": (lambda graph: graph.operators[0].fields.update(FusedActivationFunction=77), "activation 77"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_an_odd_layer_is_named_and_the_others_are_read(what: str) -> None:
    change, words = ODD[what]
    whole = {layer.name: layer.weights.tolist() for layer in layers()}
    found = parse(model(change), "m.tflite")
    assert any(words in line for line in found.skipped), found.skipped
    assert 1 <= len(found.layers) == 3 - len(found.unread) < 3
    for layer in found.layers:
        assert layer.weights.tolist() == whole[layer.name]


def test_a_pruned_channel_of_scale_0() -> None:
    """The stored whole numbers are what is compressed, and 0 is what makes outputs of them."""
    conv = layers(tensor(1, scales=[0.1, 0, 0.3, 0.4]))[0]
    assert conv.quantisation.scales.tolist() == pytest.approx([0.1, 0, 0.3, 0.4])
    assert conv.weights.T.tolist() == KERNELS.reshape(4, -1).tolist()


def test_a_dense_layer_without_options() -> None:
    """It has the defaults, as in the format's own interpreter."""
    dense = layers(operator(2, options="", fields={}))[2]
    assert (dense.name, dense.activation, dense.weights.tolist()) == ("02_dense", "NONE", DENSE_WEIGHTS.T.tolist())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ((32, 0, "MyOp"), "custom operator 'MyOp'"),
        ((127, 9999, ""), "operator code 9999"),
        ((-5, -7, ""), "operator code -5"),
        ((67, 0, ""), "TRANSPOSE_CONV"),
    ],
)
def test_unknown_operators_are_listed(code: tuple[int, int, str], words: str) -> None:
    graph, codes = network()
    graph.operators.append(Operator(3, [0], [3]))
    found = parse(build([graph], [*codes, code]), "m")
    assert found.skipped == (f"operator 03 ({words}): weights of its kind are not read",)
    assert len(found.layers) == 3


def test_operators_without_weights_are_no_news() -> None:
    graph, codes = network()
    graph.operators.append(Operator(3, [0], [3]))
    assert parse(build([graph], [*codes, (22, 0, "")]), "m").skipped == ()


def test_a_model_without_constant_weights() -> None:
    def computed(graph: Graph) -> None:
        for number in (1, 4, 6):
            graph.tensors[number].data = None

    words = (
        r"m.tflite cannot be read as a model: it has no constant weights .*operator 00 \(CONV_2D\): its weights are no"
    )
    with pytest.raises(datasets.DataError, match=words):
        layers(computed)
    with pytest.raises(datasets.DataError, match="it has no constant weights"):
        parse(build([], []), "m")


# ---- what is wrong


ERRORS: dict[str, tuple[Change, str]] = {
    "tensor index": (operator(0, inputs=[0, 8]), "tensor 8 is named, and there are 8"),
    "negative index": (operator(0, inputs=[0, -2]), "tensor -2 is named"),
    "code index": (operator(0, code=3), "operator code 3 is named, and there are 3"),
}  # fmt: skip


@pytest.mark.parametrize("what", ERRORS)
def test_what_leads_outside_of_the_file(what: str) -> None:
    change, words = ERRORS[what]
    with pytest.raises(datasets.DataError, match=f"m.tflite cannot be read as a model: .*{words}"):
        layers(change)


def test_every_truncation() -> None:
    data, whole = model(), [layer.name for layer in layers()]
    for size in range(len(data)):
        try:
            found = parse(data[:size], "m").layers
        except datasets.DataError:
            continue
        assert [layer.name for layer in found] == whole  # the last bytes hold no table: names, padding


def test_no_model_at_all(tmp_path: Path) -> None:
    for data, words in (
        (b"", "no .tflite file"),
        (b"\x1c\0\0\0TFL2" + bytes(40), "no .tflite file"),
        (b"\xff\xff\xff\xffTFL3", "cut short or damaged"),
    ):
        path = tmp_path / "a.tflite"
        path.write_bytes(data)
        with pytest.raises(datasets.DataError, match=words):
            read(path)
    with pytest.raises(datasets.DataError, match="b.tflite cannot be read: No such file"):
        read(tmp_path / "b.tflite")


def test_a_buffer_outside() -> None:
    """Large files have buffers behind all tables, by a place and a size of 64 bits."""
    data = model()
    assert data.count(DENSE_WEIGHTS.tobytes()) == 1
    at = data.index(DENSE_WEIGHTS.tobytes()) - 4

    def of_length(length: int) -> bytes:
        return data[:at] + struct.pack("<I", length) + data[at + 4 :]

    for length in (2**32 - 1, 2**31):
        with pytest.raises(datasets.DataError, match="cut short or damaged"):
            parse(of_length(length), "m")
    (line,) = parse(of_length(13), "m").skipped
    assert line.endswith("tensor 'net/dense' of shape [3, 4] and type INT8 has 13 bytes")


def test_buffers_behind_the_tables() -> None:
    """As files of more than 2 GB have them: a place and a size in the whole file."""

    def placed(offset: int, size: int) -> bytes:
        return model(weights(data=None, place=(offset, size)))

    at = len(placed(1000, 12))
    data = placed(at, 12) + DENSE_WEIGHTS.tobytes()
    assert parse(data, "m").layers[2].weights.tolist() == DENSE_WEIGHTS.T.tolist()
    for offset, size in ((at, 13), (at + 1, 12), (2**64 - 1, 12), (at, 2**63)):
        with pytest.raises(datasets.DataError, match="cut short or damaged"):
            parse(placed(offset, size) + DENSE_WEIGHTS.tobytes(), "m")
    assert "has 0 bytes" in parse(placed(at, 0) + DENSE_WEIGHTS.tobytes(), "m").skipped[0]


def one_operator_many_times(count: int) -> bytes:
    """A network whose vector of operators lies between it and a copy, and names the copy's first again and again."""
    data = model()
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    field, operator = graph._tab.Pos + graph._tab.Offset(10), graph.Operators(0)._tab.Pos
    start = len(data) + 4
    target = start + 4 * count + operator
    vector = struct.pack("<I", count) + b"".join(struct.pack("<I", target - start - 4 * at) for at in range(count))
    return data[:field] + struct.pack("<I", len(data) - field) + data[field + 4 :] + vector + data


def test_tables_named_again_and_again() -> None:
    """An operator may be named a few times; a small file that names one a million times is no model."""
    assert [layer.name for layer in parse(one_operator_many_times(3), "m").layers] == [
        f"0{number}_conv2x3" for number in range(3)
    ]
    for count in (20_000, 1_000_000):
        with pytest.raises(datasets.DataError, match="names its own parts again and again"):
            parse(one_operator_many_times(count), "m")


def test_an_honest_large_graph() -> None:
    graph, codes = network()
    graph.operators *= 400
    assert len(parse(build([graph] * 4, codes), "m").layers) == 4800


def test_a_vector_that_claims_billions() -> None:
    """The count is charged before the first of them is looked at."""
    allowance = guard.Guard(1000)
    with pytest.raises(datasets.DataError, match="again and again"):
        allowance.each(2**32 - 1, lambda number: number)
    allowance = guard.Guard(1 << 40)
    with pytest.raises(datasets.DataError, match="again and again"):
        allowance.each(guard.MOST_BYTES // guard.VISIT_BYTES + 1, lambda number: number)


def test_damaged_at_random() -> None:
    """The session fuzz goes on with it, with a limit of memory."""
    rng, seed = random.Random(7), model()
    endings = [fuzz_tflite.check(fuzz_tflite.mutate(seed, rng)) for _ in range(1500)]
    assert 150 < endings.count("read") < 1350 and len(set(endings)) > 10
