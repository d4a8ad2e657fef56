"""The zoo: layers of published int8 networks as data sets, ``tflite/MODEL#LAYER``.

``models.tsv`` lists the files and where they come from, ``layers.tsv`` what is in them (`zoo_fit` writes it).
Models under the GPL are fetched, or found in the mirror; nothing of them but shapes and hashes is kept here.
"""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dotbench.datasets.entry import Dataset, Remote

PREFIX = "tflite/"
FOLDER = Path(__file__).parent

# the layers of a full run that are timed: the largest pointwise or 1x1 layer of each, and the largest dense one
TIMED = (
    "tflite/sparse_s_90#05_conv1x1",
    "tflite/sparse_l_70#05_conv1x1",
    "tflite/sparse_l_80#05_conv1x1",
    "tflite/sparse_l_90#05_conv1x1",
    "tflite/sparse_l_95#05_conv1x1",
    "tflite/mobilenetv2_cifar10_sparse80#67_conv1x1",
    "tflite/mobilenetv2_cifar10_sparse90#67_conv1x1",
    "tflite/mobilenetv2_cifar10_sparse93#67_conv1x1",
    "tflite/vww_96_int8#26_conv1x1",
    "tflite/ad01_int8#00_dense",
)


# of a small run: one layer of full density, one with a tenth of nonzeros; both may be shared, and have twins
SMALL = ("tflite/ad01_int8#02_dense", "tflite/vww_96_int8#16_conv1x1")


def lines(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


@cache
def models() -> dict[str, dict[str, str]]:
    """Lines of ``models.tsv`` by name (``sparse_l_90``)."""
    return {line["model"]: line for line in lines("models.tsv")}


@cache
def pixels() -> dict[str, int]:
    """Vectors that one inference multiplies by a layer's matrix, by the layer's name."""
    return {f"{PREFIX}{line['model']}#{line['layer']}": int(line["pixels"]) for line in lines("layers.tsv")}


@cache
def entries() -> dict[str, Dataset]:
    """All layers by name, model by model."""
    return {entry.name: entry for entry in map(_entry, lines("layers.tsv"))}


def _entry(line: dict[str, str]) -> Dataset:
    model, layer = models()[line["model"]], line["layer"]
    return Dataset(
        f"{PREFIX}{line['model']}#{layer}",
        (int(line["inputs"]), int(line["outputs"])),
        f"{layer.partition('_')[2]} layer of {model['what']}, int8",
        model["licence"],
        line["matrix_sha256"],
        model["mirror"],
        model["sha256"],
        (Remote(model["address"], model["sha256"], Path(model["mirror"]).name),),
        layer,
    )


def matching(pattern: str) -> list[str]:
    """Names of layers: one of them, a glob that begins with ``tflite/``, or a model for all that it has.

    >>> matching("tflite/sparse_l_90#05_conv1x1"), len(matching("tflite/sparse_l_90")), matching("*")
    (['tflite/sparse_l_90#05_conv1x1'], 12, [])
    """
    if not pattern.startswith(PREFIX):
        return []
    if pattern.removeprefix(PREFIX) in models():
        pattern += "#*"
    return fnmatch.filter(entries(), pattern)
