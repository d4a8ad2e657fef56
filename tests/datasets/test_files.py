"""Files given on the command line, and the cache on disk."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import pickle
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from dotbench import datasets
from dotbench.datasets import arrays
from dotbench.datasets.cache import CachedSource, write_cache
from dotbench.formats.sources.source import Columns, Histogram, as_source, matrix_sha256

W = np.array([[0, 1.5, 0, 0], [2, 0, -3, 0], [0, 0.5, 0, 0]], np.float32)


def load(path: Path, tmp_path: Path) -> datasets.Matrix:
    return datasets.load(str(path), cache_dir=tmp_path / "cache")


def write_all(folder: Path) -> list[Path]:
    np.save(folder / "a.npy", W)
    np.savez(folder / "b.npz", anything=W)
    scipy.sparse.save_npz(folder / "c.npz", scipy.sparse.csr_matrix(W))
    codebook = np.unique(W)
    np.savez(folder / "d.npz", codebook=codebook, index=np.searchsorted(codebook, W).astype(np.uint8))
    scipy.io.mmwrite(folder / "e.mtx", scipy.sparse.coo_matrix(W))
    data = (folder / "e.mtx").read_bytes()
    (folder / "f.mtx.gz").write_bytes(gzip.compress(data))
    (folder / "g.mtx.xz").write_bytes(lzma.compress(data))
    scipy.io.mmwrite(folder / "h.mtx", W)  # the array form
    return sorted(folder.iterdir())


def test_every_kind_of_file(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    expected = matrix_sha256(as_source(W))
    for path in write_all(folder):
        found = load(path, tmp_path)
        assert (found.name, found.source, found.matrix_sha256) == (str(path), "file", expected), path
        assert found.reason == ""


def test_symmetric_storage_expands(tmp_path: Path) -> None:
    path = tmp_path / "s.mtx"
    path.write_text("%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 4\n2 1 5\n")
    found = load(path, tmp_path)
    assert found.matrix.columns(0, 2).dense(2).tolist() == [[4, 5], [5, 0]]


def test_rounding_is_said(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[0.1, 2.0]]))
    for _ in range(2):  # from the cache, too
        found = load(tmp_path / "w.npy", tmp_path)
        assert found.reason == "float64 rounded to float32"
        assert found.matrix.histogram().values.tolist() == [np.float32(0.1), 2]


BAD = {
    "nan.npy": (np.array([[1, np.nan]], np.float32), "nan at row 0, column 1 is not a finite number"),
    "inf64.npy": (np.array([[np.inf], [0.1]]), "inf at row 0, column 0 is not a finite number"),
    "large.npy": (np.array([[1e300]]), "beyond float32's range"),
    "one.npy": (np.zeros(3), "2 dimensions"),
    "three.npy": (np.zeros((2, 2, 2)), "2 dimensions"),
    "complex.npy": (np.zeros((2, 2), complex), "complex128 cannot be encoded"),
    "text.npy": (np.array([["a"]]), "cannot be encoded"),
}


@pytest.mark.parametrize("name", BAD)
def test_arrays_that_are_no_matrix(name: str, tmp_path: Path) -> None:
    array, words = BAD[name]
    np.save(tmp_path / name, array)
    with pytest.raises(datasets.DataError, match=f"{name} cannot be read as a matrix: .*{words}"):
        load(tmp_path / name, tmp_path)


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([[1, None]], object), allow_pickle=True)
    with pytest.raises(datasets.DataError, match=r"o.npy cannot be read .*Python objects"):
        load(tmp_path / "o.npy", tmp_path)


def test_no_header_is_read_beyond_the_file(tmp_path: Path) -> None:
    """Its length is a number in the file: 4 GB were reserved for 154 bytes."""
    path = tmp_path / "w.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00" + (2**32 - 1).to_bytes(4, "little") + b"{'descr': '<f8'")
    asked: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size or 0)
            return super().read(size)

    with pytest.raises(datasets.DataError, match="its header is none of numpy's"):
        arrays._check_header(Watched(path.read_bytes()), path.stat().st_size, "w.npy")
    assert max(asked) <= path.stat().st_size
    with pytest.raises(datasets.DataError, match=r"w.npy cannot be read as a matrix: its header is none of numpy's"):
        load(path, tmp_path)


def test_what_to_do_about_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Not numpy's advice, which is to load unsafely; and a file that is cut short is to be copied again."""
    (tmp_path / "p.npy").write_bytes(pickle.dumps([1.0]))
    with pytest.raises(
        datasets.DataError, match=r"p.npy cannot .* may hold code and are not read: save numbers"
    ) as caught:
        load(tmp_path / "p.npy", tmp_path)
    assert "unsafe" not in str(caught.value)
    np.save(tmp_path / "w.npy", np.eye(9))
    whole = (tmp_path / "w.npy").read_bytes()
    market = b"%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1.5\n"
    for name, part in (("w.npy", whole[:-9]), ("w.mtx", market), ("e.npy", b"")):
        (tmp_path / name).write_bytes(part)
        with pytest.raises(datasets.DataError, match=rf"{name} cannot .* cut short or damaged: copy it again"):
            load(tmp_path / name, tmp_path)


