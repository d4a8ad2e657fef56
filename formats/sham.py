"""sham: canonical Huffman code of the nonzeros, with their row indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.format import Format
from dotbench.formats.parts.huffman import Code, Fields, seek_shift, values_last, write_stream
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, bits, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source


@dataclass(frozen=True)
class Sham(Format):
    """The nonzeros as canonical Huffman codewords, column by column, their rows, and counts per column.

    Fields and sections as `Ham`, then ``counts`` (m,) and ``rows`` (nnz,), both of bits(n), before
    ``values`` where these are int8. ``values`` of float16 and bfloat16 have two bytes each.
    Published size: 32 ceil(L / 32) + nnz bits(n) + m bits(n) + T bits, L and T of the nonzeros' code
    (Marino et al., sHAM).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("sham").encode(np.diag([1, 1, 2, 3])).sections["rows"]
    4
    """

    name: ClassVar[str] = "sham"
    format_id: ClassVar[int] = 6
    value_types: ClassVar[tuple[str, ...]] = ("float32", "int8", "float16", "bfloat16")
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = Fields.STRUCT.size
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "canonical Huffman code of the nonzeros, plain row indices"
    complexity: ClassVar[str] = "open O(K + 2^11 + nnz) tables and checks, product O(nnz)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        sections = [
            *Fields.unpack(fields).sections(header.m, dtype=header.dtype),
            Section("counts", unsigned(header.n), header.m),
            Section("rows", unsigned(header.n), header.nnz),
        ]
        return values_last(sections, header.dtype)

    def code(self, source: Source) -> Code:
        """The code of the nonzeros of a matrix."""
        return Code.of(source.histogram().by_frequency())

    def write(self, source: Source) -> Payload:
        code = self.code(source)
        n, m = source.shape
        fields = Fields.of(code, n, seek_shift(m, code))
        draft = Draft(self, source, source.histogram().nnz, fields.pack())

        def positions(begin: int, before: int, columns: Columns) -> None:
            draft["rows"][before : before + columns.nnz] = columns.rows
            draft["counts"][begin : begin + len(columns)] = columns.counts()

        write_stream(draft, fields, code, source, all_entries=False, also=positions)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return self.code(source).paper_bits() + (source.histogram().nnz + m) * bits(n)
