"""Weights that a .tflite file packs: float16 behind DEQUANTIZE, sparse behind DENSIFY, and both; held against the
tensors they were made from, and against the format's own interpreter."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench import formats
from dotbench.datasets.models import Model, parse
from dotbench.formats.payloads.requantize import Requantization

sys.path.insert(0, str(Path(__file__).parent.parent))
from tflite_files import (
    DENSIFY,
    DEQUANTIZE,
    FLOAT16,
    FLOAT32,
    INT8,
    Csr,
    Graph,
    Operator,
    Sparsity,
    Tensor,
    build,
    network,
    packed_dense,
    sparse,
)

TYPES = {"int8": (INT8, np.int8), "float16": (FLOAT16, np.float16), "float32": (FLOAT32, np.float32)}

SCALED: dict[str, dict[str, Any]] = {"int8": {"scales": [0.5], "zero_points": [0]}, "float16": {}, "float32": {}}


def pruned(shape: tuple[int, ...], kind: str = "float16", zeros: float = 0.7, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.integers(-127, 128, shape) if kind == "int8" else rng.normal(0, 1, shape)
    return np.where(rng.random(shape) < zeros, 0, values).astype(TYPES[kind][1])


def file_of(stored: Tensor, steps: Sequence[int], shape: Sequence[int]) -> bytes:
    graph, codes = packed_dense(stored, steps, shape[0], shape[1])
    return build([graph], codes)


def read(stored: Tensor, steps: Sequence[int], shape: Sequence[int]) -> Model:
    """With a plain layer besides, which has to be read whatever the other is."""
    graph, codes = packed_dense(stored, steps, shape[0], shape[1])
    plain = Tensor(shape, np.ones(shape, np.float32).tobytes(), FLOAT32, name="plain")
    graph.tensors.append(plain)
    graph.operators.append(
        Operator(len(steps), [0, len(graph.tensors) - 1, -1], list(graph.outputs), "FullyConnectedOptions")
    )
    found = parse(build([graph], codes), "m")
    assert found.layers[-1].tensor == "plain"
    return replace(found, layers=found.layers[:-1])


def interpreted(data: bytes, tensor: int) -> np.ndarray:
    """A tensor as the format's own interpreter has it after a run."""
    litert: Any = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="no LiteRT: pip install -e '.[litert]' brings it"
    )
    reference = litert.OpResolverType.BUILTIN_REF
    model = litert.Interpreter(
        model_content=data, experimental_preserve_all_tensors=True, experimental_op_resolver_type=reference
    )
    model.allocate_tensors()
    for one in model.get_input_details():
        model.set_tensor(one["index"], np.ones(one["shape"], one["dtype"]))
    model.invoke()
    found: np.ndarray = model.get_tensor(tensor)
    return found


# ---- float16


def test_float16_is_exact_in_float32() -> None:
    """Every finite float16 there is, subnormals and -0 too."""
    bits = np.arange(65536, dtype=np.uint16)
    weights = bits[(bits & 0x7C00) != 0x7C00].view(np.float16).reshape(-1, 16)
    stored = Tensor(weights.shape, weights.tobytes(), FLOAT16, name="w16")
    (layer,) = read(stored, [DEQUANTIZE], weights.shape).layers
    assert (layer.name, layer.tensor, layer.weights.dtype, layer.shape) == (
        "01_dense",
        "w16",
        np.float32,
        weights.shape,
    )
    assert layer.weights.T.tobytes("C") == weights.astype(np.float32).tobytes()
    assert not layer.weights.flags.writeable and len(layer.quantisation.scales) == 0
    assert interpreted(file_of(stored, [DEQUANTIZE], weights.shape), 2).tobytes() == layer.weights.T.tobytes("C")