def test_damaged_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for path in write_all(folder):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 3 // 5])
        with pytest.raises(datasets.DataError, match=f"{path.name}"):
            load(path, tmp_path)


def test_archives_with_something_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=W, b=W)
    with pytest.raises(datasets.DataError, match=r"two.npz holds a, b: a .npz needs one array"):
        load(tmp_path / "two.npz", tmp_path)
    np.savez(tmp_path / "book.npz", codebook=W[0], index=np.array([[7]], np.uint8))
    with pytest.raises(datasets.DataError, match="index 7 is outside its codebook of 4"):
        load(tmp_path / "book.npz", tmp_path)


def flipped(data: bytes, begin: int, end: int) -> bytes:
    return data[:begin] + bytes(byte ^ 0x5A for byte in data[begin:end]) + data[end:]


def test_damage_inside_compressed_data(tmp_path: Path) -> None:
    large = np.arange(2000, dtype=np.float32).reshape(40, 50)
    scipy.io.mmwrite(tmp_path / "a.mtx", scipy.sparse.coo_matrix(large))
    data = (tmp_path / "a.mtx").read_bytes()
    np.savez_compressed(tmp_path / "n.npz", w=large)
    for name, packed in (
        ("g.mtx.gz", gzip.compress(data)),
        ("x.mtx.xz", lzma.compress(data)),
        ("b.mtx.bz2", bz2.compress(data)),
        ("n.npz", (tmp_path / "n.npz").read_bytes()),
    ):
        (tmp_path / name).write_bytes(flipped(packed, 150, 400))
        with pytest.raises(datasets.DataError, match=f"{name} cannot be read as a matrix"):
            load(tmp_path / name, tmp_path)


def test_a_sparse_archive_whose_indices_lie_outside(tmp_path: Path) -> None:
    """scipy converts such a matrix by writing outside its arrays: it crashed."""
    for at in (90_000_000, -1):
        arrays = {"data": np.ones(2, np.float32), "indices": np.int32([0, at]), "indptr": np.int32([0, 1, 2])}
        np.savez(tmp_path / "o.npz", format=b"csr", shape=(2, 3), **arrays)
        with pytest.raises(
            datasets.DataError, match=rf"o.npz cannot be read as a matrix: .*damaged: index {at} is outside"
        ):
            load(tmp_path / "o.npz", tmp_path)


def test_a_size_that_no_memory_holds(tmp_path: Path) -> None:
    (tmp_path / "h.mtx").write_text("%%MatrixMarket matrix array real general\n2000000000 2000000000\n1\n")
    with pytest.raises(datasets.DataError, match=r"h.mtx claims 2000000000 x 2000000000 .*DOTBENCH_READ_BYTES"):
        load(tmp_path / "h.mtx", tmp_path)


@pytest.mark.parametrize(
    ("codebook", "index", "words"),
    [
        (W[0], np.int8([[-1, 0]]), "index -1 is outside its codebook of 4"),
        (W[0], np.float32([[1, 0]]), r"index integers \(float32\)"),
        (W, np.int8([[1, 0]]), r"1-D \(is 2-D\)"),
    ],
)
def test_codebooks_that_do_not_fit(codebook: object, index: object, words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", codebook=codebook, index=index)
    with pytest.raises(datasets.DataError, match=words):
        load(tmp_path / "b.npz", tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "d.mtx").mkdir()
    with pytest.raises(datasets.DataError, match=r"d.mtx: this is a folder, not a file"):
        load(tmp_path / "d.mtx", tmp_path)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, W)
    first = load(path, tmp_path).matrix_sha256
    np.save(path, W * 2)
    assert load(path, tmp_path).matrix_sha256 != first


# ---- cache


