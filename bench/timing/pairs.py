"""Paired timing: a kernel and the reference in turn, A B B A, and what many passes say together.

Runs of the same kernel back to back differ by tens of per cent on shared machines; pairs do not
(measurement rules 1 to 4; A/A figures in the README).
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dotbench.cdot.errors import ClockError

Run = Callable[[int], int]  # repeats to nanoseconds

CONFIDENCE = 0.99
SAME = 0.01  # differences below 1 % are called the same
WAITED = 1.02  # wall time over CPU time from which on somebody else had the core
ATTEMPTS = 4  # at a round
LONG_ROUND_NS = 2_000_000_000  # from which on waiting is no reason to measure a round again
MOST_REPEATS = 1 << 30
LONG = 8  # times a sample: a first product of that length is longer than a sample when warm, too


@dataclass(frozen=True)
class Pass:
    """What one process measured of one cell: medians over its rounds, and the raw samples.

    ``log_ratio``: log of kernel over reference; ``ns``, ``reference_ns``: one product.
    ``rounds``: (kernel, reference) nanoseconds per product of every round.
    ``sampling_seconds``: wall time that the rounds took. ``repeats``, ``reference_repeats``: products of kernel
    and reference in a sample; a round has two of each.
    """

    log_ratio: float
    ns: float
    reference_ns: float
    rounds: tuple[tuple[float, float], ...]
    sampling_seconds: float
    repeats: int
    reference_repeats: int = 0


def repeats(run: Run, sample_ns: float) -> int:
    """How many products fill a sample; the first call also warms the caches up. ClockError if none do.

    One that is much longer than a sample even cold is not run twice.
    """
    if run(1) >= LONG * sample_ns:
        return 1
    count, spent = 1, run(1)
    while spent < sample_ns / 10:
        count *= 4
        if count > MOST_REPEATS:
            raise ClockError(f"{count} products take no time by the clock: it stands still")
        spent = run(count)
    return max(1, round(sample_ns * count / max(spent, 1)))


def _round(runs: tuple[Run, Run], counts: tuple[int, int], reference_first: bool) -> tuple[tuple[float, float], bool]:
    """A B B A: nanoseconds per product of both, and whether this thread had to wait for its core."""
    clocks = time.perf_counter_ns(), time.thread_time_ns()
    spent = [0.0, 0.0]
    for which in (1, 0, 0, 1) if reference_first else (0, 1, 1, 0):
        spent[which] += runs[which](counts[which]) / counts[which] / 2
    wall, used = time.perf_counter_ns() - clocks[0], time.thread_time_ns() - clocks[1]
    if min(spent) <= 0:
        raise ClockError("the clock stepped back or stood still during a sample")
    return (spent[0], spent[1]), WAITED * used <= wall < LONG_ROUND_NS


def measure(
    kernel: Run,
    reference: Run,
    rounds: int,
    sample_ns: float,
    rng: random.Random,
    one_thread: bool = True,
    reference_repeats: int | None = None,
    kernel_repeats: int | None = None,
) -> Pass:
    """A pass: ``rounds`` times A B B A or B A A B, as many of one as of the other, shuffled.

    ``reference_repeats``, ``kernel_repeats``: how many products fill a sample, where that is known.

    With ``one_thread`` a round in which this thread had to wait for its core is measured again, unless it took
    seconds, in which all had to wait alike; so is, always, one in which the clock stepped back. ClockError where
    it does so in every attempt.
    """
    if reference_repeats is not None and reference_repeats > 1:
        reference(1)  # warms the caches up; one that fills a sample by itself finds nothing of its own there anyway
    counts = kernel_repeats or repeats(kernel, sample_ns), reference_repeats or repeats(reference, sample_ns)
    first = [bool(i % 2) for i in range(rounds)]
    rng.shuffle(first)
    done, start = [], time.perf_counter()
    for reference_first in first:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                spent, waited = _round((kernel, reference), counts, reference_first)
            except ClockError:
                if last:
                    raise
                continue
            if not one_thread or last or not waited:
                done.append(spent)
                break
    return Pass(
        statistics.median(math.log(a / b) for a, b in done),
        statistics.median(a for a, _ in done),
        statistics.median(b for _, b in done),
        tuple(done),
        time.perf_counter() - start,
        counts[0],
        counts[1],
    )


@dataclass(frozen=True)
class Estimate:
    """Ratio of medians with its interval (Student's t, 99 %, over the passes' log medians)."""

    ratio: float
    low: float
    high: float
    passes: int

    @property
    def half_width(self) -> float:
        """Half the interval's length, as a share of the ratio."""
        return math.sqrt(self.high / self.low) - 1

    @property
    def verdict(self) -> str:
        """``faster``, ``slower``, ``same`` or ``unsure``, at 1 %."""
        low, high = math.log1p(-SAME), math.log1p(SAME)
        if math.log(self.high) < low:
            return "faster"
        if math.log(self.low) > high:
            return "slower"
        return "same" if low < math.log(self.low) and math.log(self.high) < high else "unsure"


def estimate(log_ratios: Sequence[float]) -> Estimate:
    """From the log medians of passes, at least two.

    >>> round(estimate([0.0, 0.02, -0.02]).high, 4)
    1.1214
    """
    from scipy.special import stdtrit  # slow to import, and workers do without

    count = len(log_ratios)
    mean = statistics.fmean(log_ratios)
    spread = statistics.stdev(log_ratios) / math.sqrt(count)
    reach = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * spread
    return Estimate(math.exp(mean), math.exp(mean - reach), math.exp(mean + reach), count)
