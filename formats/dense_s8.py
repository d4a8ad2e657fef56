"""dense_s8: every entry as int8, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.dense import Dense
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class DenseS8(Dense):
    """All n m entries as int8 in column order, an output's weights side by side: what TFLite stores.

    Sections: ``values`` int8 (n m,). Size: n m bytes.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("dense_s8").encode(np.eye(4)).sections
    {'header': 32, 'values': 16}
    """

    name: ClassVar[str] = "dense_s8"
    format_id: ClassVar[int] = 32
    value_types: ClassVar[tuple[str, ...]] = ("int8",)
    summary: ClassVar[str] = "all entries as int8, column by column"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [Section("values", "i1", header.n * header.m, align=16)]

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 8 * n * m
