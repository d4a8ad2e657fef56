"""Matrices from a fixed seed: the same on every machine, without network or mirror.

``random/4096-90-32``: 4096 x 4096, each entry zero with a probability of 90 %, each nonzero one of the 32 values
that the patterns have (`patterns.codebook`), all equally likely. Such a layer is what published kernels of HAM
and sHAM were timed on; 5 bits a value is the most that 32 values can have.
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dotbench.datasets.entry import Dataset
from dotbench.datasets.patterns import VALUES, codebook

if TYPE_CHECKING:
    import scipy.sparse

SEED = 4096_90_32
LAYER = Dataset(
    "random/4096-90-32",
    (4096, 4096),
    "random layer, 90 % zeros, 32 values, from a fixed seed",
    "of our own",
    "ab572824a282a6953b2fe2e4aac15faa28eda256e8ce6b6edd3e15be153e2e8a",
    "",
    "",
    (),
)


def entries() -> dict[str, Dataset]:
    """All of them by name; no standard run has them."""
    return {LAYER.name: LAYER}


def matching(pattern: str) -> list[str]:
    """Names from one of them, or from a glob that begins with ``random/``.

    >>> matching("random/*"), matching("*")
    (['random/4096-90-32'], [])
    """
    return fnmatch.filter(entries(), pattern) if pattern.startswith("random/") else []


def make(entry: Dataset) -> scipy.sparse.csc_array:
    """The matrix of an entry, column after column. Uniform doubles alone decide."""
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    n, m = entry.shape
    rng = np.random.Generator(np.random.PCG64(SEED))
    values = codebook()
    columns = [_column(rng, n, values) for _ in range(m)]
    indptr = np.cumsum([0, *(len(rows) for rows, _ in columns)], dtype=np.int64)
    rows, chosen = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return scipy.sparse.csc_array((chosen, rows, indptr), shape=(n, m))


def _column(
    rng: np.random.Generator, n: int, values: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    rows = np.flatnonzero(rng.random(n) < 0.1).astype(np.int32)
    return rows, values[(rng.random(len(rows)) * VALUES).astype(np.int64)]
