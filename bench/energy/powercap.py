"""The powercap tree: the kernel's files of energy counters, one folder a zone.

``/sys/class/powercap`` lists every zone by a link: ``intel-rapl:0`` a package, ``intel-rapl:0:1`` one of
its parts, ``intel-rapl-mmio:0`` the same package by another way. AMD's zones have Intel's names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dotbench.bench.energy.counters import DRAM, PACKAGE, PSYS, CounterLost, Counters, Domain, NotMeasurable

ROOT = Path("/sys/class/powercap")
PACKAGE_NAME = re.compile(r"package-\d+(-die-\d+)?")
MMIO = "intel-rapl-mmio"


@dataclass(frozen=True)
class Zone:
    """A folder with a counter. ``name`` of a dram zone carries its package's: ``package-0 dram``."""

    folder: Path
    kind: str
    name: str

    @property
    def counter(self) -> Path:
        return self.folder / "energy_uj"

    def range_uj(self) -> int | None:
        """Where the counter wraps; None where the file does not say."""
        try:
            value = int((self.folder / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            return None
        return value if value > 0 else None


def zones(root: Path) -> list[Zone]:
    """The zones that are measured: packages, then dram, then psys, each once.

    core and uncore are parts of their package and left out; what the MMIO interface repeats is dropped.
    """
    found: dict[tuple[str, str], Zone] = {}
    folders = [folder for pattern in ("*:*", "*/*:*", "*/*:*/*:*") for folder in root.glob(pattern)]
    for folder in sorted(folders, key=lambda one: (one.name.startswith(MMIO), len(one.parts), one.name)):
        zone = _zone(folder)
        if zone and zone.counter.exists():
            found.setdefault((zone.kind, zone.name), zone)
    order = (PACKAGE, DRAM, PSYS)
    return sorted(found.values(), key=lambda zone: order.index(zone.kind))


def _zone(folder: Path) -> Zone | None:
    name = _name(folder)
    if PACKAGE_NAME.fullmatch(name):
        return Zone(folder, PACKAGE, name)
    if name == "dram":
        package = _name(folder.parent / folder.name.rpartition(":")[0]) or _name(folder.parent)
        return Zone(folder, DRAM, f"{package} dram".strip())
    return Zone(folder, PSYS, name) if name == "psys" else None


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text().strip()
    except OSError:
        return ""


def read_counter(path: Path) -> int:
    """A counter's microjoules. CounterLost where it cannot be read, or holds what no counter does."""
    try:
        text = _content(path)
    except OSError as error:
        raise CounterLost(f"{path} can no longer be read: {error.strerror}") from error
    if not text.strip().isdigit():
        raise CounterLost(f"{path} holds {text[:40]!r}, and a counter holds a number from 0 on")
    return int(text)


def _content(path: Path) -> bytes:
    """A short file's bytes, read with as little as can be: counters are polled."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 64)
    finally:
        os.close(file)


class Powercap(Counters):
    """The zones of a powercap tree."""

    source = "powercap"

    def __init__(self, found: list[Zone]) -> None:
        self._paths = [zone.counter for zone in found]
        self.domains = tuple(Domain(zone.kind, zone.name, zone.range_uj()) for zone in found)

    def read(self) -> tuple[int, ...]:
        return tuple(read_counter(path) for path in self._paths)

    def first(self) -> int:
        return read_counter(self._paths[0])


def cure(root: Path = ROOT) -> str:
    """The line that opens the counters to everybody until the next boot."""
    return f"sudo chmod a+r {root}/*/energy_uj"


def rule() -> str:
    """The line that opens them at every boot: a udev rule."""
    made = 'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r %S%p/energy_uj"'
    return f"echo '{made}' | sudo tee /etc/udev/rules.d/99-rapl.rules"


def open_powercap(root: Path = ROOT) -> Powercap:
    """The counters of a tree; NotMeasurable with the reason and the cure where there are none to read."""
    if not root.is_dir():
        raise NotMeasurable(f"no powercap tree ({root})")
    found = zones(root)
    if not any(zone.kind == PACKAGE for zone in found):
        raise NotMeasurable(f"{root} has no package zone")
    for zone in found:
        check_readable(zone.counter, root)
    return Powercap(found)


def check_readable(counter: Path, root: Path = ROOT) -> None:
    """NotMeasurable where a counter cannot be read: since Linux 5.10 only root may, by default."""
    try:
        _content(counter)
    except PermissionError:
        raise NotMeasurable(f"{counter} is readable by root only", cure(root)) from None
    except OSError as error:
        raise NotMeasurable(f"{counter} cannot be read ({error.strerror})") from None
    try:
        read_counter(counter)
    except CounterLost as error:
        raise NotMeasurable(str(error)) from None
