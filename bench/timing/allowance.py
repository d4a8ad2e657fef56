"""How much wall time the timing of a matrix may take, and what is left out where other processes have the cores.

A quiet run is not touched. Where a pass took much longer than the processor time that it used, others had the cores:
rounds that had to wait are measured again, up to four times, all of them at half the speed and less. Then passes get
fewer and shorter rounds, and at last there are fewer of them, so that timing ends within some times of what it would
take alone. Intervals stay those of the passes that there are, and ``stop`` says ``busy``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from dotbench.bench.plan.effort import Effort

BUSY = 1.5  # wall time over processor time of a pass from which on the machine is busy
QUIET = 1.2  # below which it is no longer
REPEATED = 2.0  # the same, times how often rounds are measured: others may be there for a small part of the time
LEAST = 4  # passes that every cell gets
AGAIN = 4  # times that a round is measured where each one has to wait (dotbench.bench.timing.pairs)
# Rounds and milliseconds of a sample, in turn; what the plan has less of stays. Samples get shorter first: a short
# round is more often left alone, and the median of several is not moved by one that was not.
STEPS = ((4, 5.0), (4, 2.0), (4, 0.5), (2, 0.5), (1, 0.5))
PROBE = 0.03  # seconds of processor time


@dataclass(frozen=True)
class Spent:
    """Seconds of one pass: of wall and of processor time; in rounds, and in those of them that count."""

    wall: float
    cpu: float
    sampling: float
    kept: float

    @property
    def slowdown(self) -> float:
        """Wall time over processor time, at least 1: several threads use more than one core."""
        return max(self.wall / self.cpu, 1.0) if self.cpu else 1.0

    @property
    def again(self) -> float:
        """How often a round was measured until it counted."""
        return min(max(self.sampling / self.kept, 1.0), AGAIN) if self.kept else 1.0


def kept_seconds(data: dict[str, Any]) -> float:
    """Of a pass's samples that count, from what the journal keeps of it; all, where it keeps no rounds.

    >>> kept_seconds({"rounds": [(1e6, 2e6), (1e6, 2e6)], "repeats": 5, "reference_repeats": 2})
    0.036
    """
    if "rounds" not in data:
        return float(data["sampling_seconds"])
    ours, others = 2 * data["repeats"], 2 * data["reference_repeats"]
    return float(sum(ours * own + others * other for own, other in data["rounds"])) / 1e9


def probe() -> float:
    """How many times longer than its processor time a short loop takes now."""
    wall, cpu = time.perf_counter(), time.thread_time()
    while time.thread_time() - cpu < PROBE:
        pass
    return (time.perf_counter() - wall) / PROBE


def factor(slowdown: float) -> float:
    """Times its quiet time that timing may take: less where all that cannot be shortened takes long, too.

    >>> factor(2.0), factor(9.0)
    (2.4, 1.2)
    """
    return max(2.8 - 0.2 * slowdown, 1.2)


@dataclass
class Allowance:
    """Of one matrix. ``slowdown``: of the machine as it was last seen, None: not yet. ``busy``: others have the cores.

    ``overhead`` and ``sampling``: quiet seconds of a pass with all rounds, beside samples and in them.
    """

    effort: Effort
    slowdown: float | None = None
    look: Callable[[], float] = probe
    wall: float = 0.0
    done: int = 0
    again: float = AGAIN
    busy: bool = False
    overhead: float = 0.0
    sampling: float = 0.0
    steps: list[Effort] = field(default_factory=list)

    def __post_init__(self) -> None:
        pairs = [(min(r, self.effort.rounds), min(ms, self.effort.sample_ms)) for r, ms in STEPS]
        pairs = [(self.effort.rounds, self.effort.sample_ms), *pairs]
        self.steps = [replace(self.effort, rounds=r, sample_ms=ms) for r, ms in dict.fromkeys(pairs)]
        self.busy = (self.slowdown or 1.0) >= BUSY

    @property
    def allowed(self) -> float:
        """Seconds of wall time for the least passes of a plan."""
        return factor(self.slowdown or 1.0) * self.effort.passes * (self.overhead + self.sampling)

    @property
    def used_up(self) -> bool:
        """Whether a cell that has `LEAST` passes gets no more."""
        return self.busy and self.done > 0 and self.wall >= self.allowed

    def next(self) -> Effort:
        """Rounds and samples of the next pass."""
        if self.slowdown is None:
            self.slowdown = self.look()
            self.busy = self.slowdown >= BUSY
        if not self.busy:
            return self.effort
        if not self.done:
            return self._step(0.0, 1.0, factor(self.slowdown))
        left = max(self.effort.passes - self.done, 1)
        return self._step(self.overhead, self.sampling, (self.allowed - self.wall) / left)

    def _step(self, overhead: float, sampling: float, seconds: float) -> Effort:
        """The first step that a pass is through with in ``seconds``, else the last."""
        slow = self.slowdown or 1.0
        fits = (one for one in self.steps if slow * (overhead + sampling * self._share(one) * self.again) <= seconds)
        return next(fits, self.steps[-1])

    def _share(self, effort: Effort) -> float:
        """Of all rounds of a pass, in time."""
        return effort.rounds * effort.sample_ms / (self.effort.rounds * self.effort.sample_ms)

    def add(self, effort: Effort, spent: Spent) -> None:
        """A pass that is done. What it says of a quiet one counts once: later passes are of fewer cells."""
        self.wall += spent.wall
        self.slowdown = spent.slowdown  # short rounds are repeated less: they say nothing of long ones
        self.again = spent.again if effort == self.effort else max(self.again, spent.again)
        if spent.slowdown >= BUSY or spent.slowdown * spent.again >= REPEATED:
            self.busy = True
        elif spent.slowdown < QUIET:
            self.busy = False
        if not self.done:
            self.overhead = max(spent.wall - spent.sampling, 0.0) / spent.slowdown
            self.sampling = spent.kept / spent.slowdown / self._share(effort)
        self.done += 1


def was_busy(passes: list[dict[str, Any]], effort: Effort) -> bool:
    """Whether some pass of a cell was cut short, or the cell has fewer than planned.

    >>> was_busy([{}] * 8, Effort()), was_busy([{}] * 7 + [{"short": True}], Effort()), was_busy([{}] * 7, Effort())
    (False, True, True)
    """
    return len(passes) < effort.passes or any(one.get("short") for one in passes)
