"""The reader of .safetensors: numbers bit for bit, roles, shards, and every way in which a header can lie."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotbench.cdot.bfloat16 import is_bfloat16, to_bfloat16
from dotbench.datasets import DataError
from dotbench.datasets.kinds.safetensors import READER
from dotbench.datasets.models import names
from dotbench.datasets.models.values import stored

sys.path.insert(0, str(Path(__file__).parent.parent))
from safetensors_files import by_name, entry, random, raw, read, saved


def test_what_the_library_saves(tmp_path: Path) -> None:
    """Every dtype of numpy's, scalars and empty tensors: the same bits, and the library's own order of names."""
    kinds = ("float32", "float64", "float16", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint64", "bool")
    arrays = {f"{kind}.weight": random(3, 4, dtype=kind) for kind in kinds}
    arrays |= {"scalar": random(1, dtype="float32").reshape(()), "none": np.zeros((0, 3), np.float32)}
    safetensors.numpy.save_file(arrays, tmp_path / "w.safetensors", {"format": "np"})
    model = names.tensors(tmp_path / "w.safetensors")
    assert (model.kind, model.files) == ("safetensors", (tmp_path / "w.safetensors",))
    found = by_name(model)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        tensor = found[name]
        assert (tensor.dtype, tensor.shape, tensor.nbytes) == (array.dtype.name, array.shape, array.nbytes)
        assert np.array_equal(tensor.array(), array) and tensor.array().dtype == array.dtype
        assert not tensor.array().flags.writeable or not array.size
    roles = {name: tensor.role for name, tensor in found.items()}
    assert [name for name in roles if roles[name] == "product"] == [
        name for name in roles if name in {f"{kind}.weight" for kind in ("float32", "float64", "float16", "int8")}
    ]
    assert roles["scalar"] == roles["none"] == "vector" and found["none"].note == "it has no entries"
    assert roles["int64.weight"] == "unread" and found["int64.weight"].note == (
        "int64 is not read: weights are floats or int8"
    )


def test_numbers_are_views_of_the_file(tmp_path: Path) -> None:
    arrays = {"a.weight": random(4, 6), "odd": np.arange(3, dtype=np.int8), "b.weight": random(2, 5)}
    found = by_name(read(tmp_path, saved(arrays)))
    assert found["a.weight"].array().base is not None
    b = found["b.weight"].array()  # 3 bytes stand before it: copied to where a processor wants it
    assert b.flags.aligned and np.array_equal(b, arrays["b.weight"])


def test_bfloat16_bit_for_bit(tmp_path: Path) -> None:
    W = to_bfloat16(random(5, 7))
    data = raw(json.dumps({"w.weight": entry("BF16", (5, 7), 0, 70)}), W.tobytes())
    tensor = by_name(read(tmp_path, data))["w.weight"]
    assert (tensor.dtype, tensor.role) == ("bfloat16", "product") and is_bfloat16(tensor.array().dtype)
    matrix, note = stored(tensor)
    assert note == "" and np.array_equal(matrix.view(np.uint16), W.view(np.uint16).T)


@pytest.mark.parametrize("code", ["F8_E4M3", "F8_E5M2", "F8_E8M0"])
def test_float8_is_said(code: str, tmp_path: Path) -> None:
    tensor = by_name(read(tmp_path, raw(json.dumps({"w.weight": entry(code, (2, 3), 0, 6)}), b"123456")))["w.weight"]
    assert (tensor.role, tensor.dtype, tensor.note) == ("unread", code, f"float8 ({code}) is not read")
    with pytest.raises(DataError, match=f"w.weight: float8 .{code}. is not read"):
        tensor.array()


def test_half_bytes(tmp_path: Path) -> None:
    tensor = by_name(read(tmp_path, raw(json.dumps({"w.weight": entry("F4", (2, 2), 0, 2)}), b"12")))["w.weight"]
    assert (tensor.role, tensor.note) == ("unread", "float4 (F4) is not read")


ONE = json.dumps(entry("F32", (2,), 0, 8))


def named(fields: str, name: str = "a") -> str:
    """A header of one tensor."""
    return f'{{"{name}":{fields}}}'


DEEP = '{"a":' + "[" * 100_000
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "8 alone hold the length of its header"),
    "a length alone": (raw("{}")[:5], "8 alone hold"),
    "a header longer than the file": (raw("{}", length=3), "claims 3 bytes, and 2 are there"),
    "a header of 2^63": (raw("{}", length=1 << 63), "at most 100000000 are read"),
    "a header above 100 MB": (raw("{}", length=100_000_001), "at most 100000000 are read"),
    "no header": (raw(""), "should start with {"),
    "a leading space": (raw(" " + named(ONE), b"12345678"), "should start with {"),
    "a list": (raw('["a"]'), "should start with {"),
    "no JSON": (raw('{"a"'), "is no JSON"),
    "no UTF-8": (raw(b'{"\xff":1}'), "is no JSON"),
    "deep": (raw(DEEP), "is no JSON|refuses"),
    "NaN": (raw('{"a":NaN}'), "holds NaN"),
    "a name twice": (raw(named(f'{ONE},"a":{ONE}'), b"12345678"), "names 'a' twice"),
    "a field twice": (raw('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"8" * 8), "twice"),
    "metadata of numbers": (raw('{"__metadata__":{"a":1}}'), "no object of strings"),
    "metadata that is a list": (raw('{"__metadata__":[]}'), "no object of strings"),
    "no dtype": (raw('{"a":{"shape":[2],"data_offsets":[0,8]}}', b"8" * 8), "needs dtype, shape and data_offsets"),
    "a tensor that is a number": (raw('{"a":1}'), "needs dtype"),
    "an unknown dtype": (raw(named(ONE.replace("F32", "F33")), b"8" * 8), "has the dtype 'F33'"),
    "a dtype that is a list": (raw(named(ONE.replace('"F32"', "[]")), b"8" * 8), "has the dtype"),
    "a shape of true": (raw(named(ONE.replace("[2]", "[true]")), b"8" * 8), r"has the shape \[True\]"),
    "a shape of -2": (raw(named(ONE.replace("[2]", "[-2]")), b"8" * 8), r"has the shape \[-2\]"),
    "a shape of 2.0": (raw(named(ONE.replace("[2]", "[2.0]")), b"8" * 8), r"has the shape \[2.0\]"),
    "a shape of 2^64": (raw(named(ONE.replace("[2]", f"[{1 << 64}]")), b"8" * 8), "has the shape"),
    "2^63 times 2^63": (
        raw(named(ONE.replace("[2]", f"[{1 << 63},{1 << 63}]")), b"8" * 8),
        "takes .* bytes, and 8",
    ),
    "a huge number": (raw(named(ONE.replace("[2]", f"[{'9' * 5000}]")), b"8" * 8), "no JSON|shape"),
    "three offsets": (raw(named(ONE.replace("[0, 8]", "[0,8,9]")), b"8" * 8), "data_offsets"),
    "offsets backwards": (raw(named(ONE.replace("[0, 8]", "[8,0]")), b"8" * 8), "data_offsets"),
    "too few bytes for the shape": (raw(named(ONE.replace("[2]", "[3]")), b"8" * 8), "takes 12 bytes, and 8"),
    "half a byte": (raw(json.dumps({"a": entry("F4", (1,), 0, 1)}), b"1"), "takes 0.5 bytes, and 1"),
    "a tail": (raw(named(ONE), b"8" * 9), "1 bytes are no tensor's"),
    "cut short": (raw(named(ONE), b"8" * 7), "1 bytes are missing"),
    "a hole": (raw(named(ONE.replace("[0, 8]", "[8, 16]")), b"8" * 16), "leaves a hole behind the header"),
    "an overlap": (
        raw(json.dumps({"a": entry("F32", (2,), 0, 8), "b": entry("F32", (2,), 4, 12)}), b"8" * 12),
        "tensor 'b' overlaps tensor 'a'",
    ),
    "the same bytes twice": (
        raw(json.dumps({"a": entry("F32", (2,), 0, 8), "b": entry("F32", (2,), 0, 8)}), b"8" * 8),
        "overlaps",
    ),
    "no name": (raw(named(ONE, ""), b"8" * 8), "a tensor is named ''"),
    "a name of 301 letters": (raw(named(ONE, "x" * 301), b"8" * 8), "at most 300 letters"),
    "a name that moves the cursor": (raw(named(ONE, "\\u001b[2J"), b"8" * 8), "letters that can be printed"),
    "half a letter": (raw(named(ONE, "\\ud800"), b"8" * 8), "cannot be read"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files(what: str, tmp_path: Path) -> None:
    data, words = HOSTILE[what]
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path, data)
    assert str(tmp_path / "model.safetensors") in str(caught.value)


def test_good_files_at_the_edge(tmp_path: Path) -> None:
    """Blanks behind the object, no tensors, empty tensors between others: the library writes such files."""
    assert read(tmp_path, raw("{}   ")).tensors == ()
    header = {"a": entry("F32", (2,), 0, 8), "none": entry("F32", (0, 7), 8, 8), "b": entry("I8", (1,), 8, 9)}
    assert [one.name for one in read(tmp_path, raw(json.dumps(header), b"8" * 9)).tensors] == ["a", "none", "b"]


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.safetensors")
    with pytest.raises(DataError, match="is no regular file"):
        names.tensors(tmp_path / "w.safetensors")
    with pytest.raises(DataError, match="No such file"):
        names.tensors(tmp_path / "no.safetensors")


def test_each_kind_multiplies_as_in_its_model(tmp_path: Path) -> None:
    """x @ W is what Linear, Conv1d, Conv2d, LSTM and GPT-2's Conv1D give."""
    arrays = {
        "fc.weight": random(5, 7),
        "conv.weight": random(6, 3, 2, 2),
        "conv1.weight": random(4, 3, 5),
        "lstm.weight_hh_l0": random(8, 2),
        "h.0.attn.c_attn.weight": random(7, 9),
    }
    found = by_name(read(tmp_path, saved(arrays)))
    assert {one.role for one in found.values()} == {"product"}
    for name, tensor in found.items():
        weight, W = arrays[name], stored(tensor)[0]
        assert W.shape == tensor.matrix_shape
        if name.startswith("conv"):
            patch = random(*weight.shape[1:])  # (c, kernel), of which a matrix's rows are kernel, then channels
            expected = (weight * patch).reshape(weight.shape[0], -1).sum(axis=1)
            x = np.moveaxis(patch, 0, -1).ravel()
        else:
            x = random(W.shape[0])
            expected = x @ weight if "c_attn" in name else weight @ x
        assert np.allclose(x @ W, expected, rtol=1e-4, atol=1e-2)


