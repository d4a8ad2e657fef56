"""A thousand random machines under a virtual clock: the energy is right, and no spoilt window is accepted."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from dotbench.bench.energy import estimate, windows
from dotbench.bench.energy.windows import Effort

sys.path.insert(0, str(Path(__file__).parent))
from measuring import LAYOUTS, QUANTUM, measured
from virtual_rapl import Fault, Machine, VirtualRapl


def random_machine(rng: random.Random, fault: str = "") -> Machine:
    """Any machine of the known kinds; small registers wrap every few windows."""
    return Machine(
        rng.choice(LAYOUTS),
        dram=rng.random() < 0.3,
        psys=rng.random() < 0.2,
        core=rng.random() < 0.3,
        mmio=rng.random() < 0.2,
        unit=rng.choice((QUANTUM, QUANTUM / 4)),
        period=rng.uniform(0.5e-3, 1e-3),
        jitter=rng.choice((0.0, 0.1, 0.3)),
        bits=32 if fault == "reset" else rng.choice((22, 24, 28, 32)),
        range_known=fault != "unknown range",
        idle_watts=rng.uniform(1.0, 60.0),
        noise=rng.choice((0.0, 0.02, 0.2)),
    )


def folder_of(tmp_path: Path, machine: Machine) -> Path:
    """One for all machines with the same zones: making a thousand takes longer than measuring."""
    parts = (machine.dram, machine.psys, machine.core, machine.mmio, machine.range_known)
    return tmp_path / "-".join(map(str, (LAYOUTS.index(machine.packages), *map(int, parts))))


FAULTS = ("", "", "somebody else ran", "reset", "unknown range")


def test_a_thousand_random_machines(tmp_path: Path) -> None:
    """Windows of 1 s: energy within 0.2 %, each window within two periods, its polls and the counter's units.
    None is accepted that should be dropped."""
    worst, wrapped, spoilt, dropped = 0.0, 0, 0, 0
    for seed in range(1000):
        rng, fault = random.Random(seed), FAULTS[seed % len(FAULTS)]
        machine = random_machine(rng, fault)
        virtual = VirtualRapl(folder_of(tmp_path, machine), machine, rng, poll=rng.uniform(30e-6, 60e-6))
        virtual.disturb = Fault(virtual, fault, rng.uniform(0.08, 2.0), windows.PARTS)
        start, span = virtual.joules(), 2**machine.bits * machine.unit
        watts, seconds = machine.idle_watts * rng.uniform(1.0, 4.0), 10 ** rng.uniform(-6, -2.3)
        sampling = measured(virtual, seconds, watts, Effort(1.0, 500, 3))
        true, all_windows = watts * seconds * len(machine.packages), sampling.kernels["kernel"]
        accepted = sampling.accepted("kernel")
        for window in accepted:
            error = abs(estimate.gross(window) / true - 1)
            edges = 2 * machine.period * (1 + machine.jitter) + (windows.PARTS + 2) * virtual.poll
            joules = window.joules["package"]
            units = (3 * len(machine.packages) + joules / span) * machine.unit  # a wrap loses one
            assert error <= edges / window.seconds + units / joules, seed
            worst = max(worst, error)
        if fault in ("somebody else ran", "reset"):
            bad = [window for i, window in enumerate(all_windows) if i % 3 == 1]
            assert bad and not set(map(id, bad)) & set(map(id, accepted)), seed
            spoilt += len(bad)
        if fault != "unknown range":
            assert len(accepted) == 3, seed
        dropped += len(all_windows) - len(accepted)
        wrapped += virtual.joules() // span > start // span and fault == ""
    assert worst <= 2e-3
    assert wrapped > 100 and spoilt >= 400 and dropped > spoilt  # so that there was something to get wrong
