"""Which of the processors that perf counts on show one register: on some kernels ``energy-pkg`` is counted once a CCD
of an AMD package, and ``perf stat -a`` adds the same energy up as often.

perf shows no register's value, only what it gained, so two registers at the same load look alike. What decides is
therefore the maker first: AMD's package counter is one a socket. There, processors of one socket whose figures agree in
each of `COUNTS` counts are one; on others', and where the figures differ, they are added as perf does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COUNTS = 6  # that have to agree
SECONDS = 0.1  # of each
MAKERS = ("AuthenticAMD", "HygonGenuine")
LEFT = 0.011  # joules that two figures of two decimals may differ by


@dataclass(frozen=True)
class Machine:
    """Where it says what its processors are."""

    processors: Path = Path("/sys/devices/system/cpu")
    about: Path = Path("/proc/cpuinfo")

    def socket(self, processor: str) -> str:
        """Of ``CPU8``; empty where that is not known."""
        try:
            return (self.processors / processor.lower() / "topology" / "physical_package_id").read_text().strip()
        except OSError:
            return ""

    def one_register_a_socket(self) -> bool:
        """Whether its maker counts a package's energy in one register."""
        try:
            text = self.about.read_text(errors="replace")
        except OSError:
            return False
        return any(maker in text for maker in MAKERS)


def repeats(counts: Sequence[Mapping[str, float]], machine: Machine, period: float) -> dict[str, str]:
    """By processor that shows another one's register, that other one. ``counts``: joules by processor."""
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    if not machine.one_register_a_socket():
        return found
    for processor in counts[0] if counts else ():
        socket = machine.socket(processor)
        other = first.setdefault(socket, processor) if socket else processor
        if other != processor and all(_agree(count, processor, other, period) for count in counts):
            found[processor] = other
    return found


def _agree(count: Mapping[str, float], one: str, other: str, period: float) -> bool:
    """Within the rounding, and two updates between the moments at which the two begin and end."""
    if one not in count or other not in count:
        return False
    return abs(count[one] - count[other]) <= LEFT + 2 * period / SECONDS * max(count[one], count[other])


def remark(found: Mapping[str, str]) -> str:
    """What a row says of it."""
    return "; ".join(f"perf shows the register of {other} at {one} again: counted once" for one, other in found.items())
