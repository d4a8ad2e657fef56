"""bitmap: one bit per entry, then what the nonzeros are."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from dotbench.cdot.encode.dense import set_bits
from dotbench.formats.format import Format
from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.parts.packed import Packed, PackedWriter, index_bits, packed_section
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import streamed

VALUES = ("float32", "codebook")  # their places are what the fields say


def bits_of(start: int, n: int, columns: Columns) -> Packed:
    """A bit for every entry of some columns, from number ``start`` on, set where there is a nonzero."""
    at, lead = divmod(start, 8)
    data = np.zeros(-(-(lead + n * len(columns)) // 8), np.uint8)
    set_bits(columns.rows, columns.indptr, n, data, lead)
    return Packed(at, data)


@dataclass(frozen=True)
class Bitmap(Format):
    """A bit for every entry, set where it is not 0, then the nonzeros in the same order.

    Parameter ``values``: ``float32`` stores them as they are (as int8 in a matrix of int8); ``codebook``
    stores the k distinct ones and an index of ceil(log2 k) bits for each nonzero. Fields: which of the two,
    and k (uint32 each, k 0 for float32). Sections: ``values`` float32 or int8, (nnz,) or (k,), by falling
    frequency; ``indices``, bit-packed (`formats.parts.packed`); ``bits``, in column order, least significant bit
    first.
    Size: n m + 32 nnz bits, or n m + nnz ceil(log2 k) + 32 k (a fair classical row of this project, not
    published); of int8 8 for 32, and with plain values the published ceil(n m / 8) + nnz bytes (Trommer et
    al., dCSR, as their baseline). Where columns start is counted from the bits when a payload is opened.
    ValueError for other ``values``.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("bitmap").encode(np.eye(16)).sections
    {'header': 40, 'values': 64, 'indices': 0, 'bits': 39}
    >>> formats.get("bitmap", values="codebook").encode(np.eye(16)).sections
    {'header': 40, 'values': 4, 'indices': 0, 'bits': 39}
    """

    values: str = "float32"

    name: ClassVar[str] = "bitmap"
    format_id: ClassVar[int] = 10
    value_types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 8
    variants: ClassVar[tuple[str, ...]] = ("values=codebook",)
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "one bit per entry, then the values or indices into a codebook"
    complexity: ClassVar[str] = "open O(nm / 64) counts, product O(nm / 64 + nnz)"

    def __post_init__(self) -> None:
        if self.values not in VALUES:
            raise ValueError(f"bitmap[values={self.values}]: values are {' or '.join(VALUES)}")

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        coded, symbols = struct.unpack("<II", fields)
        if coded >= len(VALUES) or (symbols and not coded):
            raise ValueError(f"its fields say values of kind {coded} and a codebook of {symbols}")
        return cls(VALUES[coded])

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        coded, symbols = struct.unpack("<II", fields)
        return [
            Section("values", header.dtype, symbols if coded else header.nnz),
            packed_section("indices", header.nnz, index_bits(symbols)),
            packed_section("bits", header.n * header.m, 1),
        ]

    def write(self, source: Source) -> Payload:
        n = source.shape[0]
        histogram = source.histogram()
        coded = self.values == "codebook"
        codebook = histogram.by_frequency().values if coded else histogram.values[:0]
        draft = Draft(self, source, histogram.nnz, struct.pack("<II", coded, len(codebook)))
        find, indices = SymbolFinder(codebook), PackedWriter(draft["indices"], index_bits(len(codebook)))
        bits = PackedWriter(draft["bits"], 1)
        if coded:
            draft["values"][:] = codebook

        def work(begin: int, before: int, columns: Columns) -> tuple[Packed, Packed | None]:
            occupied = bits_of(begin * n, n, columns)
            if coded:
                return occupied, indices.packed(before, find(columns.values))
            draft["values"][before : before + columns.nnz] = columns.values
            return occupied, None

        for _, _, (occupied, numbers) in streamed(source, work):
            bits.place(occupied)
            if numbers:
                indices.place(numbers)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        histogram = source.histogram()
        width = 8 * source.dtype.itemsize
        entries = n * m if width == 32 else -(-n * m // 8) * 8
        if self.values == "float32":
            return entries + width * histogram.nnz
        symbols = len(histogram.values)
        return entries + histogram.nnz * index_bits(symbols) + width * symbols