def test_a_float16_bias_behind_dequantize() -> None:
    weights = pruned((3, 4))
    graph, codes = packed_dense(Tensor([3, 4], weights.tobytes(), FLOAT16), [DEQUANTIZE], 3, 4)
    graph.tensors += [
        Tensor([3], np.array([1, 2.5, -3], np.float16).tobytes(), FLOAT16, name="b16"),
        Tensor([3], type=FLOAT32, name="b"),
    ]
    graph.operators[-1].inputs = [0, 2, 5]
    graph.operators.insert(0, Operator(0, [4], [5], "DequantizeOptions"))
    (layer,) = parse(build([graph], codes), "m").layers
    assert layer.bias is not None and layer.bias.tolist() == [1, 2.5, -3] and layer.bias.dtype == np.float32


def test_whole_numbers_behind_dequantize_stay_as_stored() -> None:
    weights = pruned((6, 8), "int8")
    scales = [0.5, 0.25, 1, 2, 3, 4]
    stored = Tensor([6, 8], weights.tobytes(), scales=scales, zero_points=[0] * 6)
    (layer,) = read(stored, [DEQUANTIZE], (6, 8)).layers
    assert layer.weights.dtype == np.int8 and layer.weights.T.tolist() == weights.tolist()
    assert layer.quantisation.scales.tolist() == scales and layer.input.type == "FLOAT32"
    real = interpreted(file_of(stored, [DEQUANTIZE], (6, 8)), 2)
    assert np.array_equal(real, weights * layer.quantisation.scales[:, None])


# ---- sparse


@pytest.mark.parametrize("width", [8, 16, 32])
@pytest.mark.parametrize("kind", TYPES)
def test_rows_of_indices(kind: str, width: int) -> None:
    weights = pruned((16, 24), kind)
    weights[3] = 0
    sparsity, values = sparse(weights, [0, 1], [1], width=width)
    assert len(values) == np.count_nonzero(weights)
    stored = Tensor([16, 24], values.tobytes(), TYPES[kind][0], **SCALED[kind], sparsity=sparsity)
    steps = [DENSIFY] if kind == "float32" else [DENSIFY, DEQUANTIZE]
    (layer,) = read(stored, steps, (16, 24)).layers
    assert layer.weights.dtype == (np.int8 if kind == "int8" else np.float32)
    assert np.array_equal(layer.weights.T, weights) and not layer.weights.flags.writeable
    data = file_of(stored, steps, (16, 24))
    assert np.array_equal(interpreted(data, 2), weights)  # behind DENSIFY
    if kind != "float32":
        assert np.array_equal(interpreted(data, 3), weights.astype(np.float32) * (0.5 if kind == "int8" else 1))


CODINGS: dict[str, tuple[list[int], list[int], dict[int, int]]] = {  # order, levels of CSR, blocks
    "rows": ([0, 1], [1], {}),
    "columns": ([1, 0], [1], {}),
    "both": ([0, 1], [0, 1], {}),
    "outer alone": ([0, 1], [0], {}),
    "dense": ([0, 1], [], {}),
    "blocks of a row": ([0, 1, 2], [1], {1: 4}),
    "blocks of a column": ([0, 1, 2], [1], {0: 4}),
    "square blocks": ([0, 1, 2, 3], [1], {0: 4, 1: 4}),
    "blocks walked by columns": ([1, 0, 3, 2], [1], {0: 4, 1: 4}),
    "blocks the other way round": ([0, 1, 2, 3], [0, 1], {1: 3, 0: 2}),
}


@pytest.mark.parametrize("what", CODINGS)
def test_codings(what: str) -> None:
    order, csr, blocks = CODINGS[what]
    weights = pruned((8, 12), "float32", 0.85, 5)
    weights[4:] *= np.arange(12) > 3
    sparsity, values = sparse(weights, order, csr, blocks)
    stored = Tensor([8, 12], values.tobytes(), FLOAT32, sparsity=sparsity)
    (layer,) = read(stored, [DENSIFY], (8, 12)).layers
    assert np.array_equal(layer.weights.T, weights)
    if what != "blocks the other way round":  # its order of blocks is the schema's, and the interpreter takes it not
        assert np.array_equal(interpreted(file_of(stored, [DENSIFY], (8, 12)), 2), weights)


