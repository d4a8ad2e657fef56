"""Twins of the zoo's layers that `small` measures: seeded int8 matrices where the real ones cannot be had.

Of the real layer a twin has its shape, its share of nonzeros and how far its values spread. Randomness is uniform
doubles alone, so that a twin is the same matrix on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models import zoo

SEED = 20_230_502
VERSION = 1  # of these twins; a change makes other matrices
# share of nonzeros, and their standard deviation in steps of int8
FITTED = {
    "tflite/ad01_int8#02_dense": (0.709, 5.0),
    "tflite/vww_96_int8#16_conv1x1": (0.099, 51.0),
}


def make(name: str) -> npt.NDArray[np.int8]:
    """The twin of a layer, n by m; KeyError where the layer has none.

    >>> make("tflite/vww_96_int8#16_conv1x1").shape
    (128, 128)
    """
    share, spread = FITTED[name]
    rng = np.random.Generator(np.random.PCG64(SEED))
    shape = zoo.entries()[name].shape
    kept, steps = rng.random(shape) < share, (rng.random((4, *shape)).sum(0) - 2) * 3**0.5 * spread
    values = np.clip(np.rint(steps), -127, 127)
    values[values == 0] = 1  # it was drawn to be a nonzero
    return np.where(kept, values, 0).astype(np.int8)
