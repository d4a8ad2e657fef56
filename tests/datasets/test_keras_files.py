"""Models of Keras and other HDF5 files: what they hold, what they may not, and HDF5 that crashes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from dotbench.cdot.bfloat16 import is_bfloat16
from dotbench.datasets import DataError
from dotbench.datasets.models import names
from dotbench.datasets.models.keras.config import NONE, parse, snake_case
from dotbench.datasets.models.keras.roles import role_of
from dotbench.datasets.models.model_file import ModelFile, ModelTensor

sys.path.insert(0, str(Path(__file__).parent.parent))
from keras_files import RNG, archive, layer, layered, model, network, numbers, plain, read


def by_name(found: ModelFile) -> dict[str, ModelTensor]:
    return {one.name: one for one in found.tensors}


# Layouts


def test_layers_of_an_h5_in_their_order(tmp_path: Path) -> None:
    W, bias, gamma = numbers(8, 4), numbers(4), numbers(4)
    layers = [
        ("in", []),
        ("z", [("z_1/kernel:0", W), ("z_1/bias:0", bias)]),
        ("norm", [("norm/gamma:0", gamma)]),
        ("a", [("a/kernel:0", numbers(4, 2))]),
    ]
    for group in ("model_weights", ""):
        found = read(layered(layers, group=group), tmp_path)
        assert [(one.name, one.role) for one in found.tensors] == [
            ("z/kernel", "product"), ("z/bias", "vector"), ("norm/gamma", "vector"), ("a/kernel", "product"),
        ]  # fmt: skip
        first = found.tensors[0]
        assert np.array_equal(first.array(), W) and not first.array().flags.owndata  # mapped
        assert (first.dtype, first.nbytes, first.shape, first.orientation) == ("float32", 128, (8, 4), "inputs_first")
        assert found.kind == "keras" and found.files == (tmp_path / "w.h5",)


def test_classes_come_from_the_configuration(tmp_path: Path) -> None:
    """A depthwise kernel is called a kernel by Keras 3, and a transposed convolution's lies otherwise."""
    config = model(
        layer("DepthwiseConv2D", "dw"), layer("Conv2DTranspose", "up"),
        model(layer("Embedding", "words"), layer("PReLU", "slope"), kind="Sequential", name="inside"),
        layer("Bidirectional", "both", layer=layer("LSTM", "lstm")),
    )  # fmt: skip
    layers = [
        ("dw", [("dw/kernel", numbers(3, 3, 8, 1))]),
        ("up", [("up/kernel", numbers(2, 2, 5, 8))]),
        ("inside", [("words/embeddings:0", numbers(9, 4)), ("slope/alpha:0", numbers(3, 4))]),
        ("both", [("both/forward_lstm/lstm_cell/kernel:0", numbers(4, 12)), ("both/x:0", numbers(4, 12))]),
    ]
    found = by_name(read(layered(layers, config), tmp_path))
    assert {name: (one.role, one.matrix_shape) for name, one in found.items()} == {
        "dw/kernel": ("depthwise", (9, 8)), "up/kernel": ("product", (8, 20)),
        "inside/words/embeddings": ("gather", (4, 9)), "inside/slope/alpha": ("vector", (3, 4)),
        "both/forward_lstm/lstm_cell/kernel": ("product", (4, 12)), "both/x": ("unsure", (4, 12)),
    }  # fmt: skip
    assert found["up/kernel"].note == "[2, 2, 5, 8] in the file"


def test_layers_of_a_keras_have_their_users_names(tmp_path: Path) -> None:
    found = read(network(), tmp_path, "w.keras")
    assert [(one.name, one.role) for one in found.tensors] == [
        ("eyes/kernel", "product"), ("eyes/bias", "vector"), ("middle/kernel", "product"), ("middle/bias", "vector"),
        ("out/kernel", "product"),
    ]  # fmt: skip
    assert found.notes == ("1 variables of the optimizer are left out: 120 bytes",)
    assert found.tensors[2].array().shape == (6, 5)
    assert names.expand(str(tmp_path / "w.keras")) == [f"{tmp_path}/w.keras#{one}" for one in ("eyes", "middle", "out")]
    source, note = names.read(tmp_path / "w.keras", "middle")
    assert (source.shape, source.dtype, note) == ((6, 5), np.float32, "")


