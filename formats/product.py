"""Products of an opened payload: checks, shapes, memory and threads around the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdot.kernel import Kernel, Pool


def checked_input(X: npt.ArrayLike, n: int, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """X as (batch, n) of ``dtype`` in C order; ValueError or TypeError says what does not fit."""
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
    return np.ascontiguousarray(np.atleast_2d(array))


def dot(kernel: Kernel, X: npt.ArrayLike, threads: int, columns: tuple[int, int] | None) -> npt.NDArray[Any]:
    """See `Payload.dot`."""
    n, m = kernel.shape
    single = np.ndim(X) == 1
    x = checked_input(X, n, kernel.values.values)
    begin, end = columns if columns is not None else (0, m)
    if not 0 <= begin <= end <= m:
        raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {m} columns")
    if threads < 1:
        raise ValueError(f"{threads} threads: at least 1")
    y = np.zeros((len(x), m), kernel.values.outputs)
    if len(x):
        threads = max(1, min(threads, end - begin))
        scratch = kernel.scratch(len(x), threads)
        if threads == 1:
            kernel.dot(x, y, (begin, end), None, scratch)
        else:
            with Pool(threads) as pool:
                kernel.dot(x, y, (begin, end), pool, scratch)
    part = y[:, begin:end]
    return part[0] if single else part
