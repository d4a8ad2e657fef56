"""The column-major cache on disk: matrices as encoders stream them, mapped instead of read.

A folder a matrix: rows.npy (int32), values.npy, indptr.npy (int64), the histogram's two arrays, and
matrix.json, which is written last. A folder is made beside its place and moved there whole.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

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
            self.matrix_sha256 = str(self._known["matrix_sha256"])
            sizes = {len(self._arrays["rows"]), len(self._arrays["values"]), int(indptr[-1])}
            kinds = len(self._arrays["distinct"]), len(self._arrays["counts"])
            if len(sizes) != 1 or len(indptr) != m + 1 or kinds[0] != kinds[1]:
                raise ValueError("its arrays do not fit together")
        except (OSError, ValueError, LookupError, TypeError, EOFError) as error:
            raise DataError(f"the cached matrix in {folder} is damaged ({error}): delete that folder") from error
        self.shape: tuple[int, int] = (n, m)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._arrays["values"].dtype

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
    """Streams a source into ``folder``, block by block; DataError where the disk does not take it.

    What is there already stays if it can be used: another process may be reading it.
    """
    if not _usable(folder):
        _making(folder, lambda new: _write(source, new))
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
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        fill(new)
        _place(new, folder)
    except OSError as error:
        raise DataError(
            f"the matrix cannot be cached in {folder.parent}: {error.strerror or error}. Nothing half-written "
            "stays; make room, or set DOTBENCH_HOME to a folder that can be written"
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
        with (
            tempfile.TemporaryDirectory(dir=folder.parent, prefix=".old-", ignore_cleanup_errors=True) as old,
            suppress(FileNotFoundError),  # somebody else has moved it away
        ):
            folder.rename(Path(old) / "damaged")
    new.rename(folder)


def _write(source: Source, folder: Path) -> None:
    histogram = source.histogram()
    m = source.shape[1]
    indptr = np.zeros(m + 1, np.int64)
    at = 0
    with (folder / "rows.npy").open("wb") as rows, (folder / "values.npy").open("wb") as values:
        # written, not mapped: on a full disk a write is an error, and a store into a map kills the process
        _header(rows, np.dtype(np.int32), histogram.nnz)
        _header(values, source.dtype, histogram.nnz)
        for begin, end, columns in blocks(source):
            rows.write(np.ascontiguousarray(columns.rows, np.int32).data)
            values.write(np.ascontiguousarray(columns.values, source.dtype).data)
            indptr[begin + 1 : end + 1] = at + columns.indptr[1:]
            at += columns.nnz
    np.save(folder / "indptr.npy", indptr)
    np.save(folder / "distinct.npy", histogram.values)
    np.save(folder / "counts.npy", histogram.counts)
    known = {"shape": list(source.shape), "dtype": source.dtype.name, "matrix_sha256": matrix_sha256(source)}
    (folder / "matrix.json").write_text(json.dumps(known))


def _header(file: IO[bytes], dtype: np.dtype[Any], count: int) -> None:
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": (count,)})
