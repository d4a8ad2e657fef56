"""Windows: a kernel repeated in C from tick to tick, with idle windows of equal length between.

`measure` fills a `Sampling`: every kernel its windows, in shuffled order, each behind an idle one.
A window is dropped where a counter misbehaved, where it is too short, or where its length is off by
more than 5 %: somebody else ran.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from dotbench.bench.energy.counters import PACKAGE, NotMeasurable
from dotbench.bench.energy.meters import Clock, Meter

Run = Callable[[int], int]  # repeats to nanoseconds, all of them in C
Watch = Callable[[str], None]

LENGTH_OFF = 0.05
PARTS = 10  # steps of a window, between which counters are read
SPARE = 1.02  # products beyond what should fill a window
SLOWEST = 10.0  # windows may be this many times longer than asked for, where counters move rarely
LEAST = 0.2  # seconds of a window, below which nobody asks for one but tests
ROUNDED = 0.01  # share of an idle window's energy that a meter may round away
ATTEMPTS = 2  # windows tried for each that is wanted


@dataclass(frozen=True)
class Effort:
    """A window has at least so many seconds and updates of the counter; ``windows`` are wanted a kernel."""

    seconds: float = 1.0
    updates: int = 500
    windows: int = 30

    def length(self, period: float) -> float:
        """Seconds of a window; NotMeasurable where counters move too rarely."""
        length = max(self.seconds, self.updates * period)
        if length > SLOWEST * self.seconds:
            raise NotMeasurable(f"the counters move every {period:.3f} s, too rarely for windows of {self.seconds} s")
        return length


SMALL = Effort(0.2, 100, 10)
QUICK = Effort(0.2, 100, 3)


@dataclass(frozen=True)
class Window:
    """``products`` made in ``busy`` of the window's ``seconds``; both 0 in an idle window.

    ``joules`` by kind of domain; ``problem``: why it is dropped, as far as it can tell by itself.
    """

    seconds: float
    joules: dict[str, float]
    products: int = 0
    busy: float = 0.0
    problem: str = ""


@dataclass
class Sampling:
    """What was measured: ``length`` asked of a window in seconds, windows of kernels and idle ones.

    ``remark``: what rows have to say of the counters.
    """

    length: float
    kernels: dict[str, list[Window]] = field(default_factory=dict)
    idle: list[Window] = field(default_factory=list)
    resolution: float = 0.0  # joules by which each may be rounded
    remark: str = ""

    def accepted(self, label: str) -> list[Window]:
        """The windows of a kernel that count."""
        good = [one for one in self.kernels[label] if not one.problem and one.seconds >= self.length]
        if not good:
            return []
        usual = statistics.median(one.seconds / one.products for one in good)
        return [one for one in good if not is_off(one.seconds, usual * one.products)]

    def accepted_idle(self) -> list[Window]:
        """The idle windows that count."""
        return [one for one in self.idle if not one.problem and not is_off(one.seconds, self.length)]

    def dropped(self, label: str) -> str:
        """In words, what happened to the windows of a kernel that do not count."""
        problems = [one.problem for one in self.kernels[label] if one.problem]
        count = len(self.kernels[label]) - len(self.accepted(label))
        words = [f"{count} of {len(self.kernels[label])} windows dropped"]
        if len(problems) < count:
            words.append(f"{count - len(problems)} by their length, so something else ran")
        return ": ".join(words + problems[-1:])


def is_off(seconds: float, usual: float) -> bool:
    """Whether a length differs by more than 5 % from what it should be."""
    return abs(seconds - usual) > LENGTH_OFF * usual


def products_for(run: Run, seconds: float) -> int:
    """How many products take a little more than so many seconds; warms the caches up."""
    run(1)
    count, ns = 1, run(1)
    while ns < seconds * 1e9 / 10:
        count *= 4
        ns = run(count)
    return max(1, round(SPARE * seconds * 1e9 * count / max(ns, 1)))


def kernel_window(meter: Meter, run: Run, products: int) -> Window:
    """One window of so many products."""
    meter.start()
    ns = 0
    for part in range(PARTS):
        share = products * (part + 1) // PARTS - products * part // PARTS
        ns += run(share) if share else 0
        meter.sample()
    reading = meter.stop()
    return Window(reading.seconds, reading.joules, products, ns / 1e9, reading.problem)


def idle_window(meter: Meter, clock: Clock, seconds: float) -> Window:
    """One window in which this process sleeps."""
    meter.start()
    begin = clock.now()
    for part in range(PARTS):
        clock.sleep(begin + seconds * (part + 1) / PARTS - clock.now())
        meter.sample()
    reading = meter.stop()
    return Window(reading.seconds, reading.joules, problem=reading.problem)


def long_enough(meter: Meter, clock: Clock, effort: Effort) -> float:
    """Seconds of a window: so many that what a meter rounds is at most `ROUNDED` of an idle window.

    NotMeasurable where that takes too long.
    """
    length = effort.length(meter.period)
    if not meter.resolution:
        return length
    probe = idle_window(meter, clock, length)
    watts = probe.joules[PACKAGE] / probe.seconds
    if watts * SLOWEST * max(effort.seconds, LEAST) < meter.resolution / ROUNDED:
        raise NotMeasurable(f"{meter.source} rounds to {2 * meter.resolution:g} J, too much at {watts:.3g} W")
    return max(length, meter.resolution / ROUNDED / watts)


def measure(
    meter: Meter,
    clock: Clock,
    runs: dict[str, Run],
    effort: Effort,
    rng: random.Random,
    watch: Watch = lambda label: None,
) -> Sampling:
    """Windows of every kernel until each has as many as are wanted, or enough were tried.

    ``watch(label)`` is called before each window. NotMeasurable and CounterLost are the caller's.
    """
    length = long_enough(meter, clock, effort)
    sampling = Sampling(length, {label: [] for label in runs}, [], meter.resolution, meter.remark)
    counts: dict[str, int] = {}
    for _ in range(ATTEMPTS * effort.windows):
        wanting = [label for label in runs if len(sampling.accepted(label)) < effort.windows]
        if not wanting:
            break
        rng.shuffle(wanting)
        for label in wanting:
            watch(label)
            if label not in counts:
                counts[label] = products_for(runs[label], sampling.length)
            sampling.idle.append(idle_window(meter, clock, sampling.length))
            window = kernel_window(meter, runs[label], counts[label])
            sampling.kernels[label].append(window)
            if window.seconds < sampling.length:
                counts[label] = 1 + round(SPARE * counts[label] * sampling.length / window.seconds)
    return sampling
