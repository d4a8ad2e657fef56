"""What REDS published (nested sub-networks on microcontrollers), and what of it can be computed here.

Accuracies need the trained networks, energies and times the boards: they are printed as published. The fit of
the times (Arduino Nano 33 BLE, Cortex-M4F) and what its budgets are in true multiplications are computed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from formats.widths import Level, Network, read_case, solve

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
