"""What REDS published (nested sub-networks on microcontrollers), and what of it can be computed here.

Accuracies need the trained networks, energies and times the boards: they are printed as published. The fit of
the times (Arduino Nano 33 BLE, Cortex-M4F) and what its budgets are in true multiplications are computed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.figure import Absent, Figure, Group
from dotbench.datasets.training.widths import Chain, DsCnn, Level, Network, read_case, solve

SOURCE = "Corti, Maag, Schauer, Pferschy and Saukh, IEEE Transactions on Mobile Computing 25 (arXiv:2311.13349)"
SHARES = (100, 75, 50, 25)  # percent of the multiplications, for what follows
ACCURACY = {  # percent, on Speech Commands; the last on Fashion-MNIST
    "DNN S": (83.52, 82.29, 78.36, 64.42),
    "DNN L": (86.46, 86.38, 85.62, 82.61),
    "CNN S": (91.60, 90.63, 88.39, 79.52),
    "CNN L": (92.83, 92.74, 91.95, 90.24),
    "DS-CNN S, Fashion-MNIST": (91.60, 91.51, 90.75, 89.22),
}
ENERGY_MJ = {"DNN S": (0.18, 0.15, 0.07, 0.05), "CNN S": (90.6, 86.0, 50.3, 44.8)}  # an inference
ADAPT_US = 40.0  # a change of level takes less, two layers
MEGAHERTZ = 64
LAYERS = {"mlp2_mnist": 2, "mlp3_mnist": 3, "mlp11_mnist": 11}  # the networks that the fit is over
CLASSES = 12  # of Speech Commands: the width of DNN S's classifier


@dataclass(frozen=True)
class TimeFit:
    """Microseconds of an inference: ``fixed`` + ``layer`` a layer + ``multiplication`` a multiplication.

    ``worst``: the largest relative error over the measured times.
    """

    fixed: float
    layer: float
    multiplication: float
    worst: float

    @property
    def cycles(self) -> float:
        """Processor cycles of a multiplication."""
        return self.multiplication * MEGAHERTZ


def fit_times(timings: dict[str, Any]) -> TimeFit:
    """Least squares over the measured times of the MNIST networks, cut to several widths each.

    ``timings``: the networks of arduino_nano33_timings.json, with ``macs`` and ``us`` (lists). ValueError if one
    of `LAYERS` is not among them.
    """
    if missing := sorted(LAYERS.keys() - timings.keys()):
        raise ValueError(f"no times of {', '.join(missing)}: the fit is over {', '.join(LAYERS)}")
    terms = [(1, layers, macs) for name, layers in LAYERS.items() for macs in timings[name]["macs"]]
    measured = np.array([us for name in LAYERS for us in timings[name]["us"]])
    found = np.linalg.lstsq(np.array(terms, np.float64), measured, rcond=None)[0]
    fixed, layer, multiplication = found.tolist()
    worst = float(np.abs(np.array(terms) @ found / measured - 1).max())
    return TimeFit(fixed, layer, multiplication, worst)


def read_timings(path: Path) -> dict[str, Any]:
    """The measured times of the mirror's file."""
    timings: dict[str, Any] = json.loads(path.read_text())
    return timings


@cache
def levels_of(case: Path, outputs: int = 0) -> tuple[Network, list[Level]]:
    """The network of a case file, with a classifier of that width, and the best widths for its budgets."""
    network, budgets = read_case(case, outputs)
    return network, solve(network, budgets)


def true_shares(network: Network, levels: list[Level]) -> list[float]:
    """Of each level, the share of the network's true multiplications, in percent.

    A budget is linear in widths (units at full fan-in), and leaves the classifier out; a product is neither, so
    "25, 50, 75 %" are less.
    """
    whole = network.true_multiplications(network.units)
    return [100 * network.true_multiplications(level.widths) / whole for level in levels]


# ---- the same as figures

NETWORKS = f"{SOURCE}: networks and budgets, from this project's specification, networks.md section 4"
CASES = f"{SOURCE}: budgets, in the mirror's reds_dnn_s_case.json and reds_ds_cnn_s_case.json"
TIMINGS = "reds/arduino_nano33_timings.json in the mirror: measured times (Arduino Nano 33 BLE) and their fits"
MULTIPLICATIONS = "multiplications"
FIT = "this project's specification, networks.md section 4: fit over the three MNIST networks of the mirror's file"
DNN_S: Network = Chain([[1] * 144] * 3, [250, 144, 144], outputs=CLASSES)  # importances do not matter to totals
DS_CNN_S: Network = DsCnn([1] * 64, [[1] * 64] * 4, [[[1] * 64] * 64] * 4, (5000, 1125, 125))
CASE_FILES = {"DNN S": "reds/reds_dnn_s_case.json", "DS-CNN S": "reds/reds_ds_cnn_s_case.json"}


def budgeted(network: Network, _: Data) -> int:
    """Multiplications of a whole network as budgets count them."""
    return network.multiplications(network.units)


def true_total(network: Network, _: Data) -> int:
    """Multiplications of a whole network, its classifier included."""
    return network.true_multiplications(network.units)


def budget(name: str, level: int, data: Data) -> int:
    """Multiplications of a level: its share of the network that the case file describes."""
    network, _ = read_case(data.path(CASE_FILES[name]))
    return network.budgets()[level]


