"""dense_s8: every entry as int8, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from formats.format import Format
from formats.header import Header, Section
from formats.payload import Draft, Payload
from formats.source import Source, blocks


@dataclass(frozen=True)
class DenseS8(Format):
    """All n m entries as int8 in column order, an output's weights side by side: what TFLite stores.

    Sections: ``values`` int8 (n m,). Size: n m bytes.

    >>> import numpy as np, formats
    >>> formats.get("dense_s8").encode(np.eye(4)).sections
    {'header': 32, 'values': 16}
    """

    name: ClassVar[str] = "dense_s8"
    format_id: ClassVar[int] = 32
    value_types: ClassVar[tuple[str, ...]] = ("int8",)
    summary: ClassVar[str] = "all entries as int8, column by column"
    complexity: ClassVar[str] = "product O(nm)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [Section("values", "i1", header.n * header.m, align=16)]

    def write(self, source: Source) -> Payload:
        n, m = source.shape
        draft = Draft(self, source, source.histogram().nnz)
        values = draft["values"].reshape(m, n)
        for begin, end, columns in blocks(source):
            values[begin:end] = columns.dense(n)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 8 * n * m
