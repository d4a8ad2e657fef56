"""The first bytes of every payload, and how its sections lie behind them.

32 bytes, little-endian: magic, layout version, value type, format id, n, m, nnz, CRC-32C, length of
the format's own fields. Then these fields, then the sections, each aligned to 4 bytes or to what its
kernel needs. `cdot/core/payload.c` reads the same.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import PayloadError
from dotbench.formats.value_types import VALUE_TYPES, value_type_of_code

MAGIC = b"DOTB"
LAYOUT = 1  # of payloads written now; older ones stay readable as long as their golden files are tested
_STRUCT = struct.Struct("<4sBBHIIQIHH")
HEADER_BYTES = _STRUCT.size
CRC_AT = 24


@dataclass(frozen=True)
class Header:
    """What a payload says of itself: `format_id`, shape n by m, nonzeros, checksum."""

    format_id: int
    n: int
    m: int
    nnz: int
    fields_bytes: int = 0
    crc: int = 0
    layout: int = LAYOUT
    value_type: int = 1  # code of a `ValueType`, of float32

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the matrix's values."""
        return value_type_of_code(self.value_type).dtype

    def pack(self) -> bytes:
        """The 32 bytes."""
        return _STRUCT.pack(
            MAGIC,
            self.layout,
            self.value_type,
            self.format_id,
            self.n,
            self.m,
            self.nnz,
            self.crc,
            self.fields_bytes,
            0,
        )

    @classmethod
    def unpack(cls, data: npt.NDArray[np.uint8], what: str) -> Header:
        """From a payload's first bytes; PayloadError that names ``what`` where they are none."""
        if len(data) < HEADER_BYTES:
            raise PayloadError(f"{what} is cut short: {len(data)} bytes, and a header alone has {HEADER_BYTES}")
        magic, layout, value_type, format_id, n, m, nnz, crc, fields, _ = _STRUCT.unpack(data[:HEADER_BYTES].tobytes())
        if magic != MAGIC:
            raise PayloadError(f"{what} is no payload: it starts with {magic!r}, not {MAGIC!r}")
        if layout > LAYOUT:
            raise PayloadError(f"{what} is of layout {layout}, and this version reads up to {LAYOUT}: update dotbench")
        if value_type not in {one.code for one in VALUE_TYPES}:
            raise PayloadError(f"{what} holds values of type {value_type}, which this version does not know")
        return cls(format_id, n, m, nnz, fields, crc, layout, value_type)


@dataclass(frozen=True)
class Section:
    """One array of a payload: name, dtype, number of items, alignment in bytes."""

    name: str
    dtype: npt.DTypeLike
    count: int
    align: int = 4

    @property
    def nbytes(self) -> int:
        return self.count * np.dtype(self.dtype).itemsize


def offsets(sections: list[Section], fields_bytes: int) -> tuple[list[int], int]:
    """Where each section starts, and the length of the whole payload, in bytes."""
    at, starts = HEADER_BYTES + fields_bytes, []
    for section in sections:
        at = -(-at // section.align) * section.align
        starts.append(at)
        at += section.nbytes
    return starts, at


def unsigned(limit: int) -> np.dtype[Any]:
    """The smallest unsigned type of 8, 16, 32 or 64 bits that holds ``limit``: the spec's bits(limit).

    >>> unsigned(255), unsigned(256)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.dtype(f"<u{next(width for width in (1, 2, 4, 8) if limit < 1 << 8 * width)}")


def bits(limit: int) -> int:
    """Width of that type in bits, as the published size formulas have it."""
    return unsigned(limit).itemsize * 8
