"""The reader of PyTorch's files: both formats, names, views, quantised tensors, and everything that can be wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.cdot.bfloat16 import to_bfloat16
from dotbench.datasets import DataError
from dotbench.datasets.models import names
from dotbench.datasets.models.values import stored

sys.path.insert(0, str(Path(__file__).parent.parent))
from torch_files import (
    RNG,
    Call,
    Global,
    Persistent,
    Saved,
    by_name,
    checkpoint,
    ordered,
    random,
    read,
    state_dict,
    written,
)

BOTH = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])


ARRAYS = {
    f"{kind}.weight": random(3, 4, dtype=kind)
    for kind in ("float32", "float64", "float16", "int8", "uint8", "int16", "int32", "int64", "bool")
} | {"fc.bias": random(3), "scalar": random(1).reshape(()), "none": np.zeros((0, 3), np.float32)}


@BOTH
def test_a_state_dict(legacy: bool, tmp_path: Path) -> None:
    model = read(tmp_path, state_dict(ARRAYS, legacy), legacy)
    assert (model.kind, model.files, model.notes) == ("torch", (tmp_path / "model.pt",), ())
    assert [one.name for one in model.tensors] == [*ARRAYS]
    for name, tensor in by_name(model).items():
        array = ARRAYS[name]
        assert (tensor.dtype, tensor.shape, tensor.nbytes) == (array.dtype.name, array.shape, array.nbytes)
        assert np.array_equal(tensor.array(), array) and tensor.array().flags.aligned
    roles = {name: tensor.role for name, tensor in by_name(model).items()}
    assert {name for name in roles if roles[name] == "product"} == {
        f"{kind}.weight" for kind in ("float32", "float64", "float16", "int8")
    }
    assert {name for name in roles if roles[name] == "vector"} == {"fc.bias", "scalar", "none"}
    assert by_name(model)["bool.weight"].note == "bool is not read: weights are floats or int8"


@BOTH
def test_bfloat16_bit_for_bit(legacy: bool, tmp_path: Path) -> None:
    W = to_bfloat16(random(3, 5))
    saved = Saved()
    number = saved.storage(W.view(np.uint16), "bfloat16")
    saved.root = {"w.weight": saved.tensor(W, storage=number, legacy=legacy)}
    tensor = by_name(read(tmp_path, saved, legacy))["w.weight"]
    assert (tensor.dtype, tensor.role, tensor.nbytes) == ("bfloat16", "product", 30)
    assert np.array_equal(stored(tensor)[0].view(np.uint16), W.view(np.uint16).T)


@BOTH
def test_each_kind_multiplies_as_in_its_model(legacy: bool, tmp_path: Path) -> None:
    """x @ W is what Linear, Conv1d, Conv2d and LSTM give."""
    arrays = {"fc.weight": random(5, 7), "conv.weight": random(6, 3, 2, 2), "conv1.weight": random(4, 3, 5)}
    arrays |= {"lstm.weight_ih_l0": random(8, 2), "lstm.weight_hh_l0_reverse": random(8, 2)}
    found = by_name(read(tmp_path, state_dict(arrays, legacy), legacy))
    for name, tensor in found.items():
        weight, W = arrays[name], stored(tensor)[0]
        assert tensor.role == "product" and W.shape == tensor.matrix_shape
        given = random(*weight.shape[1:])  # of a convolution a patch, (c, kernel)
        expected = (weight * given).reshape(weight.shape[0], -1).sum(axis=1)
        x = np.moveaxis(given, 0, -1).ravel() if given.ndim > 1 else given
        assert np.allclose(x @ W, expected, rtol=1e-4, atol=1e-2)


# ---- views of storages


@BOTH
def test_views_of_storages(legacy: bool, tmp_path: Path) -> None:
    """Transposed as EfficientNet's head is, parts of one storage, and the steps of a slice."""
    saved, flat = Saved(), random(40)
    number = saved.storage(flat)
    cases: dict[str, tuple[int, tuple[int, ...], tuple[int, ...]]] = {
        "fc.weight": (0, (5, 8), (1, 5)),
        "part.weight": (10, (3, 4), (4, 1)),
        "step.weight": (1, (3, 4), (12, 2)),
        "one.weight": (0, (1, 4), (0, 1)),  # the stride of a single row says nothing
    }
    saved.root = {
        name: saved.tensor(flat, storage=number, offset=offset, shape=shape, strides=strides, legacy=legacy)
        for name, (offset, shape, strides) in cases.items()
    }
    for name, tensor in by_name(read(tmp_path, saved, legacy)).items():
        offset, shape, strides = cases[name]
        expected = [[flat[offset + i * strides[0] + j * strides[1]] for j in range(shape[1])] for i in range(shape[0])]
        assert tensor.role == "product" and tensor.nbytes == 4 * tensor.array().size
        assert np.array_equal(tensor.array(), expected)


