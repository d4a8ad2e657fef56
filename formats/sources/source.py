"""What an encoder reads: the source protocol, and the sources made from arrays in memory.

A source is anything with ``shape``, ``dtype``, ``histogram()`` and ``columns(begin, end)``.
Encoders stream it by columns, so a matrix larger than memory is a source too
(`dotbench.datasets.cache.CachedSource` reads one from disk).

What others made is looked at once, here: sources (`foreign`) and scipy's matrices (`sparse_input`),
for encoders in C go where rows and pointers lead. What is more than an array of numbers (a mask, a unit, names of
columns) is refused, for it would be lost.

Values are float32, or int8, float16 or bfloat16 where a format stores these. Input of another real type is taken
where every value survives the conversion exactly; where one does not, the error says which and
what to do, because lossless is the rule of this house.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import converted, dtype_of, is_bfloat16, numbers
from dotbench.cdot.encode.dense import compress, fits
from dotbench.formats.sources.columns import Columns, Histogram
from dotbench.formats.sources.content import ContentHash, Tally
from dotbench.formats.sources.foreign import MAX_DIMENSION, CheckedSource, Own
from dotbench.formats.sources.sparse_input import columns_of, is_sparse
from dotbench.formats.value_types import value_type_of

BLOCK_ENTRIES = 1 << 21  # entries of one block that an encoder holds: 8 MiB of float32, which caches keep
PLAIN_ARRAYS = (np.ndarray, np.memmap, np.matrix)  # whose subclasses may mean more than their numbers
TOGETHER = 16  # columns of an array in row order that are read at once: they share cache lines


@runtime_checkable
class Source(Protocol):
    """The protocol; ``isinstance`` checks that the four names are there."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def histogram(self) -> Histogram: ...

    def columns(self, begin: int, end: int) -> Columns: ...


def as_source(matrix: Any, dtype: npt.DTypeLike = np.float32) -> Source:
    """A source of float32, float16, bfloat16 or int8 from a numpy array, a scipy sparse matrix, or a source (returned
    as it is if it is of that ``dtype``).

    Raises TypeError for what is no real matrix, ValueError for one that is not 2-D or too large, and, when
    columns are asked for, for a value that ``dtype`` cannot hold.

    >>> import numpy as np
    >>> as_source(np.eye(3, dtype=np.float32)).columns(1, 3).rows
    array([1, 2], dtype=int32)
    >>> as_source(np.eye(3), np.int8).columns(0, 1).values
    array([1], dtype=int8)
    """
    dtype = dtype_of(dtype)
    if type(matrix) in PLAIN_ARRAYS:
        return ArraySource(np.asarray(matrix), dtype)
    if is_sparse(matrix):
        return SparseSource(matrix, dtype)
    if isinstance(matrix, Source):
        own = matrix if isinstance(matrix, Own) else CheckedSource(matrix, tally)
        return own if own.dtype == dtype else ConvertedSource(own, dtype)
    raise TypeError(f"{type(matrix).__name__} is not a matrix that can be encoded: {_instead(matrix)}")


def _instead(matrix: Any) -> str:
    """What to pass instead of what is no matrix, or more than one."""
    if isinstance(matrix, np.ma.MaskedArray):
        return "its mask would be lost; pass W.filled(0) if what is hidden counts as zero"
    if isinstance(matrix, np.ndarray) or hasattr(matrix, "__array__"):
        return "it may be more than its numbers (a unit, names, a device); pass numpy.asarray(W) if they are all of it"
    return "pass a 2-D numpy array, a scipy sparse matrix, or an object with shape, dtype, histogram() and columns()"


def blocks(source: Source, entries: int = BLOCK_ENTRIES, *, multiple: int = 1) -> Iterator[tuple[int, int, Columns]]:
    """(begin, end, columns) over all of ``source``: at most ``entries`` entries, or ``multiple`` columns.

    All but the last have a multiple of ``multiple`` columns. An array in row order gives `TOGETHER` or more.
    """
    for begin, end in ranges(source, entries, multiple=multiple):
        yield begin, end, source.columns(begin, end)


