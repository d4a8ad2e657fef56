"""Fits the twins' statistics to the real matrices of the mirror: ``python -m dotbench.datasets.twins_fit``.

Writes `twins.json`, `covtype.tree.xz` and `census.tree.xz`. A new fit makes other twins, so it comes with a new
`twins.VERSION`.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from dotbench.datasets import chow_liu_fit, files
from dotbench.datasets.entry import Dataset
from dotbench.datasets.mirror import mirror_folder
from dotbench.datasets.registry import entries
from dotbench.formats.sources.source import Source

Ints = npt.NDArray[np.int64]
POINTS = 33  # quantiles that are kept of a distribution


def _numbers(values: npt.ArrayLike, digits: int = 9) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, np.float64)]


def _quantiles(values: npt.NDArray[Any], points: int = POINTS, digits: int = 5) -> list[float]:
    return _numbers(np.quantile(values, np.linspace(0, 1, points)), digits)


def _matrix(source: Source) -> Any:
    block = source.columns(0, source.shape[1])
    return scipy.sparse.csc_array((block.values, block.rows, block.indptr), shape=source.shape)


def _histogram(values: npt.NDArray[Any]) -> dict[str, list[Any]]:
    distinct, counts = np.unique(values, return_counts=True)
    return {"values": _numbers(distinct), "counts": counts.tolist()}


def layer(matrix: Any) -> dict[str, Any]:
    """Densities of rows and columns, counts of values."""
    n, m = matrix.shape
    rows, columns = np.bincount(matrix.indices, minlength=n) / m, np.diff(matrix.indptr) / n
    return {
        "kind": "layer",
        "shape": [n, m],
        "row_density": _quantiles(rows),
        "column_density": _quantiles(columns),
        **_histogram(matrix.data),
    }


def grid(matrix: Any, sizes: list[int]) -> dict[str, Any]:
    """Counts of values on each diagonal."""
    coordinates = matrix.tocoo()
    offsets = coordinates.coords[0] - coordinates.coords[1]
    diagonals = {str(offset): _histogram(coordinates.data[offsets == offset]) for offset in np.unique(offsets)}
    return {"kind": "grid", "shape": list(matrix.shape), "grid": sizes, "diagonals": diagonals}


def symmetric(matrix: Any) -> dict[str, Any]:
    """Offsets from the diagonal, fullness of columns below it, how often values repeat."""
    coordinates = matrix.tocoo()
    rows, columns = coordinates.coords
    below = rows > columns
    distinct, counts = np.unique(coordinates.data[below], return_counts=True)
    times, values = np.unique(counts, return_counts=True)
    return {
        "kind": "symmetric",
        "shape": list(matrix.shape),
        "below_diagonal": int(below.sum()),
        "offsets": _quantiles((rows - columns)[below], 257),
        "row_fullness": _quantiles(np.bincount(columns[below], minlength=matrix.shape[0]) + 1.0),
        "diagonal_values": _quantiles(matrix.diagonal(), 65, 9),
        "values": _quantiles(distinct, 257, 9),
        "repeats": [[int(time), int(value)] for time, value in zip(times, values, strict=True)],
    }


def tree(entry: Dataset) -> dict[str, Any]:
    """A tree has a file of its own; a subset's twin is made from that of the whole."""
    return {"kind": "tree", "shape": list(entry.shape), "of": entry.name.partition("-")[0]}


def features(entry: Dataset) -> dict[str, Any]:
    """What is published of ImageNet, and what is assumed (see `features`)."""
    known = {"density": entry.density, "distinct": entry.distinct}
    return {"kind": "features", "shape": list(entry.shape), **known, "offset": 4, "lowest": 0.25}


def fit(entry: Dataset, mirror: Path) -> dict[str, Any]:
    """The statistics of one matrix."""
    if entry.name.partition("-")[0] in TREES:
        return tree(entry)
    if entry.name == "imagenet":
        return features(entry)
    matrix = _matrix(files.read(mirror / entry.mirror)[0])
    if entry.name == "orsreg_1":
        return grid(matrix, [21, 21, 5])
    return symmetric(matrix) if entry.name == "SiNa" else layer(matrix)


def _rows(path: Path, drop: tuple[int, ...] = ()) -> Ints:
    source = files.read(path, drop)[0]
    return np.asarray(_matrix(source).toarray().astype(np.int64))


def covtype_tree(mirror: Path) -> list[dict[str, Any]]:
    """From a random sample of 100 000 rows. Ten columns hold numbers; the others are two one-hot groups.

    Values that the sample lacks occur once each: those that the rest of the rows at hand has, and, up to the
    published count, the smallest whole numbers that none has, in the last numeric column, the one with the most.
    """
    sample = _rows(mirror / "covtype/covtype_mlpack100k.csv.xz", (-1,))
    others = _rows(mirror / "covtype/covtype_union224535.csv.xz", (-1,))
    more = {j: dict.fromkeys(np.setdiff1d(others[:, j], sample[:, j]).tolist(), 0.0) for j in range(10)}
    unseen = np.setdiff1d(np.arange(1, 7174), others)
    lacking = entries()["covtype"].distinct - len(np.setdiff1d(others, 0))
    more[9] |= dict.fromkeys(unseen[:lacking].tolist(), 0.0)
    return chow_liu_fit.fit(sample, [(10, 14), (14, 54)], more)


def census_tree(mirror: Path) -> list[dict[str, Any]]:
    """From the first 1000 rows. The code book has five places of birth that these lack, 32 to 36 of iRPOB: other
    islands, which share one row's weight and stand with 31."""
    sample = _rows(mirror / "census1990/USCensus1990_first1000_restored.csv")
    return chow_liu_fit.fit(sample, [], {49: dict.fromkeys(range(32, 37), 0.2)})


TREES = {"covtype": covtype_tree, "census": census_tree}


def main() -> None:
    mirror = mirror_folder()
    if mirror is None:
        raise SystemExit("no mirror: set DOTBENCH_DATA")
    lines = [f"{json.dumps(name)}: {json.dumps(fit(entry, mirror))}" for name, entry in entries().items()]
    Path(__file__).with_name("twins.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    for name, fitted in TREES.items():
        text = json.dumps(fitted(mirror), separators=(",", ":"))
        Path(__file__).with_name(f"{name}.tree.xz").write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    main()
