"""Files of ONNX that are damaged or want harm: a DataError that says what is wrong, in bounded time and memory."""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
from onnx_files import external, model, node, packed, seeds, sparse, tensor
from test_onnx import W, one, one_unread, read, whole

from dotbench.datasets import DataError
from dotbench.datasets.models.model_file import PRODUCTS
from dotbench.datasets.models.onnx import file as onnx_file
from dotbench.datasets.models.onnx import reader as onnx_reader

PRODUCT = [node("MatMul", "x w")]
SECONDS = 2


# ---- external data


def outside(path: Path, **entries: Any) -> str:
    """What is said of a weight of 4 x 6 floats in another file; W's bytes lie in w.bin from 64 on."""
    (path / "w.bin").write_bytes(bytes(64) + W.tobytes())
    with pytest.raises(DataError) as error:
        read(path, PRODUCT, {"w": external("w", (4, 6), **entries)})
    return str(error.value)


def test_external_data_is_mapped(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "w.bin").write_bytes(bytes(64) + W.tobytes())
    made = read(tmp_path, PRODUCT, {"w": external("w", (4, 6), location="deep/w.bin", offset=64, length=96)})
    found = one(made)
    numbers = found.array()
    assert numbers.tolist() == W.tolist() and not numbers.flags.writeable and isinstance(numbers.base.base, np.memmap)
    assert made.files == (tmp_path / "m.onnx", tmp_path / "deep" / "w.bin")
    (tmp_path / "deep" / "w.bin").write_bytes(bytes(64))
    with pytest.raises(DataError, match=r"w\.bin cannot be read"):
        found.array()


def test_two_names_of_the_same_bytes_are_one_tensor(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    twice = {name: external(name, (4, 6), location="w.bin") for name in "wv"}
    nodes = [node("Gather", "v x", "g"), node("Transpose", "w", "t"), node("MatMul", "g t")]
    assert one(read(tmp_path, nodes, twice), "tied").name == "w"


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "", ".", "C:\\w.bin", "..\\w.bin", "w\0.bin"]
)
def test_external_data_elsewhere_is_not_opened(location: str, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert "only files in the model's own folder are read" in outside(tmp_path / "inner", location=location)


def test_external_data_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    assert "put it beside the model" in outside(tmp_path, location="v.bin")
    assert "put it beside the model" in outside(tmp_path, location="w.bin/v.bin")
    (tmp_path / "folder").mkdir()
    assert "which is no file" in outside(tmp_path, location="folder")
    os.mkfifo(tmp_path / "pipe")
    assert "which is no file" in outside(tmp_path, location="pipe")


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "w.bin").write_bytes(W.tobytes())
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "v.bin").symlink_to(tmp_path / "other" / "w.bin")
    (tmp_path / "here" / "folder").symlink_to(tmp_path / "other")
    assert "is a link" in outside(tmp_path / "here", location="v.bin")
    assert "is a link" in outside(tmp_path / "here", location="folder/w.bin")


RANGES = {
    "lies in w.bin from byte 80 to 176, and the file has 160": {"offset": 80},
    "from byte 9999999999999999999 to": {"offset": 9999999999999999999},
    "that 95 bytes are its own; its shape needs 96": {"length": 95},
    "that 160 bytes are its own; its shape needs 96": {"length": 160},
    "has the offset '-1', which is no number of bytes": {"offset": -1},
    "has the length '1e3', which is no number of bytes": {"length": "1e3"},
    "has the offset '99999999999999999999', which": {"offset": 99999999999999999999},
}


@pytest.mark.parametrize("words", RANGES)
def test_ranges_are_held_against_the_file_and_the_shape(words: str, tmp_path: Path) -> None:
    assert words in outside(tmp_path, location="w.bin", **RANGES[words])


# ---- what files are not

NO_MODEL = {
    b"": "it has no graph",
    b"\x08\x0a": "it has no graph",
    b"PK\x03\x04 and more": "it is a zip archive",
    b"version https://git-lfs.github.com/spec/v1": "it is a pointer of Git LFS",
    b"not a model at all": "it is no message of protobuf",
    model(PRODUCT, {"w": W}).SerializeToString()[:-20]: "it is no message of protobuf",
}