# ---- embeddings and heads

TABLES = {"model.embed_tokens.weight": random(12, 4), "wpe.weight": random(20, 4), "model.norm.weight": random(4)}


@pytest.mark.parametrize(
    ("config", "more", "role"),
    [
        (None, {}, "gather"),
        ({"tie_word_embeddings": True}, {}, "tied"),
        ({"text_config": {"tie_word_embeddings": True}}, {}, "tied"),
        ({"tie_word_embeddings": False}, {}, "gather"),
        ({"tie_word_embeddings": 1}, {}, "gather"),
        ({"tie_word_embeddings": True}, {"lm_head.weight": random(12, 4)}, "gather"),
        ({"tie_word_embeddings": True}, {"output.weight": random(12, 4)}, "gather"),
        ({"tie_word_embeddings": True}, {"h.0.output.weight": random(4, 4)}, "tied"),
        ([], {}, "gather"),
    ],
)
def test_a_tied_head(config: Any, more: dict[str, np.ndarray], role: str, tmp_path: Path) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    found = by_name(read(tmp_path, saved(TABLES | more)))
    assert found["model.embed_tokens.weight"].role == role and found["wpe.weight"].role == "gather"


def test_a_configuration_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true}')
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").symlink_to(tmp_path / "config.json")
    assert by_name(read(tmp_path / "model", saved(TABLES)))["model.embed_tokens.weight"].role == "gather"
    (tmp_path / "model" / "config.json").unlink()
    (tmp_path / "model" / "config.json").write_text(" " * (1 << 20) + '{"tie_word_embeddings": true}')
    assert by_name(read(tmp_path / "model", saved(TABLES)))["model.embed_tokens.weight"].role == "gather"


