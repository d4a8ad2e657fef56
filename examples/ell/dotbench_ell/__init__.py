"""ell: ELLPACK, every column padded to the length of the longest; a format in 31 lines and 36 of C."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from dotbench.formats.format import Format
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source, blocks


@dataclass(frozen=True)
class Ell(Format):
    """Rows and values of every column, padded with zeros in row 0 to a common width.

    Fields: the width (uint32). Sections: ``values`` float32 and ``rows`` uint32, (m, width) each.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("ell").encode(np.eye(4)).sections
    {'header': 36, 'values': 16, 'rows': 16}
    """

    name: ClassVar[str] = "ell"
    format_id: ClassVar[int] = 0x8001  # above 0x7fff: not built in
    fields_bytes: ClassVar[int] = 4
    kernel_source: ClassVar[Path] = Path(__file__).with_name("ell.c")
    summary: ClassVar[str] = "ELLPACK: columns padded to the longest (an example)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        width = int.from_bytes(fields, "little")
        return [Section("values", "<f4", width * header.m), Section("rows", "<u4", width * header.m)]

    def write(self, source: Source) -> Payload:
        m = source.shape[1]
        width = max((int(columns.counts().max(initial=0)) for _, _, columns in blocks(source)), default=0)
        draft = Draft(self, source, source.histogram().nnz, width.to_bytes(4, "little"))
        values, rows = draft["values"].reshape(m, width), draft["rows"].reshape(m, width)
        for begin, end, columns in blocks(source):
            column = columns.column_of_each()
            place = np.arange(columns.nnz) - columns.indptr[column]
            values[begin:end][column, place] = columns.values
            rows[begin:end][column, place] = columns.rows
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        return 8 * self.encode(source).nbytes