@pytest.mark.parametrize("data", NO_MODEL, ids=NO_MODEL.values())
def test_what_is_no_model(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    with pytest.raises(DataError, match=NO_MODEL[data]) as error:
        onnx_reader.read(path)
    assert str(path) in str(error.value)


def test_files_that_are_too_large_or_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        onnx_reader.read(tmp_path / "m.onnx")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        onnx_reader.read(tmp_path)
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(onnx_file.MOST + 1)  # a hole
    with pytest.raises(DataError, match="save larger models with external data"):
        onnx_reader.read(tmp_path / "m.onnx")


# ---- tensors that contradict themselves

CONTRADICTIONS: dict[str, Any] = {
    "of shape [4, 6] and type float32 needs 96 bytes and has 4": packed("w", 1, (4, 6), b"abcd"),
    "needs 4398046511104 bytes and has 4": packed("w", 1, (1 << 20, 1 << 20), b"abcd"),
    "needs 1099511627776 numbers and has 0": packed("w", 1, (1 << 20, 1 << 20), b""),
    "of shape [5] and type int4 needs 3 bytes and has 2": packed("w", TensorProto.INT4, (5,), b"ab"),
    "has the shape [-1, 4]: up to 32 sizes, none below 0": packed("w", 1, (-1, 4), b""),
    "up to 32 sizes": packed("w", 1, (1,) * 40, b"abcd"),
    "needs 24 numbers and has 2": TensorProto(name="w", data_type=1, dims=(4, 6), float_data=[1, 2]),
    "needs 12 numbers and has 2": TensorProto(name="w", data_type=TensorProto.UINT4, dims=(4, 6), int32_data=[1, 2]),
    "is one of several segments": TensorProto(name="w", data_type=1, segment={"begin": 0, "end": 1}),
}


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_shapes_are_held_against_bytes(words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, PRODUCT, {"w": CONTRADICTIONS[words]})
    assert words in str(error.value) and "tensor 'w'" in str(error.value)


INDICES = {
    "has an index outside of it": [3, 10, 24],
    "has an index outside": [-1, 10, 12],
    "index outside of": [[0, 3], [1, 4], [0, 6]],
    "are not sorted": [10, 3, 23],
    "or there are two of one place": [3, 3, 23],
    "has 3 values and indices of [2]": [3, 10],
    "has 3 values and indices of [3, 3]": [[0, 3, 0], [1, 4, 0], [3, 5, 0]],
}


@pytest.mark.parametrize("words", INDICES)
def test_sparse_indices(words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, PRODUCT, {}, sparse_initializer=[sparse("w", np.float32([1, 2, 3]), INDICES[words], (4, 6))])
    assert words in str(error.value)


def test_sparse_tensors_that_are_too_large_are_not_written_out(tmp_path: Path) -> None:
    large = sparse("w", np.float32([1]), [5], (1 << 16, 1 << 16))
    found = one_unread(read(tmp_path, PRODUCT, {}, sparse_initializer=[large]))
    assert "written out it is too large" in found.note and "DOTBENCH_READ_BYTES" in found.note
    with pytest.raises(DataError, match="of shape"):
        read(tmp_path, PRODUCT, {}, sparse_initializer=[sparse("w", np.float32([1]), [5], (1 << 62, 1 << 62))])


# ---- graphs


def timed(what: Callable[[], Any]) -> Any:
    start = time.process_time()
    found = what()
    assert time.process_time() - start < SECONDS
    return found


def test_circles_and_names_that_are_not_there(tmp_path: Path) -> None:
    nodes = [
        node("Transpose", "b", "a"),
        node("Transpose", "a", "b"),
        node("MatMul", "x a", "y"),
        node("MatMul", "nothing w", "z"),
    ]
    assert one(read(tmp_path, nodes, {"w": W})).name == "w"


@pytest.mark.parametrize("kind", ["Identity", "Transpose", "Unsqueeze", "both", "Mul", "Concat", "Slice"])
def test_ten_thousand_nodes(kind: str, tmp_path: Path) -> None:
    nodes, last = [], "w"
    for at in range(10_000):
        operator = ("Transpose" if at % 2 else "Reshape") if kind == "both" else kind
        more = {"Reshape": " to", "Unsqueeze": " a", "Mul": " s", "Concat": f" {last}", "Slice": " a b"}.get(
            operator, ""
        )
        nodes.append(node(operator, last + more, f"t{at}", **({"axis": 0} if operator == "Concat" else {})))
        last = f"t{at}"
    nodes.append(node("MatMul", f"x {last}"))
    constants = {"w": W, "a": np.int64([0]), "b": np.int64([9]), "s": np.float32(1), "to": np.int64([4, 6])}
    found = timed(lambda: read(tmp_path, nodes, constants)).tensors[0]
    assert found.role == ("product" if kind in ("Identity", "Transpose", "Slice") else "unsure")
    assert found.array().tolist() == W.tolist()


def test_graphs_in_graphs(tmp_path: Path) -> None:
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)

    def nested(depth: int) -> Any:
        made = helper.make_graph([node("MatMul", "x w", "z")], "in", [], [out])
        for _ in range(depth):
            made = helper.make_graph(
                [node("If", "x", "z", then_branch=made, else_branch=helper.make_graph([], "no", [], [out]))],
                "g",
                [],
                [out],
            )
        return [node("If", "x", then_branch=made, else_branch=made)]

    assert one(read(tmp_path, nested(20), {"w": W})).name == "w"
    path = tmp_path / "deep.onnx"
    inner = model(PRODUCT, {"w": W}).graph.SerializeToString()
    for _ in range(200):  # as protobuf's own writer would not
        attribute = field(1, b"then_branch") + field(6, inner)
        inner = field(1, field(4, b"If") + field(5, attribute))
    path.write_bytes(field(7, inner))
    with pytest.raises(DataError, match=r"deep\.onnx cannot be read as a model of ONNX"):
        timed(lambda: onnx_reader.read(path))


