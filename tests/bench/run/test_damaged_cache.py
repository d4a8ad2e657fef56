"""Bits flipped in what is cached, and files cut short: made anew with a line, and never a wrong figure.

The numbers here take seconds; ``nox -s faults`` sets DOTBENCH_FAULT_CACHE and DOTBENCH_FAULT_CUTS for the campaign.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench import datasets, formats
from dotbench.bench.counting.column_sample import cached_columns_of
from dotbench.bench.metrics import space
from dotbench.bench.metrics.events import Wire
from dotbench.bench.metrics.messages import Task
from dotbench.bench.plan.cell import BOUNDS, Cell
from dotbench.bench.record.sealed import is_as_noted
from dotbench.bench.run import payloads
from dotbench.bench.targets import peers
from dotbench.bench.targets.checked import cached_reference
from dotbench.cdot.errors import PayloadError
from dotbench.datasets.cache import CachedSource
from dotbench.formats.sources.source import Source

FLIPS = int(os.environ.get("DOTBENCH_FAULT_CACHE", "0")) or 40
CUTS = int(os.environ.get("DOTBENCH_FAULT_CUTS", "0")) or 20
LABELS = ("csc", "ham", "sham", "bitmap", "column_combined", "zstd")


def matrix() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.integers(-4, 5, (60, 50)) * (rng.random((60, 50)) < 0.2)).astype(np.float32)


class Rows(Wire):
    """What a worker says, kept."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def start(self, cell: Cell) -> None:
        pass

    def done(self, cell: Cell, data: dict[str, Any], remark: str = "") -> None:
        self.rows[cell.label] = {name: value for name, value in data.items() if name != "encode_seconds"}

    def fail(self, cell: Cell, error: Exception) -> None:
        raise error


def measured(source: CachedSource, folder: Path) -> dict[str, Any]:
    """Everything exact that a run says of a matrix, and what it keeps in the payloads' folder."""
    folder.mkdir(exist_ok=True)
    paths = {label: path for label in LABELS if (path := payloads.path(folder, label))}
    task = Task("space", source.matrix_sha256, folder, source.folder, paths, batches=(2,))
    said = Rows()
    space.measure(task, [Cell("space", "w", label) for label in (*LABELS, *BOUNDS)], said)
    reference = cached_reference(source, source.matrix_sha256, 2, folder)
    products = [array.tolist() for array in (reference.X, reference.Y, reference.scale)]
    return {**said.rows, "products": products, "slice": cached_columns_of(source, folder)}


