"""dense: every entry, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.format import Format
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source
from dotbench.formats.sources.streaming import run


@dataclass(frozen=True)
class Dense(Format):
    """All n m entries in column order, as float32, float16 or bfloat16: the size that compression starts from.

    Sections: ``values`` (n m,), float32, or float16 or bfloat16 of a matrix of that.
    Size: 32 n m bits, of float16 and bfloat16 16 n m (Marino et al., the entropy-coding paper).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("dense").encode(np.eye(4)).sections
    {'header': 32, 'values': 64}
    """

    name: ClassVar[str] = "dense"
    format_id: ClassVar[int] = 1
    value_types: ClassVar[tuple[str, ...]] = ("float32", "float16", "bfloat16")
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "all entries, column by column"
    complexity: ClassVar[str] = "product O(nm)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [Section("values", header.dtype, header.n * header.m, align=16)]

    def write(self, source: Source) -> Payload:
        n, m = source.shape
        draft = Draft(self, source, source.histogram().nnz)
        values = draft["values"].reshape(m, n)
        run(source, lambda begin, _, columns: columns.write_dense(values[begin : begin + len(columns)]))
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 8 * source.dtype.itemsize * n * m
