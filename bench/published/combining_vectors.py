"""Column combining: what the published code makes of matrices for that purpose (column_combine in the mirror)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.counting.systolic_array import Packing, Setting
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.figure import Figure, Group
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.sources.source import as_source

SOURCE = "column_combine in the mirror: the published grouping and pruning, run on matrices made for that"


def matrix(data: Data, name: str) -> npt.NDArray[np.float32]:
    """A matrix of the mirror as inputs by outputs."""
    found: npt.NDArray[np.float32] = np.load(data.path(f"column_combine/W_{name}.npy"), allow_pickle=False).T
    return found


def vector(name: str, alpha: int, gamma: float, quantity: str, data: Data) -> float:
    """One of `QUANTITIES` of a packed matrix."""
    W = matrix(data, name)
    if quantity.startswith("dense order"):
        groups = ColumnCombined(alpha, gamma, "dense").groups(as_source(W))
        return len(groups) if quantity == "dense order: groups" else groups.nnz
    payload = ColumnCombined(alpha, gamma).encode(W)
    if quantity == "error of xW":
        with np.load(data.path(f"column_combine/W_{name}_a{alpha}_g{gamma}.npz"), allow_pickle=False) as arrays:
            return error_of(np.asarray(arrays["x"]), W, payload.decode())
    return _of(Packing.of(as_source(W), payload), quantity)


def _of(packing: Packing, quantity: str) -> float:
    if quantity == "tiles of 32 x 32":
        return Setting(32, 32, 1, 1).tiles(packing.outputs, packing.groups)
    names = {
        "groups": "groups",
        "weights kept": "nnz_packed",
        "utilization": "utilization_after",
        "error of W": "error_frobenius",
    }
    return float(getattr(packing, names[quantity]))


def error_of(x: npt.NDArray[Any], W: npt.NDArray[Any], held: npt.NDArray[Any]) -> float:
    """|xW - xW'| / |xW| of one vector.

    >>> error_of(np.array([1, 1]), np.array([[3], [1]]), np.array([[3], [0]]))
    0.25
    """
    exact = x.astype(np.float64) @ W.astype(np.float64)
    return float(np.linalg.norm(exact - x.astype(np.float64) @ held.astype(np.float64)) / np.linalg.norm(exact))


# In the order of the columns of CASES, with units.
QUANTITIES = {
    "groups": "groups",
    "weights kept": "weights",
    "utilization": "%",
    "error of W": "",
    "error of xW": "",
    "tiles of 32 x 32": "tiles",
    "dense order: groups": "groups",
    "dense order: weights kept": "weights",
}
CASES: tuple[tuple[str, int, float, str], ...] = (
    ("128x128_sp90_uniform_s3", 2, 0.5, "64 1625 19.8364 0.03590 0.04194 8 64 1552"),
    ("128x128_sp90_uniform_s3", 8, 0.0, "42 1638 30.4688 0.00000 0.00000 8 38 1638"),
    ("128x128_sp90_uniform_s3", 8, 0.5, "16 1328 64.8438 0.28003 0.25172 4 16 1124"),
    ("8x8_sp50_uniform_s7", 8, 0.0, "8 32 50.0000 0.00000 0.00000 1 8 32"),
    ("8x8_sp50_uniform_s7", 8, 0.5, "4 24 75.0000 0.34960 0.60512 1 4 23"),
    ("8x8_sp50_uniform_s7", 8, 1.75, "2 15 93.7500 0.34018 0.57041 1 2 13"),
)


def _figures(name: str, alpha: int, gamma: float, published: str) -> list[Figure]:
    shape = name.split("_")[0].replace("x", " x ")
    return [
        Figure(
            f"{shape}, alpha {alpha}, gamma {gamma:g}: {quantity}",
            SOURCE,
            text,
            partial(vector, name, alpha, gamma, quantity),
            unit,
        )
        for (quantity, unit), text in zip(QUANTITIES.items(), published.split(), strict=True)
    ]


VECTORS = Group(
    "Column combining: groups, utilization and error",
    "Matrices of 128 x 128 at 90 % and of 8 x 8 at 50 % zeros, packed without training. Utilization never stands "
    "without the error that it costs.",
    tuple(figure for case in CASES for figure in _figures(*case)),
)
