"""numpy's and scipy's .npz: arrays by name, a sparse matrix, or a codebook with indices."""

from __future__ import annotations

import numpy as np

from dotbench.datasets.arrays import is_one, names, read_npz
from dotbench.datasets.reader import Reader

READER = Reader(
    "npz",
    "numpy.savez, scipy.sparse.save_npz: arrays by name, a sparse matrix, or codebook and index",
    (".npz",),
    lambda path, wanted: read_npz(path, wanted.member),
    members=names,
    is_whole=is_one,
    write=lambda path, W: np.savez(path, w=W),
)
