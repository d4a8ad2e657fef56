"""What somebody asks of a model: what should be least, and of what kind products are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dotbench.bench.packs.section import LEAST_SAVED

ROLE_NAMES = ("product", "gather", "transposed")
GOALS = ("bytes", "time", "flash", "cycles")
TARGETS = ("host", "cortex-m55")
LIMIT = re.compile(r"(bytes|time)<=(\d+(?:\.\d+)?)")
SAVES = LEAST_SAVED  # the share of a layer's bytes that a format has to save, below which it stays dense, as in packs


class Unanswerable(ValueError):
    """A question that makes no sense; what to ask is in the message."""


@dataclass(frozen=True)
class Goal:
    """``least``: of `GOALS`, what is minimised. ``time_limit``, ``bytes_limit``: the most that a layer's product may
    take of a dense one's time, and its payload of a dense one's bytes; None: whatever they take."""

    least: str
    time_limit: float | None = None
    bytes_limit: float | None = None

    def __str__(self) -> str:
        limits = [("time", self.time_limit), ("bytes", self.bytes_limit)]
        return ",".join([self.least, *(f"{name}<={limit:g}" for name, limit in limits if limit is not None)])

    @property
    def target(self) -> str:
        """Where it is asked of: flash and cycles are a microcontroller's."""
        return "host" if self.least in ("bytes", "time") else "cortex-m55"


def parse_goal(text: str) -> Goal:
    """A goal of the command line; Unanswerable for what is none.

    >>> parse_goal("bytes,time<=1.2"), str(parse_goal(" time "))
    (Goal(least='bytes', time_limit=1.2, bytes_limit=None), 'time')
    """
    least, *limits = (part.strip().replace(" ", "") for part in text.split(","))
    found: dict[str, float] = {}
    for part in limits:
        match = LIMIT.fullmatch(part)
        if match is None or match[1] in found:
            raise Unanswerable(f"--goal {text}: {part!r} is no limit: write bytes,time<=1.2 or time,bytes<=0.5")
        found[match[1]] = float(match[2])
    if least not in GOALS:
        raise Unanswerable(f"--goal {text}: there is no goal {least!r}: {', '.join(GOALS)}, or bytes,time<=1.2")
    if least in found:
        raise Unanswerable(f"--goal {text}: {least} is what is made least; a limit is of the other: bytes,time<=1.2")
    if found and least in ("flash", "cycles"):
        raise Unanswerable(f"--goal {text}: {least} has no limits yet: bytes and time have")
    return Goal(least, found.get("time"), found.get("bytes"))


def goal_for(goal: Goal, target: str) -> Goal:
    """A goal as a target has it: bytes are flash there, and time is cycles. Unanswerable where the target cannot.

    >>> str(goal_for(Goal("bytes"), "cortex-m55")), str(goal_for(Goal("time"), "host"))
    ('flash', 'time')
    """
    if target == "host":
        return goal
    if goal.time_limit is not None or goal.bytes_limit is not None:
        raise Unanswerable(f"--goal {goal}: limits are for the host: on {target} take flash or cycles")
    return Goal({"bytes": "flash", "time": "cycles"}.get(goal.least, goal.least))


def parse_role(text: str) -> tuple[str, str]:
    """Glob and role of ``NAME=ROLE``; Unanswerable for what is none.

    >>> parse_role("encoder.*.proj=transposed")
    ('encoder.*.proj', 'transposed')
    """
    name, separator, role = text.rpartition("=")
    if not separator or not name or role not in ROLE_NAMES:
        roles = ", ".join(ROLE_NAMES)
        raise Unanswerable(
            f"--role {text}: write a layer's name, or a glob of names, and one of {roles}: --role 'head*=product'"
        )
    return name, role


@dataclass(frozen=True)
class WhatIf:
    """Layers with ``prune`` per cent zeros, the smallest ones set to 0, and ``share`` distinct nonzero values; 0: as
    they are."""

    prune: float = 0.0
    share: int = 0

    def __bool__(self) -> bool:
        return bool(self.prune or self.share)

    def __str__(self) -> str:
        parts = [f"pruned to {self.prune:g} % zeros"] if self.prune else []
        return " and ".join([*parts, *([f"shared to {self.share} values"] if self.share else [])])


@dataclass(frozen=True)
class Question:
    """``formats``: labels to choose from, None for all that lose nothing. ``quick``: nothing is timed."""

    goal: Goal = Goal("bytes")
    batch: int = 1
    threads: int = 1
    formats: tuple[str, ...] | None = None
    quick: bool = False
    target: str = "host"
    what_if: WhatIf = WhatIf()

    @property
    def on_target(self) -> bool:
        """Whether it is asked of a microcontroller."""
        return self.target != "host" or self.goal.target != "host"
