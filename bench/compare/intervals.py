"""The ratio of two measured figures with its interval, from the interval that each came with.

Both are taken on a log scale, where ratios are differences, and as independent: they are of two runs.

Time's intervals are Student's t (99 %) over n log medians, one a pass, so each gives back its standard error
s = (log high - log low) / 2 / t(n - 1), and the difference of two such means is Welch's problem: reach
t(v) sqrt(sa^2 + sb^2), v = (sa^2 + sb^2)^2 / (sa^4 / (na - 1) + sb^4 / (nb - 1)). (B. L. Welch, Biometrika 34,
1947, 28-35; degrees of freedom after F. E. Satterthwaite, Biometrics Bulletin 2, 1946, 110-114.)

Where the number of measurements does not say what the interval is (energy's are bootstrapped around a median)
the limits themselves are combined: low = d - sqrt((a_high - a)^2 + (b - b_low)^2), high in the same way, at the
confidence of the two. (G. Y. Zou, A. Donner, Statistics in Medicine 27, 2008, 1693-1702: "MOVER".)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from dotbench.bench.timing.pairs import CONFIDENCE, Estimate


@dataclass(frozen=True)
class Measured:
    """A positive figure, the limits of its 99 % interval, and the number of measurements if that is t's."""

    value: float
    low: float
    high: float
    count: int | None = None

    @property
    def usable(self) -> bool:
        """Whether there are logarithms of it; a figure can be too small for the decimals that it was printed with."""
        return 0 < self.low <= self.value <= self.high


@cache
def student(freedom: float) -> float:
    """Student's t at 99 %, both sides; ``freedom`` need not be whole."""
    from scipy.special import stdtrit  # slow to import

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def compare(a: Measured, b: Measured) -> Estimate:
    """b over a. Both have to be usable.

    >>> found = compare(Measured(2.0, 1.98, 2.02, 8), Measured(2.2, 2.178, 2.222, 8))
    >>> found.verdict, round(found.ratio, 3), round(found.low, 3), round(found.high, 3)
    ('slower', 1.1, 1.087, 1.113)
    """
    ratio = math.log(b.value) - math.log(a.value)
    low, high = _welch(a, b, ratio) if _both_counted(a, b) else _mover(a, b, ratio)
    return Estimate(math.exp(ratio), math.exp(low), math.exp(high), min(a.count or 0, b.count or 0))


def _both_counted(a: Measured, b: Measured) -> bool:
    return a.count is not None and b.count is not None and min(a.count, b.count) > 1


def _welch(a: Measured, b: Measured, ratio: float) -> tuple[float, float]:
    variances = [((math.log(one.high) - math.log(one.low)) / 2 / student(_freedom(one))) ** 2 for one in (a, b)]
    total = sum(variances)
    if total == 0:
        return ratio, ratio
    spread = sum(variance**2 / _freedom(one) for variance, one in zip(variances, (a, b), strict=True))
    reach = student(round(total**2 / spread, 2)) * math.sqrt(total)
    return ratio - reach, ratio + reach


def _freedom(one: Measured) -> float:
    return (one.count or 0) - 1.0


def _mover(a: Measured, b: Measured, ratio: float) -> tuple[float, float]:
    below_a, above_a = math.log(a.value / a.low), math.log(a.high / a.value)
    below_b, above_b = math.log(b.value / b.low), math.log(b.high / b.value)
    return ratio - math.hypot(above_a, below_b), ratio + math.hypot(below_a, above_b)
