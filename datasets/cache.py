"""The column-major cache on disk: matrices as encoders stream them, in one pass over their columns.

A folder a matrix: rows.npy (int32), values.npy, indptr.npy (int64), the histogram's two arrays, and
matrix.json, which is written last. A folder is made beside its place and moved there whole.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import NAME, dtype_in_file, is_bfloat16, name_of
from dotbench.cdot.fresh import new_folder, sweep
from dotbench.datasets.cache_check import verify
from dotbench.datasets.errors import DataError, NoRoom
from dotbench.formats.sources.content import ContentHash, Tally
from dotbench.formats.sources.source import Columns, Histogram, Own, Source, blocks

VERSION = 2  # of what readers and this layout make; another one is another folder
VALUES = ("float32", "int8", "float16", NAME)  # names of dtypes
HEADER_BYTES = 128  # of a .npy file with one dimension, however long


class CachedSource(Own):
    """A cached matrix as a source; nothing but the columns in use is in memory.

    They are read, not mapped: pages of a map count as memory of the process until somebody else needs them.
    ``note`` is what was done to the matrix in reading it ("" or that it was rounded). The content is verified against
    its hash, once in each process (unless it has ``just_written`` it); DataError where it is not what was written.
    """

    def __init__(self, folder: Path, just_written: bool = False) -> None:
        self.folder = folder
        try:
            known = _noted(json.loads((folder / "matrix.json").read_text()))
            self._rows, self._values = _OnDisk(folder / "rows.npy"), _OnDisk(folder / "values.npy")
            self._indptr, distinct, counts = (
                _mapped(folder / f"{name}.npy") for name in ("indptr", "distinct", "counts")
            )
            self._histogram = Histogram(distinct, counts)
            n, m = known["shape"]
            self.shape: tuple[int, int] = (n, m)
            self.matrix_sha256, self.note = str(known["matrix_sha256"]), str(known["note"])
            self._check_together()
            if not just_written:
                verify(self)
        except Exception as error:  # damaged files raise nearly anything: MemoryError, tokenize's errors
            why = "no array" if "pickle" in str(error) else error  # numpy's own advice is to run what the file holds
            raise DataError(
                f"the cached matrix in {folder} is damaged ({why}): start again, and it is made anew"
            ) from error

    def _check_together(self) -> None:
        """Lengths and types, and pointers that never fall: what is needed before any column can be read."""
        if self._rows.dtype != np.int32 or self._indptr.dtype != np.int64 or name_of(self.dtype) not in VALUES:
            raise ValueError("its arrays have other types")
        first, last = int(self._indptr[0]), int(self._indptr[-1])
        if len({self._rows.length, self._values.length, last}) != 1 or len(self._indptr) != self.shape[1] + 1:
            raise ValueError("its arrays do not fit together")
        if first or (np.diff(self._indptr) < 0).any():
            raise ValueError("indptr.npy falls")

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._values.dtype

    def histogram(self) -> Histogram:
        return self._histogram

    def columns(self, begin: int, end: int) -> Columns:
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        indptr = np.array(self._indptr[begin : end + 1])
        first, last = int(indptr[0]), int(indptr[-1])
        return Columns(self._rows.read(first, last), self._values.read(first, last), indptr - first)


def _noted(known: dict[str, Any]) -> dict[str, Any]:
    """What matrix.json says, if it is as it was written; older versions wrote no checksum into it."""
    said = {name: known[name] for name in ("shape", "matrix_sha256", "note")}
    if known.keys() != said.keys() and known != {**said, "check": _check_of(said)}:
        raise ValueError("matrix.json is not as it was written")
    if not all(type(size) is int and size >= 0 for size in said["shape"]):
        raise ValueError("matrix.json has no shape")
    return said


def _check_of(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


class _OnDisk:
    """A one-dimensional array in a .npy file, read by parts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            self._start = file.tell()
        self.dtype = dtype_in_file(dtype)
        self.length = int(shape[0])
        if path.stat().st_size != self._start + self.length * self.dtype.itemsize:
            raise ValueError(f"{path.name} is shorter or longer than it says")

    def read(self, begin: int, end: int) -> npt.NDArray[Any]:
        at, width = self._start + begin * self.dtype.itemsize, np.dtype(f"u{self.dtype.itemsize}")
        return np.fromfile(self._path, width, end - begin, offset=at).view(self.dtype)


