"""rice: Golomb-Rice coded gaps, with a parameter that fits the layer, and int8 values, as they are or coded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.parts.counted import MOST_INPUTS, Microcontroller, gaps, whole
from dotbench.formats.parts.packed import packed_section
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source

MOST_BITS = 2**32 - 1
FIELDS = "<BBBBI"
VALUES = ("int8", "coded")
RAW, CODED, CODED_BYTES = range(3)  # kinds of values in the fields
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


def ranked(columns: Columns, distinct: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """The place of each nonzero's value among the distinct ones, int64."""
    return SymbolFinder(distinct)(columns.values).astype(np.int64)


@dataclass(frozen=True)
class Rice(Microcontroller):
    """The zeros in front of each nonzero in a Golomb-Rice code whose parameter k is chosen for the matrix.

    Parameter ``values``: ``int8`` stores the nonzeros as they are; ``coded`` their places among the distinct
    ones by falling frequency, in a second such code.
    Fields: k, k of the values, how values are stored (0 int8, 1 coded, 2 coded with counts of one byte) and how
    many are distinct (uint8 each, 0 for int8 but for k), and the stream's bits (uint32). Sections: ``counts``
    uint16 or uint8 (m,), nonzeros of each column; ``values`` int8, (nnz,) or the distinct ones; ``stream``, the
    codes of zeros, then those of values, least significant bit first, 7 bytes to spare behind it.
    Size: nnz + 2 m bytes and, for each nonzero, floor(zeros / 2^k) + 1 + k bits (a format of this project; the
    code is Golomb's and Rice's). Coded: m or 2 m bytes, one for each distinct value, and two codes a nonzero.
    ValueError for more than 65 535 inputs, or other ``values``.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("rice").encode(np.eye(4)).sections
    {'header': 40, 'counts': 8, 'values': 4, 'stream': 9}
    >>> formats.get("rice", values="coded").encode(np.eye(4)).sections
    {'header': 40, 'counts': 4, 'values': 1, 'stream': 9}
    """

    values: str = "int8"

    name: ClassVar[str] = "rice"
    format_id: ClassVar[int] = 39
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 8
    variants: ClassVar[tuple[str, ...]] = ("values=coded",)
    summary: ClassVar[str] = "Golomb-Rice codes of the zeros between nonzeros; values of 8 bits, or coded, too"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m), a code or two a nonzero"

    def __post_init__(self) -> None:
        if self.values not in VALUES:
            raise ValueError(f"rice[values={self.values}]: values are {' or '.join(VALUES)}")

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        _, value_k, kind, distinct, _ = struct.unpack(FIELDS, fields)
        if kind > CODED_BYTES or (kind == RAW and (value_k or distinct)):
            raise ValueError(f"its fields say values of kind {kind}, {distinct} of them distinct")
        return cls(VALUES[min(kind, 1)])

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        _, _, kind, distinct, size = struct.unpack(FIELDS, fields)
        stream = packed_section("stream", size, 1)
        width = 1 if kind == CODED_BYTES else 2
        return [
            Section("counts", f"<u{width}", header.m, align=width),
            Section("values", "i1", distinct if kind else header.nnz, align=1),
            Section("stream", "u1", stream.count, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        columns = whole(source)
        self.check_entries(columns.nnz)
        zeros = zeros_before(columns)
        k, size = parameter(zeros)
        kind, value_k, distinct = RAW, 0, columns.values[:0]
        if self.values == "coded":
            kind = CODED_BYTES if columns.counts().max(initial=0) < 256 else CODED
            distinct = source.histogram().by_frequency().values
            ranks = ranked(columns, distinct)
            value_k, more = parameter(ranks)
            size += more
        if size > MOST_BITS:
            raise ValueError(f"a stream of {size} bits is too long for {self.name}: its positions have 32 bits")
        fields = struct.pack(FIELDS, k, value_k, kind, len(distinct), size)
        draft = Draft(self, source, columns.nnz, fields)
        bits = coded(zeros, k)
        if kind:
            bits = np.concatenate((bits, coded(ranks, value_k)))
        stream = np.packbits(bits, bitorder="little")
        draft["counts"][:] = columns.counts()
        draft["values"][:] = distinct if kind else columns.values
        draft["stream"][: len(stream)] = stream
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        columns, m = whole(source), source.shape[1]
        size = parameter(zeros_before(columns))[1]
        if self.values == "int8":
            return 8 * (columns.nnz + 2 * m) + size
        distinct = source.histogram().by_frequency().values
        width = 1 if columns.counts().max(initial=0) < 256 else 2
        return 8 * (len(distinct) + width * m) + size + parameter(ranked(columns, distinct))[1]
