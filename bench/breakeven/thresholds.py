"""Where a curve of measured ratios crosses 1, with an interval; and where a size falls below another, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dotbench.bench.timing.pairs import Estimate

FINEST = 1e-4  # half-width of an interval, as a share: none counts as narrower


@dataclass(frozen=True)
class Point:
    """A format's time over that of the dense product at a percentage of zeros."""

    zeros: float
    ratio: Estimate


@dataclass(frozen=True)
class Threshold:
    """From which percentage of zeros on something wins, of those between ``begin`` and ``end`` that were asked for.

    ``answer``: ``from`` (then ``zeros`` is the percentage), ``always`` (in the whole range) or ``never`` (in none of
    it, or not at its end). ``low`` and ``high``: the interval; None: it reaches beyond the range on that side. Of
    ``always`` and ``never`` None says that it is sure; the ``high`` of ``always`` is ``end`` where it is sure nowhere.
    """

    answer: str
    begin: float
    end: float
    zeros: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def sure(self) -> bool:
        """Whether the whole interval says ``always``, or the whole interval says ``never``; of ``from`` whether both
        ends are in the range."""
        return {
            "always": self.high is None,
            "never": self.low is None,
            "from": self.low is not None and self.high is not None,
        }[self.answer]

    @property
    def least(self) -> float:
        """For sorting: the percentage, 0 for always, more than 100 for never."""
        return {"always": -1.0, "never": 101.0}.get(self.answer, self.zeros or 0.0)


def crossing(points: Sequence[Point]) -> Threshold:
    """From which percentage of zeros on the ratio is below 1.

    ``points``: two or more, at different percentages. More zeros make hardly a product slower: the ratios are fitted by
    falling ones (isotonic regression, weighted by their intervals), with straight lines between, for the time of a
    product goes with its nonzeros. The interval is where the lower and the upper ends of the points' intervals, fitted
    the same way, fall below 1. Where a product does get slower (branches that nobody can foresee, between few zeros and
    many), so that a point behind all this is surely slower, what counts lies behind the last such point. ValueError for
    fewer than two points.

    >>> points = [Point(zeros, Estimate(ratio, ratio, ratio, 8)) for zeros, ratio in ((0, 4.0), (50, 2.0), (100, 0.0))]
    >>> crossing(points).zeros
    75.0
    """
    ordered = sorted(points, key=lambda point: point.zeros)
    if len({point.zeros for point in ordered}) < 2:
        raise ValueError("a curve has two points or more, at different percentages of zeros")
    found = _falling(ordered)
    if found.answer == "never" and found.sure:
        return found
    won = _begin(found)
    slower = [number for number, point in enumerate(ordered) if point.ratio.low > 1 and point.zeros > won]
    return _behind(ordered[slower[-1] :], found) if slower else found


def _begin(found: Threshold) -> float:
    """From where on something may win, as far as its interval goes; -1 for the whole range.

    >>> _begin(Threshold("from", 0, 99, 50, 40, 60)), _begin(Threshold("always", 0, 99))
    (40, -1.0)
    """
    return -1.0 if found.low is None or found.answer == "always" else found.low


def _behind(points: Sequence[Point], whole: Threshold) -> Threshold:
    """The threshold behind the first of some points, which is surely slower, in the range of ``whole``."""
    if len(points) < 2:
        return Threshold("never", whole.begin, whole.end)
    found = _falling(points)
    if found.answer == "never":
        return Threshold("never", whole.begin, whole.end, low=found.low)
    zeros, low = (found.begin if one is None else one for one in (found.zeros, found.low))
    return Threshold("from", whole.begin, whole.end, zeros, low, found.high)


def _falling(ordered: Sequence[Point]) -> Threshold:
    """Of points by percentage, as far as ratios fall."""
    from scipy.optimize import isotonic_regression  # slow to import

    zeros = [point.zeros for point in ordered]
    weights = [_weight(point.ratio) for point in ordered]
    middle, low, high = (
        _below_one(zeros, isotonic_regression(ends, weights=weights, increasing=False).x.tolist())
        for ends in zip(*((one.ratio.ratio, one.ratio.low, one.ratio.high) for one in ordered), strict=True)
    )
    begin, end = zeros[0], zeros[-1]
    answer = "never" if middle is None else "always" if middle < begin else "from"
    inside = [None if one is None or one < begin else one for one in (low, middle, high)]
    if answer == "always":
        return Threshold(answer, begin, end, high=end if high is None else inside[2])
    if answer == "never":
        return Threshold(answer, begin, end, low=begin if low is not None and low < begin else inside[0])
    return Threshold(answer, begin, end, inside[1], inside[0], inside[2])


def _weight(ratio: Estimate) -> float:
    """Of a point: the narrower its interval, the more."""
    return 1 / max(ratio.half_width, FINEST) ** 2 if ratio.low > 0 else 1.0


def _below_one(zeros: Sequence[float], ratios: Sequence[float]) -> float | None:
    """Where falling ratios with straight lines between come below 1; less than the first percentage where all are,
    None where none is."""
    if ratios[0] < 1:
        return zeros[0] - 1
    for left, right, above, below in zip(zeros, zeros[1:], ratios, ratios[1:], strict=False):
        if below < 1:
            return left + (right - left) * (above - 1) / (above - below)
    return None


def fewest(size: Callable[[int], int], limit: int, loses: int, wins: int) -> int:
    """The fewest zeros with which a size is below ``limit``: with one zero less it is not.

    ``size``: bytes with so many zeros; it is called for some counts between ``loses``, whose size is ``limit`` or more,
    and ``wins``, whose size is less. ValueError where that is not so.

    >>> fewest(lambda zeros: 8 * (1000 - zeros), 4000, 0, 1000)
    501
    """
    from scipy.optimize import brentq  # slow to import

    known = {zeros: size(zeros) for zeros in (loses, wins)}
    if not known[loses] >= limit > known[wins]:
        raise ValueError(f"{known[loses]} bytes with {loses} zeros and {known[wins]} with {wins}: {limit} not between")

    def above(zeros: float) -> float:
        count = round(zeros)
        known[count] = known[count] if count in known else size(count)
        return known[count] - limit + 0.5  # a size that is equal does not win

    brentq(above, loses, wins, xtol=0.5)
    loses = max(zeros for zeros, bytes_ in known.items() if bytes_ >= limit)
    wins = min(zeros for zeros, bytes_ in known.items() if bytes_ < limit and zeros > loses)
    while wins - loses > 1:
        between = (loses + wins) // 2
        if above(between) > 0:
            loses = between
        else:
            wins = between
    return wins
