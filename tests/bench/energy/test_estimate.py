"""What windows tell: figures by hand, what is below the noise, and what is said of dropped windows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dotbench.bench.energy import estimate
from dotbench.bench.energy.counters import NotMeasurable
from dotbench.bench.energy.windows import Effort, Sampling, Window

sys.path.insert(0, str(Path(__file__).parent))
from measuring import measured
from virtual_rapl import Machine, VirtualRapl


def test_idle_above_the_kernel_is_below_noise(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(idle_watts=60.0, noise=0.05))
    figures = estimate.figures(measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 5)), "kernel", 5)
    assert figures.net is None and figures.remark.startswith("net below noise: -")
    assert figures.joules == pytest.approx(50e-4, rel=4e-3)


def test_net_under_three_times_the_spread_of_idle() -> None:
    """Idle windows of 1 s with 20, 21, 22 J: spread 1 J. A window of 24.1 J stands 3.1 J above, one of 23.9 J 2.9."""
    idle = [Window(1.0, {"package": joules}) for joules in (20.0, 21.0, 22.0)]

    def of(joules: float) -> estimate.Figures:
        kernels = {"kernel": [Window(1.0, {"package": joules}, 10, 1.0)] * 3}
        return estimate.figures(Sampling(1.0, kernels, idle), "kernel", 3)

    assert of(24.1).net == pytest.approx(0.31) and of(24.1).remark == ""
    assert of(23.9).net is None
    assert of(23.9).remark == "net below noise: 2.9 J a window, idle windows spread by 1 J"
    assert of(23.9).joules == pytest.approx(2.39) and of(23.9).low == of(23.9).high


def test_no_usable_idle_window() -> None:
    kernels = {"kernel": [Window(1.0, {"package": 30.0}, 10, 1.0)] * 3}
    figures = estimate.figures(Sampling(1.0, kernels, [Window(2.0, {"package": 20.0})] * 5), "kernel", 3)
    assert figures.net is None and figures.remark == "net unknown: no idle window was usable"


def test_time_without_products_is_left_out() -> None:
    """30 J in 1 s, of which 0.9 s in 9 products: 3 J a product, and 1 J above idle's 20 W."""
    window, idle = Window(1.0, {"package": 30.0}, 9, 0.9), Window(1.0, {"package": 20.0})
    assert estimate.gross(window) == pytest.approx(3.0)
    figures = estimate.figures(Sampling(1.0, {"kernel": [window]}, [idle, idle]), "kernel", 1)
    assert figures.net == pytest.approx(1.0)


def test_windows_dropped_by_their_length_say_so() -> None:
    kernels = {"kernel": [Window(1.0, {"package": 30.0}, 10, 1.0)] * 3 + [Window(1.3, {"package": 40.0}, 10, 1.3)]}
    with pytest.raises(NotMeasurable) as error:
        estimate.figures(Sampling(1.0, kernels, []), "kernel", 4)
    assert error.value.reason == (
        "3 of 4 windows usable (1 of 4 windows dropped: 1 by their length, so something else ran)"
    )


def test_the_interval_is_a_bootstrap_of_the_median() -> None:
    values = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 9.0]
    low, high = estimate.interval(values)
    assert 1.0 <= low <= 1.15 and 1.7 <= high <= 9.0 and low < 1.45 < high
    assert estimate.interval(values) == (low, high)
    assert estimate.interval([2.0, 2.0]) == (2.0, 2.0)
