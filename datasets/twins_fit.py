"""Fits the twins' statistics to the real matrices of the mirror: ``python -m datasets.twins_fit``.

Writes `twins.json`. A new fit makes other twins, so it comes with a new `twins.VERSION`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from datasets import files
from datasets.loading import mirror_folder
from datasets.registry import Dataset, entries
from formats.source import Source

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


def fit(entry: Dataset, mirror: Path) -> dict[str, Any]:
    """The statistics of one matrix."""
    matrix = _matrix(files.read(mirror / entry.mirror)[0])
    if entry.name == "orsreg_1":
        return grid(matrix, [21, 21, 5])
    return symmetric(matrix) if entry.name == "SiNa" else layer(matrix)


def main() -> None:
    mirror = mirror_folder()
    if mirror is None:
        raise SystemExit("no mirror: set DOTBENCH_DATA")
    lines = [f"{json.dumps(name)}: {json.dumps(fit(entry, mirror))}" for name, entry in entries().items()]
    Path(__file__).with_name("twins.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
