"""bsr: the nonzero square blocks of a matrix, as scipy's BSR stores them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Self

from dotbench.cdot.encode.lists import Blocks
from dotbench.formats.format import Format
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import run, streamed

SIZES = (4, 8, 16)  # what kernels are built for
MAX_BLOCKS = 2**31 - 1  # block indices and pointers are int32, as scipy's


@dataclass(frozen=True)
class Bsr(Format):
    """Blocks of ``block`` x ``block`` entries that are not all 0, in columns of blocks.

    Parameter ``block``: 4, 8 or 16. It is scipy's BSR of W transposed, so that a range of outputs is a
    range of block pointers: blocks from top to bottom of each ``block`` columns of W, and in a block one
    column of W behind the other. Where n or m is no multiple of ``block``, zeros fill up the last blocks.
    Fields: block, number of blocks B (uint32 each). Sections: ``values`` float32 (B block^2,);
    ``indices`` int32 (B,), the row of blocks of each; ``pointers`` int32 (ceil(m / block) + 1,).
    Size: B (32 block^2 + 32) + 32 (ceil(m / block) + 1) bits, the bytes of scipy's three arrays.
    ValueError for another ``block``, and for 2^31 blocks or more.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> payload = formats.get("bsr").encode(np.eye(8))
    >>> payload.sections
    {'header': 64, 'values': 128, 'indices': 8, 'pointers': 12}
    >>> payload.section("indices"), payload.section("pointers")
    (array([0, 1], dtype=int32), array([0, 1, 2], dtype=int32))
    """

    block: int = 4

    name: ClassVar[str] = "bsr"
    format_id: ClassVar[int] = 11
    fields_bytes: ClassVar[int] = 8
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "nonzero blocks of 4 x 4, 8 x 8 or 16 x 16 entries (scipy's BSR)"
    complexity: ClassVar[str] = "open O(blocks), product O(blocks x block^2)"

    def __post_init__(self) -> None:
        if self.block not in SIZES:
            raise ValueError(f"bsr[block={self.block}]: blocks have {', '.join(map(str, SIZES))} rows and columns")

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        return cls(struct.unpack("<II", fields)[0])

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        block, count = struct.unpack("<II", fields)
        return [
            Section("values", "<f4", count * block * block, align=64),
            Section("indices", "<i4", count),
            Section("pointers", "<i4", -(-header.m // block) + 1),
        ]

    def _counts(self, source: Source) -> dict[int, int]:
        """Blocks that are not all 0, of each range of columns that is read at once, by its first column."""
        shift = self.block.bit_length() - 1

        def work(begin: int, before: int, columns: Columns) -> int:
            return Blocks(source.shape[0], shift).count(columns.rows, columns.values, columns.indptr)

        return {begin: count for begin, _, count in streamed(source, work, multiple=self.block)}

    def count(self, source: Source) -> int:
        """B: how many blocks are not all 0."""
        return sum(self._counts(source).values())

    def write(self, source: Source) -> Payload:
        counts = self._counts(source)
        count = sum(counts.values())
        if count > MAX_BLOCKS:
            raise ValueError(f"{count} blocks are too many for {self}: its pointers have 32 bits")
        draft = Draft(self, source, source.histogram().nnz, struct.pack("<II", self.block, count))
        starts = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))  # and the end

        def work(begin: int, before: int, columns: Columns) -> None:
            self._fill(draft, begin // self.block, starts[begin], columns, source.shape[0])

        run(source, work, multiple=self.block)
        return draft.finish()

    def _fill(self, draft: Draft, first: int, at: int, columns: Columns, n: int) -> None:
        """Writes the blocks of whole columns of blocks: ``first`` is the number of one, ``at`` of its first block."""
        indices, values = draft["indices"][at:], draft["values"][at * self.block**2 :]
        blocks = Blocks(n, self.block.bit_length() - 1)
        ends = blocks.fill(columns.rows, columns.values, columns.indptr, indices, values)
        draft["pointers"][first + 1 : first + 1 + len(ends)] = at + ends

    def paper_bits(self, source: Source) -> int:
        pointers = -(-source.shape[1] // self.block) + 1
        return self.count(source) * 32 * (self.block**2 + 1) + 32 * pointers
