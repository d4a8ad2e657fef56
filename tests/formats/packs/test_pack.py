"""Opening packs: what they give, what of a damaged or newer one is said, and that only the header is read."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dotbench
from dotbench import formats
from dotbench.formats.packs import header
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.pack import Pack

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_models
from made_models import pruned

ARRAYS: dict[str, Any] = {
    "fc1.weight": pruned((40, 60)),
    "fc2.weight": formats.to_bfloat16(np.random.default_rng(1).standard_normal((32, 48))),
    "fc3.weight": np.where(
        np.arange(6000).reshape(60, 100) == 3000, np.float32(-0.0), pruned((60, 100)) + np.float32(0)
    ),
    "fc1.bias": np.arange(40, dtype=np.float32),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_models.packed(tmp_path_factory.mktemp("packs"), ARRAYS, metadata={"a": "b"}).path


def test_what_a_pack_gives(made: Path) -> None:
    x = np.random.default_rng(0).standard_normal(60).astype(np.float32)
    with dotbench.open_pack(made) as pack:
        assert len(pack) == 3 and [*pack] == [*pack.formats()] and pack.metadata == {"a": "b"}
        assert pack.formats()["fc2.weight"] == "rank[coding=rice]"
        assert set(pack.names) == ARRAYS.keys() and repr(pack).startswith(
            "<Pack pack.safetensors: 3 payloads, 1 other "
        )
        assert pack["fc1"] is pack["fc1.weight"] and "fc1" in pack and "fc1.bias" not in pack and 1 not in pack
        assert np.allclose(pack["fc1"].dot(x), ARRAYS["fc1.weight"] @ x, atol=1e-5)
        assert pack["fc1"].data.ctypes.data % 64 == 0 and not pack["fc1"].data.flags.writeable
        assert pack.nbytes == made.stat().st_size and pack.left_out == {}
        assert not pack.tensor("fc1.bias").flags.writeable and pack.tensor("fc1.weight").flags.writeable
        assert pack.note("fc3.weight").negative_zeros is not None
        kept = pack["fc1"]
    assert np.allclose(kept.dot(x), ARRAYS["fc1.weight"] @ x, atol=1e-5)


def test_names_that_are_not_there(made: Path) -> None:
    with dotbench.open_pack(made) as pack:
        with pytest.raises(KeyError, match=r"no payload 'fc4': did you mean fc"):
            pack["fc4"]
        with pytest.raises(KeyError, match=r"is no payload in .* pack.tensor\('fc1.bias'\) gives it"):
            pack["fc1.bias"]
        for ask in (pack.tensor, pack.shape, pack.dtype, pack.raw):
            with pytest.raises(KeyError, match=r"no tensor 'fc4.bias': did you mean fc1.bias"):
                ask("fc4.bias")


def test_a_closed_pack_says_so(made: Path) -> None:
    pack = dotbench.open_pack(made)
    pack.close()
    pack.close()
    for ask in (lambda: pack["fc1"], lambda: pack.tensor("fc1.bias"), lambda: pack.tensor("fc2.weight")):
        with pytest.raises(ValueError, match="was closed: open it again"):
            ask()


def test_what_is_no_pack(tmp_path: Path) -> None:
    model = made_models.model(tmp_path / "m.safetensors", ARRAYS)
    with pytest.raises(PackError, match=r"is a .safetensors file and no pack: dotbench pack .* makes one"):
        dotbench.open_pack(model.path)
    (tmp_path / "empty").touch()
    with pytest.raises(PackError, match="is empty"):
        dotbench.open_pack(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        dotbench.open_pack(tmp_path / "nobody")


def test_a_large_pack_opens_at_once(tmp_path: Path) -> None:
    """1 GB, of which nothing but the header is on the disk: 1000 tensors, in far less than 50 ms."""
    side, count = 2048, 256
    sizes = {f"layers.{k}.{one}": (side * 512,) for k in range(count) for one in ("w1", "w2", "w3", "w4")}
    entries = [
        header.Entry(name, "I8", shape, k * side * 512, (k + 1) * side * 512)
        for k, (name, shape) in enumerate(sizes.items())
    ]
    head = header.written(entries, {"dotbench": json.dumps({"version": 1, "tensors": {}})})
    with (tmp_path / "large").open("wb") as file:
        file.write(head)
        file.truncate(len(head) + entries[-1].end)
    took = []
    for _ in range(5):
        begin = time.process_time()
        with dotbench.open_pack(tmp_path / "large") as pack:
            assert pack.nbytes > 1 << 30 and len(pack.names) == 1024
        took.append(time.process_time() - begin)
    assert min(took) < 0.05


# ---- damaged, newer, and made up


def rewritten(made: Path, out: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    """A pack with its header changed: ``change`` gets the header and what the pack says of itself."""
    data = made.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    told = json.loads(data[8:start])
    notes = json.loads(told["__metadata__"]["dotbench"])
    change(told, notes)
    if isinstance(told.get("__metadata__"), dict) and "dotbench" in told["__metadata__"]:
        told["__metadata__"]["dotbench"] = json.dumps(notes)
    raw = json.dumps(told).encode()
    out.write_bytes(len(raw).to_bytes(8, "little") + raw + data[start:])
    return out


def note(name: str = "fc1.weight", **more: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, notes: notes["tensors"][name].update(more)


OPENING: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = {
    "a newer version": (lambda _, notes: notes.update(version=2), "version 2, and this dotbench reads 1: update dotbench"),
    "no version": (lambda _, notes: notes.pop("version"), "version None"),
    "a version that is true": (lambda _, notes: notes.update(version=True), "version True"),
    "no tensors": (lambda _, notes: notes.pop("tensors"), "no JSON object"),
    "tensors that are a list": (lambda _, notes: notes.update(tensors=[]), "no JSON object"),
    "a source that is a text": (lambda _, notes: notes.update(source="x"), "no JSON object"),
    "left out for a number": (lambda _, notes: notes.update(left_out={"x": 1}), "no text"),
    "a note that is a text": (lambda _, notes: notes["tensors"].update({"fc1.weight": "x"}), "no JSON object"),
    "a tensor that is not there": (lambda _, notes: notes["tensors"].update(x=notes["tensors"]["fc1.weight"]), "no 'x.dotb'"),
    "a format that is a number": (note(format=1), "no text, text and number"),
    "negative bytes": (note(bytes=-1), "no text, text and number"),
    "bytes that are 0": (note(bytes=0), "is no payload of 0"),
    "more bytes than there are": (note(bytes=10**9), "is no payload of 1000000000"),
    "fewer bytes": (note(bytes=64), "is no payload of 64"),
    "a vector": (note(shape=[2400]), "shape"),
    "a shape of texts": (note(shape=["40", "60"]), "shape"),
    "an enormous side": (note(shape=[2**70, 60]), "shape"),
    "float64": (note(dtype="F64"), "dtype 'F64'"),
    "a dtype that is a list": (note(dtype=["F32"]), "dtype"),
    "an orientation that is none": (note(orientation="up"), "orientation 'up'"),
    "a coding that is none": (note(negative_zeros={"coding": "x", "count": 1}), "no coding of bits, gaps"),
    "negative zeros without count": (note(negative_zeros={"coding": "bits"}), "and count"),
    "negative zeros that are a list": (note(negative_zeros=[]), "and count"),
    "negative zeros of another type": (note("fc3.weight", negative_zeros={"coding": "gaps", "count": 2}), "holds no negative"),
    "negative zeros that are not there": (note("fc2.weight", negative_zeros={"coding": "gaps", "count": 2}), "has no 'fc2"),
    "a name that both have": (lambda told, _: told.update({"fc1.weight": told.pop("fc1.bias")}), "as a tensor and as a payload"),
    "a payload of another type": (lambda told, _: told["fc1.weight.dotb"].update(dtype="I8"), "is no payload"),
}  # fmt: skip


@pytest.mark.parametrize("what", OPENING)
def test_what_is_refused_when_a_pack_is_opened(what: str, made: Path, tmp_path: Path) -> None:
    change, words = OPENING[what]
    with pytest.raises(PackError, match=words):
        dotbench.open_pack(rewritten(made, tmp_path / "p", change))


TENSOR: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = {
    "another shape": (note(shape=[60, 40]), "its payload is 60 x 40 float32, and the pack says F32 of shape"),
    "another orientation": (note(orientation="inputs_first"), "its payload is 60 x 40"),
    "another dtype": (note(dtype="BF16"), "and the pack says BF16"),
    "another format": (note(format="sham"), "and the pack says 'sham'"),
    "another count": (lambda _, notes: notes["tensors"]["fc1.weight"]["negative_zeros"].update(count=5), "and 5 are announced"),
}  # fmt: skip


@pytest.mark.parametrize("what", TENSOR)
def test_what_is_refused_when_a_tensor_is_asked_for(what: str, made: Path, tmp_path: Path) -> None:
    change, words = TENSOR[what]
    with dotbench.open_pack(rewritten(made, tmp_path / "p", change)) as pack:
        with pytest.raises(PackError, match=words):
            pack.tensor("fc1.weight")
        assert (pack.tensor("fc1.bias") == ARRAYS["fc1.bias"]).all()


def test_members_that_a_later_version_adds_are_skipped(made: Path, tmp_path: Path) -> None:
    path = rewritten(made, tmp_path / "p", lambda _, notes: (notes.update(more=[1]), note(more={})(_, notes)))  # type: ignore[arg-type, func-returns-value]
    assert dotbench.open_pack(path)["fc1"].shape == (60, 40)


def test_a_few_bytes_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Columns of zeros in a sparse format: 2^36 entries in 200 kB."""
    from scipy.sparse import csc_array

    payload = formats.get("sham").encode(csc_array((1 << 20, 1 << 16), dtype=np.float32))
    told = {
        "format": "sham", "shape": [1 << 16, 1 << 20], "dtype": "F32", "orientation": "outputs_first", "bytes": payload.nbytes
    }  # fmt: skip
    entry = header.Entry("w.dotb", "U8", (header.up(payload.nbytes),), 0, header.up(payload.nbytes))
    head = header.written([entry], {"dotbench": json.dumps({"version": 1, "tensors": {"w": told}})})
    (tmp_path / "p").write_bytes(head + bytes(payload.data).ljust(entry.nbytes, b"\0"))
    with dotbench.open_pack(tmp_path / "p") as pack, pytest.raises(ValueError, match="trust"):
        pack.tensor("w")


def ask_for_all(path: Path) -> dict[str, bytes]:
    with Pack(path) as pack:
        return {name: pack.tensor(name).tobytes() for name in pack.names}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_changed_byte_is_found_or_does_no_harm(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    """Bytes changed, cut or put in anywhere: a PackError or PayloadError, or tensors; in payloads never other ones."""
    raw = bytearray(made.read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    how = data.draw(st.sampled_from(["header", "data", "cut", "insert"]))
    at = data.draw(st.integers(0, start - 1) if how == "header" else st.integers(0, len(raw) - 1))
    if how == "cut":
        raw = raw[:at]
    elif how == "insert":
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    else:
        at = max(at, start) if how == "data" else at
        raw[at] ^= data.draw(st.integers(1, 255))
    path = made.with_name("changed")
    path.write_bytes(raw)
    try:
        found = ask_for_all(path)
    except (PackError, formats.PayloadError):
        return
    for name in ("fc1.weight", "fc2.weight", "fc3.weight"):
        if how == "data" and name in found:
            same = np.frombuffer(found[name], np.uint8) == np.frombuffer(ARRAYS[name].tobytes(), np.uint8)
            assert same.mean() > 0.7  # signs of zeros may differ: their places have no checksum
