"""The column-major cache on disk: matrices as encoders stream them, mapped instead of read.

A folder a matrix: rows.npy (int32), values.npy, indptr.npy (int64), the histogram's two arrays, and
matrix.json, which is written last. A folder is made beside its place and moved there whole.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import DataError
from formats.source import Columns, Histogram, Source, blocks, matrix_sha256

VERSION = 1  # of what readers and this layout make; another one is another folder
EMPTY_BYTES = 128  # a .npy file's header
ARRAYS = ("rows", "values", "indptr", "distinct", "counts")


class CachedSource:
    """A cached matrix as a source; nothing but the columns in use is in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._known = json.loads((folder / "matrix.json").read_text())
            self._arrays: dict[str, npt.NDArray[Any]] = {name: _mapped(folder / f"{name}.npy") for name in ARRAYS}
            n, m = self._known["shape"]
            indptr = self._arrays["indptr"]
            sizes = {len(self._arrays["rows"]), len(self._arrays["values"]), int(indptr[-1])}
            if len(sizes) != 1 or len(indptr) != m + 1:
                raise ValueError("its arrays do not fit together")
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise DataError(f"the cached matrix in {folder} is damaged ({error}): delete that folder") from error
        self.shape: tuple[int, int] = (n, m)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._arrays["values"].dtype

    @property
    def matrix_sha256(self) -> str:
        return str(self._known["matrix_sha256"])

    def histogram(self) -> Histogram:
        return Histogram(np.asarray(self._arrays["distinct"]), np.asarray(self._arrays["counts"]))

    def columns(self, begin: int, end: int) -> Columns:
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        indptr = np.asarray(self._arrays["indptr"][begin : end + 1])
        part = slice(int(indptr[0]), int(indptr[-1]))
        rows, values = self._arrays["rows"][part], self._arrays["values"][part]
        return Columns(np.asarray(rows), np.asarray(values), indptr - indptr[0])


def _mapped(path: Path) -> npt.NDArray[Any]:
    """A mapped array; an empty one cannot be mapped and is read."""
    empty = path.stat().st_size <= EMPTY_BYTES
    loaded: npt.NDArray[Any] = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
    return loaded


def write_cache(source: Source, folder: Path) -> CachedSource:
    """Streams a source into ``folder``, block by block; DataError where the disk does not take it."""
    if not (folder / "matrix.json").exists():
        _making(folder, lambda new: _write(source, new))
    return CachedSource(folder)


def _making(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fills a new folder and moves it to its place; another process may have been faster."""
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        fill(new)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    except OSError as error:
        if (folder / "matrix.json").exists():
            return
        raise DataError(
            f"the matrix cannot be cached in {folder.parent}: {error.strerror or error}. Nothing half-written "
            "stays; make room, or set DOTBENCH_HOME to a folder that can be written"
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _write(source: Source, folder: Path) -> None:
    histogram = source.histogram()
    m = source.shape[1]
    indptr = np.zeros(m + 1, np.int64)
    arrays = {
        "rows": _new(folder / "rows.npy", np.dtype(np.int32), histogram.nnz),
        "values": _new(folder / "values.npy", source.dtype, histogram.nnz),
    }
    at = 0
    for begin, end, columns in blocks(source):
        part = slice(at, at + columns.nnz)
        arrays["rows"][part], arrays["values"][part] = columns.rows, columns.values
        indptr[begin + 1 : end + 1] = at + columns.indptr[1:]
        at += columns.nnz
    del arrays  # unmapped, so written
    np.save(folder / "indptr.npy", indptr)
    np.save(folder / "distinct.npy", histogram.values)
    np.save(folder / "counts.npy", histogram.counts)
    known = {"shape": list(source.shape), "dtype": source.dtype.name, "matrix_sha256": matrix_sha256(source)}
    (folder / "matrix.json").write_text(json.dumps(known))


def _new(path: Path, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    """A mapped array to fill; with nothing to fill, an empty file's."""
    if count == 0:
        np.save(path, np.zeros(0, dtype))
        return np.zeros(0, dtype)
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(count,))