def test_views_of_storages_in_older_files(tmp_path: Path) -> None:
    """(key, start, size) of the storage of which one is a part."""
    saved, flat = Saved(), random(40)
    number = (*saved.storage(flat), ("v", 8, 12))
    storage = Persistent(number)
    rebuild = Global("torch._utils", "_rebuild_tensor")
    saved.root = {"w.weight": Call(rebuild, (storage, 0, (3, 4), (4, 1)))}
    assert np.array_equal(by_name(read(tmp_path, saved, True))["w.weight"].array(), flat[8:20].reshape(3, 4))
    saved.root = {"w.weight": Call(rebuild, (storage, 1, (3, 4), (4, 1)))}
    with pytest.raises(DataError, match="takes 12 numbers from 1 on, and its storage '0' has 12"):
        read(tmp_path, saved, True)
    saved.root = {"w.weight": Call(rebuild, (Persistent((*number[:5], ("v", 30, 12))), 0, (3, 4), (4, 1)))}
    with pytest.raises(DataError, match="a view of a storage leads outside of it"):
        read(tmp_path, saved, True)


WRONG_VIEWS: dict[str, tuple[Any, Any, Any, str]] = {
    "negative strides": (11, (3, 4), (-4, 1), "no whole numbers from 0 on: refused"),
    "negative offset": (-1, (3, 4), (4, 1), "no whole numbers"),
    "negative size": (0, (-3, -4), (4, 1), "no whole numbers"),
    "strides too few": (0, (3, 4), (4,), "no whole numbers"),
    "sizes as a list": (0, [3, 4], (4, 1), "no whole numbers"),
    "a stride of 1.0": (0, (3, 4), (4, 1.0), "no whole numbers"),
    "true": (0, (True, 4), (4, 1), "no whole numbers"),
    "past the end": (0, (4, 4), (4, 1), "takes 16 numbers from 0 on, and its storage '0' has 12"),
    "offset past the end": (1, (3, 4), (4, 1), "takes 12 numbers from 1 on"),
    "strides past the end": (0, (3, 4), (5, 1), "takes 14 numbers"),
    "huge": (0, (1 << 40, 1 << 40), (1 << 40, 1), "takes"),
    "beyond 63 bits": (0, (1 << 63,), (1,), "no whole numbers"),
    "65 dimensions": (0, (1,) * 65, (1,) * 65, "no whole numbers"),
}


@pytest.mark.parametrize("what", WRONG_VIEWS)
@BOTH
def test_views_that_lead_outside(what: str, legacy: bool, tmp_path: Path) -> None:
    offset, shape, strides, words = WRONG_VIEWS[what]
    saved = Saved()
    values = random(3, 4)
    tensor = saved.tensor(values, offset=offset, shape=shape, strides=strides, legacy=legacy)
    saved.root = {"w": tensor}
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path, saved, legacy)
    assert str(tmp_path / "model.pt") in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "strides"), [((1 << 40, 12), (0, 1)), ((1 << 40, 2), (0, 0)), ((3, 9), (1, 1)), ((12, 2), (1, 0))]
)
def test_expansion_is_refused(shape: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path) -> None:
    """2^40 rows that are all one: the others of the file are read."""
    saved = Saved()
    wrong = saved.tensor(random(12), shape=shape, strides=strides)
    saved.root = {"w.weight": wrong, "v.weight": saved.tensor(random(2, 3))}
    found = by_name(read(tmp_path, saved))
    assert (found["w.weight"].role, found["v.weight"].role) == ("unread", "product")
    assert "expanded: one number of the file would be many" in found["w.weight"].note and found["w.weight"].nbytes <= 48
    with pytest.raises(DataError, match="expanded"):
        found["w.weight"].array()