def field(number: int, data: bytes) -> bytes:
    """A field of bytes as protobuf has it."""
    length, written = len(data), bytearray([number << 3 | 2])
    while length > 127:
        written.append(length & 127 | 128)
        length >>= 7
    return bytes(written) + bytes([length]) + data


ODD = {
    "perm of another rank": node("Transpose", "w", "t", perm=[0, 1, 2]),
    "a shape of another size": node("Reshape", "w seven", "t"),
    "an axis that is not there": node("Unsqueeze", "w seven", "t"),
    "no axis of one": node("Squeeze", "w zero", "t"),
    "steps of nothing": node("Slice", "w zero seven zero zero", "t"),
    "an empty slice": node("Slice", "w seven zero", "t"),
    "more parts than there are": node("Split", "w", "t u v q r s e f g h", axis=0),
    "an input that is left out": node("Mul", "w -", "t"),
    "an axis far away": node("DequantizeLinear", "w scales", "t", axis=1 << 40),
    "blocks of less than nothing": node("DequantizeLinear", "w scales", "t", axis=0, block_size=-3),
}


@pytest.mark.parametrize("what", ODD)
def test_nodes_that_make_no_sense_fold_nothing(what: str, tmp_path: Path) -> None:
    constants = {"w": W, "seven": np.int64([7]), "zero": np.int64([0]), "scales": whole(3, 2)}
    found = timed(lambda: read(tmp_path, [ODD[what], node("MatMul", "x t")], constants))
    weight = next(one for one in found.tensors if one.name == "w")
    assert weight.role == "unsure" and weight.array().tolist() == W.tolist()


IGNORED = {
    "perm that is a number": node("Transpose", "w", "t", perm=1),
    "no bounds": node("Slice", "w", "t"),
    "axis is text": node("DequantizeLinear", "w scale", "t", axis="one"),
}


@pytest.mark.parametrize("what", IGNORED)
def test_words_of_another_type_are_as_if_they_were_not_there(what: str, tmp_path: Path) -> None:
    found = read(tmp_path, [IGNORED[what], node("MatMul", "x t")], {"w": W, "scale": np.float32(1)})
    assert [one.role for one in found.tensors if one.name == "w"] == ["product"]


def test_a_shape_that_changes_too_often_is_unread_or_unsure(tmp_path: Path) -> None:
    nodes, last = [], "w"
    for at in range(60):
        nodes += [node("Transpose", last, f"a{at}", perm=[1, 0]), node("Reshape", f"a{at} to", f"b{at}")]
        last = f"b{at}"
    found = read(tmp_path, [*nodes, node("MatMul", f"x {last}")], {"w": W, "to": np.int64([4, 6])})
    assert [one.role for one in found.tensors] == ["unsure"]


# ---- damage

SEEDS = seeds()


def check(data: bytes, path: Path) -> str:
    """A DataError, or tensors that are what they say."""
    path.write_bytes(data)
    (path.parent / "w.bin").write_bytes(bytes(96))
    try:
        made = onnx_reader.read(path)
    except DataError:
        return "refused"
    names = [one.name for one in made.tensors]
    assert len({*names}) == len(names) and all(name.isprintable() and name for name in names)
    for found in made.tensors:
        try:
            values = found.array()
        except DataError:
            continue
        assert values.shape == found.shape and values.nbytes <= 1 << 29
        if found.role in PRODUCTS:
            assert found.matrix().shape == found.matrix_shape and found.role in ("product", "tied")
    return "read"


def test_seeds_are_read(tmp_path: Path) -> None:
    assert [check(data, tmp_path / "m.onnx") for data in SEEDS] == ["read"] * len(SEEDS)
    for data in SEEDS:
        (tmp_path / "m.onnx").write_bytes(data)
        roles = [one.role for one in onnx_reader.read(tmp_path / "m.onnx").tensors]
        assert "product" in roles or "tied" in roles


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_damaged_files_are_refused_or_read_right(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, rng: random.Random
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed(lambda: check(damaged(seed, rng), path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10


def damaged(seed: bytes, rng: random.Random) -> bytes:
    """Bytes that are other ones, are gone, or are there twice."""
    data = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        at, kind = rng.randrange(len(data)), rng.randrange(5)
        if kind == 0:
            data[at] = rng.choice([0, 1, 2, 7, 127, 128, 255, rng.randrange(256)])
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at : at + rng.randint(1, 8)]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randint(1, 40)]
        else:
            data[at : at + 1] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 9)))
        data = data or bytearray(b"\0")
    return bytes(data)


def test_helpers_make_what_they_say() -> None:
    assert field(7, bytes(300))[:3] == bytes([58, 172, 2]) and tensor("w", W).dims == [4, 6]
