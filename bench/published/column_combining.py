"""Column combining (Kung, McDanel and Zhang): its example on an array, and its networks, which need training.

The groups and errors of the published code on matrices that were made for that are in `combining_vectors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from dotbench.bench.counting.systolic_array import Setting
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.combining_vectors import VECTORS, matrix, vector
from dotbench.bench.published.figure import Absent, Figure, Group
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.sources.source import as_source

SOURCE = "Kung, McDanel and Zhang, ASPLOS 2019 (arXiv:1811.04770)"
EXAMPLE = f"{SOURCE}: method; figures from this project's specification, formats.md section 5"
ALPHA, GAMMA = 8, 0.5
MADE = "128x128_sp90_uniform_s3"  # a matrix of the mirror
# Filters (outputs) by inputs, as the paper writes them: the transpose of ours.
HAND = np.array([[-0.3, 0, -0.2, 0], [0, -0.7, 0, -0.8], [0, 0.1, -1.2, 0], [0.9, 0, 0.4, 0.7]], np.float32).T


@dataclass(frozen=True)
class Network:
    """Ratios of the packed network to the one before packing, and accuracies in per cent.

    ``tiles`` and ``energy`` below 1 and ``throughput`` above 1 are better. They need the trained and
    retrained network: one layer packed without retraining, as here, compares in tiles and cycles only.
    """

    name: str
    tiles: float
    throughput: float
    energy: float
    accuracy: float
    accuracy_before: float


NETWORKS = (
    Network("LeNet", tiles=0.387, throughput=2.77, energy=0.158, accuracy=97.61, accuracy_before=98.5),
    Network("VGG", tiles=0.288, throughput=3.56, energy=0.250, accuracy=90.62, accuracy_before=91.67),
    Network("ResNet", tiles=0.266, throughput=3.9, energy=0.271, accuracy=93.10, accuracy_before=93.96),
)


def hand_groups(gamma: float, _: Data) -> str:
    """Groups of the 4 x 4 example with alpha 2."""
    return " ".join(str(group) for group in ColumnCombined(2, gamma).groups(as_source(HAND)).lists())


def hand_pruned(_: Data) -> int:
    """Weights of the example that conflicts cost."""
    return int(np.count_nonzero(HAND)) - ColumnCombined(2, 0.25).groups(as_source(HAND)).nnz


def cycles(inputs: int, columns: int, _: Data) -> int:
    """Of 128 outputs by that many columns on an array of 32 x 32, one cycle a word."""
    return Setting(32, 32, inputs, 1).cycles(128, columns)


def size(value_bytes: int, data: Data) -> float:
    """Bytes by the paper's accounting; values of 4 bytes, or of 1 instead."""
    source, format_ = as_source(matrix(data, MADE)), ColumnCombined(ALPHA, GAMMA)
    cells = source.shape[1] * len(format_.groups(source))
    return format_.paper_bits(source) / 8 - (4 - value_bytes) * cells


def payload_size(data: Data) -> int:
    """Bytes of our payload."""
    return ColumnCombined(ALPHA, GAMMA).encode(matrix(data, MADE)).nbytes


def _hand(gamma: float, published: str) -> Figure:
    return Figure(f"4 x 4, alpha 2, gamma {gamma:g}: groups", EXAMPLE, published, partial(hand_groups, gamma))


def _cycles(inputs: int, columns: int, published: str) -> Figure:
    packed = "" if columns == 128 else f", {columns} groups"
    what = f"128 x 128 on 32 x 32: L = {inputs}{packed}"
    return Figure(what, EXAMPLE, published, partial(cycles, inputs, columns), "cycles")


BY_HAND = Group(
    "Column combining: a case by hand",
    "Groups of inputs, and weights that conflicts cost.",
    (
        _hand(0.25, "[0, 1] [2, 3]"),
        Figure("4 x 4, alpha 2, gamma 0.25: pruned", EXAMPLE, "1", hand_pruned, "weights"),
        _hand(0.0, "[0, 1] [2] [3]"),
    ),
)
CASE = "128 x 128 at 90 %, alpha 8, gamma 0.5"
COSTS = Group(
    "Column combining: sizes and cycles",
    "The size of one packed matrix, and the cycles of an array of 32 x 32 that L inputs stream through.",
    (
        Figure(f"{CASE}: groups", EXAMPLE, "16", partial(vector, MADE, ALPHA, GAMMA, "groups"), "groups"),
        Figure(f"{CASE}: float32", EXAMPLE, "9080", partial(size, 4), "bytes", beside=payload_size),
        Figure(f"{CASE}: int8", EXAMPLE, "2936", partial(size, 1), "bytes"),
        _cycles(1, 128, "1040"),
        _cycles(256, 128, "5120"),
        _cycles(1, 16, "220"),
        _cycles(256, 16, "1240"),
    ),
    beside="our payload",
)


def _absent(network: Network) -> tuple[Absent, ...]:
    needs = "training"
    what, source = f"{network.name}, packed", f"{SOURCE}: networks after retraining, alpha {ALPHA}, gamma {GAMMA}"
    return (
        Absent(f"{what}: tiles", source, f"{network.tiles:.3f}", "x", needs),
        Absent(f"{what}: throughput", source, f"{network.throughput:g}", "x", needs),
        Absent(f"{what}: energy", source, f"{network.energy:.3f}", "x", needs),
        Absent(f"{what}: accuracy", source, f"{network.accuracy:.2f}, before {network.accuracy_before:g}", "%", needs),
    )


GROUPS = (BY_HAND, COSTS, VECTORS)
ABSENT = tuple(one for network in NETWORKS for one in _absent(network))
