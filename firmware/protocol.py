"""What a target says, line by line: target/main.c writes it.

    dotbench 1
    job 1b2c3d4e
    region dot status 00000000 dwt none pmu none ticks 1234
    memory workspace 0 scratch 64 vectors 2048
    y 0 3f800000 ...
    sum 12345678
    exit 0

Everything here comes over a wire: what does not fit is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import MESSAGES
from dotbench.firmware.errors import DoesNotFit, TargetFailed

REGIONS = ("open", "dot", "decode", "empty", "pixels")  # target/harness.h
CODES = {101: "it faulted", 102: "it was given no job", 103: "memory ran out", 104: "the job is damaged"}
REGION = re.compile(r"region (\w+) status ([0-9a-f]{8}) dwt (none|\d{1,10}) pmu (none|\d{1,10}) ticks (\d{1,10})")
MEMORY = re.compile(r"memory workspace (\d{1,10}) scratch (\d{1,10}) vectors (\d{1,10})")
NO_ROOM = re.compile(r"no room for (\d{1,10}) of (\d{1,10})")


@dataclass(frozen=True)
class Counters:
    """One pass of a region. ``cycles``: of the DWT or PMU, None where neither counts; ``ticks``: the board's."""

    cycles: int | None
    ticks: int


@dataclass
class Report:
    """A finished job: the product's bits, and what the target counted, a list a region."""

    y: npt.NDArray[np.uint32]
    workspace_bytes: int = 0
    scratch_bytes: int = 0
    passes: dict[str, list[Counters]] = field(default_factory=dict)


def checksum(words: npt.NDArray[np.uint32]) -> int:
    """FNV-1a over words, as the target computes it.

    >>> hex(checksum(np.array([1], np.uint32)))
    '0x40c5b8c'
    """
    total = 2166136261
    for word in words.tolist():
        total = ((total ^ word) * 16777619) & 0xFFFFFFFF
    return total


def read(text: str, identity: int, m: int) -> Report:
    """The report in what a target said. TargetFailed or DoesNotFit says what it said instead."""
    lines = [line.strip() for line in text.replace("\x04", "\n").splitlines()]
    _refuse_failures(lines)
    if f"job {identity:08x}" not in lines:
        raise TargetFailed(f"the target answers another job or none; it said {_quoted(lines)}")
    report = Report(np.zeros(m, np.uint32))
    seen = 0
    for line in lines[lines.index(f"job {identity:08x}") :]:
        if found := REGION.fullmatch(line):
            _add_region(report, found)
        elif found := MEMORY.fullmatch(line):
            report.workspace_bytes, report.scratch_bytes = int(found[1]), int(found[2])
        elif line.startswith("y "):
            seen += _add_words(report.y, line)
    if seen != m:
        raise TargetFailed(f"the target told {seen} of {m} outputs")
    if f"sum {checksum(report.y):08x}" not in lines:
        raise TargetFailed("the product's checksum does not fit: the line to the target loses characters")
    if "exit 0" not in lines:
        raise TargetFailed(f"the target did not end properly; it said {_quoted(lines)}")
    return report


def _quoted(lines: list[str]) -> str:
    said = " / ".join(line for line in lines if line)[-200:]
    return repr(said) if said else "nothing"


def _refuse_failures(lines: list[str]) -> None:
    for line in lines:
        if line.startswith("fault "):
            raise TargetFailed(f"the target faulted ({line.removeprefix('fault ')})")
        if found := NO_ROOM.fullmatch(line):
            raise DoesNotFit(f"the product needs {found[1]} bytes more on the target, and {found[2]} are left")
        if (found := re.fullmatch(r"exit (\d{1,3})", line)) and found[1] != "0":
            why = CODES.get(int(found[1]), f"exit code {found[1]}")
            raise TargetFailed(f"the target gave up: {why}; it said {_quoted(lines)}")


def _add_region(report: Report, found: re.Match[str]) -> None:
    if found[1] not in REGIONS:
        raise TargetFailed(f"the target measured {found[1]!r}, which is none of {', '.join(REGIONS)}")
    status = int.from_bytes(bytes.fromhex(found[2]), "big", signed=True)
    if status:
        raise TargetFailed(f"the kernel refuses the payload on the target: {MESSAGES.get(status, status)}")
    cycles = next((int(text) for text in (found[3], found[4]) if text != "none"), None)
    report.passes.setdefault(found[1], []).append(Counters(cycles, int(found[5])))


def _add_words(y: npt.NDArray[np.uint32], line: str) -> int:
    """Writes one line of outputs; returns how many."""
    try:
        start, *words = line.split()[1:]
        values = [int(word, 16) for word in words if len(word) == 8]
        if len(values) != len(words) or int(start) + len(values) > len(y) or int(start) < 0:
            raise ValueError(line)
    except ValueError:
        raise TargetFailed(f"the target sent noise instead of outputs: {line[:80]!r}") from None
    y[int(start) : int(start) + len(values)] = values
    return len(values)