# ---- names


def test_a_checkpoint(tmp_path: Path) -> None:
    """The wrapper's name goes, the optimizer's state is left out, classes of nobody's are inert."""
    for legacy in (False, True):
        model = read(tmp_path, checkpoint({"fc.weight": random(3, 4)}, legacy), legacy)
        assert [one.name for one in model.tensors] == ["fc.weight"]
        assert model.notes == ("the state of an optimizer is left out: 1 tensors, 48 bytes",)


def one(saved: Saved, *shape: int) -> Call:
    return saved.tensor(random(*(shape or (2, 3))))


NAMES: dict[str, tuple[Callable[[Saved], Any], list[str]]] = {
    "bare": (one, ["tensor"]),
    "list": (lambda s: [one(s), (one(s), None)], ["0", "1.0"]),
    "nested": (lambda s: {"enc": {"fc": {"weight": one(s)}}, "b": one(s)}, ["enc.fc.weight", "b"]),
    "wrapped": (lambda s: {"model": {"a": one(s), "model": {"b": one(s)}}}, ["a", "b"]),
    "wrapped and beside": (lambda s: {"state_dict": {"a": one(s)}, "ema": {"b": one(s)}}, ["a", "ema.b"]),
    "ambiguous": (lambda s: {"model": {"a": one(s)}, "net": {"a": one(s)}}, ["model.a", "net.a"]),
    "points in keys": (lambda s: {"a": {"b": one(s)}, "a.b": one(s)}, ["a.b", "a.b (2)"]),
    "numbers as keys": (lambda s: {1: one(s), "1": one(s)}, ["1", "1 (2)"]),
    "long keys of what is no tensor": (lambda s: {"x" * 400: [1, {"y": [2]}], "a": one(s)}, ["a"]),
    "tuples as keys": (lambda s: {(1, 2): one(s), None: one(s)}, ["(tuple 1)", "(NoneType 2)"]),
    "parameter": (
        lambda s: {"w": Call(Global("torch._utils", "_rebuild_parameter"), (one(s), True, {}))},
        ["w"],
    ),
    "parameter with state": (
        lambda s: {"w": Call(Global("torch._utils", "_rebuild_parameter_with_state"), (one(s), True, {}, {"x": 1}))},
        ["w"],
    ),
    "subclass": (
        lambda s: {
            "w": Call(
                Global("torch._tensor", "_rebuild_from_type_v2"),
                (one(s).function, Global("mine", "Kind"), one(s).arguments, {}),
            )
        },
        ["w"],
    ),
    "default dict": (
        lambda s: Call(Global("collections", "defaultdict"), (Global("builtins", "list"), {"w": one(s)})),
        ["w"],
    ),
    "set": (lambda s: {"s": Call(Global("builtins", "set"), ([one(s), one(s)],))}, ["s.0", "s.1"]),
}


@pytest.mark.parametrize("what", NAMES)
def test_names(what: str, tmp_path: Path) -> None:
    make, expected = NAMES[what]
    saved = Saved()
    saved.root = make(saved)
    assert [one.name for one in read(tmp_path, saved).tensors] == expected