def load(folder: Path) -> CachedSource:
    return datasets.load(str(folder / "w.npy"), cache_dir=folder / "home").matrix


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A home with a cached matrix and payloads, and what was measured with them."""
    np.save(tmp_path / "w.npy", matrix())
    known = measured(load(tmp_path), tmp_path / "payloads")
    assert measured(load(tmp_path), tmp_path / "payloads") == known
    return tmp_path, known


def hit(path: Path, chance: random.Random, cut: bool) -> None:
    """One bit of a file flipped, or its end cut off. A new file: what is cached may be mapped."""
    data = bytearray(path.read_bytes())
    if cut:
        del data[chance.randrange(len(data)) :]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("cut", [False, True])
def test_the_cached_matrix(whole: tuple[Path, dict[str, Any]], caplog: pytest.LogCaptureFixture, cut: bool) -> None:
    place, known = whole
    chance, seen = random.Random(4), 0
    folder = load(place).folder
    names = sorted(path.name for path in folder.iterdir())
    for number in range(CUTS if cut else FLIPS):
        hit(folder / names[number % len(names)], chance, cut)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = load(place)
        assert found.matrix_sha256 == CachedSource(folder).matrix_sha256
        said = [record.getMessage() for record in caplog.records]
        assert len(said) <= 1 and all("is damaged (" in line and line.endswith("it is made anew") for line in said)
        seen += len(said)
        assert np.array_equal(formats.get("csc").encode(found).decode(), matrix()) and found.note == ""
        if number % 10 == 0:
            shutil.rmtree(place / "payloads")
            assert measured(found, place / "payloads") == known
    assert seen >= 0.9 * (CUTS if cut else FLIPS)  # what is left are bits of padding in the arrays' headers


def test_a_damaged_matrix_ends_a_worker_with_a_reason(whole: tuple[Path, dict[str, Any]]) -> None:
    """It was whole when the run began."""
    folder = load(whole[0]).folder
    np.save(folder / "rows.npy", np.roll(np.load(folder / "rows.npy"), 1))
    with pytest.raises(datasets.DataError, match=r"is damaged \(its content has another hash.*it is made anew"):
        CachedSource(folder)
    indptr = np.load(folder / "indptr.npy")
    np.save(folder / "indptr.npy", np.where(np.arange(len(indptr)) == 7, 2**40, indptr))
    with pytest.raises(datasets.DataError, match=r"is damaged \(indptr.npy falls"):
        CachedSource(folder)


@pytest.mark.parametrize("cut", [False, True])
def test_references_bounds_and_slices(whole: tuple[Path, dict[str, Any]], cut: bool) -> None:
    place, known = whole
    chance, folder = random.Random(5), place / "payloads"
    names = [path.name for path in sorted(folder.iterdir()) if path.suffix in (".sealed", ".products")]
    assert len(names) == 3
    for number in range(CUTS if cut else FLIPS):
        hit(folder / names[number % len(names)], chance, cut)
        if number % 10 == 0:
            assert measured(load(place), folder) == known
        else:
            reference = cached_reference(load(place), load(place).matrix_sha256, 2, folder)
            assert [array.tolist() for array in (reference.X, reference.Y, reference.scale)] == known["products"]
            assert space.cached_bounds(load(place), folder).bits("h0") == pytest.approx(known["bound:h0"]["n"] * 50 * known["bound:h0"]["bits_per_entry"])  # fmt: skip
            assert cached_columns_of(load(place), folder) == known["slice"]


@pytest.mark.parametrize("cut", [False, True])
def test_payloads(whole: tuple[Path, dict[str, Any]], cut: bool) -> None:
    """Each is seen to be damaged before it is used, and none that is not."""
    folder, shape, chance = whole[0] / "payloads", matrix().shape, random.Random(6)
    for number in range(CUTS if cut else FLIPS):
        label = LABELS[number % len(LABELS)]
        path = payloads.path(folder, label)
        assert path is not None and payloads.state(path, label, shape) == "whole"
        before = path.read_bytes()
        hit(path, chance, cut)
        assert payloads.state(path, label, shape) == "damaged", (number, label)
        if not peers.is_peer(label):
            with pytest.raises(PayloadError):
                formats.load(path)
        path.write_bytes(before)
    path = payloads.path(folder, "csc")
    assert path is not None and payloads.state(path, "csc", (50, 60)) == "damaged"
    path.unlink()
    assert payloads.state(path, "csc", shape) == "missing"


def test_what_a_peer_stores_is_noted(whole: tuple[Path, dict[str, Any]]) -> None:
    path = payloads.path(whole[0] / "payloads", "zstd")
    assert path is not None and is_as_noted(path)
    hit(path.with_name(f"{path.name}.sha256"), random.Random(1), False)
    assert not is_as_noted(path) and not is_as_noted(path.with_name("none"))


def test_half_written_files_go_after_a_day(tmp_path: Path) -> None:
    """What older versions called NAME.dbp and eight letters, too; what is new may be another run's."""
    names = (".csc-ab.dbp.0123456789ab", "csc-ab.dbp5b2nengs", "zstd-ab.stored.new", "products-1.new.npz")
    for name in (*names, "csc-ab.dbp", ".csc-ab.dbp.ffffffffffff"):
        (tmp_path / name).write_bytes(b"half")
        if name in names:
            os.utime(tmp_path / name, (1e9, 1e9))
    payloads.sweep_folder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".csc-ab.dbp.ffffffffffff", "csc-ab.dbp"]


