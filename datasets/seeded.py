"""Matrices from a fixed seed: the same on every machine, without network or mirror.

``random/4096-90-32``: 4096 x 4096, each entry zero with a probability of 90 %, each nonzero one of the 32 values
that the patterns have (`patterns.codebook`), all equally likely; others are of 50, 70, 95 and 99 %. Such a layer is
what published kernels of HAM and sHAM were timed on; 5 bits a value is the most that 32 values can have.

``random/10240-0-bf16``: 10240 x 10240 without zeros, 420 MB as float32: a layer whose weights come from memory, rounded
to bfloat16; ``random/10240-0-f16`` has the same numbers as float16, of which 168 are rounded to zero. Each is the sum
of twelve uniform ones less 6, by 64: normal for all that a format sees, and made of additions alone, which are the
same on every machine.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import dtype_of, to_bfloat16
from dotbench.datasets.entry import Dataset
from dotbench.datasets.patterns import VALUES, codebook
from dotbench.formats.sources.source import Source, as_source

if TYPE_CHECKING:
    import scipy.sparse

SIDE = 4096
PERCENT = {  # zeros: the hash of the matrix
    50: "fc4ea6abad68b5635375fcd09e90d1cfb95f600bf4a05a898a2aaaa8045060ea",
    70: "a03f19e51bf55b6d5b55315af17983d6a9a8074cb969bd57e704dc0838da6aaf",
    90: "ab572824a282a6953b2fe2e4aac15faa28eda256e8ce6b6edd3e15be153e2e8a",
    95: "ab167633711373003eda4c488c0f153c5c4fdb79f0fda0ed69ffafd382ffc4dc",
    99: "e6d0a8eb51fddabc8129cacf8b33236bb484d60fcb7033a99c88a1f062b17ed5",
}


def _entry(zeros: int, sha256: str) -> Dataset:
    """A layer of this many per cent of zeros."""
    return Dataset(
        f"random/{SIDE}-{zeros}-{VALUES}",
        (SIDE, SIDE),
        f"random layer, {zeros} % zeros, {VALUES} values, from a fixed seed",
        "of our own",
        sha256,
        "",
        "",
        (),
        density=(100 - zeros) / 100,
        distinct=VALUES,
    )


LAYERS = {entry.name: entry for entry in (_entry(*one) for one in PERCENT.items())}

WIDE_SIDE, UNIFORM, DEVIATION = 10240, 12, 1 / 64
NARROW = {  # how floats of 16 bits are called in names: their type, and the hash of the matrix
    "bf16": ("bfloat16", "f52404be944c5f4b38907f4c44e93da34d793bb13ce9ce2ea86d5f585ab4f5a1"),
    "f16": ("float16", "681e77e1a1d2192daeabecb3f924feb347c962549c4bc2d1ee3771160171762d"),
}


def _narrow_entry(short: str, dtype: str, sha256: str) -> Dataset:
    """A dense layer of normal weights in 16 bits."""
    return Dataset(
        f"random/{WIDE_SIDE}-0-{short}",
        (WIDE_SIDE, WIDE_SIDE),
        f"random dense layer, normal weights as {dtype}, from a fixed seed",
        "of our own",
        sha256,
        "",
        "",
        (),
        density=1.0,
    )


NARROW_LAYERS = {entry.name: entry for entry in (_narrow_entry(short, *one) for short, one in NARROW.items())}
FULL = tuple(NARROW_LAYERS)  # in a full run


def seed(name: str) -> int:
    """``random/4096-90-32``: 40969032."""
    return int("".join(re.findall(r"\d", name)))


def entries() -> dict[str, Dataset]:
    """All of them by name; of standard runs, a full one has `FULL`."""
    return LAYERS | NARROW_LAYERS


def matching(pattern: str) -> list[str]:
    """Names from one of them, or from a glob that begins with ``random/``.

    >>> matching("random/*-9?-32"), matching("*")
    (['random/4096-90-32', 'random/4096-95-32', 'random/4096-99-32'], [])
    """
    return fnmatch.filter(entries(), pattern) if pattern.startswith("random/") else []


def make(entry: Dataset) -> Source:
    """The matrix of an entry, made column after column. Uniform doubles alone decide."""
    return as_source(_sparse(entry)) if entry.name in LAYERS else _narrow(entry)


def _narrow(entry: Dataset) -> Source:
    """A dense matrix of 16-bit floats: columns lie one behind the other."""
    dtype, _ = NARROW[entry.name.rpartition("-")[2]]
    n, m = entry.shape
    rng = np.random.Generator(np.random.PCG64(seed(entry.name)))
    W = np.empty((m, n), dtype_of(dtype))
    for column in W:
        numbers = ((rng.random((UNIFORM, n)).sum(0) - UNIFORM / 2) * DEVIATION).astype(np.float32)
        column[:] = to_bfloat16(numbers) if dtype == "bfloat16" else numbers.astype(np.float16)
    return as_source(W.T, W.dtype)


def _sparse(entry: Dataset) -> scipy.sparse.csc_array:
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    n, m = entry.shape
    rng = np.random.Generator(np.random.PCG64(seed(entry.name)))
    values, share = codebook(), entry.density
    columns = [_column(rng, n, values, share) for _ in range(m)]
    indptr = np.cumsum([0, *(len(rows) for rows, _ in columns)], dtype=np.int64)
    rows, chosen = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return scipy.sparse.csc_array((chosen, rows, indptr), shape=(n, m))


def _column(
    rng: np.random.Generator, n: int, values: npt.NDArray[np.float32], share: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    rows = np.flatnonzero(rng.random(n) < share).astype(np.int32)
    return rows, values[(rng.random(len(rows)) * VALUES).astype(np.int64)]
