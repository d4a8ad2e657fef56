"""ham: canonical Huffman code of all entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.format import Format
from dotbench.formats.parts.huffman import Code, Fields, seek_shift, values_last, write_stream
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class Ham(Format):
    """Every entry, zeros too, as a canonical Huffman codeword, column by column.

    Fields: codebook size, longest codeword, seek intervals, words of the stream (16 bytes). Sections:
    ``values`` float32 (K,) in code order; ``lengths`` uint32: codewords of each length; ``seek_points``
    uint32, the bit where every 16th column starts, or every 8th, 4th, 2nd or each, where these take a
    10 000th of the stream at the most (relative to ``seek_bases`` uint64 where the stream passes 2^32
    bits); ``stream`` uint32 words, most significant bit first. ``values`` of int8 stand behind the others.
    Published size: 32 ceil(L / 32) + T bits, L all codewords, T the code's tables (Marino et al., HAM).
    It leaves out where columns start, without which no product can be split; our seek points count.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("ham").encode(np.eye(4)).sections
    {'header': 48, 'values': 8, 'lengths': 4, 'seek_bases': 0, 'seek_points': 4, 'stream': 8}
    """

    name: ClassVar[str] = "ham"
    format_id: ClassVar[int] = 5
    value_types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = Fields.STRUCT.size
    summary: ClassVar[str] = "canonical Huffman code of all entries"
    complexity: ClassVar[str] = "open O(K + 2^11) tables, product O(nnz) look-ups, up to 64 zeros counted at once"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return values_last(Fields.unpack(fields).sections(header.m), header.dtype)

    def code(self, source: Source) -> Code:
        """The code of all entries of a matrix."""
        n, m = source.shape
        histogram = source.histogram()
        return Code.of(histogram.by_frequency(zeros=n * m - histogram.nnz))

    def write(self, source: Source) -> Payload:
        code = self.code(source)
        n, m = source.shape
        fields = Fields.of(code, n, seek_shift(m, code))
        draft = Draft(self, source, source.histogram().nnz, fields.pack())
        write_stream(draft, fields, code, source, all_entries=True)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        return self.code(source).paper_bits()
