"""psr8: 8-bit indices inside blocks of 256 inputs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.counted import Microcontroller, whole
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source

SPAN = 256  # inputs of a block


def parts(columns: Columns, n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Numbers of the blocks that hold something, rising, and their counts of nonzeros.

    A block's number is its column times ceil(n / 256) plus its place in the column.
    """
    return np.unique(columns.column_of_each() * -(-n // SPAN) + columns.rows // SPAN, return_counts=True)


@dataclass(frozen=True)
class Psr8(Microcontroller):
    """Each column in blocks of 256 inputs: which of them hold something, how much, and 8-bit row indices.

    Fields: P, the blocks of all columns that hold something (uint32). Sections: ``ends`` uint32 (m,),
    nonzeros up to and with each column; ``present``, a bit for every block of every column, least significant
    first; ``counts`` uint8 (P,), nonzeros of a block minus 1; ``rows`` uint8 (nnz,); ``values`` int8 (nnz,).
    Published size: 2 nnz + P + 4 m bytes (Trommer et al., dCSR, as their baseline). As published it cannot be
    decoded: nothing says which blocks are left out, and a byte does not hold a count of 256. The presence
    bits, m ceil(n / 256) / 8 bytes more, and counts from 1 on mend that.
    ValueError for more than 65 535 inputs.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("psr8").encode(np.eye(4)).sections
    {'header': 36, 'ends': 16, 'present': 1, 'counts': 4, 'rows': 4, 'values': 4}
    """

    name: ClassVar[str] = "psr8"
    format_id: ClassVar[int] = 37
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 4
    summary: ClassVar[str] = "values of 8 bits with indices of 8 inside blocks of 256 inputs"
    complexity: ClassVar[str] = "open O(nnz + m n / 256) checks, product O(nnz + m n / 256)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (count,) = struct.unpack("<I", fields)
        return [
            Section("ends", "<u4", header.m),
            Section("present", "u1", -(-header.m * -(-header.n // SPAN) // 8), align=1),
            Section("counts", "u1", count, align=1),
            Section("rows", "u1", header.nnz, align=1),
            Section("values", "i1", header.nnz, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        n, m = source.shape
        columns = whole(source)
        self.check_entries(columns.nnz)
        numbers, counts = parts(columns, n)
        draft = Draft(self, source, columns.nnz, struct.pack("<I", len(numbers)))
        present = np.zeros(m * -(-n // SPAN), bool)
        present[numbers] = True
        draft["ends"][:] = columns.indptr[1:]
        draft["present"][:] = np.packbits(present, bitorder="little")
        draft["counts"][:] = counts - 1
        draft["rows"][:] = columns.rows % SPAN
        draft["values"][:] = columns.values
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        columns = whole(source)
        return 8 * (2 * columns.nnz + len(parts(columns, n)[0]) + 4 * m)