def test_cells_wrappers_and_models_in_a_keras(tmp_path: Path) -> None:
    config = model(
        layer("LSTM", "memory"),
        layer("Bidirectional", "both", layer=layer("GRU", "gru")),
        layer("TimeDistributed", "each", layer=layer("Dense", "d")),
        model(layer("Dense", "deep"), layer("SeparableConv2D", "sep"), kind="Sequential", name="inside"),
        layer("MultiHeadAttention", "attend"),
        layer("MyOwn", "strange"),
    )
    sets = {
        "layers/lstm/cell/vars/0": numbers(3, 8), "layers/lstm/cell/vars/1": numbers(2, 8),
        "layers/bidirectional/backward_layer/cell/vars/1": numbers(2, 6),
        "layers/time_distributed/layer/vars/0": numbers(3, 4),
        "layers/sequential/layers/dense/vars/0": numbers(3, 5),
        "layers/sequential/layers/separable_conv2d/vars/0": numbers(3, 3, 4, 1),
        "layers/sequential/layers/separable_conv2d/vars/1": numbers(1, 1, 4, 6),
        "layers/multi_head_attention/query_dense/vars/0": numbers(6, 2, 4),
        "layers/multi_head_attention/query_dense/vars/1": numbers(2, 4),
        "layers/multi_head_attention/output_dense/vars/0": numbers(2, 4, 6),
        "layers/my_own/vars/0": numbers(3, 3), "layers/my_own/vars/10": numbers(3), "layers/my_own/vars/2": numbers(3),
    }  # fmt: skip
    found = read(archive(sets, config), tmp_path, "w.keras")
    assert [(one.name, one.role, one.matrix_shape if len(one.shape) > 1 else ()) for one in found.tensors] == [
        ("memory/cell/kernel", "product", (3, 8)), ("memory/cell/recurrent_kernel", "product", (2, 8)),
        ("both/backward_layer/cell/recurrent_kernel", "product", (2, 6)), ("each/layer/kernel", "product", (3, 4)),
        ("inside/deep/kernel", "product", (3, 5)), ("inside/sep/depthwise_kernel", "depthwise", (9, 4)),
        ("inside/sep/pointwise_kernel", "product", (4, 6)), ("attend/query_dense/kernel", "product", (6, 8)),
        ("attend/query_dense/bias", "vector", (2, 4)), ("attend/output_dense/kernel", "product", (8, 6)),
        ("strange/vars/0", "unsure", (3, 3)), ("strange/vars/2", "vector", ()), ("strange/vars/10", "vector", ()),
    ]  # fmt: skip


def test_weights_alone_are_told_by_their_groups(tmp_path: Path) -> None:
    """A .weights.h5 has no configuration."""
    sets = {
        "layers/conv2d_3/vars/0": numbers(3, 3, 2, 4),
        "layers/gru/cell/vars/1": numbers(2, 6),
        "x/vars/0": numbers(2, 2),
    }
    found = read(plain(sets), tmp_path)
    assert [(one.name, one.role) for one in found.tensors] == [
        ("x/vars/0", "unsure"), ("conv2d_3/kernel", "product"), ("gru/cell/recurrent_kernel", "product"),
    ]  # fmt: skip
    assert found.notes == ("no configuration of a model: what its variables are for is told by their names",)


def test_other_files_have_data_sets_by_path(tmp_path: Path) -> None:
    sets = {"a/b": numbers(3, 4), "c": numbers(5), "ids": np.arange(6).reshape(2, 3), "n": np.arange(3)}
    found = by_name(read(plain(sets), tmp_path, "w.hdf5"))
    assert {name: (one.role, one.dtype) for name, one in found.items()} == {
        "a/b": ("unsure", "float32"), "c": ("vector", "float32"), "ids": ("unread", "int64"), "n": ("vector", "int64"),
    }  # fmt: skip
    assert np.array_equal(found["a/b"].matrix(), sets["a/b"])
    with pytest.raises(DataError, match="n is not read: it holds int64"):
        found["n"].array()


def test_long_lists_of_names_are_in_parts(tmp_path: Path) -> None:
    file = io.BytesIO(layered([("a", [("k:0", numbers(2, 3))]), ("b", [("k:0", numbers(3, 4))])]))
    with h5py.File(file, "r+") as made:
        group = made["model_weights"]
        del group.attrs["layer_names"]
        group.attrs["layer_names1"], group.attrs["layer_names0"] = [b"a"], [b"b"]
    assert [one.name for one in read(file.getvalue(), tmp_path).tensors] == ["b/k", "a/k"]


# Numbers

DTYPES = ("float16", "float32", "float64", "int8", "bfloat16")


