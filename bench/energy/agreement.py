"""Counters that are not what they look like: one register shown as several, and steps too coarse for a window.

Some AMD packages of several dies show the package's register once a die (``package-0-die-0``, ``package-0-die-1``):
added up it would count twice. What tells is the register's *value*. All counters are read twice in a row after a tick;
where neither of two counters moved from the first to the second reading, one register has to show the same number in
both, and two registers, whatever their loads, show the same one by chance once in 2^32 (a counter's values), for their
difference stays what it was since the machine started. Two dies at the same load differ in value, not in speed, so
how fast they advance is not asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.bench.energy.counters import Domain, NotMeasurable

WANTED = 6  # pairs of readings that decide
MOST = 200  # ticks that are waited for until there are so many
LATE = 0.25  # share of pairs that may differ where a register is shown a moment late
SOCKET = re.compile(r"package-(\d+)-die-\d+")
COARSE_UJ = 4000  # 1 % of the least window: 0.2 s at 2 W


@dataclass(frozen=True)
class Pair:
    """All counters, read twice in a row."""

    first: tuple[int, ...]
    second: tuple[int, ...]

    def agree(self, one: int, other: int) -> bool | None:
        """Whether two counters show one number; None where one of them moved meanwhile."""
        if self.first[one] != self.second[one] or self.first[other] != self.second[other]:
            return None
        return self.first[one] == self.first[other]


def candidates(domains: Sequence[Domain]) -> list[tuple[int, int]]:
    """Domains that may be one register: of one kind, dies of one socket, with the same range."""
    found = []
    for other, second in enumerate(domains):
        for one, first in enumerate(domains[:other]):
            sockets = [SOCKET.match(domain.name) for domain in (first, second)]
            same = all(sockets) and len({match[1] for match in sockets if match}) == 1
            if same and (first.kind, first.range_uj) == (second.kind, second.range_uj):
                found.append((one, other))
    return found


def decided(pairs: Sequence[Pair], one: int, other: int) -> bool:
    """Whether there are enough pairs in which neither counter moved, at different values."""
    told = [pair.first[one] for pair in pairs if pair.agree(one, other) is not None]
    return len(set(told)) >= WANTED


def repeats(domains: Sequence[Domain], pairs: Sequence[Pair]) -> dict[int, int]:
    """By domain that shows another one's register, that other one, which comes first.

    NotMeasurable where the readings do not tell.
    """
    found: dict[int, int] = {}
    for one, other in candidates(domains):
        if other in found or one in found:
            continue
        if not decided(pairs, one, other):
            raise NotMeasurable(f"whether {domains[one].name} and {domains[other].name} are one counter cannot be told")
        told = [pair.agree(one, other) for pair in pairs if pair.agree(one, other) is not None]
        if told.count(False) <= LATE * len(told):
            found[other] = one
    return found


def coarse(values: Sequence[int]) -> int:
    """Microjoules of a counter's step where it is too coarse for windows, else 0.

    A counter that did not move meanwhile tells by its last digits: whole joules end in six zeros, and one in 16 000
    others (of 61 microjoules a step) does so by chance.

    >>> coarse([3_000_000, 4_000_000]), coarse([3_000_061, 3_000_122]), coarse([5_000_000] * 9), coarse([5_000_061] * 9)
    (1000000, 0, 1000000, 0)
    """
    step = math.gcd(*values)
    if len(set(values)) == 1 and step:
        step = 1_000_000 if step % 1_000_000 == 0 else 0
    return step if step >= COARSE_UJ else 0


def remark(domains: Sequence[Domain], repeated: dict[int, int], left_out: dict[int, int]) -> str:
    """What a row says of it."""
    said = [
        f"{domains[other].name} shows the register of {domains[one].name}: counted once"
        for other, one in repeated.items()
    ]
    said += [
        f"{domains[index].name} left out: it counts in steps of {step / 1e6:g} J" for index, step in left_out.items()
    ]
    return "; ".join(said)
