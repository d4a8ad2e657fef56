"""Indices of a few bits one behind the other, least significant bit first: see cdot/parts/packed.h."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.pack import pack_bits
from dotbench.formats.payloads.header import Section

SPARE = 7  # bytes behind the last index, so that kernels can load eight of them wherever one starts


def index_bits(symbols: int) -> int:
    """Bits of an index into a codebook of that size: ceil(log2 symbols), 0 for one symbol or none.

    >>> [index_bits(symbols) for symbols in (0, 1, 2, 3, 32, 33)]
    [0, 0, 1, 2, 5, 6]
    """
    return max(symbols - 1, 0).bit_length()


def packed_section(name: str, count: int, width: int) -> Section:
    """The section of ``count`` indices of ``width`` bits."""
    return Section(name, np.uint8, -(-count * width // 8) + SPARE if count and width else 0)


@dataclass(frozen=True)
class Packed:
    """Bytes of a section from ``at`` on; what is not theirs in the first and the last one is 0."""

    at: int
    data: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PackedWriter:
    """Fills a section, 0 beforehand, with indices of ``width`` bits.

    >>> writer = PackedWriter(np.zeros(3, np.uint8), 3)
    >>> writer.place(writer.packed(0, np.array([1, 7])))
    >>> writer.place(writer.packed(2, np.array([5])))
    >>> f"{writer.section[1]:08b} {writer.section[0]:08b}"
    '00000001 01111001'
    """

    section: npt.NDArray[np.uint8]
    width: int

    def packed(self, start: int, indices: npt.NDArray[Any]) -> Packed:
        """Indices, each below 2^width, from number ``start`` on; any thread may do it, in any order."""
        at, lead = divmod(start * self.width, 8)
        data = np.zeros(-(-(lead + len(indices) * self.width) // 8) if self.width else 0, np.uint8)
        if len(data):
            pack_bits(data, lead, indices, self.width)
        return Packed(at, data)

    def place(self, part: Packed) -> None:
        """Puts them into the section; they come in order, for the first byte may be shared with others."""
        if len(part.data):
            self.section[part.at] |= part.data[0]
            self.section[part.at + 1 : part.at + len(part.data)] = part.data[1:]