def test_a_pointwise_convolution_in_four_dimensions() -> None:
    """As the networks have it that are pruned by the format's own tools."""
    weights = pruned((6, 1, 1, 10), "float16")
    sparsity, values = sparse(weights, [0, 1, 2, 3], [3], width=16)
    tensors = [
        Tensor([1, 4, 4, 10], type=FLOAT32),
        Tensor([6, 1, 1, 10], values.tobytes(), FLOAT16, sparsity=sparsity, name="sparse"),
        Tensor([6, 1, 1, 10], type=FLOAT16),
        Tensor([6, 1, 1, 10], type=FLOAT32),
        Tensor([1, 4, 4, 6], type=FLOAT32),
    ]
    walk = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1, "Padding": 1}
    operators = [Operator(0, [1], [2]), Operator(1, [2], [3]), Operator(2, [0, 3], [4], "Conv2DOptions", walk)]
    codes = [(124, DENSIFY, ""), (6, DEQUANTIZE, ""), (3, 3, "")]
    (layer,) = parse(build([Graph(tensors, operators)], codes), "m").layers
    assert (layer.name, layer.tensor, layer.pixels) == ("02_conv1x1", "sparse", 16)
    assert np.array_equal(layer.weights, weights.reshape(6, 10).T.astype(np.float32))


def test_sparse_weights_without_densify() -> None:
    """Kernels of the format take them so."""
    weights = pruned((8, 12), "float32")
    sparsity, values = sparse(weights, [0, 1], [1])
    (layer,) = read(Tensor([8, 12], values.tobytes(), FLOAT32, sparsity=sparsity), [], (8, 12)).layers
    assert np.array_equal(layer.weights.T, weights)


def test_random_codings() -> None:
    """500 tensors of random shape, order, blocks, levels, width, type and density."""
    rng = np.random.default_rng(9)
    for seed in range(500):
        shape = rng.integers(1, 4, 2) * rng.integers(1, 4, 2)
        blocks = {
            int(one): int(rng.choice([size for size in range(1, 10) if shape[one] % size == 0]))
            for one in rng.permutation(2)[: rng.integers(0, 3)]
        }
        order = [*rng.permutation(2).tolist(), *(2 + rng.permutation(len(blocks))).tolist()]
        kind = str(rng.choice(list(TYPES)))
        csr = [level for level in (0, 1) if rng.random() < 0.6]
        weights = pruned((int(shape[0]), int(shape[1])), kind, rng.random(), seed)
        sparsity, values = sparse(weights, order, csr, blocks, int(rng.choice([8, 16, 32])))
        stored = Tensor(weights.shape, values.tobytes(), TYPES[kind][0], **SCALED[kind], sparsity=sparsity)
        if len(values):
            (layer,) = read(stored, [DENSIFY] if kind == "float32" else [DENSIFY, DEQUANTIZE], weights.shape).layers
            assert np.array_equal(layer.weights.T, weights), (seed, sparsity)


# ---- what is wrong


