"""Measuring on a virtual machine, as several tests do it."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from dotbench.bench.energy import powercap, windows
from dotbench.bench.energy.meters import CounterMeter
from dotbench.bench.energy.windows import Effort, Sampling

sys.path.insert(0, str(Path(__file__).parent))
from virtual_rapl import VirtualRapl

QUANTUM = 61.03515625e-6
LAYOUTS = (
    ("package-0",),
    ("package-0", "package-1"),
    ("package-0-die-0", "package-0-die-1"),
    ("package-0-die-0", "package-0-die-1", "package-1-die-0", "package-1-die-1"),
)


def meter_of(virtual: VirtualRapl) -> CounterMeter:
    return CounterMeter(powercap.open_powercap(virtual.class_folder), virtual)


def measured(virtual: VirtualRapl, seconds: float, watts: float, effort: Effort) -> Sampling:
    """A kernel of so many seconds a product and watts a package."""
    runs = {"kernel": virtual.kernel(seconds, watts)}
    return windows.measure(meter_of(virtual), virtual, runs, effort, random.Random(1))
