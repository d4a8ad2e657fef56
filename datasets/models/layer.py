"""What a model file says of a layer: its weights as a matrix, and all that its product needs besides."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.skipped import SkippedOperator

THRESHOLD = 0.70  # the share of zeros from which a layer is worth a sparse format


@dataclass(frozen=True, eq=False)
class Quantisation:
    """A real number is ``scale * (stored - zero_point)``.

    ``scales`` float32 and ``zero_points`` int64, both (1,), (channels,) along dimension ``axis`` of the
    tensor, or (0,) where the tensor is not quantised.
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @cached_property
    def symmetric(self) -> bool:
        """Whether a stored 0 is the real 0 everywhere."""
        return not self.zero_points.any()


@dataclass(frozen=True, eq=False)
class Signal:
    """What flows into a layer or out of it: ``shape`` as stored (batch, height, width, channels; or batch,
    units), the name of its type (INT8, FLOAT32, ...), and its quantisation, for all of it."""

    shape: tuple[int, ...]
    type: str
    quantisation: Quantisation


@dataclass(frozen=True)
class Window:
    """How a convolution walks over its input: kernel, strides and dilation as (rows, columns), SAME or VALID."""

    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "VALID"


@dataclass(frozen=True, eq=False)
class Layer:
    """One constant weight tensor.

    ``weights`` is W, n inputs by m outputs, int8 or float32, that cannot be written: a view of the file, or what
    the graph's own DENSIFY and float16's DEQUANTIZE make of it:

    - ``dense``: as stored, transposed;
    - ``conv``: kernels of (rows, columns, channels) in a line, so n = kh kw channels, and 1x1 ones are plain
      matrices of channels by filters;
    - ``depthwise``: one kernel a channel, n = kh kw: what is stored; its product has another input in each column.

    ``name`` is the operator's number in the graph and what it is (``05_conv1x1``); ``tensor`` the name in the
    file; ``shape`` the tensor's; ``quantisation`` that of the weights; ``bias`` (m,) int32, int64 or float32, or
    None; ``activation`` as the file format calls it; ``pixels`` the vectors that one inference multiplies by W
    (the height times the width of the output, times its batch).
    """

    name: str
    kind: str
    tensor: str
    shape: tuple[int, ...]
    weights: npt.NDArray[Any] = field(repr=False)
    quantisation: Quantisation = field(repr=False)
    bias: npt.NDArray[Any] | None = field(repr=False)
    activation: str
    window: Window
    input: Signal = field(repr=False)
    output: Signal = field(repr=False)
    pixels: int

    @cached_property
    def nnz(self) -> int:
        return int(np.count_nonzero(self.weights))

    @property
    def zeros(self) -> int:
        return int(self.weights.size) - self.nnz

    def sparse(self, threshold: float = THRESHOLD) -> bool:
        """Whether at least floor(threshold x entries) are zeros: 2867 of 4096 pass 0.70."""
        return self.zeros >= math.floor(Fraction(str(threshold)) * int(self.weights.size))


@dataclass(frozen=True)
class Model:
    """The layers of a file, in its order, and the operators whose weights are not read."""

    name: str
    layers: tuple[Layer, ...]
    unread: tuple[SkippedOperator, ...] = ()

    @property
    def skipped(self) -> tuple[str, ...]:
        """A line for each operator whose weights are not read."""
        return tuple(map(str, self.unread))
