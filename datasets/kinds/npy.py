"""numpy's .npy: one array."""

from __future__ import annotations

import numpy as np

from dotbench.datasets.arrays import read_npy
from dotbench.datasets.reader import Reader

READER = Reader("npy", "numpy.save: one array", (".npy",), lambda path, _: read_npy(path), write=np.save)