def ranges(source: Source, entries: int = BLOCK_ENTRIES, *, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """The ranges of columns of `blocks`."""
    n, m = source.shape
    fewest = min(getattr(source, "together", 1), 8 * entries // max(n, 1))
    step = max(1, max(fewest, entries // max(n, 1)) // multiple) * multiple
    return ((begin, min(begin + step, m)) for begin in range(0, m, step))


def matrix_sha256(source: Source) -> str:
    """Hash of the content: equal for equal matrices, wherever they came from.

    SHA-256 over "n m dtype", the SHA-256 of the nonzeros' positions j n + i in column-major
    order (int64, little-endian) and the SHA-256 of their values as stored. -0.0 counts as 0.
    """
    content = ContentHash(source.shape, source.dtype)
    for begin, _, columns in blocks(source):
        content.add(begin, columns)
    return content.hexdigest()


def tally(source: Source) -> Histogram:
    """The histogram of a source that knows none: one pass over its columns."""
    counts = Tally(source.dtype)
    for _, _, columns in blocks(source):
        counts.add(columns.values)
    return Histogram(*counts.totals())


class _MemorySource(Own):
    """What the sources in memory share: type and range checks, and the histogram.

    ``dtype`` is what the matrix has, ``wanted`` what the source gives, a dtype of `value_types`.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], wanted: npt.DTypeLike) -> None:
        self.dtype = dtype_of(wanted)
        if len(shape) != 2:
            raise ValueError(
                f"a matrix has 2 dimensions, this array has {len(shape)} (shape {shape}): "
                "reshape it to inputs by outputs"
            )
        if dtype.kind not in "fiub" and not is_bfloat16(dtype):
            raise TypeError(
                f"dtype {dtype} cannot be encoded: weights are real numbers (floating point, integer or boolean)"
            )
        if max(shape) > MAX_DIMENSION:
            raise ValueError(f"shape {shape} is too large: at most {MAX_DIMENSION} rows and columns")
        self.shape = (int(shape[0]), int(shape[1]))

    def histogram(self) -> Histogram:
        return self._histogram

    @cached_property
    def _histogram(self) -> Histogram:
        return tally(self)

    def columns(self, begin: int, end: int) -> Columns:
        raise NotImplementedError  # pragma: no cover

    def _check_range(self, begin: int, end: int) -> None:
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")

    def _exact(self, columns: Columns, begin: int) -> Columns:
        """The same columns in ``dtype``; ValueError where a value is not finite or would change."""
        stored, same = numbers(columns.values), columns.values.dtype == self.dtype
        bad = ~np.isfinite(stored)
        if same and not bad.any():
            return columns
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = converted(stored, self.dtype)
        # float64 holds narrower types exactly, long double every 64-bit integer as well
        wide = np.float64 if stored.dtype.itemsize < 8 or stored.dtype == np.float64 else np.longdouble
        inexact = np.False_ if same else ~bad & (numbers(values).astype(wide) != stored.astype(wide))
        stored_as = value_type_of(self.dtype)
        for mask, what in ((bad, "not a finite number"), (inexact, stored_as.refused)):
            if np.any(mask):
                at = int(np.argmax(mask))
                row, column = int(columns.rows[at]), begin + int(columns.column_of_each()[at])
                cure = "replace it before encoding" if mask is bad else stored_as.cure
                raise ValueError(f"{stored[at]!s} at row {row}, column {column} is {what}: {cure}")
        return Columns(columns.rows, values, columns.indptr)


class ArraySource(_MemorySource):
    """A dense array (n, m) of any layout; columns are compressed on demand."""

    def __init__(self, array: npt.NDArray[Any], dtype: npt.DTypeLike = np.float32) -> None:
        super().__init__(array.shape, array.dtype, dtype)
        self._array = array
        self.together = TOGETHER if abs(array.strides[1]) < abs(array.strides[0]) else 1

    def columns(self, begin: int, end: int) -> Columns:
        self._check_range(begin, end)
        block = self._array[:, begin:end]
        return self._exact(Columns(*compress(block)) if fits(block.dtype) else _compressed(block), begin)


def _compressed(block: npt.NDArray[Any]) -> Columns:
    """The nonzeros of an array of long doubles, or of foreign byte order."""
    column, row = np.nonzero(block.T)
    indptr = np.zeros(block.shape[1] + 1, np.int64)
    np.cumsum(np.bincount(column, minlength=block.shape[1]), out=indptr[1:])
    return Columns(row.astype(np.int32), block[row, column], indptr)


class SparseSource(_MemorySource):
    """A scipy sparse matrix or array of any format; duplicates are summed exactly, stored zeros dropped."""

    def __init__(self, matrix: Any, dtype: npt.DTypeLike = np.float32) -> None:
        super().__init__(matrix.shape, matrix.dtype, dtype)
        self._csc = columns_of(matrix)

    def columns(self, begin: int, end: int) -> Columns:
        self._check_range(begin, end)
        indptr = self._csc.indptr[begin : end + 1].astype(np.int64)
        part = slice(int(indptr[0]), int(indptr[-1]))
        block = Columns(self._csc.indices[part].astype(np.int32), self._csc.data[part], indptr - indptr[0])
        return self._exact(block, begin)


class ConvertedSource(_MemorySource):
    """Another source with its values in ``dtype``; ValueError where a value does not survive that."""

    def __init__(self, source: Source, dtype: npt.DTypeLike) -> None:
        super().__init__(source.shape, source.dtype, dtype)
        self._source = source

    def columns(self, begin: int, end: int) -> Columns:
        return self._exact(self._source.columns(begin, end), begin)


__all__ = [
    "BLOCK_ENTRIES",
    "MAX_DIMENSION",
    "ArraySource",
    "Columns",
    "ConvertedSource",
    "Histogram",
    "Own",
    "Source",
    "SparseSource",
    "as_source",
    "blocks",
    "matrix_sha256",
    "ranges",
    "tally",
]
