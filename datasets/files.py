"""Matrices from files of the kinds that `dotbench.datasets.readers` knows. Files are untrusted.

A matrix of int8 or bfloat16 stays one; all others become float32, and what that took is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16, numbers
from dotbench.cdot.build import BuildError
from dotbench.cdot.library import library
from dotbench.datasets import reader_calls, readers
from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.reader import Streamed, Wanted
from dotbench.formats.sources.source import Source, as_source
from dotbench.formats.sources.sparse_input import check, is_sparse

VERSION = 2  # of what becomes of a file of one's own: part of the cache's keys
ROUNDED = "rounded to float32"
AS_STORED = ("float32", "float16", "int8")  # dtypes that formats store; bfloat16 besides
T = TypeVar("T")
EXACT = 1 << 24  # whole numbers up to here are all float32


def read(
    path: Path, drop: tuple[int, ...] = (), scratch: Path | None = None, member: str = "", transposed: bool = False
) -> tuple[Source, str]:
    """The matrix in a file, and what was done to it ("" or that it was rounded).

    What ends in nothing that is known is a table, of which ``drop`` are columns to leave out and whose
    rows are put aside in ``scratch``; ``member`` is one of a file's arrays; ``transposed`` that the file holds outputs
    by inputs. DataError names the file and says what is wrong with it.
    """

    def source(matrix: Any) -> tuple[Source, str]:
        if isinstance(matrix, Streamed):
            return turned(matrix.source) if transposed else matrix.source, matrix.note
        return taken(matrix.T if transposed else matrix)

    return _reading(path, Wanted(member, drop, scratch), source)


def stored(
    path: Path, scratch: Path | None = None, member: str = "", transposed: bool = False
) -> tuple[npt.NDArray[Any] | Source, str]:
    """The same without a look at every entry: an array of float32, float16, bfloat16 or int8 as it lies in the file,
    mapped where that can be; all else as `read` has it."""

    def matrix_of(matrix: Any) -> tuple[npt.NDArray[Any] | Source, str]:
        kept = isinstance(matrix, np.ndarray) and (is_bfloat16(matrix.dtype) or matrix.dtype.name in AS_STORED)
        if kept and matrix.ndim == 2 and matrix.dtype.isnative:
            return (matrix.T if transposed else matrix), ""
        if isinstance(matrix, Streamed):
            return turned(matrix.source) if transposed else matrix.source, matrix.note
        return taken(matrix.T if transposed else matrix)

    return _reading(path, Wanted(member, (), scratch), matrix_of)


def _reading(path: Path, wanted: Wanted, made: Callable[[Any], tuple[T, str]]) -> tuple[T, str]:
    """What is made of the matrix in a file; DataError for all that can go wrong with it."""
    library()  # first, so that a file is not blamed for kernels that cannot be built
    reads = [reader for reader in readers.every() if reader.read]
    reader = readers.find(path.name, reads) or readers.TABLE
    try:
        matrix = reader_calls.read(reader, path, wanted)
        if isinstance(matrix, Streamed):
            return made(matrix)
        _check_entries(path, tuple(matrix.shape))
        if is_sparse(matrix):
            check(matrix)  # before scipy, which follows indices unseen, transposes it
        return made(matrix)
    except (DataError, BuildError):  # a compiler that is missing is no fault of the file
        raise
    except Exception as error:  # damaged files raise nearly anything: zlib.error, IndexError, MemoryError
        by = "" if reader in readers.ALL else f" by {reader_calls.called(reader)}"
        raise DataError(f"{path} cannot be read as a matrix{by}: {_advised(error)}") from error


def _advised(error: Exception) -> str:
    """What numpy and scipy say of a file that they cannot read, and what to do about it."""
    words = str(error)
    if isinstance(error, KeyError) or not words:
        words = f"{type(error).__name__}: {words}".rstrip(": ")
    if re.search("[Tt]runcated|greater than file size|No data left|end of (file|data)|reading array|EOF", words):
        return f"{words} ({CUT})"
    return words


def _check_entries(path: Path, shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise DataError(f"{path} has no entries: its shape is {' x '.join(map(str, shape))}")


def taken(matrix: Any) -> tuple[Source, str]:
    """A source of int8, bfloat16 or float32 from an array or a scipy matrix, and what became of its numbers ("" for
    nothing).

    Fractions that float32 does not hold are rounded; whole numbers that it does not hold are an error.
    """
    dtype = np.dtype(matrix.dtype)
    if dtype == np.int8 or is_bfloat16(dtype):
        return _looked_at(as_source(matrix, dtype)), ""
    try:
        source = _looked_at(as_source(matrix))
    except ValueError as error:
        if "rounding" not in str(error):
            raise
        if dtype.kind in "iu":
            number = str(error).split(" is changed", 1)[0]
            raise ValueError(
                f"{number} is no float32, which holds whole numbers up to {EXACT}: save the matrix as float64 if "
                "rounding is what you want"
            ) from error
        return _rounded(matrix)
    kept = dtype == np.float32 or (dtype.kind == "f" and dtype.itemsize > 4)
    return source, "" if kept else f"{dtype.name} taken as float32, exactly"


def _looked_at(source: Source) -> Source:
    source.histogram()  # looks at every entry: NaN and infinity are found here
    return source


def _rounded(matrix: Any) -> tuple[Source, str]:
    if is_sparse(matrix) and hasattr(matrix, "sum_duplicates"):
        matrix.sum_duplicates()  # before they are rounded
    with np.errstate(over="ignore"):
        narrow = as_source(matrix.astype(np.float32))
    try:
        return _looked_at(narrow), f"{matrix.dtype.name} {ROUNDED}"
    except ValueError as error:
        raise ValueError(f"{error} (its {matrix.dtype.name} is beyond float32's range)") from error


def turned(source: Source) -> Source:
    """The transposed matrix of a source, whose nonzeros are all in memory for that."""
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    n, m = source.shape
    columns = source.columns(0, m)
    whole = scipy.sparse.csc_array((numbers(columns.values), columns.rows, columns.indptr), shape=(n, m))
    return as_source(whole.T, source.dtype)
