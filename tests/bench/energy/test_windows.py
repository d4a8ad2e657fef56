"""Windows on the virtual RAPL: figures against what the machine is known to spend, and what is dropped."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from dotbench.bench.energy import estimate, windows
from dotbench.bench.energy.counters import CounterLost, NotMeasurable
from dotbench.bench.energy.windows import Effort, Sampling, Window

sys.path.insert(0, str(Path(__file__).parent))
from measuring import LAYOUTS, QUANTUM, measured, meter_of
from virtual_rapl import Fault, Machine, VirtualRapl

# ---- figures


@pytest.mark.parametrize("packages", LAYOUTS)
def test_packages_and_dies_are_added_and_nothing_else(tmp_path: Path, packages: tuple[str, ...]) -> None:
    machine = Machine(packages, dram=True, psys=True, core=True, mmio=True, jitter=0.2)
    sampling = measured(VirtualRapl(tmp_path, machine), 1e-4, 70.0, Effort(1.0, 500, 3))
    figures = estimate.figures(sampling, "kernel", 3)
    package = 70.0 * len(packages) * 1e-4
    assert figures.joules == pytest.approx(package, rel=2e-3)
    assert figures.low <= figures.joules <= figures.high
    assert figures.dram == pytest.approx(0.2 * package, rel=2e-3)
    assert figures.psys == pytest.approx(1.7 * 70e-4, rel=2e-3)
    assert figures.net == pytest.approx(50.0 * len(packages) * 1e-4, rel=4e-3)
    assert figures.remark == "" and figures.windows == 3


def test_no_dram_no_psys(tmp_path: Path) -> None:
    sampling = measured(VirtualRapl(tmp_path, Machine()), 1e-4, 70.0, Effort(0.2, 100, 2))
    figures = estimate.figures(sampling, "kernel", 2)
    assert figures.dram is None and figures.psys is None


# ---- windows that must be dropped


def test_a_reset_says_so(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    virtual.disturb = Fault(virtual, "reset", 0, windows.PARTS)
    sampling = measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 3))
    problems = [window.problem for window in sampling.kernels["kernel"]]
    assert "package-0 jumped by" in problems[1] and problems[0] == ""


def test_an_unknown_range_drops_the_windows_with_a_wrap(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(bits=22, range_known=False), random.Random(4))
    span = 2**22 * QUANTUM  # 256 J
    sampling = measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 12))
    for window in sampling.accepted("kernel"):
        assert estimate.gross(window) == pytest.approx(50e-4, rel=2e-3)
    dropped = [window for window in sampling.kernels["kernel"] if window.problem]
    assert len(dropped) == virtual.joules() // span - _idle_wraps(sampling)
    assert {window.problem for window in dropped} == {"package-0 went back and where it wraps is not known"}
    assert len(sampling.accepted("kernel")) == 12


def _idle_wraps(sampling: Sampling) -> int:
    return sum(bool(window.problem) for window in sampling.idle)


def test_a_known_small_range_drops_nothing(tmp_path: Path) -> None:
    """Registers that wrap several times a window: 16 J at 100 W."""
    virtual = VirtualRapl(tmp_path, Machine(bits=18))
    sampling = measured(virtual, 1e-4, 100.0, Effort(1.0, 500, 5))
    assert len(sampling.kernels["kernel"]) == len(sampling.accepted("kernel")) == 5
    assert estimate.figures(sampling, "kernel", 5).joules == pytest.approx(1e-2, rel=2e-3)


def test_short_windows_are_dropped_and_their_count_raised(tmp_path: Path) -> None:
    """A kernel that becomes twice as fast after the first guess."""
    virtual = VirtualRapl(tmp_path, Machine())
    calls = 0

    def faster(seconds: float) -> tuple[float, float]:
        nonlocal calls
        calls += 1
        return (seconds, 0.0) if calls < 8 else (seconds / 2, 0.0)

    virtual.disturb = faster
    sampling = measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 3))
    first, *others = sampling.kernels["kernel"]
    assert first.seconds < sampling.length and first not in sampling.accepted("kernel")
    assert all(window.seconds >= sampling.length for window in others)
    assert others[0].products > 1.9 * first.products and len(sampling.accepted("kernel")) == 3


def test_idle_windows_that_overslept_do_not_count() -> None:
    idle = [
        Window(1.0, {"package": 20.0}),
        Window(1.2, {"package": 90.0}),
        Window(1.0, {"package": 21.0}, problem="jumped"),
    ]
    assert Sampling(1.0, {}, idle).accepted_idle() == idle[:1]


# ---- the shape of a measurement


def test_windows_start_and_end_on_ticks_and_have_their_length(tmp_path: Path) -> None:
    machine = Machine(period=0.001)
    virtual = VirtualRapl(tmp_path, machine, poll=10e-6)
    sampling = measured(virtual, 1e-5, 50.0, Effort(0.2, 100, 4))
    assert sampling.length == 0.2
    for window in sampling.kernels["kernel"] + sampling.idle:
        periods = window.seconds / machine.period
        assert abs(periods - round(periods)) < 0.05
        assert 0.2 <= window.seconds < 0.2 * 1.03


def test_slow_counters_make_long_windows(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(period=0.004))
    sampling = measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 2))
    assert sampling.length == pytest.approx(2.0, rel=0.02)
    assert all(window.seconds >= 1.96 for window in sampling.accepted("kernel"))


def test_counters_that_are_too_slow(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(period=0.1))
    with pytest.raises(NotMeasurable, match=r"the counters move every 0.100 s, too rarely for windows of 1.0 s"):
        measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 2))


def test_idle_and_kernel_windows_alternate_in_shuffled_order(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(), poll=200e-6)
    runs = {name: virtual.kernel(1e-4, 40.0 + i) for i, name in enumerate("abcd")}
    order: list[str] = []
    effort = Effort(0.2, 100, 6)
    sampling = windows.measure(meter_of(virtual), virtual, runs, effort, random.Random(5), order.append)
    rounds = [order[at : at + 4] for at in range(0, 24, 4)]
    assert all(sorted(one) == list("abcd") for one in rounds) and len({tuple(one) for one in rounds}) > 1
    assert len(sampling.idle) == 24 and {len(one) for one in sampling.kernels.values()} == {6}
    found = {name: estimate.figures(sampling, name, 6).joules for name in runs}
    assert found == pytest.approx({name: (40.0 + i) * 1e-4 for i, name in enumerate("abcd")}, rel=1e-2)


def test_products_longer_than_a_window(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    sampling = measured(virtual, 3.0, 50.0, Effort(1.0, 500, 2))
    assert {window.products for window in sampling.kernels["kernel"]} == {1}
    assert estimate.figures(sampling, "kernel", 2).joules == pytest.approx(150.0, rel=2e-3)


# ---- troubles


def test_too_few_windows(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(bits=16, range_known=False), random.Random(2))
    sampling = measured(virtual, 1e-4, 50.0, Effort(1.0, 500, 4))
    with pytest.raises(NotMeasurable) as error:
        estimate.figures(sampling, "kernel", 4)
    assert error.value.reason == (
        "0 of 4 windows usable (8 of 8 windows dropped: package-0 went back and where it wraps is not known)"
    )


def test_a_counter_that_vanishes_while_measuring(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(("package-0", "package-1")))
    meter = meter_of(virtual)
    calls = 0

    def gone(label: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            virtual.vanish()

    runs = {"kernel": virtual.kernel(1e-4, 50.0)}
    with pytest.raises(CounterLost, match="energy_uj can no longer be read: No such file or directory"):
        windows.measure(meter, virtual, runs, Effort(0.2, 100, 5), random.Random(1), gone)
    assert calls == 3


def test_a_counter_that_stands_still(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(("package-0", "package-1")), poll=1e-3)
    meter = meter_of(virtual)
    virtual.stop()
    with pytest.raises(CounterLost, match="the counter of package-0 stands still for 1 s"):
        meter.start()
    with pytest.raises(NotMeasurable, match="the counter of package-0 stands still for 1 s"):
        meter_of(virtual)
