"""csr16: int8 values with 16-bit indices, and a 16-bit count for each output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dotbench.formats.parts.counted import Microcontroller, whole
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class Csr16(Microcontroller):
    """Compressed sparse rows of a matrix of outputs by inputs, so columns here, of up to 65 535 inputs.

    Sections: ``counts`` uint16 (m,), nonzeros of each column; ``rows`` uint16 (nnz,); ``values`` int8 (nnz,).
    Published size: 3 nnz + 2 m bytes (Trommer et al., dCSR, as their baseline).
    ValueError for more inputs.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("csr16").encode(np.eye(4)).sections
    {'header': 32, 'counts': 8, 'rows': 8, 'values': 4}
    """

    name: ClassVar[str] = "csr16"
    format_id: ClassVar[int] = 33
    summary: ClassVar[str] = "values of 8 bits with indices of 16, a count of 16 for each output"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [
            Section("counts", "<u2", header.m, align=2),
            Section("rows", "<u2", header.nnz, align=2),
            Section("values", "i1", header.nnz, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        columns = whole(source)
        self.check_entries(columns.nnz)
        draft = Draft(self, source, columns.nnz)
        draft["counts"][:] = columns.counts()
        draft["rows"][:] = columns.rows
        draft["values"][:] = columns.values
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        return 8 * (3 * source.histogram().nnz + 2 * source.shape[1])
