"""What can be timed: our formats, other people's libraries, and ceilings.

A target is made for one cell. ``product()`` is checked before ``run`` is timed; both compute the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cdot import kernel as kernels
from cdot.library import library, pointer
from formats.payload import Payload

Floats = npt.NDArray[np.float32]


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
        self._y = np.zeros((len(self.X), self.payload.shape[1]), np.float32)
        threads = self.pool.threads if self.pool else 1
        self._scratch = self.payload.kernel.scratch(len(self.X), threads)

    def product(self) -> Floats:
        self._y[:] = np.nan
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


class PythonTarget(Target):
    """A library that can only be called from Python: the call is in the time, and its cost in the row."""

    def __init__(self, call: Callable[[], Any], finish: Callable[[Any], Floats], flush: list[Any]) -> None:
        self._call, self._finish, self._flush = call, finish, flush

    @cached_property
    def call_ns(self) -> float:  # type: ignore[override]
        """Nanoseconds of a call that does nothing, timed the same way."""
        return min(_time(lambda: None, 1000) for _ in range(5)) / 1000

    def product(self) -> Floats:
        return self._finish(self._call())

    def run(self, repeat: int) -> int:
        if not self._flush:
            return _time(self._call, repeat)
        spent = 0
        for _ in range(repeat):
            for array in self._flush:
                library().bench_flush(pointer(array, "const uint8_t *"), array.nbytes)
            spent += _time(self._call, 1)
        return spent


def _time(call: Callable[[], Any], repeat: int) -> int:
    start = time.perf_counter_ns()
    for _ in range(repeat):
        call()
    return time.perf_counter_ns() - start


def blas_dense(reference: Payload, X: Floats, cold: bool) -> PythonTarget:
    """numpy's ``X @ W``, W dense in C order, from the reference payload's entries."""
    W = np.ascontiguousarray(reference.decode())
    return PythonTarget(lambda: X @ W, lambda y: y, [W] if cold else [])


def scipy_csc(reference: Payload, X: Floats, cold: bool) -> PythonTarget:
    """scipy's gather form ``csr(W.T) @ X.T``, from the reference payload's own arrays."""
    from scipy.sparse import csr_array

    n, m = reference.shape
    arrays = (
        np.array(reference.section("values")),
        reference.section("rows").astype(np.int32),
        reference.section("pointers").astype(np.int32),
    )
    transposed = csr_array(arrays, shape=(m, n))
    operand = X[0] if len(X) == 1 else X.T
    flush = list(arrays) if cold else []
    return PythonTarget(lambda: transposed @ operand, lambda y: y.T.reshape(len(X), m), flush)


def make(name: str, payload: Payload, X: Floats, pool: kernels.Pool | None, cold: bool) -> Target:
    """The target of a cell. ``payload``: the format's, for a peer the reference's."""
    if name == "blas_dense":
        return blas_dense(payload, X, cold)
    if name == "scipy_csc":
        return scipy_csc(payload, X, cold)
    if name == "ceiling:memcpy":
        return MemcpyCeiling(payload, cold)
    if name == "ceiling:decode":
        return DecodeCeiling(payload, cold)
    return FormatTarget(payload, X, pool, cold)