def test_two_runs_store_the_same_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is inside our own writing; neither takes the other's half-written file away."""
    source = formats.as_source(matrix())
    path, peer = tmp_path / "w.stored", peers.parse("zstd")
    store, sizes = type(peer).store, []

    def overtaken(self: Any, source: Source, into: Path) -> int:
        if not sizes:
            sizes.append(0)
            sizes.append(space._stored(peer, source, path))
        return store(self, source, into)

    monkeypatch.setattr(type(peer), "store", overtaken)
    assert space._stored(peer, source, path) == sizes[1] == path.stat().st_size
    assert is_as_noted(path) and sorted(one.name for one in tmp_path.iterdir()) == ["w.stored", "w.stored.sha256"]


# ---- files by their stamps


def test_a_file_that_was_replaced_with_its_times_is_read_anew(tmp_path: Path) -> None:
    """As cp -p, rsync -t and tar do it: the same size, the same time of change."""
    path, other = tmp_path / "w.npy", tmp_path / "other.npy"
    np.save(path, matrix())
    np.save(other, -matrix())
    for one in (path, other):
        os.utime(one, (1.6e9, 1.6e9))
    for way in ("renamed", "copied"):
        first = load(tmp_path).matrix_sha256
        if way == "renamed":
            shutil.copy2(other, tmp_path / "new")
            shutil.copy2(path, other)
            (tmp_path / "new").replace(path)
        else:
            shutil.copy2(other, path)
        assert path.stat().st_mtime == 1.6e9 and load(tmp_path).matrix_sha256 != first, way


def test_an_old_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.datasets import file_hashes, stamps

    np.save(tmp_path / "w.npy", matrix())
    first = load(tmp_path).matrix_sha256
    assert not (tmp_path / "home" / "files.json").exists()  # changed a moment ago: nothing is certain
    monkeypatch.setattr(stamps, "MOMENT_NS", -1)
    assert load(tmp_path).matrix_sha256 == first
    monkeypatch.setattr(file_hashes, "sha256", lambda path: pytest.fail("read again"))
    assert load(tmp_path).matrix_sha256 == first


@pytest.mark.parametrize("damage", ["[]", "{", '{"files": {"%s": 3}, "digest": ""}', '{"%s": 3}', '{"%s": [1, 2, "ab"]}', "\ud800"])  # fmt: skip
def test_a_damaged_index_of_files_is_made_anew(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from dotbench.datasets import stamps

    monkeypatch.setattr(stamps, "MOMENT_NS", -1)
    np.save(tmp_path / "w.npy", matrix())
    first = load(tmp_path).matrix_sha256
    index = tmp_path / "home" / "files.json"
    index.write_bytes(damage.replace("%s", str(tmp_path / "w.npy")).encode(errors="surrogatepass"))
    with caplog.at_level(logging.WARNING):
        assert load(tmp_path).matrix_sha256 == first
        assert load(tmp_path).matrix_sha256 == first
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"{index} was damaged, or an older version's: files are read again, and it is made anew"
    assert json.loads(index.read_text())["files"]


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.datasets import files

    np.save(tmp_path / "w.npy", matrix())
    read = files.read

    def meanwhile(path: Path, *arguments: Any, **more: Any) -> Any:
        np.save(tmp_path / "w.npy", -matrix())
        return read(path, *arguments, **more)

    monkeypatch.setattr(files, "read", meanwhile)
    with pytest.raises(datasets.DataError, match="was changed while it was read: wait until it is written"):
        load(tmp_path)
    monkeypatch.undo()
    assert np.array_equal(formats.get("csc").encode(load(tmp_path)).decode(), -matrix())
