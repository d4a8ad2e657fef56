"""Twins: synthetic matrices with the shape, density and values of real ones, where these cannot be had.

Every twin is a function of `twins.json` and of the trees beside it (statistics that `twins_fit` took from the real
matrices) and of a fixed seed. Randomness is uniform doubles alone, and arithmetic is plain, so that a twin is the same
matrix on every machine.
"""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.chow_liu import TreeTwin
from dotbench.datasets.features import FeatureTwin

VERSION = 1  # of the generators and their statistics; a change makes other matrices
SEED = 20_230_501
Floats = npt.NDArray[np.float64]


@cache
def statistics() -> dict[str, Any]:
    """What was fitted, by name of the real matrix."""
    known: dict[str, Any] = json.loads((Path(__file__).parent / "twins.json").read_text())
    return known


def make(name: str) -> Any:
    """The twin of a registered matrix: a dense array, a scipy sparse matrix or, of a large one, a source; float32."""
    fitted = statistics()[name]
    kinds = {"grid": grid, "symmetric": symmetric, "layer": layer, "tree": tree, "features": features}
    return kinds[fitted["kind"]](fitted)


def variables(of: str) -> list[dict[str, Any]]:
    """The tree that was fitted to rows of covtype or census."""
    known: list[dict[str, Any]] = json.loads(lzma.decompress((Path(__file__).parent / f"{of}.tree.xz").read_bytes()))
    return known


def tree(fitted: dict[str, Any]) -> TreeTwin:
    """A table from the tree of ``of``: related columns, rows that differ."""
    n, m = fitted["shape"]
    return TreeTwin(variables(fitted["of"]), (n, m), SEED)


def features(fitted: dict[str, Any]) -> FeatureTwin:
    """ImageNet's features, as far as they are published."""
    return FeatureTwin(fitted, SEED)


def _rng() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(SEED))


def _quantiles(points: list[float], count: int, rng: np.random.Generator) -> Floats:
    """``count`` numbers spread like the quantiles, in random order."""
    spread = np.interp((np.arange(count) + 0.5) / count, np.linspace(0, 1, len(points)), points)
    return np.asarray(spread[np.argsort(rng.random(count), kind="stable")])


def _shuffled(values: list[float], counts: list[int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each value as often as its count says, in random order."""
    pool = np.repeat(np.array(values, np.float32), counts)
    return pool[np.argsort(rng.random(len(pool)), kind="stable")]


def layer(fitted: dict[str, Any]) -> npt.NDArray[np.float32]:
    """A pruned layer: densities of rows and columns, independent of each other; exact value counts."""
    rng, (n, m) = _rng(), fitted["shape"]
    rows = _quantiles(fitted["row_density"], n, rng)
    columns = _quantiles(fitted["column_density"], m, rng)
    nnz = sum(fitted["counts"])
    score = (rows[:, None] * columns[None, :] / columns.mean() - rng.random((n, m))).T.ravel()
    chosen = np.sort(np.argsort(-score, kind="stable")[:nnz])
    out = np.zeros(n * m, np.float32)
    out[chosen] = _shuffled(fitted["values"], fitted["counts"], rng)
    return np.asarray(out.reshape(m, n).T)


def grid(fitted: dict[str, Any]) -> Any:
    """A 7-point stencil on a box; the values of each diagonal in random order."""
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    rng, sizes = _rng(), fitted["grid"]
    count = int(np.prod(sizes))
    index = np.arange(count)
    stride, rows, columns, values = 1, [], [], []
    for offset in sorted(map(int, fitted["diagonals"])):
        stride = abs(offset)
        size = {1: sizes[0], sizes[0]: sizes[1], sizes[0] * sizes[1]: sizes[2]}.get(stride, 1)
        place = index // max(stride, 1) % size
        there = (place > 0) if offset < 0 else (place < size - 1) if offset > 0 else place >= 0
        rows.append(index[there] + offset)
        columns.append(index[there])
        known = fitted["diagonals"][str(offset)]
        values.append(_shuffled(known["values"], known["counts"], rng))
    arrays = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return scipy.sparse.coo_array(arrays, shape=(count, count))


def symmetric(fitted: dict[str, Any]) -> Any:
    """A symmetric pattern: how far entries lie from the diagonal, how full rows are, how often values
    repeat."""
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    rng, n, below = _rng(), fitted["shape"][0], fitted["below_diagonal"]
    full = _quantiles(fitted["row_fullness"], n, rng)
    full /= full.max()
    found = np.zeros(0, np.int64)
    while len(found) < below:
        draws = rng.random((4 * below, 3))
        column = (draws[:, 0] * n).astype(np.int64)
        offset = np.interp(draws[:, 1], np.linspace(0, 1, len(fitted["offsets"])), fitted["offsets"])
        row = column + np.maximum(offset.astype(np.int64), 1)
        there = (row < n) & (draws[:, 2] < full[column])
        fresh = (column * n + np.minimum(row, n - 1))[there]
        merged = np.concatenate((found, fresh))
        found = merged[np.sort(np.unique(merged, return_index=True)[1])]
    found = found[:below]
    columns, rows = np.concatenate((found // n, np.arange(n))), np.concatenate((found % n, np.arange(n)))
    lower = _repeating(fitted, below, rng)
    values = np.concatenate((lower, _quantiles_float32(fitted["diagonal_values"], n, rng)))
    off = rows != columns
    arrays = (
        np.concatenate((values, values[off])),
        (np.concatenate((rows, columns[off])), np.concatenate((columns, rows[off]))),
    )
    return scipy.sparse.coo_array(arrays, shape=(n, n))


def _quantiles_float32(points: list[float], count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    return _quantiles(points, count, rng).astype(np.float32)


def _repeating(fitted: dict[str, Any], count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Values below the diagonal: as many that occur once, twice, ... as in the real matrix."""
    counts = np.repeat(*np.array(fitted["repeats"], np.int64).T)
    values = _quantiles_float32(fitted["values"], len(counts), rng)
    pool = np.repeat(values, counts)[:count]
    return pool[np.argsort(rng.random(len(pool)), kind="stable")]
