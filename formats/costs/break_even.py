"""From which share of zeros on a format is smaller than a dense matrix of the same type, by exact bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import numbers
from dotbench.formats.costs.bytes import predicted_bytes
from dotbench.formats.costs.counts import Counts
from dotbench.formats.costs.tallies import EXPONENTS
from dotbench.formats.dense import Dense
from dotbench.formats.dense_s8 import DenseS8
from dotbench.formats.format import Format
from dotbench.formats.sources.columns import Histogram
from dotbench.formats.value_types import value_type

MOST_FLOATS = 1 << 24  # whole numbers that float32 holds


def break_even(
    n: int, m: int, dtype: str, distinct: int, formats: Iterable[Format], own: Histogram | None = None
) -> dict[str, float | None]:
    """For each format the density below which it is smaller than a dense matrix (n, m) of ``dtype``.

    The nonzeros have ``distinct`` values that occur equally often, or the distribution of ``own``, a histogram. 1.0:
    smaller at any density; 0.0: at none; None: the bytes depend on positions, or the format stores no such matrix.
    ValueError where the type has fewer values.

    >>> from dotbench import formats
    >>> standard = [formats.get(name) for name in ("bitmap", "csc_min", "ham", "eie")]
    >>> {key: value and round(value, 3) for key, value in break_even(1024, 1024, "float32", 256, standard).items()}
    {'bitmap': 0.969, 'csc_min': 0.666, 'ham': 1.0, 'eie': None}
    """
    known = own or Histogram(some_values(dtype, distinct), np.ones(distinct, np.int64))

    def counts(nnz: int) -> Counts:
        return Counts.of((n, m), dtype, scaled(known, nnz))

    reference = predicted_bytes(DenseS8() if dtype == "int8" else Dense(), counts(0))
    assert reference is not None
    return {str(format_): _density(format_, counts, n * m, reference) for format_ in formats}


def _density(format_: Format, counts: Callable[[int], Counts], entries: int, reference: int) -> float | None:
    try:
        sizes = [predicted_bytes(format_, counts(nnz)) for nnz in (0, entries)]
        if None in sizes:
            return None
        smaller = [size is not None and size < reference for size in sizes]
        if not smaller[0] or not entries:
            return 0.0
        if smaller[1]:
            return 1.0
        low, high = 0, entries  # smaller, not smaller
        while high - low > 1:
            middle = (low + high) // 2
            size = predicted_bytes(format_, counts(middle))
            low, high = (middle, high) if size is not None and size < reference else (low, middle)
    except ValueError:  # it does not store such values, or not as many
        return None
    return high / entries


def scaled(histogram: Histogram, nnz: int) -> Histogram:
    """With ``nnz`` nonzeros in all, in the same shares; values of which none is left drop out.

    >>> scaled(Histogram(np.float32([1, 2, 3]), np.array([6, 3, 1])), 5).counts
    array([3, 1, 1])
    """
    ends = np.rint(np.cumsum(histogram.counts) / max(histogram.nnz, 1) * nnz)  # the last one is nnz
    counts = np.diff(ends, prepend=0).astype(np.int64)
    return Histogram(histogram.values[counts > 0], counts[counts > 0])


def some_values(dtype: str, count: int) -> npt.NDArray[Any]:
    """``count`` distinct nonzeros of a type, rising: whole numbers from 1 on, or, of 16 bits, the numbers from 1 on.

    ValueError where it has fewer.

    >>> some_values("int8", 3), some_values("float16", 2)
    (array([1, 2, 3], dtype=int8), array([1.   , 1.001], dtype=float16))
    """
    if dtype == "float32":
        every = np.arange(1, min(count, MOST_FLOATS) + 1, dtype=np.float32)
    elif dtype == "int8":
        every = np.array([*range(1, 128), *range(-1, -129, -1)], np.int8)
    else:
        shift, width = EXPONENTS[dtype]
        one, infinity = ((1 << width - 1) - 1) << shift, ((1 << width) - 1) << shift
        positive = np.array([*range(one, infinity), *range(one - 1, 0, -1)], np.uint16)
        every = np.concatenate([positive, positive | 0x8000]).view(value_type(dtype).dtype)
    if not 0 <= count <= len(every):
        raise ValueError(f"{count} distinct values of {dtype}: there are {len(every)} to choose from")
    return every[:count][np.argsort(numbers(every[:count]))]
