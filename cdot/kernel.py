"""One opened payload: lengths and types are checked here, before C sees a pointer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dotbench.cdot.arithmetic import ARITHMETICS
from dotbench.cdot.errors import KernelError, check, check_open
from dotbench.cdot.library import decoder, ffi, library, pointer
from dotbench.cdot.limits import Limits

Inputs = npt.NDArray[np.float32] | npt.NDArray[np.int8]
Outputs = npt.NDArray[np.float32] | npt.NDArray[np.int32]


def aligned(size: int, alignment: int = 64) -> npt.NDArray[np.uint8]:
    """``size`` bytes of memory that start at a multiple of ``alignment``."""
    return _aligned(np.empty(size + alignment, np.uint8), size, alignment)


def zeroed(size: int, alignment: int = 64) -> npt.NDArray[np.uint8]:
    """The same, of zeros: pages that nobody writes to are no memory yet."""
    return _aligned(np.zeros(size + alignment, np.uint8), size, alignment)


def _aligned(memory: npt.NDArray[np.uint8], size: int, alignment: int) -> npt.NDArray[np.uint8]:
    offset = -memory.ctypes.data % alignment
    return memory[offset : offset + size]


def crc(data: npt.NDArray[np.uint8]) -> int:
    """CRC-32C of a payload's bytes, its own field counted as 0."""
    return int(library().cdot_crc(pointer(data, "const uint8_t *"), len(data)))


class Pool:
    """Threads that wait for products; close it, use it in a ``with``, or drop it."""

    handle: Any = ffi.NULL

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._process = os.getpid()
        self.handle = library().cdot_pool_new(threads)
        if self.handle == ffi.NULL:
            raise KernelError(f"{threads} threads could not be started: use fewer")

    def close(self) -> None:
        """Ends the threads. A child of `os.fork` has none of them, so it only lets go."""
        handle, self.handle = self.handle, ffi.NULL
        if handle != ffi.NULL and os.getpid() == self._process:
            library().cdot_pool_free(handle)

    def __del__(self) -> None:
        if ffi is not None and self.handle != ffi.NULL:  # modules are taken apart at the end of a program
            self.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class VectorJob(NamedTuple):
    """x (n,) is written by the caller, then y (m,) by `Kernel.vector`; one caller at a time."""

    x: Inputs
    y: Outputs
    job: Any
    scratch: npt.NDArray[np.uint8]


