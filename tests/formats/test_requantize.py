"""TFLite's int8 outputs: C and numpy against exact rational arithmetic, and constants by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotbench import formats
from dotbench.cdot.library import library
from dotbench.formats.payloads.requantize import Requantization, fixed_point, rescale, wrapped

INT32 = st.integers(-(2**31), 2**31 - 1)


def exactly(x: int, multiplier: int, shift: int) -> int:
    """From the definition: rounded to the nearest twice, ties up and then away from zero."""
    shifted = (x * 2 ** max(shift, 0) + 2**31) % 2**32 - 2**31
    high = min(math.floor(Fraction(shifted * multiplier, 2**31) + Fraction(1, 2)), 2**31 - 1)
    divided = Fraction(high, 2 ** max(-shift, 0))
    return int(math.copysign(1, divided)) * math.floor(abs(divided) + Fraction(1, 2))


@given(INT32, INT32, st.integers(-31, 30))
def test_rescaling_is_exact(x: int, multiplier: int, shift: int) -> None:
    expected = exactly(x, multiplier, shift)
    assert library().cdot_rescale(x, multiplier, shift) == expected
    assert (
        rescale(np.array([x], np.int32), np.array([multiplier], np.int32), np.array([shift], np.int32))[0] == expected
    )


def test_ties_and_the_one_overflow() -> None:
    """0.5 rounds up and -0.5 to 0 in the product; 2.5 to 3 and -2.5 to -3 in the shift."""
    half = 1 << 30
    for x, multiplier, shift, expected in (
        (1, half, 0, 1),
        (-1, half, 0, 0),
        (-3, half, 0, -1),
        (10, half, -1, 3),
        (-10, half, -1, -3),
        (-(2**31), -(2**31), 0, 2**31 - 1),
        (3, half, 1, 3),
    ):
        assert library().cdot_rescale(x, multiplier, shift) == exactly(x, multiplier, shift) == expected


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1.0, (1 << 30, 1)),
        (0.5, (1 << 30, 0)),
        (0.001, (1099511628, -9)),
        (1 - 2.0**-40, (1 << 30, 1)),  # the mantissa rounds up to 1
        (2.0**-32, (1 << 30, -31)),
        (2.0**-33, (0, 0)),
        (0.0, (0, 0)),
    ],
)
def test_scales(scale: float, expected: tuple[int, int]) -> None:
    multiplier, shift = fixed_point(scale)
    assert (multiplier, shift) == expected
    assert scale < 2.0**-32 or abs(multiplier * 2.0 ** (shift - 31) / scale - 1) < 2.0**-30
    assert multiplier == 0 or 2**30 <= multiplier < 2**31


@pytest.mark.parametrize("channels", [1, 24])
def test_a_layer_against_exact_arithmetic(channels: int) -> None:
    rng = np.random.default_rng(channels)
    W = np.where(rng.random((90, 24)) < 0.3, rng.integers(-127, 128, (90, 24)), 0).astype(np.int8)
    X = rng.integers(-128, 128, (7, 90), np.int8)
    scales, bias = rng.uniform(1e-4, 4e-3, channels), rng.integers(-5000, 5000, 24)
    for zero_point, input_zero_point, clamp in ((0, 0, (-128, 127)), (-128, -11, (-128, 127)), (5, 100, (5, 90))):
        for name in ("dense_s8", "rel15", "dcsr", "bitmap"):
            payload = formats.get(name).encode(W)
            layer = Requantization.of(scales, bias, zero_point, clamp, payload, input_zero_point)
            Y = layer(payload.dot(X))
            assert Y.dtype == np.int8 and np.array_equal(Y, layer.in_numpy(payload.dot(X)))
        sums = (X.astype(np.int64) - input_zero_point) @ W.astype(np.int64) + bias
        pairs = [fixed_point(scale) for scale in scales]
        for (b, j), value in np.ndenumerate(sums):
            scaled = exactly(int(value), *pairs[j if channels > 1 else 0]) + zero_point
            assert Y[b, j] == min(max(scaled, clamp[0]), clamp[1])
        assert len(np.unique(Y)) > 12


def test_what_is_no_layer() -> None:
    one, zeros = np.array([1 << 30], np.int32), np.zeros(3, np.int32)
    for arguments, text in (
        ((one.repeat(2), zeros[:2], zeros), "2 multipliers and 2 shifts for 3 outputs: pass 1 or 3"),
        ((one, zeros, zeros), "1 multipliers and 3 shifts"),
        ((one, np.array([31], np.int32), zeros), "shifts from 31 to 31"),
        ((one, zeros[:1], zeros, 200), "zero point 200"),
        ((one, zeros[:1], zeros, 0, 5, 4), "a clamp from 5 to 4"),
    ):
        with pytest.raises(ValueError, match=text):
            Requantization(*arguments)
    layer = Requantization(one, zeros[:1], zeros)
    for sums in (np.zeros((1, 4), np.int32), np.zeros((1, 3), np.int64), np.zeros(3, np.int32)):
        with pytest.raises(ValueError, match=r"this layer takes int32 of shape \(batch, 3\)"):
            layer(sums)
    for scale in (-1.0, math.inf, math.nan, 2.0**31):
        with pytest.raises(ValueError, match="is no scale of a layer"):
            fixed_point(scale)
    with pytest.raises(ValueError, match="pass payload"):
        Requantization.of(0.5, zeros, input_zero_point=3)
    assert layer(np.zeros((0, 3), np.int32)).shape == (0, 3)


def test_wrapping() -> None:
    assert wrapped(np.array([2**32 + 5, -(2**31) - 1])).tolist() == [5, 2**31 - 1]
