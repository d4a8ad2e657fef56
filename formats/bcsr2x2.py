"""bcsr2x2: blocks of two outputs by two inputs that hold a nonzero."""

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


def places(columns: Columns, n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Numbers of the 2 x 2 blocks that hold something, rising, and for each nonzero which of them it is in.

    A block's number is its pair of columns times ceil(n / 2) plus its pair of rows.
    """
    number = columns.column_of_each() // 2 * -(-n // 2) + columns.rows // 2
    found, place = np.unique(number, return_inverse=True)
    return found, place


@dataclass(frozen=True)
class Bcsr2x2(Microcontroller):
    """Nonzero 2 x 2 blocks of a matrix of outputs by inputs, odd sizes padded with zeros; to 65 535 inputs.

    Fields: B, the number of blocks (uint32). Sections: ``ends`` uint32 (ceil(m / 2),), blocks up to and with
    each pair of columns; ``blocks`` uint16 (B,), pair of rows of each; ``values`` int8 (4 B,): two rows of
    the first column of the pair, then two of the second.
    Published size: 6 B + 2 m bytes (Trommer et al., dCSR, as their baseline).
    ValueError for more inputs.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("bcsr2x2").encode(np.eye(4)).sections
    {'header': 36, 'ends': 8, 'blocks': 4, 'values': 8}
    """

    name: ClassVar[str] = "bcsr2x2"
    format_id: ClassVar[int] = 34
    fields_bytes: ClassVar[int] = 4
    summary: ClassVar[str] = "2 x 2 blocks of 8-bit values that hold a nonzero, with 16-bit indices"
    complexity: ClassVar[str] = "open O(B + m) checks, product O(4 B + m), B blocks"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (count,) = struct.unpack("<I", fields)
        return [
            Section("ends", "<u4", -(-header.m // 2)),
            Section("blocks", "<u2", count, align=2),
            Section("values", "i1", 4 * count, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        n, m = source.shape
        columns = whole(source)
        found, place = places(columns, n)
        self.check_entries(4 * len(found))
        draft = Draft(self, source, columns.nnz, struct.pack("<I", len(found)))
        line, block = np.divmod(found, max(-(-n // 2), 1))
        draft["ends"][:] = np.searchsorted(line, np.arange(-(-m // 2)), side="right")
        draft["blocks"][:] = block
        draft["values"][4 * place + columns.column_of_each() % 2 * 2 + columns.rows % 2] = columns.values
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 8 * (6 * len(places(whole(source), n)[0]) + 2 * m)