GOOD = Sparsity([0, 1], [2, Csr([0, 2, 3], [0, 3, 1])])
WRONG: dict[str, tuple[Sparsity, int, str]] = {
    "order": (replace(GOOD, order=[0, 0]), 3, "the order [0, 0] and 2 levels"),
    "order short": (replace(GOOD, order=[0]), 3, "the order [0] and 2 levels"),
    "levels": (replace(GOOD, levels=GOOD.levels[:1]), 3, "and 1 levels, for 2 dimensions and 0 blocks"),
    "block first": (Sparsity([2, 0, 1], [2, 1, 4], [0]), 8, "walks through a block before it has found it"),
    "block map": (Sparsity([0, 1, 2], [2, 4, 1], [2]), 8, "blocks of the dimensions [2], of 2"),
    "block size": (Sparsity([0, 1, 2], [2, 1, 3], [1]), 6, "blocks of 3 along a dimension of 4"),
    "block of no size": (Sparsity([0, 1, 2], [2, 1, Csr([0, 1, 2], [0, 0])], [1]), 2, "blocks of 0 along"),
    "dense size": (replace(GOOD, levels=[3, Csr([0, 2, 3, 3], [0, 3, 1])]), 3, "level 0 of its sparse coding has 3"),
    "huge": (replace(GOOD, levels=[2**31 - 1, GOOD.levels[1]]), 3, "has 2147483647 places, for 2"),
    "segments": (replace(GOOD, levels=[2, Csr([0, 3], [0, 3, 1])]), 3, "has 2 segments, for 2 places above"),
    "falling": (replace(GOOD, levels=[2, Csr([0, 4, 3], [0, 3, 1])]), 3, "level 1 of its sparse coding has 3 segments"),
    "start": (replace(GOOD, levels=[2, Csr([1, 2, 3], [0, 3, 1])]), 3, "level 1 of its sparse coding has 3 segments"),
    "end": (replace(GOOD, levels=[2, Csr([0, 2, 4], [0, 3, 1])]), 3, "3 indices, and segments up to 4"),
    "index": (replace(GOOD, levels=[2, Csr([0, 2, 3], [0, 4, 1])]), 3, "an index outside of 0 to 3"),
    "negative": (replace(GOOD, levels=[2, Csr([0, 2, 3], [0, -1, 1])]), 3, "an index outside of 0 to 3"),
    "twice": (replace(GOOD, levels=[2, Csr([0, 2, 3], [3, 3, 1])]), 3, "two values at one place"),
    "values": (GOOD, 4, "3 places for 4 values"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_codings_that_contradict_themselves(what: str) -> None:
    sparsity, count, words = WRONG[what]
    stored = Tensor([2, 4], np.ones(count, np.float32).tobytes(), FLOAT32, sparsity=sparsity)
    found = read(stored, [DENSIFY], (2, 4))
    assert not found.layers and words in found.skipped[0]


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (Tensor([2, 4], bytes(8), 3, sparsity=GOOD), "sparse weights of type UINT8"),
        (Tensor([2, 4], bytes(7), FLOAT16, sparsity=GOOD), "of type FLOAT16 has 7 bytes"),
        (Tensor([4, 2], bytes(16), FLOAT16), "DENSIFY makes [2, 4] of 't' of shape [4, 2]"),
        (Tensor([2, 4], bytes(4), 17), "weights of type INT4"),
        (Tensor([2, 4], None, FLOAT16), "no constant of the file"),
    ],
)
def test_what_is_not_unpacked(stored: Tensor, words: str) -> None:
    found = read(stored, [DENSIFY, DEQUANTIZE], (2, 4))
    assert not found.layers and words in found.skipped[0]


def test_conversions_in_a_circle() -> None:
    """A tensor that is made of itself ends the search, not the reader."""
    graph, codes = packed_dense(Tensor([2, 4], None, FLOAT32), [DENSIFY], 2, 4)
    graph.operators[0].inputs = [2]
    graph.tensors.append(Tensor([2, 4], np.ones(8, np.float32).tobytes(), FLOAT32))
    graph.operators.append(Operator(1, [0, 4, -1], [3], "FullyConnectedOptions"))
    found = parse(build([graph], codes), "m")
    assert "no constant of the file" in found.skipped[0] and len(found.layers) == 1


def test_a_small_file_takes_no_large_memory() -> None:
    """One value of 2^31 entries: what a file packs may grow to a stated multiple of its size."""
    shape = (46341, 46341)
    stored = Tensor(shape, bytes(4), FLOAT32, sparsity=Sparsity([0, 1], [Csr([0, 1], [5]), Csr([0, 1], [7])]))
    graph, codes = packed_dense(stored, [DENSIFY], *shape)
    plain = Tensor([1, 46341], np.ones(46341, np.float32).tobytes(), FLOAT32)
    graph.tensors += [plain, Tensor([2, 1], type=FLOAT32)]
    graph.operators.append(Operator(1, [0, 4, -1], [5], "FullyConnectedOptions"))
    data = build([graph], codes)
    tracemalloc.start()
    found = parse(data, "m")
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()
    assert "it takes 8589953124 bytes" in found.skipped[0] and "512 times the file's size" in found.skipped[0]
    assert len(found.layers) == 1