def _mapped(path: Path) -> npt.NDArray[Any]:
    """A mapped array; an empty one cannot be mapped and is read."""
    empty = path.stat().st_size <= HEADER_BYTES
    loaded: npt.NDArray[Any] = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
    return np.asarray(loaded).view(dtype_in_file(loaded.dtype))


def write_cache(source: Source, folder: Path, note: str = "") -> CachedSource:
    """Streams a source into ``folder``, block by block; DataError where the disk does not take it.

    What is there already stays if it can be used: another process may be reading it.
    """
    if not _usable(folder):
        _making(folder, lambda new: _write(source, new, note))
        return CachedSource(folder, just_written=True)
    return CachedSource(folder)


def _usable(folder: Path) -> bool:
    try:
        CachedSource(folder)
    except DataError:
        return False
    return True


def _making(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fills a new folder and moves it to its place."""
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent, ".*-*")
        new = new_folder(folder.parent, ".new-")
        fill(new)
        _place(new, folder)
    except OSError as error:
        raise NoRoom(
            f"the matrix cannot be cached in {folder.parent}, and nothing half-written stays", error
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _place(new: Path, folder: Path) -> None:
    """Moves ``new`` to ``folder``. Another process may have been faster: its folder stays, a damaged one goes."""
    for _ in range(3):  # each time something else may have come into the place
        try:
            new.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if _usable(folder):
            return
        old = new_folder(folder.parent, ".old-")
        try:
            with suppress(FileNotFoundError):  # somebody else has moved it away
                folder.rename(old / "damaged")
        finally:
            shutil.rmtree(old, ignore_errors=True)
    new.rename(folder)


def _write(source: Source, folder: Path, note: str) -> None:
    indptr = np.zeros(source.shape[1] + 1, np.int64)
    content, values = ContentHash(source.shape, source.dtype), Tally(source.dtype)
    with (
        _Growing(folder / "rows.npy", np.dtype(np.int32)) as row_file,
        _Growing(folder / "values.npy", source.dtype) as value_file,
    ):
        for begin, end, columns in blocks(source):
            indptr[begin + 1 : end + 1] = row_file.length + columns.indptr[1:]
            row_file.add(columns.rows)
            value_file.add(columns.values)
            content.add(begin, columns)
            values.add(columns.values)
    distinct, counts = values.totals()
    for name, array in (("indptr", indptr), ("distinct", distinct), ("counts", counts)):
        np.save(folder / f"{name}.npy", array.view("V2") if is_bfloat16(array.dtype) else array)
    known = {"shape": list(source.shape), "matrix_sha256": content.hexdigest(), "note": note}
    (folder / "matrix.json").write_text(json.dumps({**known, "check": _check_of(known)}))


class _Growing:
    """A .npy file of one dimension that is written by parts and told its length at the end.

    Written, not mapped: on a full disk a write is an error, and a store into a map kills the process.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.length, self._path, self._dtype = 0, path, dtype

    def __enter__(self) -> Self:
        self._file: IO[bytes] = self._path.open("wb")
        self._write_header()
        return self

    def add(self, array: npt.NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(array, self._dtype).view(np.uint8).data)
        self.length += len(array)

    def __exit__(self, kind: object, *_: object) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_header()

    def _write_header(self) -> None:
        kept = np.dtype("V2") if is_bfloat16(self._dtype) else self._dtype
        known = {"descr": np.lib.format.dtype_to_descr(kept), "fortran_order": False, "shape": (self.length,)}
        np.lib.format.write_array_header_1_0(self._file, known)
        if self._file.tell() != HEADER_BYTES:  # numpy leaves room for a longer length; without it data would be hit
            raise OSError(f"the header of {self._path.name} has another size than {HEADER_BYTES} bytes")
