"""Cycles of a region: low, mid and high, from which block followed which how often.

An edge from a to b costs what b adds behind a. What has no public figure is varied: taken branches, and
gathers (two accesses a cycle at best, bank conflicts as the real addresses have them, one a cycle at worst).
Weights in slow memory are a second sum: bytes over the bandwidth that the placement states, unhidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dotbench.firmware.model.instruction import Operation
from dotbench.firmware.model.operation import operation
from dotbench.firmware.model.pipeline import drained, schedule, steady
from dotbench.firmware.profile import Gathers, Profile, Region


@dataclass(frozen=True)
class Assumptions:
    """Cycles of what no document states. ``accesses``: how gathers meet memory: pairs, banks or singly."""

    branch: float
    call: float
    leave: float
    accesses: str


LOW = Assumptions(1.5, 1.5, 2.0, "pairs")
MID = Assumptions(2.0, 2.0, 3.0, "banks")
HIGH = Assumptions(3.0, 3.0, 4.0, "singly")


@dataclass(frozen=True)
class Cycles:
    """Of one pass."""

    low: int
    mid: int
    high: int


@cache
def _operation(size: int, text: str) -> Operation:
    return operation(size, text)


def estimate(profile: Profile, region: str, bytes_read: int = 0, bytes_per_cycle: float | None = None) -> Cycles:
    """Estimated cycles of a region. ``bytes_read``: of weights, where ``bytes_per_cycle`` is their bandwidth."""
    wait = bytes_read / bytes_per_cycle if bytes_per_cycle else 0.0
    low, mid, high = (round(core_cycles(profile, region, one) + wait) for one in (LOW, MID, HIGH))
    return Cycles(low, mid, high)


def core_cycles(profile: Profile, region: str, assumed: Assumptions) -> float:
    """Cycles of one pass that the core takes, weights in TCM."""
    found = profile.regions[region]
    holds = _holds(profile, found, assumed)
    total = float(sum(found.singles.values()))
    for (before, block), times in found.edges.items():
        total += times * _edge(profile, before, block, holds, assumed)
    return total / found.passes


def _operations(profile: Profile, block: int) -> list[Operation]:
    return [_operation(*profile.instructions[address]) for address in profile.blocks[block]]


def _holds(profile: Profile, region: Region, assumed: Assumptions) -> dict[str, float]:
    """Cycles that each gather holds the memory unit, by its text; those of one text in several places together."""
    together: dict[str, Gathers] = {}
    for at, one in region.gathers.items():
        together.setdefault(profile.instructions[at][1], Gathers()).add(one)
    return {text: _held(one, assumed.accesses) for text, one in together.items()}


def _held(one: Gathers, accesses: str) -> float:
    paired = one.accesses - one.pairs
    total = {"pairs": paired, "banks": paired + one.conflicts, "singly": one.accesses}[accesses]
    return total / one.times


def _edge(profile: Profile, before: int, block: int, holds: dict[str, float], assumed: Assumptions) -> float:
    here = _operations(profile, block)
    if before == 0:
        return schedule(here, holds)
    there = _operations(profile, before)
    last_address = profile.blocks[before][-1]
    falls = profile.blocks[block][0] == last_address + there[-1].size
    cost = steady(here, holds) if before == block else _behind(there, here, holds)
    return cost + _flow_cost(there[-1], falls, assumed)


def _behind(there: list[Operation], here: list[Operation], holds: dict[str, float]) -> float:
    """What ``here`` adds. The edge that leaves it sees it alone: what a gather before it holds longer is added here."""
    time, held = drained(there + here, holds)
    return time - schedule(there, holds) + max(held - drained(here, holds)[1], 0.0)


def _flow_cost(last: Operation, falls: bool, assumed: Assumptions) -> float:
    """What leaving a block costs besides. A low-overhead loop is free but for its first end, met once an entry."""
    if last.flow == "loop_end":
        return assumed.branch if falls else 0.0
    if falls or not last.flow:
        return 0.0
    cost = {"call": assumed.call, "return": assumed.leave}.get(last.flow, assumed.branch)
    return cost - 1