@pytest.mark.parametrize(
    "options", [{}, {"compression": "gzip", "shuffle": True, "chunks": (2, 3)}, {"chunks": (5, 2)}]
)
def test_numbers_of_all_types_and_layouts(options: dict[str, Any], tmp_path: Path) -> None:
    W = RNG.normal(size=(7, 5)) * 20
    sets = {name: W.astype(ml_dtypes.bfloat16 if name == "bfloat16" else name) for name in DTYPES}
    found = by_name(read(plain(sets, **options), tmp_path))
    for name, wanted in sets.items():
        array = found[name].array()
        assert (found[name].dtype, found[name].nbytes) == (name, wanted.nbytes)
        assert array.tobytes() == wanted.tobytes() and array.shape == (7, 5)
        assert is_bfloat16(array.dtype) if name == "bfloat16" else array.dtype == wanted.dtype


def test_big_endian_compact_empty_and_single_numbers(tmp_path: Path) -> None:
    W = numbers(3, 4)
    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=1024) as made:
        made["plain"], made["big"], made["single"] = W, W.astype(">f4"), np.float32(1.5)
        made["empty"], made["none"] = np.zeros((0, 4), np.float32), h5py.Empty("f4")
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3, 4))
        h5py.h5d.create(made.id, b"compact", h5py.h5t.IEEE_F32LE, space, plan).write(h5py.h5s.ALL, h5py.h5s.ALL, W)
        made.create_dataset("late", (3, 4), "f4")
        made["text"], made["flags"] = "words", np.ones((2, 2), bool)
    found = by_name(read(file.getvalue(), tmp_path))
    for name in ("plain", "big", "compact"):
        assert np.array_equal(found[name].array(), W), name
    assert found["single"].array() == 1.5 and found["empty"].array().shape == (0, 4)
    assert (found["late"].role, found["late"].note) == ("unread", "nothing of it is stored")
    assert found["flags"].note == "it holds enum: float16, bfloat16, float32, float64, int8 are read"
    assert found["text"].role == "vector" and found["none"].array().shape == (0,)


def test_filters_of_other_packages_are_not_read(tmp_path: Path) -> None:
    for options in ({"compression": "lzf"}, {"fletcher32": True}, {"scaleoffset": 2}):
        (found,) = read(plain({"a": numbers(8, 8)}, **options), tmp_path).tensors
        assert found.role == "unread" and "packed by filter" in found.note
        with pytest.raises(DataError, match="a is not read: packed by filter"):
            found.array()


def test_keras_s_own_int8(tmp_path: Path) -> None:
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    config = model(layer("Dense", "a", dtype=policy), layer("Dense", "b", use_bias=False, dtype=policy))
    q = RNG.integers(-127, 128, (6, 5)).astype(np.int8)
    sets = {
        "layers/dense/vars/0": q, "layers/dense/vars/1": numbers(5), "layers/dense/vars/2": numbers(5),
        "layers/dense_1/vars/0": q, "layers/dense_1/vars/1": numbers(5),
    }  # fmt: skip
    found = by_name(read(archive(sets, config), tmp_path, "w.keras"))
    for name in ("a", "b"):
        kernel = found[f"{name}/kernel"]
        assert kernel.scales is not None and (kernel.scales.per, kernel.scales.nbytes) == ("output", 20)
        assert kernel.dtype == "int8" and np.array_equal(kernel.array(), q)
        assert found[f"{name}/kernel_scale"].role == "vector"
    policy["config"]["mode"] = "int4"
    packed = by_name(read(archive(sets, config), tmp_path, "w.keras"))["a/kernel"]
    assert packed.role == "unread" and "int4" in packed.note


# What a layer gives