@BOTH
def test_a_whole_module(legacy: bool, tmp_path: Path) -> None:
    """An object of a class that is not there: parameters, buffers and modules by their own names."""
    saved = Saved()

    def module(name: str, parameters: dict[str, Any], modules: dict[str, Any]) -> Call:
        parts = {
            "_parameters": ordered(parameters),
            "_buffers": ordered({}),
            "_modules": ordered(modules),
            "training": True,
        }
        kind: Any = Global("mine.nets", name)
        if legacy:
            kind = Persistent(("module", kind, "nets.py", "class Net: ..."))
        return Call(Global("copy_reg", "_reconstructor"), (kind, Global("__builtin__", "object"), None), parts)

    weights = [saved.tensor(random(2, 3), legacy=legacy) for _ in range(2)]
    inner = module("Layer", {"weight": weights[0]}, {})
    saved.root = module("Net", {"scale": weights[1]}, {"fc": inner})
    model = read(tmp_path, saved, legacy)
    assert sorted(one.name for one in model.tensors) == ["fc.weight", "scale"]
    assert model.notes == ("it names mine.nets.Net, mine.nets.Layer: neither imported nor run",)


def test_a_tensor_counts_once(tmp_path: Path) -> None:
    """Two names of the same numbers are one tensor, and a table that is the head, too, is tied."""
    saved = Saved()
    table, number = random(9, 4), None
    number = saved.storage(table)
    tensors = [saved.tensor(table, storage=number) for _ in range(3)]
    part = saved.tensor(table, storage=number, shape=(4, 4))
    saved.root = dict(zip(("wte.weight", "lm_head.weight", "old.weight", "part.weight"), (*tensors, part), strict=True))
    found = by_name(read(tmp_path, saved))
    assert found.keys() == {"wte.weight", "part.weight"}
    assert (found["wte.weight"].role, found["wte.weight"].note) == ("tied", "also named lm_head.weight, old.weight")
    names.expand(f"{tmp_path / 'model.pt'}#wte")


def test_arrays_of_numpy(tmp_path: Path) -> None:
    """As numpy pickles them under protocol 2: bytes as text."""
    W = random(2, 3)

    def array(values: np.ndarray, dtype: str, data: Any, fortran: bool = False) -> Call:
        kind = Call(Global("numpy", "dtype"), (dtype, False, True), (3, "<", None, None, None, -1, -1, 0))
        start = (Global("numpy", "ndarray"), (0,), b"b")
        return Call(Global("numpy.core.multiarray", "_reconstruct"), start, (1, values.shape, kind, fortran, data))

    text = Call(Global("_codecs", "encode"), (W.tobytes().decode("latin1"), "latin1"))
    root = {"a.weight": array(W, "f4", text), "b.weight": array(W, "f4", W.tobytes(order="F"), True)}
    root |= {"c.weight": array(W, "O8", b"")}
    model = read(tmp_path, Saved(root))
    found = by_name(model)
    assert np.array_equal(found["a.weight"].array(), W) and np.array_equal(found["b.weight"].array(), W)
    assert model.notes == () and found["a.weight"].nbytes == W.nbytes
    with pytest.raises(DataError, match="does not fit its 23 bytes"):
        read(tmp_path, Saved({"a": array(W, "f4", W.tobytes()[:-1])}))


# ---- tensors of other kinds


def quantised(saved: Saved, values: np.ndarray, kind: str, parameters: Any) -> Call:
    number = saved.storage(values, kind=kind)
    return saved.tensor(values, storage=number, rebuild="_rebuild_qtensor", more=(parameters, False, {}))


