"""What can be timed: our formats and ceilings; peers' targets are in bench/peers.

A target is made for one cell. ``product()`` is checked before ``run`` is timed; both compute the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot import kernel as kernels
from dotbench.formats.payloads.payload import Payload

Floats = npt.NDArray[Any]  # X float32 and Y float32, or int8 and int32


class Target:
    """Base: ``product`` gives Y (batch, m), or None where there is none to check (ceilings)."""

    call_ns = 0.0  # what an empty call of this kind costs, in the figure; C drivers have none

    def product(self) -> Floats | None:
        return None

    def run(self, repeat: int) -> int:
        """Nanoseconds of ``repeat`` runs."""
        raise NotImplementedError


@dataclass
class FormatTarget(Target):
    """A payload's product by our kernels, timed in C; ``columns`` narrows it to a range."""

    payload: Payload
    X: Floats
    pool: kernels.Pool | None = None
    cold: bool = False
    columns: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self._range = self.columns or (0, self.payload.shape[1])
        self._y = np.zeros((len(self.X), self.payload.shape[1]), self.payload.kernel.arithmetic.outputs)
        threads = self.pool.threads if self.pool else 1
        self._scratch = self.payload.kernel.scratch(len(self.X), threads)

    def product(self) -> Floats:
        self._y[:] = np.nan if self._y.dtype.kind == "f" else np.iinfo(np.int32).min  # what no kernel leaves there
        self.payload.kernel.dot(self.X, self._y, self._range, self.pool, self._scratch)
        return self._y

    def run(self, repeat: int) -> int:
        kernel = self.payload.kernel
        return kernel.bench_dot(self.X, self._y, self._range, self.pool, self._scratch, repeat, self.cold)


@dataclass
class DecodeCeiling(Target):
    """Decoding every block of a payload without multiplying."""

    payload: Payload
    cold: bool = False

    def __post_init__(self) -> None:
        self._scratch = self.payload.kernel.scratch(1, 1)

    def run(self, repeat: int) -> int:
        return self.payload.kernel.bench_decode(self._scratch, repeat, self.cold)


@dataclass
class MemcpyCeiling(Target):
    """Copying the payload: no kernel that reads all of it is faster than half of that."""

    payload: Payload
    cold: bool = False

    def __post_init__(self) -> None:
        self._to = kernels.aligned(self.payload.nbytes)
        self._to[:] = 0

    def run(self, repeat: int) -> int:
        return kernels.bench_memcpy(self._to, self.payload.data, repeat, self.cold)


def timed(call: Callable[[], Any], repeat: int) -> int:
    """Nanoseconds of ``repeat`` calls from Python."""
    start = time.perf_counter_ns()
    for _ in range(repeat):
        call()
    return time.perf_counter_ns() - start


def make(name: str, payload: Payload, X: Floats, pool: kernels.Pool | None, cold: bool) -> Target:
    """The target of a format's cell, or of a ceiling that belongs to it."""
    if name == "ceiling:memcpy":
        return MemcpyCeiling(payload, cold)
    if name == "ceiling:decode":
        return DecodeCeiling(payload, cold)
    return FormatTarget(payload, X, pool, cold)
