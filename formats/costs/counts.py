"""What predictions of bytes are made from: a matrix's shape, and how often its values occur, of one pass over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import name_of
from dotbench.formats.costs.tallies import (
    MOST_DISTINCT,
    BitTally,
    FloatTally,
    Ints,
    NarrowTally,
    Totals,
    exponents_of,
    in_memory_order,
)
from dotbench.formats.sources.source import PLAIN_ARRAYS, Histogram, as_source, blocks
from dotbench.formats.value_types import ValueType, value_type, value_type_names


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of a matrix of ``n`` inputs by ``m`` outputs whose values are of ``dtype`` (a name of `value_types`).

    ``histogram``: the distinct nonzeros and how often each occurs; None where they were too many to be told apart.
    ``occurrences``, falling: how often each nonzero occurs, or, without a histogram, each of some classes of them.
    ``exponents`` int64: nonzeros by their exponent field, with its bias; None of whole numbers.
    ``negative_zeros``: how many of the zeros are -0.0, whose sign most formats do not keep.

    >>> counts = counts_of(np.array([[0, 1.5], [2, 1.5]], np.float32))
    >>> counts.nnz, counts.zeros, counts.density, counts.distinct_at_least, counts.histogram.values.tolist()
    (3, 1, 0.75, 2, [1.5, 2.0])
    """

    n: int
    m: int
    dtype: str
    histogram: Histogram | None
    occurrences: npt.NDArray[Any]
    exponents: Ints | None
    negative_zeros: int = 0

    @classmethod
    def of(cls, shape: tuple[int, int], dtype: str, histogram: Histogram, negative_zeros: int = 0) -> Self:
        """From a histogram whose values are of ``dtype``."""
        exponents = exponents_of(histogram.values, histogram.counts, dtype)
        return cls(*shape, dtype, histogram, falling(histogram.counts), exponents, negative_zeros)

    @cached_property
    def nnz(self) -> int:
        """Entries that are neither 0 nor -0.0."""
        return int(self.occurrences.sum())

    @property
    def entries(self) -> int:
        return self.n * self.m

    @property
    def zeros(self) -> int:
        """Entries that are 0 or -0.0."""
        return self.entries - self.nnz

    @property
    def density(self) -> float:
        """The share of entries that are not 0; 0.0 of an empty matrix."""
        return self.nnz / self.entries if self.entries else 0.0

    @property
    def distinct_at_least(self) -> int:
        """Distinct nonzeros: exact with a histogram, else a lower bound."""
        return len(self.occurrences)

    @property
    def value_type(self) -> ValueType:
        return value_type(self.dtype)

    @property
    def dense_bytes(self) -> int:
        """Of all entries in their own type, without a header."""
        return self.entries * self.value_type.dtype.itemsize

    @property
    def classes(self) -> Ints:
        """``occurrences`` as int64; without a histogram made when asked for, for millions of them take memory."""
        return self.occurrences.astype(np.int64, copy=False)

    @property
    def all_classes(self) -> Ints:
        """``classes`` with the zeros as one more where there are any, int64, falling."""
        if not self.zeros:
            return self.classes
        at = len(self.occurrences) - int(np.searchsorted(self.occurrences[::-1], self.zeros))
        return np.insert(self.classes, at, self.zeros)

    @property
    def symbols_at_least(self) -> int:
        """Distinct entries, 0 among them where it occurs: exact with a histogram, else a lower bound."""
        return self.distinct_at_least + (self.zeros > 0)


def falling(counts: npt.NDArray[Any]) -> Ints:
    """Counts, the largest first."""
    return np.sort(counts.astype(np.int64, copy=False))[::-1]


def counts_of(matrix: Any, most_distinct: int = MOST_DISTINCT) -> Counts:
    """The counts of a matrix, by one pass over it that holds a block at a time.

    A numpy array (n, m) of float32, float16, bfloat16 or int8 may have any layout and byte order, and be mapped from a
    file. With more distinct nonzeros of float32 than about ``most_distinct`` there is no histogram; memory stays below
    64 MiB. All else that can be encoded (arrays of other types, scipy's matrices, sources) is counted as an encoder
    does it, as float32 unless it is of one of these types. TypeError and ValueError as `Format.encode`: for what is
    no real matrix of two dimensions, and, with row and column, for a value that is no finite number.

    >>> counts_of(np.float32([[0, -0.0, 3]])).negative_zeros
    1
    >>> counts_of(np.float32([[0, np.inf]]))
    Traceback (most recent call last):
    ValueError: inf at row 0, column 1 is not a finite number: replace it before encoding
    """
    name = _name(matrix)
    source = as_source(matrix, name if name in value_type_names() else "float32")
    if type(matrix) not in PLAIN_ARRAYS or name not in value_type_names():
        return Counts.of(source.shape, name_of(source.dtype), source.histogram())
    totals = _totals(np.asarray(matrix), name, source.dtype, most_distinct)
    if totals is None:
        for _ in blocks(source):  # raises for the first entry that is not finite, in the order of columns
            pass
        raise AssertionError("an entry is not finite")  # pragma: no cover
    if totals.values is None:
        return Counts(*source.shape, name, None, totals.counts, totals.exponents, totals.negative_zeros)
    return Counts.of(source.shape, name, Histogram(totals.values, totals.counts), totals.negative_zeros)


def _name(matrix: Any) -> str:
    try:
        return name_of(matrix.dtype)
    except (AttributeError, TypeError):
        return ""


def _totals(array: npt.NDArray[Any], name: str, dtype: np.dtype[Any], most_distinct: int) -> Totals | None:
    """None where an entry is not finite."""
    tally: BitTally = FloatTally(most_distinct, array.size) if name == "float32" else NarrowTally(name, dtype)
    native = array.dtype.isnative
    for bits in in_memory_order(array.view(f"u{dtype.itemsize}")):
        if not tally.add(bits if native else bits.byteswap()):
            return None
    return tally.totals()