# ---- shards


def shards(folder: Path, places: dict[str, Any], files: dict[str, dict[str, np.ndarray]]) -> Path:
    for name, arrays in files.items():
        (folder / name).write_bytes(saved(arrays))
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return index


A, B = {"a.weight": random(2, 3)}, {"b.weight": random(4, 3), "c": random(3)}


def test_shards(tmp_path: Path) -> None:
    index = shards(
        tmp_path, {"a.weight": "1.safetensors", "b.weight": "2.safetensors"}, {"1.safetensors": A, "2.safetensors": B}
    )
    model = names.tensors(index)
    assert model.files == (index, tmp_path / "1.safetensors", tmp_path / "2.safetensors")
    found = by_name(model)
    assert np.array_equal(found["b.weight"].array(), B["b.weight"]) and found.keys() == {"a.weight", "b.weight"}
    assert model.notes == ("2.safetensors holds 1 tensors that the index does not name",)
    assert names.expand(f"{index}#a") == [f"{index}#a"] and len(names.expand(str(index))) == 2


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("../1.safetensors", "plain names"),
        ("/etc/passwd", "plain names"),
        ("a\\b.safetensors", "plain names"),
        ("c:b.safetensors", "plain names"),
        ("", "plain names"),
        ("..", "plain names"),
        ("a\0b", "plain names"),
        ("model.safetensors.index.json", "plain names"),
        ("missing.safetensors", "no such file"),
        ("out.safetensors", "a link out of the folder"),
        ("folder", "no such file"),
        ("2.safetensors", "has no tensor 'a.weight'"),
        (5, "no weight_map"),
        (None, "no weight_map"),
    ],
)
def test_shards_that_lead_elsewhere(place: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "1.safetensors").write_bytes(saved(A))
    folder = tmp_path / "model"
    (folder / "folder").mkdir(parents=True)
    (folder / "out.safetensors").symlink_to(tmp_path / "1.safetensors")
    index = shards(folder, {"a.weight": place}, {"2.safetensors": B})
    with pytest.raises(DataError, match=words):
        names.tensors(index)


