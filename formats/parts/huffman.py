"""Canonical Huffman codes: lengths, codewords, the published table size, and the coded stream.

HAM, sHAM and EIE share all of it; they differ in what they code. Longer codewords are larger, symbols stand
by falling frequency (Marino et al.; lengths as Moffat and Katajainen's in-place algorithm gives them).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.codewords import append_bits, encode_columns, huffman_lengths
from dotbench.cdot.encode.table import Table
from dotbench.cdot.errors import PayloadError
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Section, bits
from dotbench.formats.sources.source import Columns, Histogram, Source
from dotbench.formats.sources.streaming import Work, streamed

GROUP_SHIFT = 4  # a seek point for every 16 columns, or for fewer
POINTS_SHARE = 10_000  # one part of a stream's bytes in so many is what these take at the most
NO_BASES = 255
LONGEST = 56  # bits; a longer codeword needs more than 10^11 entries


def code_lengths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Codeword lengths for counts in falling order, so rising lengths. One symbol has length 0.

    On a tie a single symbol is taken before a merged node, which keeps the longest codeword as short as
    Huffman's code allows.

    >>> code_lengths(np.array([5, 2, 1, 1]))
    array([1, 2, 3, 3], dtype=uint8)
    """
    return huffman_lengths(counts)


@dataclass(frozen=True)
class Code:
    """A canonical code: ``values`` and ``counts`` by falling frequency, ``lengths`` in bits."""

    values: npt.NDArray[Any]
    counts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, histogram: Histogram) -> Code:
        """From a histogram that is sorted by falling frequency."""
        return cls(histogram.values, histogram.counts, code_lengths(histogram.counts))

    @property
    def longest(self) -> int:
        return int(self.lengths[-1]) if len(self.lengths) else 0

    @property
    def stream_bits(self) -> int:
        """L: the sum of all codewords' lengths."""
        return int((self.counts * self.lengths).sum())

    def codewords(self) -> npt.NDArray[np.uint64]:
        """The codewords, each in the low ``lengths`` bits."""
        words = np.zeros(len(self.lengths), np.uint64)
        word = start = 0
        for symbols in np.bincount(self.lengths).tolist():
            word <<= 1
            words[start : start + symbols] = np.arange(symbols, dtype=np.uint64) + np.uint64(word)
            word, start = word + symbols, start + symbols
        return words

    def paper_bits(self) -> int:
        """32 ceil(L / 32) + T, T the published code's tables: symbols (32 bits, or 8 of int8), first
        symbols and codewords of each length, and a partial decode table of 2^t entries, t = ceil(log2 longest)."""
        symbols, longest = len(self.values), self.longest
        t = (longest - 1).bit_length() if longest > 1 else 0
        tables = (
            8 * self.values.dtype.itemsize * symbols + (longest + 1) * bits(symbols) + (longest + 2) * bits(2**longest)
        )
        return 32 * -(-self.stream_bits // 32) + tables + ((1 << t) * bits(longest) if t else 0)


def seek_shift(m: int, *codes: Code) -> int:
    """The binary logarithm of the columns that share a seek point, of a matrix with ``m`` columns.

    Streams are decoded side by side from seek points, so few, long columns want as many as there can be: as few
    columns as leave each code's seek points at a 10 000th of its stream, 16 where that is too little for any choice.
    """
    least = min((code.stream_bits for code in codes if code.stream_bits), default=0)
    fits = (shift for shift in range(GROUP_SHIFT) if POINTS_SHARE * 32 * -(-m >> shift) <= least)
    return next(fits, GROUP_SHIFT)


@dataclass(frozen=True)
class Fields:
    """What stands behind the header: see ``huffman_fields`` in cdot/parts/huffman.h."""

    symbols: int
    longest: int
    seek_shift: int
    base_shift: int
    words: int

    STRUCT: ClassVar[struct.Struct] = struct.Struct("<IBBBBQ")
    BASES_FROM: ClassVar[int] = 1 << 32  # bits: from here on 32-bit seek points need bases

    @classmethod
    def of(cls, code: Code, n: int, shift: int = GROUP_SHIFT) -> Fields:
        """Of a code of a matrix with ``n`` rows; ``shift`` as `seek_shift` chooses it."""
        if code.longest > LONGEST:
            raise ValueError(f"a codeword of {code.longest} bits is longer than these kernels read ({LONGEST})")
        stream = code.stream_bits
        base_shift = NO_BASES
        if stream >= cls.BASES_FROM:  # as many groups a base as surely stay below that
            groups = cls.BASES_FROM // ((n * code.longest) << shift)
            base_shift = max(groups.bit_length() - 1, 0)
        words = -(-stream // 32) + 1 if stream else 0  # one to spare: readers load pairs of words
        return cls(len(code.values), code.longest, shift, base_shift, words)

    def pack(self) -> bytes:
        return self.STRUCT.pack(self.symbols, self.longest, self.seek_shift, self.base_shift, 0, self.words)

    @classmethod
    def unpack(cls, data: bytes) -> Fields:
        if len(data) != cls.STRUCT.size:
            raise PayloadError(f"the payload's own fields have {len(data)} bytes, not {cls.STRUCT.size}")
        symbols, longest, seek_shift, base_shift, _, words = cls.STRUCT.unpack(data)
        return cls(symbols, longest, seek_shift, base_shift, words)

    def sections(self, m: int, prefix: str = "", dtype: npt.DTypeLike = "<f4") -> list[Section]:
        """Of a matrix with ``m`` columns; ``prefix`` tells a second code's from the first's."""
        groups = -(-m >> self.seek_shift) if self.words else 0
        bases = 0 if self.base_shift == NO_BASES or not groups else ((groups - 1) >> self.base_shift) + 1
        return [
            Section(f"{prefix}values", dtype, self.symbols),
            Section(f"{prefix}lengths", "<u4", self.longest),
            Section(f"{prefix}seek_bases", "<u8", bases, align=8 if bases else 4),
            Section(f"{prefix}seek_points", "<u4", groups),
            Section(f"{prefix}stream", "<u4", self.words),
        ]


def values_last(sections: list[Section], dtype: np.dtype[Any]) -> list[Section]:
    """The sections of a payload, the code's values first; of int8 they stand behind all others, where they
    need no padding."""
    values = sections[0]
    return [*sections[1:], Section(values.name, dtype, values.count, align=1)] if dtype == np.int8 else sections


@dataclass(frozen=True)
class Coded:
    """The codewords of consecutive columns: ``words`` uint32, and the bit after each column (uint64)."""

    words: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.uint64]


class StreamWriter:
    """Fills the sections of `Fields.sections`: the code's tables, then the stream, columns at a time.

    ``zero``: the entry that stands in every row that is not listed, coded as well; None: only listed ones are.
    """

    def __init__(
        self, draft: Draft, fields: Fields, code: Code, shape: tuple[int, int], zero: Any = None, prefix: str = ""
    ) -> None:
        self._draft, self._fields, self._code, self._prefix = draft, fields, code, prefix
        self._n, m = shape
        self._zero = (
            int(np.flatnonzero(code.values == zero)[0]) if zero is not None and (code.values == zero).any() else -1
        )
        self._table = Table.of(code.values)
        self._codewords = code.codewords() << np.uint64(8) | code.lengths
        self._starts = np.zeros(m + 1, np.uint64)  # the bit where each column starts
        self._section("values")[:] = code.values
        self._section("lengths")[:] = np.bincount(code.lengths, minlength=code.longest + 1)[1:]

    def _section(self, name: str) -> npt.NDArray[Any]:
        return self._draft[self._prefix + name]

    def coded(self, columns: Columns) -> Coded:
        """Columns in the code; any thread may do it, in any order."""
        bits = columns.nnz * self._code.longest
        if self._zero >= 0:
            bits += (self._n * (len(columns.indptr) - 1) - columns.nnz) * int(self._code.lengths[self._zero])
        words = np.zeros(-(-bits // 32) if self._fields.words else 0, np.uint32)
        arrays = columns.rows, columns.values, columns.indptr
        return Coded(words, encode_columns(*arrays, self._n, self._zero, self._table, self._codewords, words, 0))

    def append(self, begin: int, part: Coded) -> None:
        """The columns from ``begin`` on; they come in order."""
        count, start = len(part.ends), self._starts[begin]
        self._starts[begin + 1 : begin + 1 + count] = part.ends + start
        if count and self._fields.words:
            append_bits(self._section("stream"), int(start), part.words, int(part.ends[-1]))

    def finish(self) -> None:
        """Writes the seek points."""
        if not self._fields.words:
            return
        points = self._starts[:-1][:: 1 << self._fields.seek_shift]
        if self._fields.base_shift != NO_BASES:
            bases = points[:: 1 << self._fields.base_shift]
            self._section("seek_bases")[:] = bases
            points = points - np.repeat(bases, 1 << self._fields.base_shift)[: len(points)]
        self._section("seek_points")[:] = points


def write_stream(
    draft: Draft, fields: Fields, code: Code, source: Source, all_entries: bool, also: Work[None] | None = None
) -> None:
    """A matrix's nonzeros, or all its entries, as the one stream of a payload; ``also`` gets the same columns."""
    writer = StreamWriter(draft, fields, code, source.shape, 0 if all_entries else None)

    def work(begin: int, before: int, columns: Columns) -> Coded:
        if also:
            also(begin, before, columns)
        return writer.coded(columns)

    for begin, _, part in streamed(source, work):
        writer.append(begin, part)
    writer.finish()
