"""csc_palette: compressed sparse columns whose values are indices into a codebook."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.csc import place
from dotbench.formats.csc_min import CscMin
from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.parts.packed import Packed, PackedWriter, index_bits, packed_section
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import streamed


@dataclass(frozen=True)
class CscPalette(CscMin):
    """csc_min with an index of ceil(log2 k) bits into the k distinct nonzero values for each value.

    Fields: k (uint32). Sections: ``values`` float32 or int8 (k,), by falling frequency; ``pointers`` uint32
    (m + 1,); ``rows`` (nnz,) of the smallest type that holds n - 1; ``indices``, bit-packed
    (`dotbench.formats.parts.packed`), none where k is 1.
    Size: nnz (bits(n - 1) + ceil(log2 k)) + 32 (m + 1) + 32 k bits (8 k of int8; a fair classical row of this
    project, not published).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("csc_palette").encode(np.diag([1, 1, 2, 3])).sections
    {'header': 36, 'values': 12, 'pointers': 20, 'rows': 4, 'indices': 8}
    """

    name: ClassVar[str] = "csc_palette"
    format_id: ClassVar[int] = 8
    value_types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 4
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "csc_min with indices of ceil(log2 k) bits into a codebook for values"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m), a codebook look-up a nonzero"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (symbols,) = struct.unpack("<I", fields)
        return [
            Section("values", header.dtype, symbols),
            Section("pointers", "<u4", header.m + 1),
            Section("rows", self._row_type(header.n), header.nnz),
            packed_section("indices", header.nnz, index_bits(symbols)),
        ]

    def write(self, source: Source) -> Payload:
        histogram = source.histogram()
        self.check_nonzeros(histogram.nnz)
        values = histogram.by_frequency().values
        draft = Draft(self, source, histogram.nnz, struct.pack("<I", len(values)))
        draft["values"][:] = values
        indices = PackedWriter(draft["indices"], index_bits(len(values)))
        find = SymbolFinder(values)

        def work(begin: int, before: int, columns: Columns) -> Packed:
            place(draft, begin, before, columns)
            return indices.packed(before, find(columns.values))

        for _, _, part in streamed(source, work):
            indices.place(part)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        histogram = source.histogram()
        symbols = len(histogram.values)
        each = self._row_type(n).itemsize * 8 + index_bits(symbols)
        return histogram.nnz * each + 32 * (m + 1) + 8 * source.dtype.itemsize * symbols
