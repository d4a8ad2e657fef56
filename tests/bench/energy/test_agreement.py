"""Counters that show one register, steps that are too coarse, and figures that are rounded: on virtual machines."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dotbench.bench.energy import agreement, estimate, windows
from dotbench.bench.energy.agreement import Pair
from dotbench.bench.energy.counters import Domain, NotMeasurable
from dotbench.bench.energy.meters import Meter, Reading
from dotbench.bench.energy.windows import Effort

sys.path.insert(0, str(Path(__file__).parent))
from measuring import LAYOUTS, QUANTUM, measured, meter_of
from virtual_rapl import Machine, VirtualRapl

DIES = ("package-0-die-0", "package-0-die-1")
EIGHT = tuple(f"package-0-die-{number}" for number in range(8))
TWO_SOCKETS = LAYOUTS[3]


@pytest.mark.parametrize(("packages", "registers"), [(DIES, 1), (EIGHT, 1), (TWO_SOCKETS, 2)])
def test_dies_that_show_one_register_count_once(tmp_path: Path, packages: tuple[str, ...], registers: int) -> None:
    """A true 70 W a socket reads 140 with two dies and 560 with eight where all of them are added."""
    machine = Machine(packages, dram=True, mirrored=True, jitter=0.2)
    figures = estimate.figures(measured(VirtualRapl(tmp_path, machine), 1e-4, 70.0, Effort(1.0, 500, 3)), "kernel", 3)
    assert figures.joules == pytest.approx(70e-4 * registers, rel=2e-3)
    assert figures.dram == pytest.approx(14e-4 * registers, rel=2e-3)
    assert figures.net == pytest.approx(50e-4 * registers, rel=4e-3)
    assert "package-0-die-1 shows the register of package-0-die-0: counted once" in figures.remark
    assert figures.remark.count("counted once") == 2 * (len(packages) - registers)  # of dram, too


@pytest.mark.parametrize("near", [0, 1, 2, 1000])
def test_dies_whose_counters_differ_are_two(tmp_path: Path, near: int) -> None:
    """At exactly the same load, and be they one unit apart."""
    virtual = VirtualRapl(tmp_path, Machine(DIES, near=near))
    figures = estimate.figures(measured(virtual, 1e-4, 70.0, Effort(1.0, 500, 3)), "kernel", 3)
    assert figures.joules == pytest.approx(140e-4, rel=2e-3) and figures.remark == ""


def test_a_thousand_random_machines_are_told_apart(tmp_path: Path) -> None:
    """None of those with one register is taken for two, none with two at the same load for one."""
    wrong = {True: 0, False: 0}
    for seed in range(1000):
        rng = random.Random(seed)
        packages = rng.choice((DIES, EIGHT, TWO_SOCKETS))
        machine = Machine(
            packages,
            dram=rng.random() < 0.3,
            mirrored=rng.random() < 0.5,
            unit=rng.choice((QUANTUM, QUANTUM / 4)),
            period=rng.uniform(0.5e-3, 2e-3),
            jitter=rng.choice((0.0, 0.1, 0.3)),
            bits=rng.choice((28, 32)),
            idle_watts=rng.uniform(1.0, 60.0),
            near=rng.choice((0, 0, 1, 5, 300)),
        )
        folder = tmp_path / f"{len(packages)}-{packages[-1]}-{machine.dram}"
        meter = meter_of(VirtualRapl(folder, machine, rng, poll=rng.uniform(30e-6, 60e-6)))
        sockets = len({name[:9] for name in packages})
        repeated = (len(packages) - sockets) * (1 + machine.dram) if machine.mirrored else 0
        wrong[machine.mirrored] += meter.remark.count("counted once") != repeated
    assert wrong == {True: 0, False: 0}


class Late:
    """Readings of one register, of which a process is interrupted between two now and then."""

    def __init__(self, share: float, seed: int) -> None:
        self.rng, self.share, self.value = random.Random(seed), share, 10**9

    def pair(self) -> Pair:
        return Pair((self._one(), self._one()), (self._one(), self._one()))

    def _one(self) -> int:
        if self.rng.random() < self.share:
            self.value += self.rng.randrange(1, 20_000)
        return self.value


def test_a_busy_machine_does_not_split_a_register() -> None:
    domains = [Domain("package", name, 10**12) for name in DIES]
    for seed in range(300):
        register = Late(0.3, seed)
        pairs = [register.pair() for _ in range(agreement.MOST)]
        assert agreement.repeats(domains, pairs) == {1: 0}, seed


def test_what_cannot_be_told_is_not_measured() -> None:
    """A register that moves between all readings: a guess would be wrong by a factor of two."""
    domains = [Domain("package", name, 10**12) for name in DIES]
    pairs = [Pair((one, one + 5), (one + 10, one + 15)) for one in range(0, 4000, 20)]
    with pytest.raises(
        NotMeasurable, match="whether package-0-die-0 and package-0-die-1 are one counter cannot be told"
    ):
        agreement.repeats(domains, pairs)


def test_only_dies_of_one_socket_are_compared() -> None:
    names = ("package-0", "package-1", "package-0-die-0", "package-1-die-0", "package-1-die-1")
    domains = [Domain("package", name, 1000) for name in names]
    assert agreement.candidates(domains) == [(3, 4)]
    assert agreement.candidates([domains[3], replace(domains[4], range_uj=999)]) == []
    assert agreement.candidates([domains[3], replace(domains[4], kind="dram", name="package-1-die-1 dram")]) == []


def test_a_psys_in_whole_joules_is_left_out(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(psys=True, psys_unit=1.0))
    figures = estimate.figures(measured(virtual, 1e-4, 70.0, Effort(0.2, 100, 3)), "kernel", 3)
    assert figures.psys is None and figures.remark == "psys left out: it counts in steps of 1 J"
    assert figures.joules == pytest.approx(70e-4, rel=5e-3)
    fine = VirtualRapl(tmp_path / "fine", Machine(psys=True))
    figures = estimate.figures(measured(fine, 1e-4, 70.0, Effort(0.2, 100, 3)), "kernel", 3)
    assert figures.psys == pytest.approx(1.7 * 70e-4, rel=1e-2) and figures.remark == ""


class Rounding(Meter):
    """perf on a virtual machine: joules with two decimals."""

    kind, source, period, resolution = "perf", "perf", 0.001, 0.005

    def __init__(self, virtual: VirtualRapl) -> None:
        self.virtual = virtual

    def start(self) -> None:
        self.begin, self.work = self.virtual.time, self.virtual.work

    def stop(self) -> Reading:
        return Reading(self.virtual.time - self.begin, {"package": round(self.virtual.work - self.work, 2)})


@pytest.mark.parametrize("watts", [0.3, 2.0, 20.0])
def test_two_decimals_lengthen_windows_and_widen_intervals(tmp_path: Path, watts: float) -> None:
    """An idle window of 0.2 s at 2 W is 0.4 J, rounded by up to 1.25 %."""
    virtual = VirtualRapl(tmp_path, Machine(idle_watts=watts))
    runs = {"kernel": virtual.kernel(1e-4, 2 * watts)}
    sampling = windows.measure(Rounding(virtual), virtual, runs, Effort(0.2, 100, 3), random.Random(1))
    assert sampling.length * watts >= 0.999 * 0.005 / windows.ROUNDED or sampling.length == 0.2
    assert sampling.length == pytest.approx(max(0.2, 0.5 / watts), rel=0.02)
    figures = estimate.figures(sampling, "kernel", 3)
    assert figures.low <= 2e-4 * watts <= figures.high
    products = sampling.accepted("kernel")[0].products
    assert figures.high - figures.low >= 0.999 * 2 * 0.005 / products
    assert figures.net == pytest.approx(1e-4 * watts, rel=0.03)


def test_too_little_power_for_two_decimals(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(idle_watts=0.05))
    with pytest.raises(NotMeasurable, match=r"perf rounds to 0.01 J, too much at 0.05 W"):
        windows.measure(Rounding(virtual), virtual, {}, Effort(0.2, 100, 3), random.Random(1))


def test_net_within_the_rounding_is_noise() -> None:
    idle = [windows.Window(1.0, {"package": 20.0})] * 3
    kernels = {"kernel": [windows.Window(1.0, {"package": 20.009}, 10, 1.0)] * 3}
    rounded = estimate.figures(windows.Sampling(1.0, kernels, idle, 0.005), "kernel", 3)
    exact = estimate.figures(windows.Sampling(1.0, kernels, idle), "kernel", 3)
    assert rounded.net is None and exact.net == pytest.approx(0.0009)