class Kernel:
    """A payload's view, its workspace, and calls on it. The payload's bytes are kept alive.

    ``limits``: of the memory that it may ask for; None where its bytes are our own.
    """

    def __init__(
        self,
        name: str,
        data: npt.NDArray[np.uint8],
        source: Path | None = None,
        isa: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        if data.ctypes.data % 16:
            copy = aligned(len(data))
            copy[:] = data
            data = copy
        self.data = data
        self._lib = library(isa)
        self._decoder = decoder(name, source, isa)
        payload = pointer(data, "const uint8_t *")
        what = f"the {name} payload of {len(data)} bytes"
        size = 0
        if self._decoder.workspace != ffi.NULL:
            size = check_open(self._decoder.workspace(payload, len(data)), what)
        if limits:
            limits.check_scratch(size, len(data), what)
        self.workspace = aligned(size)
        self.view = ffi.new("cdot_view *")
        memory = pointer(self.workspace, "void *")
        check_open(self._decoder.open(self.view, payload, len(data), memory, size), what)
        self.view.decoder = self._decoder
        if limits:
            limits.check_scratch(self.scratch_bytes, len(data), what)
        self.arithmetic = ARITHMETICS[self.view.arithmetic]

    @property
    def shape(self) -> tuple[int, int]:
        return self.view.n, self.view.m

    @property
    def nnz(self) -> int:
        """Nonzeros of the whole matrix."""
        return int(self.view.nnz)

    @property
    def scratch_bytes(self) -> int:
        """Memory that a product of one vector on one thread needs besides the payload, in bytes."""
        return len(self.workspace) + int(self.view.scratch_bytes)

    def scratch(self, batch: int, threads: int) -> npt.NDArray[np.uint8]:
        """Room for products of ``batch`` vectors on ``threads`` threads."""
        return aligned(self._lib.cdot_product_scratch(self.view, batch, threads))

    def vector_job(self) -> VectorJob:
        """Memory for products of one vector, with all that C needs to know."""
        n, m = self.shape
        x, y, scratch = np.empty(n, self.arithmetic.inputs), np.empty(m, self.arithmetic.outputs), self.scratch(1, 1)
        memory = {"x": pointer(x, "void *"), "y": pointer(y, "void *"), "scratch": pointer(scratch, "void *")}
        return VectorJob(x, y, ffi.new("cdot_vector_job *", {"view": self.view, **memory}), scratch)

    @property
    def vector(self) -> Callable[[Any], int]:
        """y = x W of a `VectorJob`'s ``job``; what it returns is for `check`."""
        return self._lib.cdot_vector  # type: ignore[no-any-return]

    def _product(
        self, X: Inputs, Y: Outputs, columns: tuple[int, int], pool: Pool | None, scratch: npt.NDArray[np.uint8]
    ) -> tuple[Any, ...]:
        """The arguments that a product and its timing share."""
        if X.dtype != self.arithmetic.inputs or Y.dtype != self.arithmetic.outputs:
            wanted = f"{self.arithmetic.inputs} and {self.arithmetic.outputs}"
            raise KernelError(f"X and Y are {X.dtype} and {Y.dtype}, and this payload needs {wanted}")
        x, y = pointer(X, f"const {self.arithmetic.c_inputs}"), pointer(Y, self.arithmetic.c_outputs)
        threads = pool.handle if pool else ffi.NULL
        return self.view, x, y, len(X), *columns, threads, pointer(scratch, "void *")

    def dot(
        self, X: Inputs, Y: Outputs, columns: tuple[int, int], pool: Pool | None, scratch: npt.NDArray[np.uint8]
    ) -> None:
        """Y[:, columns] = X W[:, columns]; X (batch, n) and Y (batch, m) in C order, both float32, or int8 and
        int32."""
        operands = self._product(X, Y, columns, pool, scratch)
        check(getattr(self._lib, self.arithmetic.product)(*operands))

    def bench_dot(
        self,
        X: Inputs,
        Y: Outputs,
        columns: tuple[int, int],
        pool: Pool | None,
        scratch: npt.NDArray[np.uint8],
        repeat: int,
        cold: bool = False,
    ) -> int:
        """Nanoseconds of ``repeat`` products."""
        flushed = pointer(self.data, "const uint8_t *") if cold else ffi.NULL
        operands = self._product(X, Y, columns, pool, scratch)
        return check(self._lib.bench_dot(*operands, repeat, flushed, len(self.data)))

    def bench_decode(self, scratch: npt.NDArray[np.uint8], repeat: int, cold: bool = False) -> int:
        """Nanoseconds of ``repeat`` times decoding all columns into blocks, without a product."""
        start = pointer(self.data, "const uint8_t *") if cold else ffi.NULL
        memory = pointer(scratch, "void *")
        return check(self._lib.bench_decode(self.view, 0, self.view.m, memory, repeat, start, len(self.data)))

    def decode(self, begin: int, end: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Rows, values and indptr of the nonzeros of columns ``begin`` to ``end``; values as they are multiplied,
        float32 or int8, and not as they are stored."""
        indptr = np.zeros(end - begin + 1, np.int64)
        scratch = aligned(int(self.view.scratch_bytes))
        memory, ends = pointer(scratch, "void *"), pointer(indptr[1:], "int64_t *")
        null = ffi.NULL
        nnz = check(self._lib.cdot_decode(self.view, begin, end, null, null, ends, 0, memory))
        rows, values = np.empty(nnz, np.int32), np.empty(nnz, self.arithmetic.inputs)
        to_rows, to_values = pointer(rows, "int32_t *"), pointer(values, "void *")
        check(self._lib.cdot_decode(self.view, begin, end, to_rows, to_values, ends, nnz, memory))
        return rows, values, indptr

    def entries(self, begin: int, end: int) -> npt.NDArray[np.float32]:
        """All entries of columns ``begin`` to ``end``, float32 (columns, n): zeros with their signs, NaN with its
        bits. KernelError for a payload of int8."""
        out = np.empty((end - begin, self.view.n), np.float32)
        scratch = aligned(int(self.view.scratch_bytes))
        check(self._lib.cdot_entries(self.view, begin, end, pointer(out, "float *"), pointer(scratch, "void *")))
        return out


def bench_memcpy(to: npt.NDArray[np.uint8], data: npt.NDArray[np.uint8], repeat: int, cold: bool = False) -> int:
    """Nanoseconds of ``repeat`` copies of ``data``."""
    target, origin = pointer(to, "uint8_t *"), pointer(data, "const uint8_t *")
    return check(library().bench_memcpy(target, origin, len(data), repeat, cold))


def bench_compute(pool: Pool | None, work: int, repeat: int) -> int:
    """Nanoseconds of ``repeat`` rounds of arithmetic in registers, ``work`` steps over all threads."""
    return check(library().bench_compute(pool.handle if pool else ffi.NULL, work, repeat))