def test_x_times_w_is_what_layers_give(tmp_path: Path) -> None:
    """Dense: x @ kernel. Conv2D: kernel[row, column, channel, output] over a patch. LSTM: inputs, and the state."""
    dense, conv, pointwise = numbers(6, 4), numbers(2, 3, 4, 5), numbers(1, 1, 4, 7)
    depthwise = numbers(2, 3, 4, 2)
    kernel, recurrent, up = numbers(6, 8), numbers(2, 8), numbers(2, 2, 5, 4)
    query, out, table = numbers(6, 2, 3), numbers(2, 3, 6), numbers(9, 4)
    config = model(
        layer("Dense", "d"), layer("Conv2D", "c"), layer("SeparableConv2D", "s"), layer("LSTM", "l"),
        layer("Conv2DTranspose", "u"), layer("EinsumDense", "q", equation="abc,cde->abde"),
        layer("EinsumDense", "o", equation="abde,dec->abc"), layer("ReversibleEmbedding", "t"),
    )  # fmt: skip
    sets = {
        "dense/vars/0": dense, "conv2d/vars/0": conv, "separable_conv2d/vars/1": pointwise,
        "separable_conv2d/vars/0": depthwise, "lstm/cell/vars/0": kernel,
        "lstm/cell/vars/1": recurrent, "conv2d_transpose/vars/0": up, "einsum_dense/vars/0": query,
        "einsum_dense_1/vars/0": out, "reversible_embedding/vars/0": table,
    }  # fmt: skip
    data = archive({f"layers/{path}": array for path, array in sets.items()}, config)
    W = {name: one.matrix() for name, one in by_name(read(data, tmp_path, "w.keras")).items()}
    x, patch, pixel, state = numbers(6), numbers(2, 3, 4), numbers(4), numbers(2)
    close = lambda one, other: np.allclose(one, np.ravel(other), atol=1e-5)  # noqa: E731
    assert close(x @ W["d/kernel"], x @ dense)
    assert close(patch.ravel() @ W["c/kernel"], np.einsum("hwc,hwcm->m", patch, conv))
    per_channel = np.einsum("sc,sck->ck", patch.reshape(6, 4), W["s/depthwise_kernel"].reshape(6, 4, 2))
    assert close(per_channel.ravel(), np.einsum("hwc,hwck->ck", patch, depthwise))
    assert close(pixel @ W["s/pointwise_kernel"], pixel @ pointwise[0, 0])
    assert close(x @ W["l/cell/kernel"], x @ kernel) and close(state @ W["l/cell/recurrent_kernel"], state @ recurrent)
    assert close(pixel @ W["u/kernel"], np.einsum("c,hwmc->hwm", pixel, up))
    assert close(x @ W["q/kernel"], np.einsum("c,cde->de", x, query))
    assert close(
        numbers(0).sum() + out.ravel()[:6] @ W["o/kernel"], np.einsum("de,dec->c", out.ravel()[:6].reshape(2, 3), out)
    )
    assert close(pixel @ W["t/embeddings"], table @ pixel)  # as a head


ROLES = {
    ("BatchNormalization", "gamma", (4,)): "vector",
    ("GroupNormalization", "x", (4, 4)): "vector",
    ("Dense", "kernel", (4, 4)): "product",
    ("Embedding", "embeddings", (4, 4)): "gather",
    ("PositionEmbedding", "position_embeddings", (4, 4)): "gather",
    ("ReversibleEmbedding", "embeddings", (4, 4)): "tied",
    ("DepthwiseConv1D", "kernel", (3, 4, 1)): "depthwise",
    ("DepthwiseConv2D", "depthwise_kernel", (3, 3, 4, 1)): "depthwise",
    ("", "kernel", (3, 3, 4, 2)): "product",
    ("EinsumDense", "kernel", (3, 3, 4)): "unsure",
    ("MyOwn", "weights", (3, 4)): "unsure",
    ("SeedGenerator", "seed_generator_state", (2,)): "vector",
}


@pytest.mark.parametrize("case", ROLES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_roles(case: tuple[str, str, tuple[int, ...]]) -> None:
    kind, name, shape = case
    assert role_of(kind, ["a", name], shape, {})[0] == ROLES[case]


def test_an_embedding_that_is_not_tied() -> None:
    assert role_of("ReversibleEmbedding", ["a", "embeddings"], (4, 4), {"tie_weights": False})[0] == "gather"


@pytest.mark.parametrize(
    "kind, group",
    [("Dense", "dense"), ("Conv2D", "conv2d"), ("Conv2DTranspose", "conv2d_transpose"), ("GRU", "gru"), ("PReLU", "p_re_lu"),
     ("BatchNormalization", "batch_normalization"), ("SimpleRNN", "simple_rnn"), ("ConvLSTM2D", "conv_lstm2d")],
)  # fmt: skip
def test_names_of_groups(kind: str, group: str) -> None:
    assert snake_case(kind) == group


def test_configurations_that_say_nothing() -> None:
    for text in ("", "{", "[1]", '{"class_name": 1, "config": {}}', "[" * 100_000, '{"class_name": "A"}'):
        assert parse(text) is NONE
    early = parse('{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "a\\u001b"}}]}')
    assert [(one.kind, one.name) for one in early.inner] == [("Dense", "")]
    deep: dict[str, Any] = layer("Dense", "d")
    for _ in range(100):
        deep = model(deep)
    assert parse(json.dumps(deep)).kind == "Functional"


def test_one_data_set_by_two_names_counts_once(tmp_path: Path) -> None:
    file = io.BytesIO(plain({"a": numbers(3, 4), "g/c": numbers(2, 2)}))
    with h5py.File(file, "r+") as made:
        made["b"], made["g/self"] = made["a"], made["g"]  # the last one is a circle
    found = read(file.getvalue(), tmp_path)
    assert [one.name for one in found.tensors] == ["a", "g/c"]
    assert found.notes[0] == "1 of its names lead to what another one names: b"
