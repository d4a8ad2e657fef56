"""im_packed: index map with indices of as few bits as the codebook needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dotbench.formats.im import Im, IndexWriter
from dotbench.formats.parts.packed import Packed, PackedWriter, index_bits, packed_section
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import streamed


@dataclass(frozen=True)
class ImPacked(Im):
    """im with indices of ceil(log2 K) bits in place of 8, 16 or 32: what an index map should cost.

    Fields: K (uint32). Sections: ``values`` float32 (K,), by falling frequency, 0 included where it
    occurs; ``indices``, bit-packed in column order (`dotbench.formats.parts.packed`), none where K is 1.
    Size: n m ceil(log2 K) + 32 K bits (a fair classical row of this project, not published).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("im_packed").encode(np.eye(16)).sections
    {'header': 36, 'values': 8, 'indices': 39}
    """

    name: ClassVar[str] = "im_packed"
    format_id: ClassVar[int] = 9
    summary: ClassVar[str] = "index map with indices of ceil(log2 K) bits"
    complexity: ClassVar[str] = "open O(nm) checks, product O(nm), a codebook look-up an entry"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (symbols,) = struct.unpack("<I", fields)
        return [
            Section("values", "<f4", symbols),
            packed_section("indices", header.n * header.m, index_bits(symbols)),
        ]

    def write(self, source: Source) -> Payload:
        n = source.shape[0]
        values = self._codebook(source).values
        draft = Draft(self, source, source.histogram().nnz, struct.pack("<I", len(values)))
        draft["values"][:] = values
        write, packed = IndexWriter(values), PackedWriter(draft["indices"], index_bits(len(values)))

        def work(begin: int, before: int, columns: Columns) -> Packed:
            indices = np.zeros((len(columns), n), unsigned(len(values)))
            write(columns, indices)
            return packed.packed(begin * n, indices.reshape(-1))

        for _, _, part in streamed(source, work):
            packed.place(part)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        symbols = len(self._codebook(source).values)
        return n * m * index_bits(symbols) + 32 * symbols
