"""Distinct values and their numbers: `encode_table.c` with its memory and types."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import converted, numbers
from dotbench.cdot.library import ffi, library, pointer

SMALLEST_BITS = 8  # 2^8 slots
MOST_BITS = 32  # of a slot's number


class MissingValue(ValueError):
    """A value that a source has in its columns and not in its histogram."""

    def __init__(self) -> None:
        super().__init__("the source has values in its columns that are not in its histogram: it contradicts itself")


def value_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Values as 32 bits each that tell them apart: of float32 themselves, of narrower types as float32."""
    return np.ascontiguousarray(numbers(values), np.float32).view(np.uint32)


class Table:
    """Numbers of values, from 0 in the order in which they came. Room is for 2^``bits`` / 2 of them, and grows."""

    def __init__(self, bits: int = SMALLEST_BITS) -> None:
        self._used = ffi.new("uint64_t *")
        self._distinct, self._counts = np.zeros(0, np.uint32), np.zeros(0, np.int64)
        self._grow(bits)

    @classmethod
    def of(cls, codebook: npt.NDArray[Any]) -> Self:
        """Each value's number is its place in ``codebook``."""
        table = cls(max(SMALLEST_BITS, (2 * len(codebook)).bit_length()))
        table.add(codebook)
        return table

    def __len__(self) -> int:
        return int(self._used[0])

    def _grow(self, bits: int) -> None:
        if bits > MOST_BITS:
            raise ValueError(f"there are more than 2^{MOST_BITS - 1} distinct values: no codebook holds them")
        known, counts = self._distinct[: len(self)], self._counts[: len(self)]
        self._shift, self._slots = 32 - bits, np.zeros(1 << bits, np.uint64)
        self._distinct, self._counts = (np.empty(1 << (bits - 1), array.dtype) for array in (known, counts))
        self._used[0] = 0
        self._enter(known)
        self._counts[: len(self)] = counts

    def _enter(self, values: npt.NDArray[np.uint32]) -> int:
        """Counts values as long as there is room; how many."""
        return int(
            library().encode_tally(
                pointer(self._slots, "uint64_t *"),
                self._shift,
                pointer(self._distinct, "uint32_t *"),
                pointer(self._counts, "int64_t *"),
                len(self._counts),
                self._used,
                pointer(values, "const uint32_t *"),
                len(values),
            )
        )

    def add(self, values: npt.NDArray[Any]) -> None:
        """Counts values; new ones get numbers."""
        bits = value_bits(values)
        while len(bits := bits[self._enter(bits) :]):
            self._grow(33 - self._shift)

    def totals(self, dtype: npt.DTypeLike) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Distinct values, rising, as ``dtype``, and how often each was added."""
        values = self._distinct[: len(self)].view(np.float32)
        order = np.argsort(values)
        return converted(values[order], dtype), self._counts[: len(self)][order]

    def struct(self) -> Any:
        """The table as C takes it; good for as long as this object."""
        return ffi.new("encode_table *", {"slots": pointer(self._slots, "const uint64_t *"), "shift": self._shift})

    def find(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
        """The number of each value, uint32; MissingValue where one was never added."""
        bits = value_bits(values)
        numbers = np.empty(len(bits), np.uint32)
        read, write = pointer(bits, "const uint32_t *"), pointer(numbers, "uint32_t *")
        if library().encode_find(self.struct(), read, len(bits), write) < 0:
            raise MissingValue
        return numbers
