"""The entropy-coding paper's matrices and trained layers: densities and values, accuracies as published."""

from __future__ import annotations

from functools import partial

from dotbench import datasets
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.entropy_coding import REPOSITORY, entries
from dotbench.bench.published.figure import Absent, Figure, Group

TABLE = f"{REPOSITORY}: README.md, table of matrices"
FILE_NAMES = f"{REPOSITORY}: names of the files in nns/data"
SUBSETS = "this project's specification, datasets.md sections 1 and 3"
LAYERS = "this project's specification, networks.md section 1"


def density(name: str, data: Data) -> float:
    """Share of nonzeros."""
    source = data.matrix(name)
    return source.histogram().nnz / entries(source)


def distinct(name: str, data: Data) -> int:
    """Distinct nonzero values."""
    return len(data.matrix(name).histogram().values)


def as_named(network: str, data: Data) -> int:
    """Layers whose share of zeros is, in whole percent, what their file's name says."""
    found = [name for name in datasets.names() if name.startswith(f"{network}/")]
    return sum(round(100 * (1 - density(name, data))) == int(name.split("/")[1].split("-")[0]) for name in found)


def _density(name: str, published: str, note: str = "", source: str = TABLE) -> Figure:
    return Figure(f"{name}: density", source, published, partial(density, name), "", note, differs=bool(note))


def _distinct(name: str, published: str, note: str = "") -> Figure:
    what = f"{name}: distinct nonzero values"
    return Figure(what, TABLE, published, partial(distinct, name), "values", note, differs=bool(note))


def _left(name: str, published: str) -> Figure:
    return Figure(f"distinct values left in a layer: {name}", LAYERS, published, partial(distinct, name), "values")


def _pruned(network: str, published: str) -> Figure:
    what = f"layers with the share of zeros in their name: {network}"
    return Figure(what, FILE_NAMES, published, partial(as_named, network), "layers")


TYPO = "e-6 is a misprint: the published shape and stream have this density too."
ROUNDED = "of the float64 values, 152 fall together when they are rounded to float32."
ZEROS = "it seems to be the share of zeros: of the first 1000 rows, 0.4291 are nonzero."
MATRICES = Group(
    "Matrices",
    "The five matrices of the paper, subsets of real rows, and values that pruning and clustering leave in layers.",
    (
        _density("orsreg_1", "2.907e-3"),
        _distinct("orsreg_1", "111"),
        _density("SiNa", "6.027e-6", TYPO),
        _distinct("SiNa", "24317", ROUNDED),
        _density("covtype", "2.200e-1"),
        _distinct("covtype", "6682"),
        _density("census", "5.697e-1", ZEROS),
        _distinct("census", "45"),
        _density("imagenet", "3.099e-1"),
        _distinct("imagenet", "824"),
        _density("covtype-38pct", "0.2199", source=SUBSETS),
        _density("census-1000", "0.4291", source=SUBSETS),
        _left("vgg19/90-0-32", "9"),
        _left("vgg19/90-0-256", "26"),
        _left("vgg19/99-0-32", "2"),
        _left("vgg19/99-0-256", "9"),
        _pruned("vgg19", "20"),
        _pruned("deepdta", "10"),
    ),
)

GROUPS = (MATRICES,)
ABSENT = (
    Absent("VGG19 on MNIST: accuracy", FILE_NAMES, "0.9946 to 0.9957", "", "training"),
    Absent("DeepDTA on DAVIS: mean squared error", FILE_NAMES, "0.220 to 0.234", "", "training"),
)
