"""rice: Golomb-Rice coded gaps, with a parameter that fits the layer, and int8 values."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from formats.counted import MOST_INPUTS, Microcontroller, gaps, whole
from formats.header import Header, Section
from formats.packed import packed_section
from formats.payload import Draft, Payload
from formats.source import Columns, Source

MOST_BITS = 2**32 - 1
PARAMETERS = np.arange(MOST_INPUTS.bit_length())


def zeros_before(columns: Columns) -> npt.NDArray[np.int64]:
    """Zeros between each nonzero and the one above it in its column, or the column's top."""
    between = gaps(columns) - 1
    between[columns.indptr[:-1][columns.counts() > 0]] += 1
    return between


def parameter(zeros: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The k with the shortest stream, the smaller of two, and the stream's bits.

    >>> parameter(np.array([3, 5, 4])), parameter(np.array([], np.int64))
    ((1, 11), (0, 0))
    """
    sizes = [int((zeros >> k).sum()) + len(zeros) * (1 + int(k)) for k in PARAMETERS]
    best = int(np.argmin(sizes))
    return best, sizes[best]


def coded(zeros: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.bool_]:
    """The stream, bit by bit: quotient by 2^k in ones, a zero, k bits of the remainder, the low one first.

    >>> coded(np.array([5, 0]), 1).astype(int)
    array([1, 1, 0, 1, 0, 0])
    """
    ones = zeros >> k
    ends = np.cumsum(ones + 1 + k)
    bits = np.zeros(ends[-1] if len(ends) else 0, bool)
    before = np.cumsum(ones) - ones
    bits[np.arange(ones.sum()) + np.repeat(ends - ones - 1 - k - before, ones)] = True
    for place in range(k):
        bits[ends - k + place] = zeros >> place & 1
    return bits


@dataclass(frozen=True)
class Rice(Microcontroller):
    """The zeros in front of each nonzero in a Golomb-Rice code whose parameter k is chosen for the matrix.

    Fields: k and the stream's bits (uint32 each). Sections: ``counts`` uint16 (m,), nonzeros of each column;
    ``values`` int8 (nnz,), as they are; ``stream``, least significant bit first, 7 bytes to spare behind it.
    Size: nnz + 2 m bytes and, for each nonzero, floor(zeros / 2^k) + 1 + k bits (a format of this project; the
    code is Golomb's and Rice's).
    ValueError for more than 65 535 inputs.

    >>> import numpy as np, formats
    >>> formats.get("rice").encode(np.eye(4)).sections
    {'header': 40, 'counts': 8, 'values': 4, 'stream': 9}
    """

    name: ClassVar[str] = "rice"
    format_id: ClassVar[int] = 39
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 8
    summary: ClassVar[str] = "values of 8 bits, Golomb-Rice codes of the zeros between them"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m), a code a nonzero"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        _, size = struct.unpack("<II", fields)
        stream = packed_section("stream", size, 1)
        return [
            Section("counts", "<u2", header.m, align=2),
            Section("values", "i1", header.nnz, align=1),
            Section("stream", "u1", stream.count, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        columns = whole(source)
        self.check_entries(columns.nnz)
        zeros = zeros_before(columns)
        k, size = parameter(zeros)
        if size > MOST_BITS:
            raise ValueError(f"a stream of {size} bits is too long for {self.name}: its positions have 32 bits")
        draft = Draft(self, source, columns.nnz, struct.pack("<II", k, size))
        draft["counts"][:] = columns.counts()
        draft["values"][:] = columns.values
        stream = np.packbits(coded(zeros, k), bitorder="little")
        draft["stream"][: len(stream)] = stream
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        zeros = zeros_before(whole(source))
        return 8 * (len(zeros) + 2 * source.shape[1]) + parameter(zeros)[1]