def test_what_grows_is_added_up() -> None:
    """A small file cannot name one packed tensor in graph after graph."""
    stored = Tensor([64, 1024], bytes(2), FLOAT16, sparsity=Sparsity([0, 1], [Csr([0, 1], [5]), Csr([0, 1], [7])]))
    graph, codes = packed_dense(stored, [DENSIFY, DEQUANTIZE], 64, 1024)
    found = parse(build([graph] * 40, codes), "m")
    size = len(build([graph] * 40, codes))
    assert 1 <= len(found.layers) < 40 and len(found.layers) + len(found.unread) == 40
    assert len(found.layers) * 64 * 1024 * 6 <= 512 * size


# ---- odd layers that the interpreter takes


def product_of(change: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """A layer, what our product and requantisation make of random inputs, and what the interpreter does."""
    graph, codes = network()
    change(graph)
    data = build([graph], codes)
    (layer,) = parse(data, "m").layers
    litert: Any = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="no LiteRT: pip install -e '.[litert]' brings it"
    )
    model = litert.Interpreter(
        model_content=data, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF, num_threads=1
    )
    model.allocate_tensors()
    (signal,), (output,) = model.get_input_details(), model.get_output_details()
    x = np.random.default_rng(1).integers(-128, 128, signal["shape"], dtype=np.int8)
    model.set_tensor(signal["index"], x)
    model.invoke()
    rows, columns = layer.window.kernel
    patches = [x.reshape(-1, layer.weights.shape[0])] if layer.kind == "dense" else [
        x[0, row : row + rows, 2 * column : 2 * column + columns].reshape(1, -1)
        for row in range(4) for column in range(4)
    ]  # fmt: skip
    payload = formats.get("dense_s8").encode(layer.weights)
    scales = np.float64(layer.input.quantisation.scales) * layer.quantisation.scales / layer.output.quantisation.scales
    bias = layer.bias if layer.bias is not None else np.zeros(layer.weights.shape[1], np.int32)
    points = (int(signal.quantisation.zero_points[0]) for signal in (layer.output, layer.input))
    zero, zero_in = points
    low = zero if layer.activation == "RELU" else -128
    made = Requantization.of(scales, bias, zero, (low, 127), payload, zero_in)(payload.dot(np.concatenate(patches)))
    return layer, made, model.get_tensor(output["index"]).reshape(made.shape)


def test_the_product_of_a_pruned_channel_of_scale_0() -> None:
    def change(graph: Graph) -> None:
        graph.tensors[1].scales = [0.1, 0, 0.3, 0.4]
        del graph.operators[1:]
        graph.inputs, graph.outputs = [0], [3]

    _, made, expected = product_of(change)
    assert np.array_equal(made, expected) and set(made[:, 1]) == {-3} and len(set(made[:, 3])) > 2


def test_the_product_of_a_dense_layer_without_options() -> None:
    def change(graph: Graph) -> None:
        graph.operators = [Operator(2, [5, 6, -1], [7])]
        graph.inputs, graph.outputs = [5], [7]

    layer, made, expected = product_of(change)
    assert layer.activation == "NONE" and np.array_equal(made, expected) and len(np.unique(made)) > 9


# ---- files on which a version of this reader went wrong


@pytest.mark.real_data("faults")
@pytest.mark.parametrize(
    ("name", "read", "skipped"),
    [
        ("conv_zero", ["00_conv2x3"], []),
        ("dense_noopt", ["00_dense"], []),
        ("dynamic_shape", ["00_conv2x3", "01_depthwise3x3"], ["do not fit their input of [1, 1]"]),
        ("float16_dequantize", ["01_dense"], []),
    ],
)
def test_files_that_were_refused(mirror: Path, name: str, read: list[str], skipped: list[str]) -> None:
    found = parse((mirror / "faults" / f"{name}.tflite").read_bytes(), name)
    assert [layer.name for layer in found.layers] == read and len(found.skipped) == len(skipped)
    assert all(words in line for words, line in zip(skipped, found.skipped, strict=True))
