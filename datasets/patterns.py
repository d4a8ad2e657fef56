"""Sparsity patterns of the Deep Learning Matrix Collection (.smtx), with values of our own.

A file has three lines: ``rows, columns, nonzeros``; where each row begins in the third; column numbers. Its rows
are outputs, so W is the transpose. It has no values: each nonzero takes one of 32 normal ones from a fixed seed.
"""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.formats.sources.source import MAX_DIMENSION

if TYPE_CHECKING:
    import scipy.sparse

SEED = 1811
VALUES = 32


def _rng(number: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([SEED, number]))


def codebook(count: int = VALUES) -> npt.NDArray[np.float32]:
    """32 numbers from a normal distribution, or as many as are asked for; fewer are the first of more.

    Uniform doubles through the inverse distribution function, rounded to float32, so that the last bit of a
    machine's logarithm does not matter.
    """
    normal = NormalDist()
    return np.array([normal.inv_cdf(float(uniform)) for uniform in _rng(0).random(count)], np.float32)


def read_pattern(path: Path) -> scipy.sparse.csc_array:
    """W (inputs by outputs) of a pattern, float32; DataError where the file is none."""
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    try:
        lines = path.read_text("ascii").split("\n")
        n_rows, n_columns, nnz = (int(word) for word in lines[0].split(","))
        starts, columns = (np.array(line.split(), np.int64) for line in lines[1:3])
    except (ValueError, IndexError, OverflowError) as error:
        raise DataError(f"{path} is no .smtx pattern (a line of sizes, of row starts, of columns): {error}") from error
    _check(path, (n_rows, n_columns, nnz), starts, columns)
    values = codebook()[(_rng(1).random(nnz) * VALUES).astype(np.int64)]
    return scipy.sparse.csc_array((values, columns.astype(np.int32), starts), shape=(n_columns, n_rows))


def _check(
    path: Path, sizes: tuple[int, int, int], starts: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> None:
    n_rows, n_columns, nnz = sizes
    fits = 0 <= n_rows == len(starts) - 1 and len(columns) == nnz and 0 <= n_columns <= MAX_DIMENSION
    if not fits or starts[0] != 0 or starts[-1] != nnz or (np.diff(starts) < 0).any():
        raise DataError(f"{path}: its arrays do not fit its {n_rows} rows, {n_columns} columns and {nnz} nonzeros")
    if ((columns < 0) | (columns >= n_columns)).any():
        raise DataError(f"{path} has a column outside 0 to {n_columns - 1}")
    row = np.repeat(np.arange(n_rows), np.diff(starts))
    if len(np.unique(row * n_columns + columns)) < nnz:
        raise DataError(f"{path} has a column twice in one row")
