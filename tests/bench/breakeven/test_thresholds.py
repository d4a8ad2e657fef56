"""Thresholds from made-up measurements whose answer is known."""

from __future__ import annotations

import math
import random

import pytest

from dotbench.bench.breakeven.measure import Curve, finer
from dotbench.bench.breakeven.thresholds import Point, Threshold, crossing, fewest
from dotbench.bench.timing.pairs import Estimate, estimate

ZEROS = (0.0, 50.0, 80.0, 95.0, 99.9)


def exact(zeros: float, ratio: float, width: float = 0.0) -> Point:
    return Point(zeros, Estimate(ratio, ratio / (1 + width), ratio * (1 + width), 8))


def linear(zeros: float, crosses: float, floor: float = 0.05) -> float:
    """A product whose time is a constant and a share of its nonzeros, and that of the dense one at ``crosses``."""
    return floor + (1 - floor) * (100 - zeros) / (100 - crosses)


@pytest.mark.parametrize("crosses", [10.0, 50.0, 64.2, 83.1, 97.5])
def test_a_time_that_goes_with_nonzeros_crosses_where_it_does(crosses: float) -> None:
    found = crossing([exact(zeros, linear(zeros, crosses)) for zeros in ZEROS])
    assert found.answer == "from" and found.zeros == pytest.approx(crosses)
    assert found.low == found.high == pytest.approx(crosses) and found.sure


def test_the_order_of_points_does_not_matter() -> None:
    points = [exact(zeros, linear(zeros, 70)) for zeros in ZEROS]
    assert crossing(points[::-1]) == crossing(points)


def test_an_interval_is_where_the_ends_cross() -> None:
    """At 50 % 2.0 to 2.2, at 100 % 0.0: the lower ends cross at 75 %, the upper ones at 77.27 %."""
    points = [Point(50, Estimate(2.1, 2.0, 2.2, 8)), Point(100, Estimate(0.0001, 0.0001, 0.0001, 8))]
    found = crossing(points)
    assert found.low == pytest.approx(75.0, abs=0.01) and found.high == pytest.approx(77.27, abs=0.01)
    assert found.zeros == pytest.approx(76.19, abs=0.01)


def test_never_and_always_have_no_number() -> None:
    assert crossing([exact(zeros, 3.0) for zeros in ZEROS]) == Threshold("never", 0.0, 99.9)
    assert crossing([exact(zeros, 0.5) for zeros in ZEROS]) == Threshold("always", 0.0, 99.9)
    never, always = (crossing([exact(zeros, ratio) for zeros in (50, 90)]) for ratio in (1.0, 0.99))
    assert (never.answer, always.answer) == ("never", "always")  # exactly as fast is no win


def test_what_is_unsure_is_said() -> None:
    never = crossing([exact(0, 2.0), exact(50, 1.5), exact(99.9, 1.1, 0.25)])  # down to 0.88 at its end
    assert never.answer == "never" and not never.sure and never.low == pytest.approx(50 + 49.9 * 0.5 / 0.62)
    always = crossing([exact(0, 0.9, 0.25), exact(50, 0.5)])  # up to 1.125 at its begin
    assert always.answer == "always" and not always.sure and always.high == pytest.approx(50 * 0.125 / 0.625)
    everywhere = crossing([exact(0, 1.2, 0.5), exact(99.9, 1.1, 0.5)])
    assert (everywhere.answer, everywhere.low) == ("never", 0.0)
    anywhere = crossing([exact(0, 1.05, 0.5), exact(99.9, 0.95, 0.5)])
    assert (anywhere.answer, anywhere.low, anywhere.high, anywhere.sure) == ("from", None, None, False)


def test_a_curve_that_rises_by_noise_is_made_to_fall() -> None:
    """2.0, 1.2, 1.3 (as sure as the one before), 0.5: 1.25 at 50 and at 60, and half a unit of ratio to 80."""
    found = crossing([exact(0, 2.0, 0.01), exact(50, 1.2, 0.01), exact(60, 1.3, 0.01), exact(80, 0.5, 0.01)])
    assert found.zeros == pytest.approx(60 + 20 * 0.25 / 0.75, abs=0.01)
    surer = crossing([exact(0, 2.0, 0.01), exact(50, 1.2, 0.001), exact(60, 1.3, 0.1), exact(80, 0.5, 0.01)])
    assert surer.zeros == pytest.approx(60 + 20 * 0.2 / 0.7, abs=0.01)