class Streamed:
    """A source that is never whole in memory: 5 rows, 40 000 columns, one nonzero each."""

    shape, dtype = (5, 40_000), np.dtype(np.float32)
    largest = 0

    def histogram(self) -> Histogram:
        return Histogram(np.float32([1, 2]), np.array([20_000, 20_000]))

    def columns(self, begin: int, end: int) -> Columns:
        self.largest = max(self.largest, end - begin)
        j = np.arange(begin, end)
        return Columns((j % 5).astype(np.int32), (1 + j % 2).astype(np.float32), np.arange(end - begin + 1))


def test_the_cache_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.formats.sources.source.blocks.__defaults__", (5_000,))
    source = Streamed()
    cached = write_cache(source, tmp_path / "m")
    assert source.largest == 1000
    assert cached.matrix_sha256 == matrix_sha256(Streamed()) == matrix_sha256(cached)
    assert cached.histogram().counts.tolist() == [20_000, 20_000]
    block = cached.columns(39_998, 40_000)
    assert block.rows.tolist() == [3, 4] and block.indptr.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="40000 columns"):
        cached.columns(3, 2)


def test_empty_matrices_are_cached(tmp_path: Path) -> None:
    for shape in ((0, 3), (3, 0), (2, 2)):
        zeros = np.zeros(shape, np.float32)
        cached = write_cache(as_source(zeros), tmp_path / f"{shape}")
        assert cached.shape == shape and matrix_sha256(cached) == matrix_sha256(as_source(zeros))


@pytest.mark.parametrize("damage", ["rows.npy", "matrix.json", "indptr.npy"])
def test_a_damaged_cache_is_made_anew(damage: str, tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", W)
    folder = load(tmp_path / "w.npy", tmp_path).matrix.folder
    (folder / damage).write_bytes(b"broken")
    with pytest.raises(datasets.DataError, match="is damaged .* it is made anew"):
        CachedSource(folder)
    assert load(tmp_path / "w.npy", tmp_path).matrix_sha256 == matrix_sha256(as_source(W))
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


@pytest.mark.parametrize(("name", "array"), [("indptr", np.zeros(0, np.int64)), ("counts", np.zeros(1, np.int64))])
def test_a_cache_whose_arrays_do_not_fit(name: str, array: np.ndarray, tmp_path: Path) -> None:
    folder = write_cache(as_source(W), tmp_path / "m").folder
    np.save(folder / f"{name}.npy", array)
    with pytest.raises(datasets.DataError, match="is damaged"):
        CachedSource(folder)
    (folder / "matrix.json").write_text('{"shape": [3, 4]}')
    with pytest.raises(datasets.DataError, match="is damaged"):
        CachedSource(folder)


def test_a_folder_that_another_process_finished_first_stays(tmp_path: Path) -> None:
    """It may be mapped there already. The other process is one inside our own writing."""
    folder = tmp_path / "m"

    class Overtaken(Streamed):
        def columns(self, begin: int, end: int) -> Columns:
            write_cache(Streamed(), folder)
            self.inode = folder.stat().st_ino
            return super().columns(begin, end)

    source = Overtaken()
    assert write_cache(source, folder).matrix_sha256 == matrix_sha256(Streamed())
    assert folder.stat().st_ino == source.inode and list(tmp_path.iterdir()) == [folder]


def test_what_killed_processes_left_goes_after_a_day(tmp_path: Path) -> None:
    for name, age in ((".new-abc", 2 * 86_400), (".member-abc", 2 * 86_400), (".new-xyz", 3600)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.npy").touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    write_cache(as_source(W), tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new-xyz", "m"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(datasets.DataError, match=r"cannot be cached in .*No space left.*DOTBENCH_HOME"):
        write_cache(as_source(W), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(datasets.DataError, match="cannot be cached"):
        write_cache(as_source(W), tmp_path / "file" / "m")
    np.save(tmp_path / "w.npy", W)
    with pytest.raises(datasets.DataError, match="cannot be cached"):
        datasets.load(str(tmp_path / "w.npy"), cache_dir=tmp_path / "file")
    with pytest.raises(datasets.DataError, match="cannot be cached"):
        datasets.load("deepdta/80-0-16~twin", cache_dir=tmp_path / "file")


def test_a_write_that_fails_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may be no longer than 100 kB here. And none is written through a map: a store into a map of a
    full disk is SIGBUS, not an error."""
    monkeypatch.delattr("numpy.lib.format.open_memmap")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        with pytest.raises(datasets.DataError, match="cannot be cached .*File too large"):
            write_cache(Streamed(), tmp_path / "m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
