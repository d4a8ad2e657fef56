"""Meters: energy between two moments. `CounterMeter` starts and ends on ticks of counters.

Everything goes over a clock that is passed in, so that tests run in virtual time.
"""

from __future__ import annotations

import itertools
import statistics
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from dotbench.bench.energy import agreement
from dotbench.bench.energy.counters import PACKAGE, CounterLost, Counters, NotMeasurable, spent

STANDSTILL = 1.0  # seconds after which a counter that does not move counts as lost
TICKS = 10  # that the period is taken from
MOST_WATTS = 5000.0  # of one domain; more is a counter that jumped
SLACK = 0.1  # seconds of such power that a short step may hold


class Clock(Protocol):
    """Time in seconds from some moment, and waiting."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        return time.perf_counter_ns() / 1e9

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0))


@dataclass(frozen=True)
class Reading:
    """``seconds`` between start and stop, ``joules`` by kind of domain (packages added up).

    ``problem``: why the figures are worth nothing, or empty.
    """

    seconds: float
    joules: dict[str, float]
    problem: str = ""


class Meter(ABC):
    """``kind`` is the CSV's: ``rapl`` or ``perf``; ``source`` who reads, for people; ``period`` in seconds
    is how often the counters move; ``resolution`` in joules by how much a window's figure may be rounded;
    ``remark`` what a row has to say of the counters."""

    kind: str
    source: str
    period: float
    resolution: float = 0.0
    remark: str = ""

    @abstractmethod
    def start(self) -> None:
        """Begins a window."""

    def sample(self) -> None:  # noqa: B027 - not all need it
        """Called now and then inside a window, so that no counter can wrap twice unseen."""

    @abstractmethod
    def stop(self) -> Reading:
        """Ends the window."""

    def close(self) -> None:  # noqa: B027 - not all have something
        """Gives back what measuring needs."""


class CounterMeter(Meter):
    """A window starts when the first package's counter moves, and ends when it moves again.

    So the window's edges are known to one poll for that package, and to one period for the others: the
    error of their energy is at most 2 periods / window.
    """

    kind = "rapl"

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters, self._clock = counters, clock
        self.source = counters.source
        self.period, pairs = self._watch()
        domains = counters.domains
        self._repeated = agreement.repeats(domains, pairs)
        steps = {i: agreement.coarse([pair.second[i] for pair in pairs]) for i in range(len(domains))}
        self._left_out = {i: step for i, step in steps.items() if step and domains[i].kind != PACKAGE}
        self.remark = agreement.remark(domains, self._repeated, self._left_out)

    def start(self) -> None:
        self._problem = ""
        self._sums = [0] * len(self._counters.domains)
        self._started, self._last = self._tick()
        self._at = self._started

    def sample(self) -> None:
        values = self._counters.read()
        self._add(self._clock.now(), values)

    def stop(self) -> Reading:
        self.sample()
        self._add(*self._tick())
        joules: dict[str, float] = {}
        for i, domain in enumerate(self._counters.domains):
            if i not in self._repeated and i not in self._left_out:
                joules[domain.kind] = joules.get(domain.kind, 0.0) + self._sums[i] / 1e6
        return Reading(self._at - self._started, joules, self._problem)

    def close(self) -> None:
        self._counters.close()

    def _tick(self) -> tuple[float, tuple[int, ...]]:
        """Waits until the first counter moves; the moment and all counters."""
        before = self._counters.first()
        limit = self._clock.now() + STANDSTILL
        while self._counters.first() == before:
            if self._clock.now() > limit:
                name = self._counters.domains[0].name
                raise CounterLost(f"the counter of {name} stands still for {STANDSTILL:.0f} s")
        return self._clock.now(), self._counters.read()

    def _add(self, now: float, values: tuple[int, ...]) -> None:
        most = MOST_WATTS * (now - self._at + SLACK) * 1e6
        for i, domain in enumerate(self._counters.domains):
            delta = spent(domain, self._last[i], values[i])
            if delta is None:
                self._problem = f"{domain.name} went back and where it wraps is not known"
            elif delta > most:
                self._problem = f"{domain.name} jumped by {delta / 1e6:.0f} J in {now - self._at:.3f} s"
            else:
                self._sums[i] += delta
        self._last, self._at = values, now

    def _watch(self) -> tuple[float, list[agreement.Pair]]:
        """The median time between ticks (preemption can hide some of them), and readings at each of them: as many as
        tell which counters are one."""
        moments: list[float] = []
        pairs: list[agreement.Pair] = []
        asked = agreement.candidates(self._counters.domains)
        try:
            while len(moments) <= TICKS or not all(agreement.decided(pairs, *two) for two in asked):
                moment, first = self._tick()
                moments.append(moment)
                pairs.append(agreement.Pair(first, self._counters.read()))
                if len(moments) > agreement.MOST:
                    break
        except CounterLost as error:
            raise NotMeasurable(str(error)) from error
        return statistics.median(after - before for before, after in itertools.pairwise(moments)), pairs