def test_a_point_that_is_surely_slower_ends_what_was_won_before() -> None:
    """As of products with branches: faster without zeros, slower at 95 %, faster again behind it."""
    points = [exact(0, 0.8, 0.1), exact(50, 0.85, 0.1), exact(95, 1.6, 0.1), exact(99, 0.6, 0.1)]
    found = crossing(points)
    assert (found.answer, found.begin, found.end) == ("from", 0, 99) and found.sure
    assert found.zeros == pytest.approx(95 + 4 * 0.6 / 1.0)
    assert crossing([exact(0, 0.2, 0.1), *points[1:]]).answer == "from", "whatever the mean of all is"
    assert crossing(points[:3]) == Threshold("never", 0, 95)
    assert crossing([*points[:3], exact(99, 1.2, 0.01)]).answer == "never"
    unsure = [exact(0, 0.8, 0.1), exact(95, 1.05, 0.1), exact(99, 0.6, 0.1)]
    assert crossing(unsure).answer == "always", "noise is no reason"


def test_one_point_is_no_curve() -> None:
    with pytest.raises(ValueError, match="two points or more"):
        crossing([exact(50, 1.5), exact(50, 0.5)])


def measured(crosses: float, noise: float, rng: random.Random) -> Threshold:
    """As it is measured: five points, then finer ones, each of six passes with noise."""
    curve = Curve()
    wanted = list(ZEROS)
    for _ in range(3):
        for zeros in wanted:
            true = math.log(linear(zeros, crosses))
            curve.add(zeros, estimate([true + rng.gauss(0, noise) for _ in range(6)]))
        wanted = finer(curve)
    found = curve.threshold()
    assert found
    return found


@pytest.mark.parametrize("crosses", [30.0, 70.0, 88.0, 96.0])
def test_noise_of_five_per_cent_moves_a_threshold_by_less_than_three_points(crosses: float) -> None:
    """In 9 of 10 measurements; and the interval holds the truth in as many."""
    rng = random.Random(5)
    found = [measured(crosses, 0.05, rng) for _ in range(100)]
    assert sum(one.answer == "from" and abs((one.zeros or 0) - crosses) <= 3 for one in found) >= 90
    assert sum((one.low or 0) <= crosses <= (one.high or 100) for one in found) >= 90


def test_finer_points_stand_where_the_curve_crosses() -> None:
    curve = Curve([exact(zeros, linear(zeros, 83.1)) for zeros in ZEROS])
    assert finer(curve) == [83.0]
    curve.add(83.0, exact(83.0, linear(83.0, 83.1)).ratio)
    assert finer(curve) == []  # there is a point already
    assert finer(Curve([exact(zeros, linear(zeros, 99.34, 0.01)) for zeros in ZEROS])) == [99.3]
    assert finer(Curve([exact(zeros, 2.0) for zeros in ZEROS])) == []
    assert finer(Curve([exact(0, 2.0), exact(50, 0.5)], reason="it broke")) == []


# ---- bytes


@pytest.mark.parametrize("least", [1, 2, 500, 777, 1000])
def test_the_fewest_zeros_are_exact(least: int) -> None:
    asked: list[int] = []

    def size(zeros: int) -> int:
        asked.append(zeros)
        return 5000 - 4 * zeros + 4 * least - 1  # below 5000 from `least` on

    assert fewest(size, 5000, 0, 1000) == least
    assert len(asked) <= 6  # a straight line is found by what lies between


def test_steps_and_curves_are_no_matter() -> None:
    assert fewest(lambda zeros: 100 - 10 * (zeros // 64), 50, 0, 1000) == 384  # equal at 320, less at 384
    assert fewest(lambda zeros: round(1e6 * math.exp(-zeros / 50)), 1000, 0, 1000) == 346
    assert fewest(lambda zeros: 7 if zeros < 999 else 1, 7, 0, 1000) == 999


def test_sizes_that_do_not_cross() -> None:
    with pytest.raises(ValueError, match="5 bytes with 0 zeros and 5 with 9: 7 not between"):
        fewest(lambda zeros: 5, 7, 0, 9)
