"""Matrices from files: .npy, .npz, Matrix Market and .csv (also .gz, .bz2, .xz). Files are untrusted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdot.build import BuildError
from datasets.compressed import OPENERS, opened
from datasets.errors import DataError
from datasets.patterns import read_pattern
from datasets.tables import read_table
from formats.source import Source, as_source

ROUNDED = "rounded to float32"
MARKET, TABLES = (tuple(kind + packed for packed in ("", *OPENERS)) for kind in (".mtx", ".csv"))
SUFFIXES = (".npy", ".npz", *MARKET, *TABLES)


def is_matrix_file(name: str) -> bool:
    """Whether a name ends like a file that can be read here."""
    return name.lower().endswith(SUFFIXES)


def read(path: Path, drop: tuple[int, ...] = (), scratch: Path | None = None) -> tuple[Source, str]:
    """The matrix in a file, and what was done to it ("" or that it was rounded).

    What ends in nothing that is known here is a table, of which ``drop`` are columns to leave out and whose
    rows are put aside in ``scratch``. DataError names the file and says what is wrong with it.
    """
    name = path.name.lower()
    try:
        if name.endswith(".npy"):
            matrix: Any = np.load(path, mmap_mode="r", allow_pickle=False)
        elif name.endswith(".npz"):
            matrix = read_npz(path)
        elif name.endswith(MARKET):
            matrix = read_matrix_market(path)
        elif name.endswith(".smtx"):
            matrix = read_pattern(path)
        else:
            table, changed = read_table(path, drop, scratch)
            return table, f"float64 {ROUNDED}" if changed else ""
        return rounded(matrix)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except (DataError, BuildError):  # a compiler that is missing is no fault of the file
        raise
    except Exception as error:  # damaged files raise nearly anything: zlib.error, IndexError, MemoryError
        raise DataError(f"{path} cannot be read as a matrix: {_advised(str(error))}") from error


def _advised(words: str) -> str:
    """What numpy and scipy say of a file that they cannot read, and what to do about it."""
    if "Python objects" in words or "pickle" in words:  # numpy's own advice is to run what the file holds
        return "it holds Python objects, which may hold code and are not read: save numbers, of a dtype like float32"
    if re.search("[Tt]runcated|greater than file size|No data left|end of (file|data)|reading array|EOF", words):
        return f"{words} (the file is cut short or damaged: copy it again)"
    return words


def rounded(matrix: Any) -> tuple[Source, str]:
    """A source of float32; wider numbers are rounded, and the second value says so where one changed."""
    source = as_source(matrix)
    if np.dtype(matrix.dtype) == np.float32:
        source.histogram()  # looks at every entry: NaN and infinity are found here
        return source, ""
    try:
        source.histogram()
        return source, ""
    except ValueError as error:
        if "rounding" not in str(error):
            raise
    with np.errstate(over="ignore"):
        narrow = as_source(matrix.astype(np.float32))
    try:
        narrow.histogram()
    except ValueError as error:
        raise ValueError(f"{error} (its {matrix.dtype} is beyond float32's range)") from error
    return narrow, f"{matrix.dtype} {ROUNDED}"


def read_npz(path: Path) -> Any:
    """A scipy sparse matrix, one 2-D array, or a codebook with indices (W = codebook[index])."""
    # opened here, so that it is closed where numpy finds no archive in it
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        names = set(stored.files)
        if names == {"codebook", "index"}:
            return _from_codebook(path, stored["codebook"], stored["index"])
        if "format" in names:
            import scipy.sparse

            file.seek(0)
            matrix = scipy.sparse.load_npz(file)
            if hasattr(matrix, "check_format"):  # indices outside make scipy write outside its arrays
                matrix.check_format(full_check=True)
            return matrix
        if len(names) == 1:
            return stored[names.pop()]
    raise DataError(
        f"{path} holds {', '.join(sorted(names)) or 'nothing'}: a .npz needs one array, a scipy sparse matrix, or "
        "codebook and index"
    )


def _from_codebook(path: Path, codebook: npt.NDArray[Any], index: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if codebook.ndim != 1 or index.dtype.kind not in "iu":
        raise DataError(f"{path}: codebook has to be 1-D (is {codebook.ndim}-D), index integers ({index.dtype})")
    for outside in index[(index < 0) | (index >= len(codebook))][:1]:
        raise DataError(f"{path}: index {outside} is outside its codebook of {len(codebook)}")
    return np.asarray(codebook[index])


def read_matrix_market(path: Path) -> Any:
    """Matrix Market, coordinate or array, symmetric storage expanded."""
    import scipy.io

    if path.suffix.lower() in OPENERS:
        with opened(path) as file:
            return scipy.io.mmread(file, spmatrix=False)
    return scipy.io.mmread(str(path), spmatrix=False)