def test_a_cache_of_links(tmp_path: Path) -> None:
    """As downloads are kept: index, shards and configuration are links into one folder of contents."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "1"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    index = shards(blobs, dict.fromkeys(TABLES, "1.safetensors"), {"1.safetensors": TABLES})
    (blobs / "config").write_text('{"tie_word_embeddings": true}')
    for name, content in ((index.name, index.name), ("1.safetensors", "1.safetensors"), ("config.json", "config")):
        (snapshot / name).symlink_to(Path("..") / ".." / "blobs" / content)
    assert by_name(names.tensors(snapshot / index.name))["model.embed_tokens.weight"].role == "tied"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"weight_map": []}', '{"weight_map": {"a": "b"}, "weight_map": {}}', "{", "NaN"]
)
def test_an_index_that_is_none(text: str, tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text)
    with pytest.raises(DataError, match="index.json"):
        names.tensors(index)


# ---- damage

GOOD = saved({"fc.weight": random(3, 5), "fc.bias": random(3), "n": np.arange(2)}, {"format": "pt"})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files(tmp_path: Path, data: st.DataObject) -> None:
    """A DataError, or tensors whose numbers can all be had."""
    changed = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(GOOD)), st.integers(0, len(GOOD))))
    try:
        model = READER.tensors(_written(tmp_path, bytes(changed[:cut])))  # type: ignore[misc]
    except DataError:
        return
    for tensor in model.tensors:
        if tensor.role != "unread" and not tensor.dtype.startswith("F"):
            assert tensor.array().shape == tensor.shape and tensor.array().nbytes == tensor.nbytes


def _written(folder: Path, data: bytes) -> Path:
    path = folder / "damaged.safetensors"
    path.write_bytes(data)
    return path
