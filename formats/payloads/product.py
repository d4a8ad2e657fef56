"""Products of an opened payload: checks, shapes, memory and threads around the kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.kernel import Kernel, VectorJob
from dotbench.cdot.pools import standing_pools
from dotbench.formats.payloads.parallel import most_threads, threads_taken

KEPT_VECTOR = 1 << 16  # bytes of x and of y that are kept for the next product, at the most
KEPT_SCRATCH = 1 << 20
PIECE_STEPS = 1 << 29  # of a long product between two looks at Ctrl-C: some tenths of a second
PIECE_COLUMNS = 64  # a piece has a multiple of so many

Product = Callable[[npt.ArrayLike, int, tuple[int, int] | None], npt.NDArray[Any]]


def checked_input(X: npt.ArrayLike, n: int, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """X as (batch, n) of ``dtype`` in C order; ValueError or TypeError says what does not fit."""
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("x is a masked array, and a product has no mask: pass x.filled(0), or what is right there")
    array = np.asarray(X)
    if array.dtype != dtype:
        name = np.dtype(dtype).name
        cure = f"pass x.astype(numpy.{name})"
        if name == "int8":
            cure = "quantise x, or pass x.astype(numpy.int8) if it holds whole numbers from -128 to 127"
        raise TypeError(f"x is {array.dtype}, and these kernels multiply {name}: {cure}")
    if array.ndim not in (1, 2):
        raise ValueError(f"x has {array.ndim} dimensions (shape {array.shape}): pass (n,) or (batch, n)")
    if array.shape[-1] != n:
        raise ValueError(f"x has {array.shape[-1]} entries, and W has {n} rows (inputs)")
    return np.require(np.atleast_2d(array), dtype, ("C", "A"))


def pieces(begin: int, end: int, steps: int) -> Iterator[tuple[int, int]]:
    """The ranges of columns of a product of ``steps``: one, or where it takes long several, so that Python sees
    Ctrl-C between two of them."""
    count = -(-steps // PIECE_STEPS)
    width = max(1, -(-(end - begin) // (count * PIECE_COLUMNS))) * PIECE_COLUMNS if count > 1 else max(end - begin, 1)
    return ((at, min(at + width, end)) for at in range(begin, end, width))


def dot(
    kernel: Kernel, X: npt.ArrayLike, threads: int, columns: tuple[int, int] | None, steps: int = 0
) -> npt.NDArray[Any]:
    """See `Payload.dot`. ``steps``: of one vector and all columns, where that may be many (`Format.steps`)."""
    n, m = kernel.shape
    single = np.ndim(X) == 1
    x = checked_input(X, n, kernel.arithmetic.inputs)
    begin, end = columns if columns is not None else (0, m)
    if not 0 <= begin <= end <= m:
        raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {m} columns")
    if threads < 1:
        raise ValueError(f"{threads} threads: at least 1")
    y = np.empty((len(x), m), kernel.arithmetic.outputs)
    if len(x):
        steps = steps * max(4, len(x)) // 4 * (end - begin) // max(m, 1)  # four vectors of a batch cost what one does
        _multiply(kernel, x, y, pieces(begin, end, steps), threads_taken(kernel, len(x), end - begin, threads))
    part = y[:, begin:end]
    return part[0] if single else part


def _multiply(
    kernel: Kernel, x: npt.NDArray[Any], y: npt.NDArray[Any], ranges: Iterator[tuple[int, int]], threads: int
) -> None:
    pool = standing_pools().take(threads) if threads > 1 else None
    try:
        scratch = kernel.scratch(len(x), pool.threads if pool else 1)
        for columns in ranges:
            kernel.dot(x, y, columns, pool, scratch)
    finally:
        if pool:
            standing_pools().give(pool)


def product_of(kernel: Kernel, steps: int) -> Product:
    """`dot` of one payload, with a short way for a vector of a small matrix, where a call costs more than the kernel:
    memory, pointers and shapes are kept from call to call. A job is nobody else's while a call has it, be that
    another thread's or a signal handler's."""
    n, m = kernel.shape
    values, outputs, vector = kernel.arithmetic.inputs, kernel.arithmetic.outputs, kernel.vector
    small = max(n * values.itemsize, m * outputs.itemsize) <= KEPT_VECTOR and kernel.scratch_bytes <= KEPT_SCRATCH
    shape = (n,) if small and steps <= PIECE_STEPS else None  # None is no array's
    short, idle = most_threads(kernel, 1, m) == 1, list[VectorJob]()

    def multiply(X: npt.ArrayLike, threads: int, columns: tuple[int, int] | None) -> npt.NDArray[Any]:
        if (
            type(X) is not np.ndarray
            or X.shape != shape
            or X.dtype is not values
            or columns is not None
            or (threads != 1 and not (short and threads > 1))
        ):
            return dot(kernel, X, threads, columns, steps)
        try:
            job = idle.pop()
        except IndexError:
            job = kernel.vector_job()
        x, y, call, _ = job
        x[...] = X
        if status := vector(call):
            check(status)
        out = y.copy()
        idle.append(job)
        return out

    return multiply
