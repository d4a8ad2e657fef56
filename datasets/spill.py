"""Rows in, columns out, for matrices that are larger than memory: blocks of rows wait in a file without a name.

The file is gone when its source is, however the process ends.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.dense import compress
from dotbench.datasets.errors import NoRoom
from dotbench.formats.sources.source import Columns, Histogram, Own, tally


@dataclass(frozen=True)
class _Block:
    """Where a block of rows lies in the file: its row numbers, then its values, column by column."""

    rows_at: int
    values_at: int
    indptr: npt.NDArray[np.uint32]  # of its columns (m + 1): one a block is kept, so it is narrow


class Spill(Own):
    """A float32 source that is filled by blocks of rows, from the first to the last."""

    dtype = np.dtype(np.float32)
    together = 8  # columns that are read at once, for each reads a little of every block

    def __init__(self, m: int, folder: Path | None) -> None:
        self.shape = (0, m)
        self._blocks: list[_Block] = []
        self._end, self._folder = 0, folder or Path(tempfile.gettempdir())
        self._file = _nameless(self._folder)
        weakref.finalize(self, os.close, self._file)

    def add(self, rows: npt.NDArray[np.float32]) -> None:
        """The next rows, as their columns: an array (m, rows)."""
        numbers, values, indptr = compress(rows.T)
        numbers += np.int32(self.shape[0])
        self._blocks.append(_Block(self._write(numbers), self._write(values), indptr.astype(np.uint32)))
        self.shape = (self.shape[0] + rows.shape[1], self.shape[1])

    def _write(self, array: npt.NDArray[Any]) -> int:
        """Appends an array; its place. NoRoom on a full disk."""
        begin, rest = self._end, memoryview(array.view(np.uint8).data)
        try:
            while rest:
                written = os.pwrite(self._file, rest, self._end)
                self._end, rest = self._end + written, rest[written:]
        except OSError as error:
            raise NoRoom(f"rows cannot be put aside in {self._folder}", error) from error
        return begin

    def _read(self, at: int, part: slice, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        out = np.empty(part.stop - part.start, dtype)
        rest, begin = memoryview(out.view(np.uint8).data), at + part.start * out.itemsize
        while rest:
            count = os.preadv(self._file, [rest], begin)
            if not count:
                raise OSError(f"the rows put aside in {self._folder} end early")
            begin, rest = begin + count, rest[count:]
        return out

    def columns(self, begin: int, end: int) -> Columns:
        import scipy.sparse  # slow to import, and a process that measures reads the cache alone

        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        rows, values, column = [np.zeros(0, np.int32)], [np.zeros(0, self.dtype)], [np.zeros(0, np.int32)]
        for block in self._blocks:
            indptr = block.indptr[begin : end + 1].astype(np.int64)
            part = slice(int(indptr[0]), int(indptr[-1]))
            rows.append(self._read(block.rows_at, part, np.int32))
            values.append(self._read(block.values_at, part, self.dtype))
            column.append(np.repeat(np.arange(end - begin, dtype=np.int32), np.diff(indptr)))
        places = np.concatenate(rows), np.concatenate(column)
        whole = scipy.sparse.coo_array((np.concatenate(values), places), shape=(self.shape[0], end - begin)).tocsc()
        return Columns(whole.indices.astype(np.int32), whole.data, whole.indptr.astype(np.int64))

    def histogram(self) -> Histogram:
        return tally(self)


def _nameless(folder: Path) -> int:
    """A new file that is open and has no name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=folder, prefix=".rows-")
        Path(name).unlink()
        return number
    except OSError as error:
        raise NoRoom(f"no rows can be put aside in {folder}", error) from error
