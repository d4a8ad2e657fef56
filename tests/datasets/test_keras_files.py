"""Models of Keras and other HDF5 files: what they hold, what they may not, and HDF5 that crashes."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from dotbench.cdot.bfloat16 import is_bfloat16
from dotbench.datasets import DataError, reader_calls, readers
from dotbench.datasets.kinds.keras import READER
from dotbench.datasets.models import keras_process, names
from dotbench.datasets.models.keras_config import NONE, parse, snake_case
from dotbench.datasets.models.keras_roles import role_of
from dotbench.datasets.models.model_file import ModelFile, ModelTensor

sys.path.insert(0, str(Path(__file__).parent.parent))
from keras_files import archive, layer, layered, model, network, plain

RNG = np.random.default_rng(1)


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def read(data: bytes, tmp_path: Path, name: str = "w.h5") -> ModelFile:
    path = tmp_path / name
    path.write_bytes(data)
    return reader_calls.tensors(READER, path)


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


# Hostile files


def edited(edit: Callable[[h5py.File], object], **sets: np.ndarray) -> bytes:
    file = io.BytesIO(plain(sets or {"a": numbers(3, 4)}))
    with h5py.File(file, "r+") as made:
        edit(made)
    return file.getvalue()


def external_storage(made: h5py.File) -> None:
    made.create_dataset("x", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def virtual(made: h5py.File) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (3, 4))
    made.create_virtual_dataset("x", layout)


def huge(made: h5py.File) -> None:
    made.create_dataset("x", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024), compression="gzip")


def deep(made: h5py.File) -> None:
    made["/".join("x" * 40)] = numbers(2, 2)


def strange_link(made: h5py.File) -> None:
    made["x"] = h5py.SoftLink("/a")


def outer_link(made: h5py.File) -> None:
    made["g/x"] = h5py.ExternalLink("other.h5", "/a")


def half_written(made: h5py.File) -> None:
    made.create_dataset("x", (1024, 1024), "f4", chunks=(64, 64))[:64, :64] = 1


def half_packed(made: h5py.File) -> None:
    made.create_dataset("x", (4096, 1024), "f4", chunks=(64, 64), compression="gzip")[:64, :64] = 1


def unprintable(made: h5py.File) -> None:
    made["x\x1b[2J"] = numbers(2, 2)


def missing_weight(made: h5py.File) -> None:
    made.attrs["layer_names"] = [b"g"]
    made.create_group("g").attrs["weight_names"] = [b"nothing"]


def listed_twice(made: h5py.File) -> None:
    made.attrs["layer_names"] = [b"g", b"g"]
    made.create_group("g").attrs["weight_names"] = [b"k"]
    made["g/k"] = numbers(2, 2)


HOSTILE = {
    "the numbers of x are in another file, which is not opened": edited(external_storage),
    "x is a virtual data set": edited(virtual),
    "x is a soft link, and links are not followed": edited(strange_link),
    "g/x is a link to another file": edited(outer_link),
    "x unpacks to more than": edited(huge),
    "x claims 4194304 bytes of numbers, and 16384 are stored": edited(half_written),
    "x claims 16777216 bytes of numbers, and": edited(half_packed),
    "lies too deep": edited(deep),
    "letters that cannot be printed": edited(unprintable),
    "its list of names has 'g/nothing', which is not in it": edited(missing_weight),
    "its lists name 'g/k' twice": edited(listed_twice),
    "x claims 0 x 1099511627776 entries": edited(lambda made: made.create_dataset("x", (0, 1 << 40), "f4")),
    "is neither an HDF5 file nor an archive": b"\x89HDG" + bytes(600),
    "neither an HDF5 file nor an": b"",
    "cannot be read as a model: ": plain({"a": numbers(3, 4)})[:900],
}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_files_are_refused(words: str, tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_bytes(plain({"a": numbers(3, 4)}))
    with pytest.raises(DataError, match=words) as caught:
        read(HOSTILE[words], tmp_path)
    assert "w.h5" in str(caught.value)


def repacked(*members: tuple[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", packed) as made:
        warnings.simplefilter("ignore")  # of a name that is there already
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


WEIGHTS = ("model.weights.h5", plain({"layers/dense/vars/0": numbers(2, 2)}))
CONFIG = ("config.json", b"{}")
ARCHIVES = {
    "without config.json and model.weights.h5": repacked(WEIGHTS),
    "is a zip archive without config.json": repacked(CONFIG),
    "or with two members of one name": repacked(WEIGHTS, CONFIG, CONFIG),
    "its model.weights.h5 is packed": repacked(WEIGHTS, CONFIG, packed=zipfile.ZIP_DEFLATED),
    "w.keras cannot be read as a model: File is not a zip": repacked(WEIGHTS, CONFIG)[:-30],
    "w.keras#config.json unpacks to more than": repacked(WEIGHTS, CONFIG),
    "cannot be read as a model: ": repacked(("model.weights.h5", b"no HDF5"), CONFIG),
}  # fmt: skip


@pytest.mark.parametrize("words", ARCHIVES)
def test_archives_that_are_none_of_keras_s(words: str, tmp_path: Path) -> None:
    data = ARCHIVES[words]
    if "unpacks" in words:  # as in no good file the weights are stored and the configuration is packed
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr(*WEIGHTS)
            made.writestr("config.json", bytes(50 << 20), zipfile.ZIP_DEFLATED)
        data = file.getvalue()
    with pytest.raises(DataError, match=words):
        read(data, tmp_path, "w.keras")


def test_a_member_that_is_said_to_lie_elsewhere(tmp_path: Path) -> None:
    data = bytearray(repacked(WEIGHTS, CONFIG))
    directory = data.rindex(b"PK\1\2", 0, data.rindex(b"PK\1\2"))  # of the first member
    data[directory + 20 : directory + 28] = 2 * (1 << 30).to_bytes(4, "little")  # its sizes
    with pytest.raises(DataError, match="its model.weights.h5 does not lie in it"):
        read(bytes(data), tmp_path, "w.keras")


# The process


def test_what_crashes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def child(code: str) -> None:
        place = tmp_path / "child.py"
        place.write_text(code)
        monkeypatch.setattr(keras_process, "CHILD", place)

    data = plain({"a": numbers(3, 4)})
    child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(DataError, match=r"w.h5 cannot be read: HDF5 crashed \(SIGSEGV\) on it"):
        read(data, tmp_path)
    child("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)")
    with pytest.raises(DataError, match="w.h5 cannot be read: HDF5 has not ended in time on it"):
        read(data, tmp_path)
    child("raise SystemExit('no such thing')")
    with pytest.raises(DataError, match="w.h5 cannot be read: HDF5 ended with status 1 on it: no such thing"):
        read(data, tmp_path)
    child("import time; time.sleep(60)")
    monkeypatch.setattr(keras_process, "SECONDS", 1)
    with pytest.raises(DataError, match="w.h5 cannot be read: HDF5 has not ended after 1 s"):
        read(data, tmp_path)


def test_numbers_that_changed_since_they_were_listed(tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    (found,) = read(plain({"a": numbers(3, 4)}, compression="gzip"), tmp_path).tensors
    path.write_bytes(plain({"a": numbers(3, 5)}, compression="gzip"))
    with pytest.raises(DataError, match="w.h5#a cannot be read: "):
        found.array()


def test_the_process_opens_nothing_else_and_has_its_memory_limited() -> None:
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import keras_child
with keras_child.limited(64 << 20, 9):
    for what in (lambda: open("/etc/hostname"), lambda: bytearray(256 << 20)):
        try:
            what()
        except (OSError, MemoryError) as error:
            print(type(error).__name__)
open(sys.argv[0] or "/dev/null").close()
"""
    words = [sys.executable, "-P", "-c", code, str(keras_process.CHILD.parent)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["OSError", "MemoryError"], done.stderr


def test_the_environment_brings_no_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "child.py"
    place.write_text(
        "import json, os; print(json.dumps({'error': str({k: v for k, v in os.environ.items() if 'HDF5' in k})}))"
    )
    monkeypatch.setattr(keras_process, "CHILD", place)
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/tmp")
    with pytest.raises(DataError, match=r"\{'HDF5_PLUGIN_PRELOAD': '::'\}"):
        read(plain({"a": numbers(3, 4)}), tmp_path)


# Damage


def damaged(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) - 8)
        if rng.random() < 0.5:
            out[at] ^= 1 << rng.randrange(8)
        else:
            number = rng.choice((0, 1, 255, len(out), 1 << 31, (1 << 63) - 1, (1 << 64) - 1))
            out[at : at + 8] = number.to_bytes(8, "little")
    return bytes(out if rng.random() < 0.9 else out[: rng.randrange(len(out))])


def try_damaged(count: int, tmp_path: Path) -> int:
    rng, read_count = random.Random(3), 0
    packed = plain({"a/b": numbers(6, 4), "c": numbers(5, 3)}, compression="gzip", chunks=True)
    seeds = [(layered([("z", [("z/kernel:0", numbers(4, 3))])]), "w.h5"), (network(), "w.keras"), (packed, "p.h5")]
    for number in range(count):
        data, name = seeds[number % len(seeds)]
        path = tmp_path / name
        path.write_bytes(damaged(data, rng))
        try:
            found = reader_calls.tensors(READER, path)
            for one in found.tensors:
                if one.role != "unread" and not one.note:
                    assert one.array().shape == one.shape
            read_count += 1
        except DataError as error:
            assert name in str(error)
    return read_count


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    assert try_damaged(24, tmp_path) > 3


@pytest.mark.slow
def test_many_damaged_files(tmp_path: Path) -> None:
    try_damaged(2000, tmp_path)


def test_the_reader_is_registered() -> None:
    for name in ("a.h5", "a.hdf5", "a.keras", "a.weights.h5"):
        assert readers.find(name, readers.of_models()) is READER
