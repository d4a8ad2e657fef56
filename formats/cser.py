"""cser: per column and value, the rows that hold it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dotbench.formats.format import Format
from dotbench.formats.parts.cser_lists import codebook, count_lists, lists
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, bits, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source

MOST_INDICES = 2**32 - 2  # pointers to them, and one more, fit into 32 bits


@dataclass(frozen=True)
class CserCounts:
    """Lengths of CSER's arrays for one matrix: its size and its modelled energy follow from them."""

    symbols: int  # K, distinct entries, 0 included where it occurs
    indices: int  # |colI|, entries that are not of the most frequent value
    groups: int  # |OI|, lists of them: one for each of the other values in each column
    columns: int  # m

    @property
    def group_pointers(self) -> int:
        """|OPtr|: where the groups start, plus the end."""
        return self.groups + 1

    @property
    def column_pointers(self) -> int:
        """|rowPtr|: the rows of the paper, which works on W transposed, are our columns."""
        return self.columns + 1

    @property
    def groups_per_column(self) -> float:
        """q; 0 where there are no columns."""
        return self.groups / self.columns if self.columns else 0.0


def counts(source: Source) -> CserCounts:
    """The lengths of CSER's arrays for a matrix; reads all of it.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> counts(formats.as_source(np.array([[0, 1], [2, 1], [0, 2]], np.float32)))
    CserCounts(symbols=3, indices=4, groups=3, columns=2)
    """
    histogram = codebook(source)
    groups = count_lists(source, histogram.values)
    return CserCounts(len(histogram.values), int(histogram.counts[1:].sum()), groups, source.shape[1])


@dataclass(frozen=True)
class Cser(Format):
    """For each column of W and each value but the most frequent one, the list of rows that hold it.

    The product sums the inputs of a list and multiplies once. The most frequent value is implicit; where
    it is not 0, columns are decoded instead, with a scratch of n floats: a correction would lose digits.
    Fields: K, lists, row indices in them (uint32 each). Sections, with the paper's names: ``values`` (O)
    float32 (K,), by falling frequency; ``column_pointers`` (rowPtr) (m + 1,), the first list of each
    column; ``group_pointers`` (OPtr) (lists + 1,), the first index of each list; ``ranks`` (OI) (lists,),
    the place of its value in O; ``rows`` (colI).
    Published size: 32 K + |colI| bits(n) + |OI| bits(K) + |OPtr| bits(|colI|) + |rowPtr| bits(|OPtr|)
    bits (Marino et al., CSER). ValueError for more than 2^32 - 2 indices.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("cser").encode(np.diag([1, 1, 2, 3])).section("ranks")
    array([1, 1, 2, 3], dtype=uint8)
    """

    name: ClassVar[str] = "cser"
    format_id: ClassVar[int] = 7
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 12
    summary: ClassVar[str] = "per column and value, the rows that hold it; the most frequent one is implicit"
    complexity: ClassVar[str] = "open O(nnz + lists) checks, product O(nnz) additions and one multiplication a list"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        symbols, groups, indices = struct.unpack("<III", fields)
        return [
            Section("values", "<f4", symbols),
            Section("column_pointers", unsigned(groups + 1), header.m + 1),
            Section("group_pointers", unsigned(indices), groups + 1),
            Section("ranks", unsigned(symbols), groups),
            Section("rows", unsigned(header.n), indices),
        ]

    def write(self, source: Source) -> Payload:
        sizes = counts(source)
        if sizes.indices > MOST_INDICES:
            raise ValueError(f"{sizes.indices} row indices are too many for cser: its pointers have 32 bits")
        fields = struct.pack("<III", sizes.symbols, sizes.groups, sizes.indices)
        draft = Draft(self, source, source.histogram().nnz, fields)
        draft["values"][:] = codebook(source).values
        group = index = 0
        for begin, end, part in lists(source, draft["values"]):
            groups = slice(group, group + len(part.ranks))
            draft["ranks"][groups] = part.ranks
            draft["rows"][index : index + len(part.rows)] = part.rows
            draft["group_pointers"][1:][groups] = index + part.lengths.cumsum(dtype=np.int64)
            draft["column_pointers"][begin + 1 : end + 1] = group + part.per_column.cumsum()
            group, index = groups.stop, index + len(part.rows)
        return draft.finish()

    def steps(self, payload: Payload) -> int:
        """Lists and their rows; all entries where the implicit value is not 0."""
        implicit = payload.section("values")[:1]
        return super().steps(payload) if implicit.any() else payload.nbytes + payload.header.m

    def paper_bits(self, source: Source) -> int:
        sizes = counts(source)
        return (
            32 * sizes.symbols
            + sizes.indices * bits(source.shape[0])
            + sizes.groups * bits(sizes.symbols)
            + sizes.group_pointers * bits(sizes.indices)
            + sizes.column_pointers * bits(sizes.group_pointers)
        )
