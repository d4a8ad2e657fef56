"""eie: gaps of 4 bits and codebook indices, as Deep Compression and EIE store pruned layers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from dotbench.formats.format import Format
from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.parts.gaps import BITS, Stored, count, entries
from dotbench.formats.parts.huffman import Code, Coded, Fields, StreamWriter, seek_shift
from dotbench.formats.parts.packed import PackedWriter, index_bits, packed_section
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, bits, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import streamed

CODINGS = ("plain", "huffman")
NO_CODE = Fields(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Eie(Format):
    """Entries in column order, each a gap of 4 bits and an index into a codebook; counts per column.

    A gap is the number of zeros in front of an entry: from the entry above it in its column, or from the
    top. As 4 bits say 15 at the most, of every 16 zeros of a longer one the last is stored as an entry, a
    filler of value 0 (EIE, section III: two zeros, 1, 2, 18 zeros, 3 are values 1 2 0 3, gaps 2 0 15 2).
    So the codebook has K = k + 1 values where there are fillers, 0 among them, else the k of the matrix.
    Parameter ``coding``: ``plain`` stores gaps and indices of ceil(log2 K) bits, each bit-packed
    (`dotbench.formats.parts.packed`); ``huffman`` a canonical code and a stream of either, as Deep Compression does.

    Fields: entries E (uint64), then those of `Ham` for values and for gaps; plain: K, all others 0.
    Sections, plain: ``values`` float32 (K,), by falling frequency; ``gaps`` (E,); ``indices`` (E,).
    Huffman: `Ham`'s sections for values, then for gaps, with ``gap_`` in front and uint8 symbols: seek
    points for the same columns. Both: ``counts`` (m,) of bits(n), the entries of each column.
    Published size: 32 K + (m + 1) bits(E) + E (4 + ceil(log2 K)) bits, or the codewords' lengths in place
    of the last term (Han et al., Deep Compression sections 2 to 4, EIE section III; bits(E) is ours: they
    do not say how wide column pointers are in general). We store counts, which are narrower than pointers;
    huffman adds the tables and seek points that they leave out. On small layers either is over 3 %.
    ValueError for another ``coding``.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = np.float32([0, 0, 1, 2, *[0] * 18, 3])[:, None]
    >>> payload = formats.get("eie").encode(W)
    >>> payload.sections
    {'header': 75, 'values': 16, 'gaps': 9, 'indices': 8, 'counts': 1}
    >>> payload.nnz, payload.section("counts"), payload.section("gaps")[:2]
    (3, array([4], dtype=uint8), array([ 2, 47], dtype=uint8))
    """

    coding: str = "plain"

    name: ClassVar[str] = "eie"
    format_id: ClassVar[int] = 12
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 8 + 2 * Fields.STRUCT.size
    variants: ClassVar[tuple[str, ...]] = ("coding=huffman",)
    summary: ClassVar[str] = "Deep Compression: 4-bit gaps and codebook indices, plain or Huffman-coded"
    complexity: ClassVar[str] = "open O(m + codebook) (plain: O(entries) checks), product O(entries), fillers included"

    def __post_init__(self) -> None:
        if self.coding not in CODINGS:
            raise ValueError(f"eie[coding={self.coding}]: codings are {' or '.join(CODINGS)}")

    @staticmethod
    def _fields(fields: bytes) -> tuple[int, Fields, Fields]:
        """Entries, and what is said of values and of gaps."""
        size = Fields.STRUCT.size
        return (
            struct.unpack("<Q", fields[:8])[0],
            Fields.unpack(fields[8 : 8 + size]),
            Fields.unpack(fields[8 + size :]),
        )

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        return cls("huffman" if cls._fields(fields)[2].symbols else "plain")

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        entries, values, gaps = self._fields(fields)
        counts = Section("counts", unsigned(header.n), header.m)
        if gaps.symbols:
            return [*values.sections(header.m), *gaps.sections(header.m, "gap_", "u1"), counts]
        return [
            Section("values", "<f4", values.symbols),
            packed_section("gaps", entries, BITS),
            packed_section("indices", entries, index_bits(values.symbols)),
            counts,
        ]

    def write(self, source: Source) -> Payload:
        return (self._write_coded if self.coding == "huffman" else self._write_plain)(source, count(source))

    def _draft(self, source: Source, stored: Stored, values: Fields, gaps: Fields) -> Draft:
        fields = struct.pack("<Q", stored.entries) + values.pack() + gaps.pack()
        return Draft(self, source, source.histogram().nnz, fields)

    def _write_plain(self, source: Source, stored: Stored) -> Payload:
        codebook = stored.values.values
        draft = self._draft(source, stored, Fields(len(codebook), 0, 0, 0, 0), NO_CODE)
        draft["values"][:] = codebook
        find = SymbolFinder(codebook)
        gaps, indices = PackedWriter(draft["gaps"], BITS), PackedWriter(draft["indices"], index_bits(len(codebook)))

        def work(begin: int, before: int, columns: Columns) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            stored = entries(columns)
            draft["counts"][begin : begin + len(columns)] = np.diff(stored.indptr)
            return stored.gaps, find(stored.values)

        at = 0
        for _, _, (some_gaps, numbers) in streamed(source, work):
            gaps.place(gaps.packed(at, some_gaps))
            indices.place(indices.packed(at, numbers))
            at += len(numbers)
        return draft.finish()

    def _write_coded(self, source: Source, stored: Stored) -> Payload:
        codes = Code.of(stored.values), Code.of(stored.gaps)
        n, m = source.shape
        fields = [Fields.of(code, n, seek_shift(m, *codes)) for code in codes]
        draft = self._draft(source, stored, *fields)
        values = StreamWriter(draft, fields[0], codes[0], source.shape)
        gaps = StreamWriter(draft, fields[1], codes[1], source.shape, prefix="gap_")
        no_rows = np.zeros(0, np.int32)

        def work(begin: int, before: int, columns: Columns) -> tuple[Coded, Coded]:
            stored = entries(columns)
            draft["counts"][begin : begin + len(columns)] = np.diff(stored.indptr)
            some_gaps = Columns(no_rows, stored.gaps, stored.indptr)
            return values.coded(Columns(no_rows, stored.values, stored.indptr)), gaps.coded(some_gaps)

        for begin, _, (some_values, some_gaps) in streamed(source, work):
            values.append(begin, some_values)
            gaps.append(begin, some_gaps)
        values.finish()
        gaps.finish()
        return draft.finish()

    def steps(self, payload: Payload) -> int:
        """Entries, fillers included; opening holds them against the columns' counts."""
        return min(super().steps(payload), self._fields(payload.fields)[0] + payload.header.m)

    def paper_bits(self, source: Source) -> int:
        stored = count(source)
        symbols = len(stored.values.values)
        size = 32 * symbols + (source.shape[1] + 1) * bits(stored.entries)
        if self.coding == "huffman":
            return size + Code.of(stored.values).stream_bits + Code.of(stored.gaps).stream_bits
        return size + stored.entries * (BITS + index_bits(symbols))