def best(name: str, level: int, data: Data) -> str:
    """Importance kept, and widths, of the exact solver."""
    found = levels_of(data.path(CASE_FILES[name]))[1][level]
    return f"{found.importance}: {' '.join(map(str, found.widths))}"


def true_share(level: int, data: Data) -> float:
    """Of DNN S, what a level takes of the true multiplications, in percent."""
    network, levels = levels_of(data.path(CASE_FILES["DNN S"]), outputs=CLASSES)
    return true_shares(network, levels)[level]


def fitted(term: str, data: Data) -> float:
    """A field of `TimeFit`; ``worst`` in percent."""
    fit = fit_times(read_timings(data.path("reds/arduino_nano33_timings.json")))
    return 100 * fit.worst if term == "worst" else float(getattr(fit, term))


def line_of(network: str, cycles: bool, data: Data) -> float:
    """Least squares over one network: processor cycles of a multiplication, or microseconds besides."""
    times = read_timings(data.path("reds/arduino_nano33_timings.json"))[network]
    slope, fixed = np.polyfit(times["macs"], times["us"], 1).tolist()
    return float(slope * MEGAHERTZ if cycles else fixed)


def _budget(name: str, level: int, published: str) -> Figure:
    what = f"{name}: budget of {SHARES[-1 - level]} %"
    compute, beside = partial(budget, name, level), partial(best, name, level)
    return Figure(what, CASES, published, compute, MULTIPLICATIONS, beside=beside)


def _share(level: int, published: str) -> Figure:
    what = f"DNN S: {SHARES[-1 - level]} %"
    return Figure(what, NETWORKS, published, partial(true_share, level), "%")


WIDTHS = Group(
    "Nested sub-networks: budgets and widths",
    "Multiplications. Beside a budget, what the exact solver finds for it: the importance kept, and the width of each "
    "layer. The importances of the case files come from random inputs, so they say nothing about accuracy.",
    (
        Figure("DNN S: as budgets count", NETWORKS, "77472", partial(budgeted, DNN_S), MULTIPLICATIONS),
        Figure("DNN S: with classifier", NETWORKS, "79200", partial(true_total, DNN_S), MULTIPLICATIONS),
        _budget("DNN S", 0, "19368"),
        _budget("DNN S", 1, "38736"),
        _budget("DNN S", 2, "58104"),
        Figure("DS-CNN S: as budgets count", NETWORKS, "2656000", partial(budgeted, DS_CNN_S), MULTIPLICATIONS),
        _budget("DS-CNN S", 0, "664000"),
        _budget("DS-CNN S", 1, "1328000"),
        _budget("DS-CNN S", 2, "1992000"),
    ),
    beside="best importance: widths",
)
TRUE_SHARES = Group(
    "Nested sub-networks: what budgets are",
    "A budget is linear in widths and leaves the classifier out, so that its level takes less of the true "
    "multiplications than its name says.",
    (_share(0, "7.9"), _share(1, "33.8"), _share(2, "67.3")),
)

LINES = {  # of each network: cycles a multiplication, microseconds besides
    "mlp2_mnist": ("10.941", "112.06"),
    "mlp3_mnist": ("10.777", "150.26"),
    "mlp11_mnist": ("10.873", "345.25"),
    "mlp2_cancer": ("11.472", "67.95"),
    "mlp3_cancer": ("10.900", "107.92"),
    "mlp11_cancer": ("11.798", "231.03"),
    "mlp2_wine": ("12.764", "74.12"),
    "mlp3_wine": ("11.060", "113.00"),
    "mlp11_wine": ("12.025", "244.31"),
}


def _lines(network: str, cycles: str, fixed: str) -> tuple[Figure, Figure]:
    return (
        Figure(f"{network}: a multiplication", TIMINGS, cycles, partial(line_of, network, True), "cycles"),
        Figure(f"{network}: besides", TIMINGS, fixed, partial(line_of, network, False), "us"),
    )


TIMES = Group(
    "Nested sub-networks: fits of measured times",
    "The times were measured by others on a Cortex-M4F at 64 MHz; computed here are the fits. All three MNIST networks "
    "together: fixed + a layer + a multiplication.",
    (
        Figure("three MNIST networks: fixed", FIT, "66.4", partial(fitted, "fixed"), "us"),
        Figure("three MNIST networks: a layer", FIT, "25.4", partial(fitted, "layer"), "us"),
        Figure("three MNIST networks: a multiplication", FIT, "0.170", partial(fitted, "multiplication"), "us"),
        Figure("three MNIST networks: the same in cycles", FIT, "10.9", partial(fitted, "cycles"), "cycles"),
        Figure("three MNIST networks: largest error", FIT, "4.4", partial(fitted, "worst"), "%"),
        *(figure for network, texts in LINES.items() for figure in _lines(network, *texts)),
    ),
)


def _absent(what: str, figures: tuple[float, ...], decimals: int, unit: str, needs: str) -> Absent:
    published = " ".join(f"{figure:.{decimals}f}" for figure in figures)
    return Absent(f"{what} by level", SOURCE, published, unit, needs)


GROUPS = (WIDTHS, TRUE_SHARES, TIMES)
ABSENT = (
    *(_absent(f"{name}: accuracy", figures, 2, "%", "training") for name, figures in ACCURACY.items()),
    _absent("DNN S: energy", ENERGY_MJ["DNN S"], 2, "mJ", "the board"),
    _absent("CNN S: energy", ENERGY_MJ["CNN S"], 1, "mJ", "the board"),
)
