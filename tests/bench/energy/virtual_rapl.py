"""A machine with RAPL that is none: a powercap tree in a folder, moved by a virtual clock.

The tree has the kernel's shape: zones below devices/virtual/powercap, links to all of them in
class/powercap. Its counters count whole units, move once a period with some jitter, and wrap. Nothing
waits: time passes where `now`, `sleep` or a kernel says so.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

POLL = 50e-6  # virtual seconds that looking at the clock takes


@dataclass(frozen=True)
class Machine:
    """What a machine has. ``bits``: width of its registers; ``unit``: joules of their last bit."""

    packages: tuple[str, ...] = ("package-0",)
    dram: bool = False
    psys: bool = False
    core: bool = False
    mmio: bool = False
    unit: float = 61.03515625e-6
    period: float = 0.001
    jitter: float = 0.0  # of a period, up to 0.4
    bits: int = 32
    range_known: bool = True
    idle_watts: float = 20.0  # of each package
    mirrored: bool = False  # the dies of a package show one register
    psys_unit: float = 0.0  # joules of psys's last bit, where it is another
    near: int = 0  # units that a die's counter is ahead of its neighbour's; 0: anywhere
    noise: float = 0.0  # by which idle power varies from one sleep to the next, a share of it


@dataclass
class Register:
    """One counter: ``share`` of its package's energy, from ``start`` joules on; ``shown`` since its last tick.

    Its ticks have numbers; ``next`` is the moment of the one that comes.
    """

    folder: Path
    share: float
    phase: float
    start: float
    shown: float
    tick: int = 0
    next: float = 0.0
    length: int = 0  # of the file
    unit: float = 0.0  # where it is not the machine's

    def __post_init__(self) -> None:
        self.counter = str(self.folder / "energy_uj")


@dataclass
class VirtualRapl:
    """The machine at work; a `dotbench.bench.energy.meters.Clock`. ``class_folder`` is what /sys/class/powercap is."""

    root: Path
    machine: Machine
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    poll: float = POLL
    time: float = 0.0
    watts: float = 0.0  # of each package, now
    work: float = 0.0  # joules of each package so far
    registers: list[Register] = field(default_factory=list)
    disturb: Callable[[float], tuple[float, float]] = lambda seconds: (seconds, 0.0)

    def __post_init__(self) -> None:
        self.class_folder = self.root / "class" / "powercap"
        self.class_folder.mkdir(parents=True, exist_ok=True)
        self.watts = self.machine.idle_watts
        self._tree("intel-rapl", self.machine.packages)
        if self.machine.psys:
            self._zone("intel-rapl", f"intel-rapl:{len(self.machine.packages)}", "psys", 1.7)
            self.registers[-1].unit = self.machine.psys_unit
        self._arrange_dies()
        if self.machine.mmio:
            self._tree("intel-rapl-mmio", self.machine.packages[:1])
        for register in self.registers:
            register.next = self._tick_time(register, 1)
            self._show(register)

    # ---- the tree

    def _tree(self, control: str, packages: tuple[str, ...]) -> None:
        for i, name in enumerate(packages):
            package = self._zone(control, f"{control}:{i}", name, 1.0)
            parts = [("core", 0.6)] * self.machine.core + [("dram", 0.2)] * self.machine.dram
            for j, (part, share) in enumerate(parts):
                self._zone(control, f"{control}:{i}:{j}", part, share, package)

    def _zone(self, control: str, name: str, label: str, share: float, inside: Path | None = None) -> Path:
        folder = (inside or self.root / "devices" / "virtual" / "powercap" / control) / name
        if not folder.exists():  # a tree of the same shape serves again
            folder.mkdir(parents=True)
            (folder / "name").write_text(f"{label}\n")
            (folder / "energy_uj").touch()
            (self.class_folder / name).symlink_to(folder)
            if not (self.class_folder / control).exists():
                (self.class_folder / control).symlink_to(folder.parent)
        if self.machine.range_known:
            (folder / "max_energy_range_uj").write_text(f"{self.range_uj}\n")
        start = self.rng.uniform(0, 2**self.machine.bits * self.machine.unit)
        self.registers.append(Register(folder, share, self.rng.random() * self.machine.period, start, start))
        return folder

    def _arrange_dies(self) -> None:
        """Dies of a socket show its first register, or one that is a few units ahead."""
        first: dict[tuple[str, str], Register] = {}
        for register in self.registers:
            name = (register.folder / "name").read_text().strip()
            inside = (register.folder.parent / "name").read_text() if name in ("dram", "core") else name
            socket = first.setdefault((inside.partition("-die-")[0], "" if inside == name else name), register)
            if "-die-" in inside and self.machine.mirrored:
                register.start = register.shown = socket.start
                register.phase = socket.phase
            elif "-die-" in inside and self.machine.near and register is not socket:
                register.start = register.shown = (
                    socket.start + int(inside.rpartition("-")[2]) * self.machine.near * self.machine.unit
                )
                register.phase = socket.phase

    @property
    def range_uj(self) -> int:
        """What the kernel gives as max_energy_range_uj: the largest value, not one more."""
        return int((2**self.machine.bits - 1) * self.machine.unit * 1e6)

    def _show(self, register: Register) -> None:
        unit = register.unit or self.machine.unit
        raw = int(register.shown / unit) % 2**self.machine.bits
        text = b"%d\n" % int(raw * unit * 1e6)
        file = os.open(register.counter, os.O_RDWR)  # not emptied first, which is slow
        os.write(file, text)
        if len(text) != register.length:
            os.ftruncate(file, len(text))
            register.length = len(text)
        os.close(file)

    # ---- time

    def _tick_time(self, register: Register, tick: int) -> float:
        wobble = (tick * 2654435761 % 2**32 / 2**32 - 0.5) * 2 * self.machine.jitter
        return register.phase + (tick + wobble) * self.machine.period

    def advance(self, seconds: float, watts: float | None = None) -> None:
        """Lets time pass at a power of each package (as it is, if none is given)."""
        watts = self.watts if watts is None else watts
        end = self.time + seconds
        for register in self.registers:
            if register.next <= end:
                self._last_tick(register, end, watts)
        self.work += watts * seconds
        self.time = end

    def _last_tick(self, register: Register, end: float, watts: float) -> None:
        """The last tick until ``end``: what the counter shows from then on."""
        tick = int((end - register.phase) / self.machine.period) + 1
        while (when := self._tick_time(register, tick)) > end:
            tick -= 1
        register.tick, register.next = tick, self._tick_time(register, tick + 1)
        register.shown = register.start + register.share * (self.work + watts * (when - self.time))
        self._show(register)

    def joules(self, index: int = 0) -> float:
        """What a package's register would show now if it had no end."""
        return self.package(index).start + self.work

    def now(self) -> float:
        """The clock; looking at it takes a moment."""
        self.advance(self.poll)
        return self.time

    def sleep(self, seconds: float) -> None:
        """Idle, at a power that varies as the machine's noise says."""
        self.watts = self.machine.idle_watts * (1 + self.rng.uniform(-1, 1) * self.machine.noise)
        self.advance(max(seconds, 0.0))

    def kernel(self, seconds: float, watts: float) -> Callable[[int], int]:
        """A product that takes so long at so many watts of each package; nanoseconds of its repeats.

        ``disturb`` makes a run longer, and adds power to it.
        """

        def run(repeat: int) -> int:
            spent, more = self.disturb(repeat * seconds)
            self.watts = self.machine.idle_watts
            self.advance(spent, watts + more)
            return round(spent * 1e9)

        return run

    # ---- what goes wrong

    def package(self, index: int = 0) -> Register:
        return [one for one in self.registers if "package" in (one.folder / "name").read_text()][index]

    def reset(self) -> None:
        """All counters start again from 0."""
        self.begin_at(0.0)

    def begin_at(self, joules: float) -> None:
        """All counters go on from here."""
        for register in self.registers:
            register.start = joules - register.share * self.work
            register.shown = joules
            self._show(register)

    def vanish(self) -> None:
        """The first package's counter is gone."""
        folder = self.package().folder
        (folder / "energy_uj").unlink()
        self.registers = [one for one in self.registers if one.folder != folder]

    def stop(self) -> None:
        """The first package's counter moves no more."""
        folder = self.package().folder
        self.registers = [one for one in self.registers if one.folder != folder]


class Fault:
    """Spoils the second window of a kernel and every third from there on; a window has so many parts."""

    def __init__(self, virtual: VirtualRapl, kind: str, size: float, parts: int) -> None:
        self.virtual, self.kind, self.size, self.parts = virtual, kind, size, parts
        self.steps = 0

    def __call__(self, seconds: float) -> tuple[float, float]:
        if seconds < 0.05:  # warming up
            return seconds, 0.0
        self.steps += 1
        window, step = divmod(self.steps - 1, self.parts)
        if window % 3 == 1 and step == 4:
            if self.kind == "somebody else ran":
                return seconds + self.size, 30.0
            if self.kind == "reset":
                self.virtual.begin_at(0.0)
        return seconds, 0.0
