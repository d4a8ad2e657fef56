"""Matrix Market: .mtx, coordinates or an array as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench.datasets.matrix_market import read_matrix_market
from dotbench.datasets.reader import Reader


def write(path: Path, W: npt.NDArray[np.float32]) -> None:
    """As scipy writes it."""
    import scipy.io  # slow to import, and reading does without it

    with path.open("wb") as file:
        scipy.io.mmwrite(file, W)


READER = Reader("mtx", "Matrix Market", (".mtx",), lambda path, _: read_matrix_market(path), packed=True, write=write)
