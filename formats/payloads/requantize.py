"""TFLite's int8 outputs from int32 sums: scales as integers, two roundings, zero points, clamps.

What a quantised fully connected or convolution layer computes behind its product, right to the bit as
TFLite's reference kernels (Jacob et al. 2018, gemmlowp). cdot/core/requantize.c is the same in C.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.library import ffi, library, pointer
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import blocks

INT8 = (-128, 127)


def fixed_point(scale: float) -> tuple[int, int]:
    """Multiplier and shift of a scale above 0: scale = multiplier 2^(shift - 31), the multiplier from 2^30 on.

    Scales below 2^-32 become 0, as in TFLite. ValueError for scales that are negative, infinite, or above 2^30.

    >>> fixed_point(0.75), fixed_point(1.0)
    ((1610612736, 0), (1073741824, 1))
    """
    if not 0 <= scale <= 2.0**30:
        raise ValueError(f"{scale} is no scale of a layer: it has to be from 0 to 2^30")
    mantissa, shift = math.frexp(scale)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


@dataclass(frozen=True)
class Requantization:
    """How int32 sums of a layer become int8 outputs.

    ``multipliers`` and ``shifts`` int32, of length 1 (one scale for the tensor) or m (one for each output);
    ``bias`` int32 (m,), with what the zero points of inputs and weights make of it; ``zero_point`` of the
    outputs; ``low`` and ``high`` clamp them (the fused activation). Input zero points are subtracted from
    every input, padding included, so ``bias`` holds for products over all n inputs.

    >>> layer = Requantization.of(np.array([0.5]), np.array([3, -4]), zero_point=10)
    >>> layer(np.array([[4, 5], [1000, -1000]], np.int32))
    array([[  14,   11],
           [ 127, -128]], dtype=int8)
    """

    multipliers: npt.NDArray[np.int32]
    shifts: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int32]
    zero_point: int = 0
    low: int = INT8[0]
    high: int = INT8[1]

    def __post_init__(self) -> None:
        channels, m = len(self.multipliers), len(self.bias)
        if channels not in (1, m) or len(self.shifts) != channels:
            raise ValueError(f"{channels} multipliers and {len(self.shifts)} shifts for {m} outputs: pass 1 or {m}")
        if len(self.shifts) and not -31 <= self.shifts.min() <= self.shifts.max() <= 30:
            raise ValueError(f"shifts from {self.shifts.min()} to {self.shifts.max()}: they go from -31 to 30")
        if not INT8[0] <= self.low <= self.high <= INT8[1]:
            raise ValueError(f"a clamp from {self.low} to {self.high} is no range of int8")
        if not INT8[0] <= self.zero_point <= INT8[1]:
            raise ValueError(f"the output's zero point {self.zero_point} is no int8")

    @classmethod
    def of(
        cls,
        scales: npt.ArrayLike,
        bias: npt.ArrayLike,
        zero_point: int = 0,
        clamp: tuple[int, int] = INT8,
        payload: Payload | None = None,
        input_zero_point: int = 0,
    ) -> Self:
        """From real ``scales`` (input times weight over output; one or m) and a bias of m int32.

        ``payload``: the weights, needed where the inputs' zero point is not 0.
        """
        pairs = [fixed_point(float(scale)) for scale in np.atleast_1d(np.asarray(scales, np.float64))]
        whole = np.asarray(bias, np.int64)
        if input_zero_point:
            if payload is None:
                raise ValueError(f"inputs with zero point {input_zero_point} need the weights: pass payload")
            whole = whole - input_zero_point * column_sums(payload)
        multipliers, shifts = np.array(pairs, np.int64).reshape(-1, 2).T
        return cls(multipliers.astype(np.int32), shifts.astype(np.int32), wrapped(whole), zero_point, *clamp)

    def _checked(self, sums: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        if sums.dtype != np.int32 or sums.ndim != 2 or sums.shape[1] != len(self.bias):
            wanted = f"int32 of shape (batch, {len(self.bias)})"
            raise ValueError(f"sums are {sums.dtype} of shape {sums.shape}, and this layer takes {wanted}")
        return np.ascontiguousarray(sums)

    def __call__(self, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """Outputs (batch, m) of sums (batch, m), by the C kernel."""
        sums = self._checked(sums)
        out = np.zeros(sums.shape, np.int8)
        arrays = (np.ascontiguousarray(array, np.int32) for array in (self.bias, self.multipliers, self.shifts))
        if sums.size:
            library().cdot_requantize_s8(
                pointer(sums, "const int32_t *"),
                *sums.shape,
                *(ffi.from_buffer("int32_t[]", array) for array in arrays),
                len(self.multipliers),
                self.zero_point,
                self.low,
                self.high,
                pointer(out, "int8_t *"),
            )
        return out

    def in_numpy(self, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """The same without C."""
        biased = wrapped(self._checked(sums).astype(np.int64) + self.bias)
        scaled = rescale(biased, self.multipliers, self.shifts)
        return np.clip(scaled.astype(np.int64) + self.zero_point, self.low, self.high).astype(np.int8)


def wrapped(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Modulo 2^32, as 32-bit registers have it.

    >>> wrapped(np.array([2**31, -1]))
    array([-2147483648,          -1], dtype=int32)
    """
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def rescale(
    values: npt.NDArray[np.int32], multipliers: npt.NDArray[np.int32], shifts: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """values multiplier 2^(shift - 31), rounded twice: the doubled product's high half to the nearest with ties
    upwards, then the shift to the right to the nearest with ties away from zero."""
    left, right = np.maximum(shifts, 0).astype(np.int64), np.maximum(-shifts, 0).astype(np.int64)
    shifted = wrapped(values.astype(np.int64) << left).astype(np.int64)
    factors = multipliers.astype(np.int64)
    high = np.minimum((shifted * factors + (1 << 30)) >> 31, 2**31 - 1)  # only -2^31 squared is above
    mask = (np.int64(1) << right) - 1
    up = (high & mask) > (mask >> 1) + (high < 0)
    result: npt.NDArray[np.int32] = ((high >> right) + up).astype(np.int32)
    return result


def column_sums(payload: Payload) -> npt.NDArray[np.int64]:
    """Sums of the weights of each output."""
    parts = [np.zeros(0, np.int64)]
    for begin, end, columns in blocks(payload):
        column = columns.column_of_each()
        sums = np.bincount(column, weights=columns.values.astype(np.float64), minlength=end - begin)
        parts.append(sums.astype(np.int64))
    return np.concatenate(parts)
