"""How often values occur, by their bits, in memory that does not grow with the matrix: what one pass counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import numbers
from dotbench.cdot.encode.table import Table

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[Any]  # unsigned, one dimension, contiguous
BLOCK = 1 << 18  # entries that are counted together: numpy's temporary arrays of them stay in caches
MOST_DISTINCT = 1 << 20  # values of float32 that are told apart; counting more of them takes more than 64 MiB
CLASS_BITS = 23  # where there are more: 2^23 classes of values, 32 MiB of counters
HASH = np.uint32(2654435769)  # odd, so that a product's high bits depend on all bits of a value
EXPONENTS = {"float32": (23, 8), "float16": (10, 5), "bfloat16": (7, 8)}  # where the field lies, and its bits


@dataclass(frozen=True)
class Totals:
    """``values``: the distinct nonzeros, rising; None where there were too many. ``counts``: how often each occurs
    (int64), or each class of values (unsigned, falling). ``exponents`` int64: nonzeros by their exponent field, where
    there are no values that would tell."""

    values: npt.NDArray[Any] | None
    counts: npt.NDArray[Any]
    exponents: Ints | None
    negative_zeros: int


class BitTally(Protocol):
    """Counts entries block by block; `add` says whether all of them are finite (or still may be)."""

    def add(self, bits: Bits) -> bool: ...

    def totals(self) -> Totals | None:
        """None where an entry is infinite or NaN. To be called once."""
        ...


def in_memory_order(bits: npt.NDArray[Any]) -> Iterator[Bits]:
    """All entries of an array of two dimensions and any layout, `BLOCK` at a time, none of them copied more than once.

    >>> [block.tolist() for block in in_memory_order(np.arange(4, dtype=np.uint8).reshape(2, 2).T)]
    [[0, 1, 2, 3]]
    """
    if abs(bits.strides[0]) < abs(bits.strides[1]):
        bits = bits.T
    if bits.flags.c_contiguous:
        bits = bits.reshape(1, -1)
    rows, columns = bits.shape
    step = max(1, BLOCK // max(columns, 1))
    for row in range(0, rows, step):
        for column in range(0, columns, BLOCK):
            yield np.ascontiguousarray(bits[row : row + step, column : column + BLOCK]).reshape(-1)


def exponents_of(values: npt.NDArray[Any], counts: Ints, dtype: str) -> Ints | None:
    """Values with ``counts`` by their exponent fields; None of a type that has none.

    >>> exponents_of(np.float16([1, 1.5, 2]), np.array([5, 2, 1]), "float16").nonzero()[0]
    array([15, 16])
    """
    if dtype not in EXPONENTS:
        return None
    shift, width = EXPONENTS[dtype]
    bits = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    return _added((bits >> shift) & ((1 << width) - 1), counts, 1 << width)


def _added(places: npt.NDArray[Any], counts: Ints, length: int) -> Ints:
    """Sums of the counts of each place; exact below 2^53."""
    return np.bincount(places.astype(np.intp), weights=counts, minlength=length).astype(np.int64)


class NarrowTally:
    """Of values of 8 or 16 bits: a counter for each pattern of bits."""

    def __init__(self, name: str, dtype: np.dtype[Any]) -> None:
        self._name, self._dtype = name, dtype
        self._counts = np.zeros(1 << 8 * dtype.itemsize, np.int64)

    def add(self, bits: Bits) -> bool:
        self._counts += np.bincount(bits.astype(np.intp), minlength=len(self._counts))  # bincount casts more slowly
        return True

    def totals(self) -> Totals | None:
        patterns, negative_zeros = np.flatnonzero(self._counts), 0
        if self._name in EXPONENTS:
            shift, width = EXPONENTS[self._name]
            field = (1 << width) - 1
            if (patterns >> shift & field == field).any():
                return None
            sign = len(self._counts) // 2
            negative_zeros, patterns = int(self._counts[sign]), patterns[patterns != sign]
        patterns = patterns[patterns != 0]
        values = patterns.astype(f"u{self._dtype.itemsize}").view(self._dtype)
        order = np.argsort(numbers(values))
        return Totals(values[order], self._counts[patterns[order]], None, negative_zeros)


class _Full(Exception):
    """A table has as many values as it may have, and here is another one."""


class _LimitedTable(Table):
    """A table of ``most`` values, the two zeros among them; _Full where there are more. ``entries``: that will come."""

    def __init__(self, most: int, entries: int) -> None:
        self._most_bits = max(most, 2).bit_length()  # a table of 2^bits slots takes half as many values
        # with room for all from the start: growing takes more time, and slots that nobody touches take no memory
        super().__init__(min(max(8, (2 * entries).bit_length()), self._most_bits))
        self.add(np.array([0.0, -0.0], np.float32))

    def _grow(self, bits: int) -> None:
        if bits > self._most_bits:
            raise _Full
        super()._grow(bits)

    def takes(self, values: npt.NDArray[np.float32]) -> bool:
        """Counts values, in order, as long as there is room; whether there was for all of them."""
        try:
            self.add(values)
        except _Full:
            return False
        return True

    def counted(self) -> tuple[npt.NDArray[np.uint32], Ints]:
        """The bits of all values, the zeros first, and how often each was added."""
        counts = self._counts[: len(self)].copy()
        counts[:2] -= 1  # those that stand for the zeros' places
        return self._distinct[: len(self)], counts


class FloatTally:
    """Of float32: a table of the distinct values, and where these are more than ``most`` (a power of two), classes of
    values by a hash. What is known of classes bounds from below what holds for values: merging two of them makes a
    matrix easier to code."""

    def __init__(self, most: int, entries: int) -> None:
        self._table: _LimitedTable | None = _LimitedTable(most, entries)
        self._added = self._negative_zeros = 0
        self._counter: type[np.unsignedinteger[Any]] = np.uint32 if entries < 1 << 32 else np.uint64
        self._classes: npt.NDArray[Any] = np.zeros(0, self._counter)
        self._exponents = np.zeros(0, np.int64)

    def add(self, bits: Bits) -> bool:
        values = bits.view(np.float32)
        if self._table is None:
            return self._add_to_classes(bits)
        if not np.isfinite(values).all():
            return False
        if not self._table.takes(values):
            self._give_up(*self._table.counted(), bits)
        self._added += len(bits)
        return True

    def _give_up(self, distinct: npt.NDArray[np.uint32], counts: Ints, bits: Bits) -> None:
        """Puts what the table has into classes, and the rest of a block that it took in part."""
        self._table = None
        self._negative_zeros = int(counts[1])
        self._exponents = _added(distinct[2:] >> 23 & 255, counts[2:], 256)
        self._classes = np.zeros(1 << CLASS_BITS, self._counter)
        for begin in range(2, len(distinct), BLOCK):
            part = slice(begin, begin + BLOCK)
            np.add.at(self._classes, _class_of(distinct[part]), counts[part].astype(self._counter))
        self._add_to_classes(bits[int(counts.sum()) - self._added :])

    def _add_to_classes(self, bits: Bits) -> bool:
        exponents = np.bincount((bits >> np.uint32(23)).astype(np.intp), minlength=512).reshape(2, 256).sum(0)
        if exponents[255]:
            return False
        if exponents[0]:  # zeros, or numbers below the smallest normal one
            zero = bits & np.uint32(0x7FFFFFFF) == 0
            self._negative_zeros += int(np.count_nonzero(bits[zero]))
            exponents[0] -= np.count_nonzero(zero)
            bits = bits[~zero]
        self._exponents += exponents
        np.add.at(self._classes, _class_of(bits), self._counter(1))
        return True

    def totals(self) -> Totals:
        if self._table is None:
            self._classes.sort()  # in place: a copy would take as much memory again
            used = self._classes[np.searchsorted(self._classes, self._counter(1)) :][::-1]
            return Totals(None, used, self._exponents, self._negative_zeros)
        bits, counts = self._table.counted()
        self._table = None  # its slots are larger than all that follows
        values = bits[2:].view(np.float32)
        order = np.argsort(values)
        return Totals(values[order], counts[2:][order], None, int(counts[1]))


def _class_of(bits: Bits) -> npt.NDArray[np.intp]:
    return (bits * HASH >> np.uint32(32 - CLASS_BITS)).astype(np.intp)