def test_quantised_tensors(tmp_path: Path) -> None:
    saved = Saved()
    q, u = RNG.integers(-128, 128, (3, 4)).astype(np.int8), RNG.integers(0, 256, (3, 4)).astype(np.uint8)
    scales, zeros = saved.tensor(random(3, dtype="float64")), saved.tensor(np.array([0, 0, 1]))
    affine, channels = Global("torch", "per_tensor_affine"), Global("torch", "per_channel_affine")
    saved.root = {
        "a.weight": quantised(saved, q, "QInt8Storage", (affine, 0.5, 0)),
        "b.weight": quantised(saved, q, "QInt8Storage", (channels, scales, zeros, 0)),
        "c.weight": quantised(saved, u, "QUInt8Storage", (affine, 0.5, 128)),
        "d.weight": quantised(saved, q.astype(np.int32), "QInt32Storage", (affine, 0.5, 0)),
        "fc._packed_params._packed_params": (quantised(saved, q, "QInt8Storage", (affine, 0.5, 3)), None),
        "fc._packed_params.dtype": Global("torch", "qint8"),
    }
    model = read(tmp_path, saved)
    found = by_name(model)
    assert model.notes == ()
    known = {
        name: (one.dtype, one.role, one.scales and (one.scales.per, one.scales.nbytes, one.scales.zero_points))
        for name, one in found.items()
    }
    assert known == {
        "a.weight": ("int8", "product", ("tensor", 16, False)),
        "b.weight": ("int8", "product", ("output", 48, True)),
        "c.weight": ("uint8", "product", ("tensor", 16, False)),
        "d.weight": ("qint32", "unread", None),
        "fc._packed_params._packed_params.0": ("int8", "product", ("tensor", 16, True)),
    }
    assert np.array_equal(found["a.weight"].array(), q)
    assert np.array_equal(found["c.weight"].array(), u.astype(int) - 128) and found["c.weight"].array().dtype == np.int8
    assert found["c.weight"].note == "less 128" and found["d.weight"].note == "qint32 is not read"


def test_tensors_that_are_not_read(tmp_path: Path) -> None:
    saved = Saved()
    indices, values = saved.tensor(np.zeros((2, 5), np.int64)), saved.tensor(random(5))
    layout = Call(Global("torch.serialization", "_get_layout"), ("torch.sparse_coo",))
    size = Call(Global("torch", "Size"), ((7, 9),))
    fp8 = saved.storage(np.zeros(12, np.uint8), kind="UntypedStorage", module="torch.storage")
    more = (False, {}, Global("torch", "float8_e4m3fn"))
    saved.root = {
        "s.weight": Call(Global("torch._utils", "_rebuild_sparse_tensor"), (layout, (indices, values, size))),
        "f.weight": saved.tensor(np.zeros((3, 4), np.uint8), storage=fp8, rebuild="_rebuild_tensor_v3", more=more),
        "c.weight": saved.tensor(random(2, 2).astype(np.complex64)),
        "t.weight": Call(
            Global("torch._tensor", "_rebuild_from_type_v2"),
            (
                Global("torch._utils", "_rebuild_wrapper_subclass"),
                Global("torchao", "Int4"),
                (Global("torchao", "Int4"), Global("torch", "float32"), (4, 6), (6, 1), 0),
                {},
            ),
        ),
    }
    found = by_name(read(tmp_path, saved))
    assert {one.role for one in found.values()} == {"unread"}
    assert (found["s.weight"].shape, found["s.weight"].nbytes) == ((7, 9), 100)
    assert found["s.weight"].note == "a sparse tensor of PyTorch is not read"
    assert (found["f.weight"].dtype, found["f.weight"].note) == ("float8_e4m3fn", "float8_e4m3fn is not read")
    assert found["c.weight"].note == "complex64 is not read" and "torchao" in found["t.weight"].note
    for tensor in found.values():
        if tensor.dtype != "complex64":
            with pytest.raises(DataError, match="is not read"):
                tensor.array()


# ---- shards


def test_shards(tmp_path: Path) -> None:
    arrays = {"a.weight": random(2, 3)}, {"b.weight": random(4, 3)}
    for number, legacy in enumerate((False, True)):
        written(tmp_path, state_dict(arrays[number], legacy), legacy, f"{number}.bin")
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text('{"weight_map": {"a.weight": "0.bin", "b.weight": "1.bin"}}')
    model = names.tensors(index)
    assert model.files == (index, tmp_path / "0.bin", tmp_path / "1.bin")
    assert np.array_equal(by_name(model)["b.weight"].array(), arrays[1]["b.weight"])
    index.write_text('{"weight_map": {"a.weight": "0.bin", "b.weight": "../1.bin"}}')
    with pytest.raises(DataError, match="plain names"):
        names.tensors(index)
