"""Files of PyTorch that are damaged, lie, or would have code run: refused by name, or read without any of it."""

from __future__ import annotations

import pickle
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotbench.datasets import DataError
from dotbench.datasets.kinds.torch import READER
from dotbench.datasets.models import names

sys.path.insert(0, str(Path(__file__).parent.parent))
from torch_files import SYSTEM, Call, Global, Persistent, Saved, checkpoint, pickled, random, read, state_dict

BOTH = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])


# ---- code


def test_nothing_that_is_named_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for legacy in (False, True):
        saved = Saved()
        evil = Call(Global("os", "system"), ("touch owned",))
        built = Call(Global("builtins", "eval"), ("open('owned', 'w')",), {"__class__": 1})
        saved.root = {"a": evil, "b": built, "w.weight": saved.tensor(random(2, 3), legacy=legacy)}
        model = read(tmp_path, saved, legacy)
        assert [one.name for one in model.tensors] == ["w.weight"] and not Path("owned").exists()
        assert model.notes == ("it names os.system, builtins.eval: neither imported nor run",)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("open('owned', 'w')",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_other_protocols(protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that Python's own pickler writes around a tensor."""
    monkeypatch.chdir(tmp_path)
    others = {
        "e": Evil(),
        "l": [1, 2.5, None, True, "x", b"y", bytearray(b"z")],
        "s": {1, 2},
        "f": frozenset((3,)),
        "big": 1 << 70,
    }
    saved = Saved()
    saved.root = saved.tensor(random(2, 3))
    data = pickle.dumps(others, protocol)
    tensor = pickled(saved.root)[2:-1]
    (tmp_path / "model.pt").write_bytes(saved.zip({"data.pkl": b"(" + data[:-1] + tensor + b"l."}))
    assert [one.name for one in names.tensors(tmp_path / "model.pt").tensors] == ["1"]
    assert not Path("owned").exists()


# ---- archives


def archive(change: Callable[[Saved], bytes]) -> bytes:
    return change(state_dict({"w.weight": random(2, 3)}))


def zipped(names: tuple[str, ...]) -> bytes:
    saved = Saved()
    data = saved.zip(dict.fromkeys(names, b"x") | {"data.pkl": None, "byteorder": None})  # type: ignore[dict-item]
    return data


def twice(saved: Saved) -> bytes:
    """data/0 twice, by changing the name of another member in both of its places."""
    return saved.zip({"data/1": b"5" * 24}).replace(b"data/1", b"data/0")


def moved(saved: Saved) -> bytes:
    """The directory's entry of data/0 leads elsewhere."""
    data = bytearray(saved.zip())
    at = data.rindex(b"archive/data/0") - 46
    data[at + 42 : at + 46] = struct.pack("<I", 7)
    return bytes(data)


def longer(saved: Saved) -> bytes:
    """The sizes of data/0 in the directory are 2^31 - 1."""
    data = bytearray(saved.zip())
    at = data.rindex(b"archive/data/0") - 46
    data[at + 20 : at + 28] = struct.pack("<II", (1 << 31) - 1, (1 << 31) - 1)
    return bytes(data)


ARCHIVES: dict[str, tuple[bytes, str]] = {
    "TorchScript": (archive(lambda s: s.zip({"constants.pkl": b"x"})), "it is TorchScript, which is code: torch.save"),
    "TorchScript's code": (archive(lambda s: s.zip({"code/__torch__.py": b"x"})), "it is TorchScript"),
    "TorchScript without data": (zipped(("constants.pkl",)), "it is TorchScript"),
    "package": (archive(lambda s: s.zip({".data/extern_modules": b"x"})), "it is a torch.package"),
    "big-endian": (archive(lambda s: s.zip({"byteorder": b"big"})), "its byte order is 'big'"),
    "packed": (archive(lambda s: s.zip(packing=zipfile.ZIP_DEFLATED)), "is packed, and torch.save packs nothing"),
    "a bomb": (
        Saved({}, {"0": (1 << 20, bytes(1 << 22))}).zip(packing=zipfile.ZIP_DEFLATED),
        "is packed, and torch.save packs",
    ),
    "a member twice": (archive(twice), "two members of one name"),
    "a member elsewhere": (archive(moved), "is not where the archive says"),
    "a member too long": (archive(longer), "leads out of the file"),
    "a storage missing": (archive(lambda s: s.zip({"data/0": None})), "the storage '0' is not in the file"),  # type: ignore[dict-item]
    "a storage too short": (archive(lambda s: s.zip({"data/0": b"5" * 23})), "of 6 numbers of float32 has 23 bytes"),
    "a storage too long": (archive(lambda s: s.zip({"data/0": b"5" * 25})), "has 25 bytes"),
    "no pickle": (zipped(("x",)), "without data.pkl"),
    "numpy's": (zipped(("a.npy",)), "rename it to .npz"),
    "cut": (archive(lambda s: s.zip()[:-30]), "cannot be read as a model"),
    "a pickle alone": (pickle.dumps({"a": 1}), "it is a plain pickle, which may hold code"),
    "joblib's": (pickle.dumps(np.zeros(3)), "it is a plain pickle"),
    "empty": (b"", "it is empty"),
    "GGUF": (b"GGUF" + bytes(60), "rename it to .gguf"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "rename it to .h5"),
    "old ggml": (b"lmgg" + bytes(60), "before GGUF"),
    "a tar": (bytes(257) + b"ustar" + bytes(60), "tar archive"),
    "something": (b"weights" * 9, "no file that torch.save wrote"),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_files_that_are_refused(what: str, tmp_path: Path) -> None:
    data, words = ARCHIVES[what]
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        names.tensors(path)
    assert str(path) in str(caught.value)


OLDER: dict[str, tuple[dict[str, Any], str]] = {
    "big-endian": ({"system": {**SYSTEM, "little_endian": False}}, "not little-endian"),
    "no system": ({"system": [1]}, "not little-endian"),
    "a key too many": ({"keys": ["0", "9"]}, "its storage '9' is no tensor's"),
    "a key missing": ({"keys": []}, "the storage '0' is not in the file"),
    "a key twice": ({"keys": ["0", "0"]}, "the keys of its storages are none"),
    "keys of numbers": ({"keys": [0]}, "the keys of its storages are none"),
    "another count": ({"counts": {"0": 7}}, "of 6 numbers has 7 where it lies"),
    "a count of -1": ({"counts": {"0": -1}}, "has -1 where it lies"),
    "a count of 2^62": ({"counts": {"0": 1 << 62}}, "of 6 numbers has"),
}


@pytest.mark.parametrize("what", OLDER)
def test_older_files_that_are_refused(what: str, tmp_path: Path) -> None:
    change, words = OLDER[what]
    path = tmp_path / "model.pth"
    path.write_bytes(state_dict({"w.weight": random(2, 3)}, legacy=True).legacy(**change))
    with pytest.raises(DataError, match=words):
        names.tensors(path)


def test_older_files_cut_short_and_longer(tmp_path: Path) -> None:
    whole = state_dict({"w.weight": random(2, 3), "b": random(2)}, legacy=True).legacy()
    path = tmp_path / "model.pth"
    for length in (*range(0, len(whole), 7), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            names.tensors(path)
    path.write_bytes(whole + b"more")
    assert names.tensors(path).notes == ("4 bytes behind its numbers are not read",)


# ---- pickles that ask for much

PICKLES: dict[str, tuple[bytes, str]] = {
    "a storage described in two ways": (
        pickled(
            [Persistent(("storage", Global("torch", kind), "0", "cpu", 6)) for kind in ("FloatStorage", "IntStorage")]
        ),
        "described in two ways",
    ),
    "no storage": (pickled(Persistent("x")), "refers to something that is no storage"),
    "a storage of nothing": (pickled(Persistent(("storage", Global("os", "x"), "0", "cpu", 6))), "no storage"),
    "a count below 0": (pickled(Persistent(("storage", Global("torch", "FloatStorage"), "0", "cpu", -6))), "no count"),
    "a tensor of no storage": (
        pickled(Call(Global("torch._utils", "_rebuild_tensor_v2"), ("x", 0, (1,), (1,)))),
        "something other than a storage",
    ),
    "a tensor of nothing": (pickled(Call(Global("torch._utils", "_rebuild_tensor_v2"))), "cannot be read as a model"),
    "bytes without a dtype": (pickled(Call(Global("torch._utils", "_rebuild_tensor_v3"), ())), "without a dtype"),
    "a call of text": (pickled(Call("x")), "not callable"),
    "deep": (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "nests deeper"),
    "text of 2^62 bytes": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.", "cannot be read as a model"),
    "a number of 5000 digits": (b"L" + b"9" * 5000 + b"L\n.", "cannot be read as a model"),
    "an extension": (b"\x80\x02\x82\x01.", "uses EXT1"),
    "a buffer": (b"\x80\x05\x97.", "uses NEXT_BUFFER"),
}


@pytest.mark.parametrize("what", PICKLES)
def test_pickles_that_are_refused(what: str, tmp_path: Path) -> None:
    data, words = PICKLES[what]
    (tmp_path / "model.pt").write_bytes(Saved().zip({"data.pkl": data}))
    with pytest.raises(DataError, match=words):
        names.tensors(tmp_path / "model.pt")


def lists_of_lists() -> bytes:
    """Forty levels, each the one before twice: 2^40 ways down."""
    return b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c0" % (k, k, k + 1) for k in range(40)) + b"h\x28."


def copies() -> bytes:
    """One list of 50 000, of which 20 000 calls make copies."""
    entries = b"](" + b"K\x01" * 50_000 + b"eq\x00" + b"0"
    return b"\x80\x02" + entries + b"(" + b"ccollections\nOrderedDict\nh\x00\x85R" * 20_000 + b"l."


MEMO = b"\x80\x02Nr\xff\xff\xff\x7f."  # Python's own pickler would reserve 2^31 places


@pytest.mark.parametrize(
    ("data", "words"), [(MEMO, ""), (lists_of_lists(), ""), (copies(), "takes more than 4000000 steps")]
)
def test_small_pickles_stay_small(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(Saved().zip({"data.pkl": data}))
    tracemalloc.start()
    if words:
        with pytest.raises(DataError, match=words):
            names.tensors(path)
    else:
        assert names.tensors(path).tensors == ()
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("key", ["\ud800", "\x1b[2J", "x" * 301])
def test_names_that_cannot_be_shown(key: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="letters"):
        read(tmp_path, state_dict({key: random(2, 3)}))


# ---- damage


def good(legacy: bool) -> bytes:
    saved = checkpoint({"fc.weight": random(3, 5), "fc.bias": random(3), "n": np.arange(2)}, legacy)
    return saved.legacy() if legacy else saved.zip()


GOOD = {legacy: good(legacy) for legacy in (False, True)}


@BOTH
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files(legacy: bool, tmp_path: Path, data: st.DataObject) -> None:
    """A DataError, or tensors whose numbers can all be had, in memory of the file's kind."""
    whole = GOOD[legacy]
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    path = tmp_path / "damaged.pt"
    path.write_bytes(bytes(changed[:cut]))
    tracemalloc.start()
    try:
        model = READER.tensors(path)  # type: ignore[misc]
        for tensor in model.tensors:
            if tensor.role != "unread":
                array = tensor.array()
                assert array.shape == tensor.shape and array.nbytes == tensor.nbytes
    except DataError:
        pass
    finally:
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
        tracemalloc.stop()
