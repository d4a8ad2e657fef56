"""Exponents as ranks: what the format rank stores of bfloat16, and how a column of it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

RANKS = 15  # the 16th is of all other exponents
CHUNK = 32  # rows that a kernel widens together
# Where a chunk's rows stand, as kernels take them apart (cdot/isa/portable/rank.h draws it).
PLACES = np.array([8 * (p // 8 * 2 + p % 2) + 4 * half + p % 8 // 2 for half in range(2) for p in range(16)])


def exponents_of(bits: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """The exponents of bfloat16, biased by 127 as they are stored.

    >>> exponents_of(np.array([0x3F80, 0xFF80, 0x8000], np.uint16))
    array([127, 255,   0], dtype=uint8)
    """
    return (bits >> np.uint16(7)).astype(np.uint8)


def bytes_of(bits: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Sign and mantissa of bfloat16 as a byte, the sign its highest bit.

    >>> [hex(byte) for byte in bytes_of(np.array([0x3F80, 0xBFC1], np.uint16))]
    ['0x0', '0xc1']
    """
    return ((bits >> np.uint16(8)) & np.uint16(0x80) | bits & np.uint16(0x7F)).astype(np.uint8)


@dataclass(frozen=True)
class Ranks:
    """The 15 most frequent exponents of a matrix, by falling frequency, of equal ones the smaller first."""

    exponents: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]  # of each rank, those of all other exponents last

    @classmethod
    def of(cls, histogram: npt.NDArray[np.int64]) -> Self:
        """From how often each of the 256 exponents occurs."""
        order = np.lexsort((np.arange(256), -histogram))
        used = order[:RANKS][histogram[order[:RANKS]] > 0]
        counts = np.zeros(RANKS + 1, np.int64)
        counts[: len(used)] = histogram[used]
        counts[RANKS] = histogram.sum() - counts.sum()
        return cls(used.astype(np.uint8), counts)

    @property
    def listed(self) -> int:
        """How many entries have another exponent."""
        return int(self.counts[RANKS])

    @property
    def table(self) -> npt.NDArray[np.uint8]:
        """The rank of each of the 256 exponents."""
        table = np.full(256, RANKS, np.uint8)
        table[self.exponents] = np.arange(len(self.exponents))
        return table

    @property
    def stored(self) -> bytes:
        """16 bytes; ranks that no exponent has, and the last, are 0."""
        return self.exponents.tobytes().ljust(RANKS + 1, b"\0")

    def rice(self) -> tuple[int, int]:
        """The parameter k of the shortest Rice code of the ranks, and its bits in all.

        >>> Ranks(np.array([126, 127], np.uint8), np.array([6, 2] + [0] * 14)).rice()
        (0, 10)
        """
        ranks = np.arange(RANKS + 1)
        sizes = [int((self.counts * ((ranks >> k) + 1 + k)).sum()) for k in range(5)]
        best = int(np.argmin(sizes))
        return best, sizes[best]


def nibbles(ranks: npt.NDArray[np.uint8], rest: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Columns of ranks and of signs and mantissas (columns, n) as they are stored, uint8 (columns, n + ceil(n / 2)).

    >>> nibbles(np.array([[1, 2, 3]], np.uint8), np.array([[7, 8, 9]], np.uint8))
    array([[33,  3,  7,  8,  9]], dtype=uint8)
    """
    count, n = ranks.shape
    whole = n // CHUNK * CHUNK
    out = np.zeros((count, n + -(-n // 2)), np.uint8)
    chunks = out[:, : whole // 2 * 3].reshape(count, -1, CHUNK // 2 * 3)
    placed = ranks[:, :whole].reshape(count, -1, CHUNK)[:, :, PLACES]
    chunks[:, :, : CHUNK // 2] = placed[:, :, : CHUNK // 2] | placed[:, :, CHUNK // 2 :] << 4
    chunks[:, :, CHUNK // 2 :] = rest[:, :whole].reshape(count, -1, CHUNK)[:, :, PLACES]
    tail, left = out[:, whole // 2 * 3 :], n - whole
    tail[:, : -(-left // 2)] = ranks[:, whole::2]
    tail[:, : left // 2] |= ranks[:, whole + 1 :: 2] << 4
    tail[:, -(-left // 2) :] = rest[:, whole:]
    return out


def rice(ranks: npt.NDArray[np.uint8], k: int) -> npt.NDArray[np.bool_]:
    """The Rice code of ranks, bit by bit: rank >> k in ones, a zero, then k bits, the low one first.

    >>> rice(np.array([2, 0], np.uint8), 0).astype(int)
    array([1, 1, 0, 0])
    """
    lengths = (ranks >> k).astype(np.int64) + 1 + k
    ends = np.cumsum(lengths)
    bits = np.ones(int(ends[-1]) if len(ends) else 0, bool)
    bits[ends - 1 - k] = False
    for place in range(k):
        bits[ends - k + place] = ranks >> place & 1
    return bits
