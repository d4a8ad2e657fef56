"""Matrices: the registry, where each comes from, how it is read, and the cache that encoders stream.

``load("orsreg_1", cache_dir=...)`` gives a `Matrix`: from the local mirror, the canonical address, or a
twin, checked against its published hash. Uses nothing of `formats` but the source protocol.
"""

if __name__ != "dotbench.datasets":  # in a checkout this folder can be seen by its bare name, too
    raise ImportError("this is dotbench.datasets: from dotbench import datasets")

from dotbench.datasets import readers, recipes, seeded
from dotbench.datasets.entry import Dataset
from dotbench.datasets.errors import DataError, UnknownDataset
from dotbench.datasets.loading import describe, fetch, layer, load, pixels, resolve, source_now
from dotbench.datasets.matrix import Matrix
from dotbench.datasets.mirror import how_to_get
from dotbench.datasets.models import packages, zoo
from dotbench.datasets.own_files import transpose
from dotbench.datasets.registry import LAST, TWIN, entries, names
from dotbench.datasets.registry import SMALL as SMALL_MATRICES

SMALL = (*SMALL_MATRICES, *zoo.SMALL)
# of the zoo the layers that are timed, of the seeded ones those of 16-bit floats; the large ones come last
FULL = (
    *(name for name in entries() if name not in LAST),
    *dict.fromkeys((*zoo.SMALL, *zoo.TIMED)),
    *seeded.FULL,
    *LAST,
)

__all__ = [
    "FULL",
    "SMALL",
    "TWIN",
    "DataError",
    "Dataset",
    "Matrix",
    "UnknownDataset",
    "describe",
    "entries",
    "fetch",
    "how_to_get",
    "layer",
    "load",
    "names",
    "packages",
    "pixels",
    "readers",
    "recipes",
    "resolve",
    "seeded",
    "source_now",
    "transpose",
    "zoo",
]
