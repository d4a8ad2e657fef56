"""Indices of a few bits one behind the other, least significant bit first: see cdot/packed.h."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from formats.header import Section

SPARE = 7  # bytes behind the last index, so that kernels can load eight of them wherever one starts
LANES = 64  # so many indices of any width fill whole 64-bit words
CHUNK = 1 << 19  # indices packed at once: what is in work stays in the cache


def index_bits(symbols: int) -> int:
    """Bits of an index into a codebook of that size: ceil(log2 symbols), 0 for one symbol or none.

    >>> [index_bits(symbols) for symbols in (0, 1, 2, 3, 32, 33)]
    [0, 0, 1, 2, 5, 6]
    """
    return max(symbols - 1, 0).bit_length()


def packed_section(name: str, count: int, width: int) -> Section:
    """The section of ``count`` indices of ``width`` bits."""
    return Section(name, np.uint8, -(-count * width // 8) + SPARE if count and width else 0)


def pack(section: npt.NDArray[np.uint8], start: int, indices: npt.NDArray[Any], width: int) -> None:
    """Writes ``indices``, each below 2^width, as number ``start`` and up of a section that is 0 there.

    >>> section = np.zeros(3, np.uint8)
    >>> pack(section, 0, np.array([1, 7]), 3)
    >>> pack(section, 2, np.array([5]), 3)
    >>> f"{section[1]:08b} {section[0]:08b}"
    '00000001 01111001'
    """
    if width == 1:
        _or(section, start // 8, np.packbits(_led(indices.astype(bool), start % 8), bitorder="little"))
        return
    for at in range(0, len(indices) if width else 0, CHUNK):
        part, lead = indices[at : at + CHUNK], (start + at) % LANES
        first = (start + at - lead) * width // 8
        data = _words(_led(part, lead), width).view(np.uint8)
        _or(section, first, data[: -(-(lead + len(part)) * width // 8)])


def _led(indices: npt.NDArray[Any], lead: int) -> npt.NDArray[Any]:
    """With ``lead`` zeros in front, so that the first one stands at the start of a byte or word."""
    return np.concatenate([np.zeros(lead, indices.dtype), indices]) if lead else indices


def _or(section: npt.NDArray[np.uint8], at: int, data: npt.NDArray[np.uint8]) -> None:
    section[at : at + len(data)] |= data


def _words(indices: npt.NDArray[Any], width: int) -> npt.NDArray[np.uint64]:
    """All indices as 64-bit words, the last ones filled up with zeros."""
    rows = -(-len(indices) // LANES)
    lanes = np.zeros((rows, LANES), np.uint64)
    lanes.reshape(-1)[: len(indices)] = indices
    lanes = np.ascontiguousarray(lanes.T)
    words = np.zeros((width, rows), np.uint64)
    for lane in range(LANES):
        word, shift = divmod(lane * width, 64)
        words[word] |= lanes[lane] << np.uint64(shift)
        if shift + width > 64:
            words[word + 1] |= lanes[lane] >> np.uint64(64 - shift)
    return np.ascontiguousarray(words.T).reshape(-1).astype("<u8")
