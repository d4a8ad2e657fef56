"""cells: dense cells of 4 to 6 bits, for matrices that are half empty and have few distinct values."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from dotbench.formats.errors import TooManyValues
from dotbench.formats.format import Format
from dotbench.formats.im import IndexWriter
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import run

MOST = 64  # entries of a codebook
CHUNK, HALF = 32, 16  # rows that a kernel takes together, and those of its low nibbles


def planes_of(symbols: int) -> int:
    """Bits of a code beside its nibble.

    >>> [planes_of(symbols) for symbols in (0, 16, 17, 32, 33, 64)]
    [0, 0, 1, 1, 2, 2]
    """
    return (symbols > 16) + (symbols > 32)


def column_bytes(n: int, planes: int) -> int:
    """Bytes of the cells of a column of n rows.

    >>> column_bytes(64, 0), column_bytes(64, 1), column_bytes(37, 2)
    (32, 40, 29)
    """
    chunks, left = divmod(n, CHUNK)
    return chunks * (HALF + 4 * planes) + -(-left // 2) + planes * -(-left // 8)


def packed(codes: npt.NDArray[np.uint8], planes: int) -> npt.NDArray[np.uint8]:
    """Columns of codes (columns, n) as they are stored, uint8 (columns, `column_bytes`).

    >>> packed(np.array([[1, 2, 19]], np.uint8), 1)
    array([[49,  2,  4]], dtype=uint8)
    """
    count, n = codes.shape
    whole = n // CHUNK * CHUNK
    out = np.zeros((count, column_bytes(n, planes)), np.uint8)
    end = whole // CHUNK * (HALF + 4 * planes)
    chunks, rows = out[:, :end].reshape(count, -1, HALF + 4 * planes), codes[:, :whole].reshape(count, -1, CHUNK)
    chunks[:, :, :HALF] = rows[:, :, :HALF] & 15 | rows[:, :, HALF:] << 4
    for plane in range(planes):  # eight rows, four apart, are a byte: the first is its highest bit
        bits = (rows >> (4 + plane) & 1).reshape(count, -1, 8, 4).swapaxes(2, 3)
        chunks[:, :, HALF + 4 * plane :][:, :, :4] = np.packbits(bits, axis=-1)[..., 0]
    left = n - whole
    if left:
        rows, half, each = codes[:, whole:], -(-left // 2), -(-left // 8)
        out[:, end : end + half] = rows[:, :half] & 15
        out[:, end : end + left - half] |= rows[:, half:] << 4
        for plane in range(planes):
            at = end + half + plane * each
            out[:, at : at + each] = np.packbits(rows >> (4 + plane) & 1, axis=-1, bitorder="little")
    return out


@dataclass(frozen=True)
class Cells(Format):
    """A codebook of the K distinct entries, 64 at the most, and a code of 4, 5 or 6 bits for every entry.

    For matrices that are too full for sparse formats: a code is a nibble, for K above 16 and above 32 with a bit more
    each, which stand apart, so that vector units take codes from memory to values without a look at one of them.

    Fields: K (uint32). Sections: ``values`` float32 (K,), by falling frequency, but 0 last where it occurs; ``cells``
    uint8 in column order. Each 32 rows of a column are 16 bytes, rows i and i + 16 in the low and the high nibble of
    byte i; then 4 bytes of bit 4 of these codes where K is above 16, and 4 of bit 5 where it is above 32: bit 7 - i of
    byte b is row 4 i + b's. The last t = n mod 32 rows of a column are ceil(t / 2) bytes, rows i and ceil(t / 2) + i in
    one, and ceil(t / 8) bytes for each further bit, in the order of rows, the lowest bit first; what is left of a byte
    is 0. Size, with p = 0, 1 or 2 further bits: m (floor(n / 32) (16 + 4 p) + ceil(t / 2) + p ceil(t / 8)) + 4 K bytes
    (a format of this project, not published). TooManyValues, a ValueError, for more than 64 distinct entries.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("cells").encode(np.eye(64)).sections
    {'header': 40, 'values': 8, 'cells': 2048}
    """

    name: ClassVar[str] = "cells"
    format_id: ClassVar[int] = 68
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 4
    summary: ClassVar[str] = "dense cells of 4 to 6 bits: codes of up to 64 distinct entries"
    complexity: ClassVar[str] = "open O(nm) checks, product O(nm), look-ups of 32 entries at once"

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        (symbols,) = struct.unpack("<I", fields)
        if symbols > MOST:
            raise ValueError(f"its fields say {symbols} distinct entries, and it has {MOST} at most")
        return cls()

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (symbols,) = struct.unpack("<I", fields)
        cells = header.m * column_bytes(header.n, planes_of(symbols))
        return [Section("values", "<f4", symbols), Section("cells", "u1", cells, align=16)]

    def _codebook(self, source: Source) -> npt.NDArray[np.float32]:
        """TooManyValues where it has no room."""
        n, m = source.shape
        histogram = source.histogram()
        zeros = histogram.nnz < n * m
        if len(histogram.values) + zeros > MOST:
            raise TooManyValues(
                f"{len(histogram.values) + zeros} distinct entries are too many for cells, which has codes for {MOST}: "
                "take im_packed, which has them for any number"
            )
        values: npt.NDArray[np.float32] = histogram.by_frequency().values
        return np.append(values, np.zeros(int(zeros), values.dtype))

    def write(self, source: Source) -> Payload:
        n, m = source.shape
        values = self._codebook(source)
        planes = planes_of(len(values))
        draft = Draft(self, source, source.histogram().nnz, struct.pack("<I", len(values)))
        draft["values"][:] = values
        cells, write = draft["cells"].reshape(m, column_bytes(n, planes)), IndexWriter(values)

        def work(begin: int, _: int, columns: Columns) -> None:
            codes = np.zeros((len(columns), n), np.uint8)
            write(columns, codes)
            cells[begin : begin + len(columns)] = packed(codes, planes)

        run(source, work)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        """4, 5 or 6 bits an entry and the codebook (a format of this project: there is no paper)."""
        n, m = source.shape
        symbols = len(self._codebook(source))
        return n * m * (4 + planes_of(symbols)) + 32 * symbols
