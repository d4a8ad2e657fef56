"""rank: bfloat16 without loss in 12 bits a weight: exponents as ranks beside sign and mantissa."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from dotbench.cdot.bfloat16 import NAME
from dotbench.formats.format import Format
from dotbench.formats.parts.packed import packed_section
from dotbench.formats.parts.rank_writer import GROUP, Writer, counted, in_order
from dotbench.formats.parts.ranks import RANKS, Ranks
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.entries import entries_of
from dotbench.formats.sources.source import Source
from dotbench.formats.sources.streaming import Threaded

CODINGS = ("nibbles", "rice")  # their places are what the fields say
FIELDS = struct.Struct("<16sQIBBH")
MOST_LISTED = 2**32 - 1


@dataclass(frozen=True)
class Rank(Format):
    """bfloat16, bit for bit: sign and mantissa of each weight as a byte, and its exponent as one of 16 ranks.

    Weights of a network have few exponents: the 15 most frequent ones have ranks 0 to 14, and rank 15 marks an entry
    whose exponent is listed apart with its row. Subnormal numbers, infinities, NaN and the signs of zeros are kept as
    they are, from dense arrays and payloads of ``rank``; products follow IEEE 754, as those of ``dense`` do, so NaN in
    a column makes its product NaN, and so does an infinity where x is 0. A matrix of another dtype is taken where
    bfloat16 holds every value; all zeros of scipy's matrices are positive.

    Parameter ``coding``: ``nibbles`` stores ranks in 4 bits, for products; ``rice`` in a Golomb-Rice code whose
    parameter k is chosen for the matrix, for files: products decode it. Fields: the exponents by falling frequency
    (16 bytes, the last 0), the stream's bits (uint64), how many entries are listed (uint32), coding and k (uint8 each),
    and 0 (uint16). Sections: ``weights`` uint8, a column after the other, of 32 rows 16 bytes of ranks and
    32 of signs and mantissas, then the same of its last rows (of ``rice`` signs and mantissas alone, (n m,));
    ``counts`` (m,), how many entries of each column are listed, in the smallest type that holds n; ``rows`` of these,
    in the smallest type that holds n - 1, and their ``exponents`` uint8; ``lengths`` uint32, bits of each 16
    columns in the stream; ``stream``, a code for each entry, least significant bit first, 7 bytes to spare behind it.
    Size: 12 n m + m bits(n) bits, and 8 + bits(n - 1) for each listed entry (a format of this project, not published;
    bits(k) is the width of the smallest type that holds k); with ``rice`` 8 n m bits, the code, and 2 a column more.
    ValueError for a value that bfloat16 does not hold, for another ``coding``, or for more than 2^32 - 1 listed
    entries, or bits of 16 columns.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = formats.to_bfloat16(np.random.default_rng(0).standard_normal((256, 64)))
    >>> formats.get("rank").encode(W).sections
    {'header': 64, 'weights': 24576, 'counts': 128, 'rows': 2, 'exponents': 2, 'lengths': 0, 'stream': 0}
    """

    coding: str = "nibbles"

    name: ClassVar[str] = "rank"
    format_id: ClassVar[int] = 67
    value_types: ClassVar[tuple[str, ...]] = (NAME,)
    bitwise: ClassVar[bool] = True
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = FIELDS.size
    variants: ClassVar[tuple[str, ...]] = ("coding=rice",)
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "bfloat16 bit for bit: exponents as ranks of 4 bits, or in a Rice code"
    complexity: ClassVar[str] = "open O(m + listed entries) checks, product O(nm)"

    def __post_init__(self) -> None:
        if self.coding not in CODINGS:
            raise ValueError(f"rank[coding={self.coding}]: codings are {' or '.join(CODINGS)}")

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        _, size, _, coding, k, rest = FIELDS.unpack(fields)
        if coding >= len(CODINGS) or (coding == 0 and (size or k)) or rest:
            raise ValueError(f"its fields say coding {coding}, k {k} and {size} bits")
        return cls(CODINGS[coding])

    def encode(self, matrix: Any, threads: int = 1) -> Payload:
        if threads < 1:
            raise ValueError(f"{threads} threads: at least 1")
        source = entries_of(matrix)
        return self.write(source if threads == 1 else Threaded(source, threads))

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        _, size, listed, coding, _, _ = FIELDS.unpack(fields)
        n, m = header.n, header.m
        stream = packed_section("stream", size, 1)
        row = unsigned(n - 1) if n else np.dtype("<u4")
        return [
            Section("weights", "u1", m * (n if coding else n + -(-n // 2)), align=16),
            Section("counts", unsigned(n), m),
            Section("rows", row, listed),
            Section("exponents", "u1", listed, align=1),
            Section("lengths", "<u4", -(-m // GROUP) if coding else 0),
            Section("stream", "u1", stream.count, align=1),
        ]

    def write(self, source: Source) -> Payload:
        threads = source.threads if isinstance(source, Threaded) else 1
        entries = entries_of(source.source if isinstance(source, Threaded) else source)
        histogram, nonzeros = counted(entries, threads)
        ranks, coded = Ranks.of(histogram), self.coding == "rice"
        if ranks.listed > MOST_LISTED:
            what = f"{ranks.listed} entries have none of the {RANKS} most frequent exponents"
            raise ValueError(f"{what}: rank lists 2^32 - 1 at most")
        k, size = ranks.rice() if coded else (0, 0)
        fields = FIELDS.pack(ranks.stored, size, ranks.listed, CODINGS.index(self.coding), k, 0)
        draft = Draft(self, entries, nonzeros, fields)
        writer = Writer(draft, ranks, k if coded else None)
        for part in in_order(entries, threads, writer.part):
            writer.place(part)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        """12 bits a weight, exceptions and all else left out (a format of this project: there is no paper)."""
        n, m = source.shape
        return 12 * n * m
