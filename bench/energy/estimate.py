"""What windows tell: joules of a product with an interval, and what is left when idle is subtracted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.bench.energy.counters import DRAM, PACKAGE, PSYS, NotMeasurable
from dotbench.bench.energy.windows import Sampling, Window

CONFIDENCE = 0.99
RESAMPLES = 9999
NOISE = 3.0  # times the idle's spread: net energy below it is no number


@dataclass(frozen=True)
class Figures:
    """Joules a product: median over ``windows`` and its bootstrap interval; net, or None below the noise.

    ``dram`` and ``psys`` are gross, and None where there is no such counter. ``remark`` says what is missing.
    """

    windows: int
    joules: float
    low: float
    high: float
    net: float | None
    dram: float | None
    psys: float | None
    remark: str


def gross(window: Window, kind: str = PACKAGE) -> float:
    """Joules a product: the window's power while its products ran."""
    return window.joules[kind] * window.busy / window.seconds / window.products


def interval(values: Sequence[float]) -> tuple[float, float]:
    """99 % bootstrap interval of the median (percentiles), the same for the same values.

    >>> low, high = interval([1.0, 1.1, 0.9, 1.0, 1.2])
    >>> low < 1.0 < high
    True
    """
    import numpy as np
    from scipy.stats import bootstrap  # slow to import, and only measuring needs it

    if len(set(values)) == 1:
        return values[0], values[0]
    made = bootstrap(
        (np.asarray(values),),
        np.median,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(made.confidence_interval.low), float(made.confidence_interval.high)


def figures(sampling: Sampling, label: str, wanted: int) -> Figures:
    """The figures of a kernel; NotMeasurable where fewer windows than wanted are left."""
    windows = sampling.accepted(label)
    if len(windows) < wanted:
        raise NotMeasurable(f"{len(windows)} of {wanted} windows usable ({sampling.dropped(label)})")
    values = [gross(one) for one in windows]
    net, remark = _net(sampling, windows)
    low, high = interval(values)
    rounded = sampling.resolution / statistics.median(one.products for one in windows)
    return Figures(
        len(windows),
        statistics.median(values),
        low - rounded,
        high + rounded,
        net,
        _other(windows, DRAM),
        _other(windows, PSYS),
        "; ".join(filter(None, (sampling.remark, remark))),
    )


def _other(windows: Sequence[Window], kind: str) -> float | None:
    if kind not in windows[0].joules:
        return None
    return statistics.median(gross(one, kind) for one in windows)


def _net(sampling: Sampling, windows: Sequence[Window]) -> tuple[float | None, str]:
    """Median of gross less the idle power over the products' time, if it stands out of the idle's spread."""
    idle = [one.joules[PACKAGE] / one.seconds for one in sampling.accepted_idle()]
    if len(idle) < 2:
        return None, "net unknown: no idle window was usable"
    watts, spread = statistics.median(idle), statistics.stdev(idle) * sampling.length
    net = statistics.median(gross(one) - watts * one.busy / one.products for one in windows)
    stands_out = statistics.median(one.products for one in windows) * net
    if stands_out < NOISE * spread + 2 * sampling.resolution:  # both windows are rounded
        return None, f"net below noise: {stands_out:.3g} J a window, idle windows spread by {spread:.3g} J"
    return net, ""
