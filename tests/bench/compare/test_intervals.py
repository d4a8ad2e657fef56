"""Ratios of ratios: against scipy's Welch test on the raw medians, by hand, and how often they call wrongly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from dotbench.bench.compare.intervals import Measured, compare
from dotbench.bench.timing.pairs import estimate


def measured(logs: np.ndarray) -> Measured:
    """What a row of time.csv keeps of its passes."""
    known = estimate(list(logs))
    return Measured(known.ratio, known.low, known.high, known.passes)


@pytest.mark.parametrize("counts", [(8, 8), (8, 20), (2, 8), (4, 3)])
def test_welch_from_intervals_is_welch_from_the_passes(counts: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(counts))
    a, b = (rng.normal(0.1 * which, 0.02 + 0.03 * which, count) for which, count in enumerate(counts))
    found = compare(measured(a), measured(b))
    wanted = scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.99)
    assert math.log(found.ratio) == pytest.approx(b.mean() - a.mean())
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((wanted.low, wanted.high), rel=2e-3)


def test_limits_are_combined_where_they_are_not_of_students() -> None:
    found = compare(Measured(2.0, 1.9, 2.2), Measured(3.0, 2.7, 3.1))
    below = math.hypot(math.log(2.2 / 2.0), math.log(3.0 / 2.7))
    above = math.hypot(math.log(2.0 / 1.9), math.log(3.1 / 3.0))
    assert found.ratio == pytest.approx(1.5)
    assert found.low == pytest.approx(1.5 * math.exp(-below)) and found.high == pytest.approx(1.5 * math.exp(above))


@pytest.mark.parametrize(
    ("ratio", "width", "verdict"),
    [
        (1.05, 1.005, "slower"),
        (0.95, 1.005, "faster"),
        (1.0, 1.005, "same"),
        (1.0, 1.02, "unsure"),  # too wide to say
        (1.02, 1.02, "unsure"),  # the interval reaches below 1 %
        (1.008, 1.005, "unsure"),  # and this one across it
    ],
)
def test_a_difference_is_called_where_the_whole_interval_lies_beyond_one_per_cent(
    ratio: float, width: float, verdict: str
) -> None:
    exactly = Measured(1.0, 1.0, 1.0)
    assert compare(exactly, Measured(ratio, ratio / width, ratio * width)).verdict == verdict


def test_identical_kernels_are_called_different_in_less_than_one_of_a_hundred_and_three_per_cent_is_found() -> None:
    """Passes as scattered as on the machine of results/: half-widths of 1.2 % in the median (8 passes)."""
    rng = np.random.default_rng(6)
    a, same, slower = (rng.normal(mean, 0.0097, (1000, 8)) for mean in (0.0, 0.0, math.log(1.03)))
    calls = [compare(measured(x), measured(y)).verdict for x, y in zip(a, same, strict=True)]
    assert calls.count("faster") + calls.count("slower") <= 10
    found = [compare(measured(x), measured(y)).verdict for x, y in zip(a, slower, strict=True)]
    assert found.count("slower") > 700 and found.count("faster") == 0


@given(
    st.tuples(*[st.floats(1e-3, 1e3)] * 2),
    st.tuples(*[st.floats(1, 2)] * 2),
    st.tuples(*[st.one_of(st.none(), st.integers(1, 30))] * 2),
)
def test_swapping_the_sides_inverts_the_ratio(
    values: tuple[float, ...], widths: tuple[float, ...], counts: tuple[int | None, ...]
) -> None:
    a, b = (Measured(v, v / w, v * w, n) for v, w, n in zip(values, widths, counts, strict=True))
    there, back = compare(a, b), compare(b, a)
    assert there.low <= there.ratio <= there.high
    assert (back.ratio, back.low, back.high) == pytest.approx((1 / there.ratio, 1 / there.high, 1 / there.low))


def test_what_has_no_logarithm_is_not_usable() -> None:
    assert Measured(1.0, 0.9, 1.1).usable
    for value, low, high in ((0.0, 0.0, 0.0), (1.0, -0.1, 1.1), (1.0, 1.1, 1.2), (1.0, 0.8, 0.9)):
        assert not Measured(value, low, high).usable
