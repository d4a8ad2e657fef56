"""HDF5 files and archives that are refused, and the process that they are read in."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from dotbench.datasets import DataError, reader_calls, readers
from dotbench.datasets.kinds.keras import READER
from dotbench.datasets.models.keras import process as keras_process

sys.path.insert(0, str(Path(__file__).parent.parent))
from keras_files import layered, network, numbers, plain, read

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
import child
with child.limited(64 << 20, 9):
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
