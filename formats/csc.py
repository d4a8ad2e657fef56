"""csc: compressed sparse columns as scipy stores them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dotbench.formats.format import Format
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, bits
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source
from dotbench.formats.sources.streaming import run

MAX_NONZEROS = 2**31 - 1  # column pointers are 32-bit


def place(draft: Draft, begin: int, before: int, columns: Columns) -> None:
    """Writes rows and pointers of the columns from ``begin`` on, ``before`` nonzeros being in front of them."""
    draft["rows"][before : before + columns.nnz] = columns.rows
    draft["pointers"][begin + 1 : begin + 1 + len(columns)] = before + columns.indptr[1:]


@dataclass(frozen=True)
class Csc(Format):
    """Values, row indices and column pointers, 32 bits each: the reference of all time ratios.

    Sections: ``values`` (nnz,), float32, or float16 or bfloat16 of a matrix of that; ``pointers`` (m + 1,); ``rows``
    (nnz,).
    Published size: nnz (32 + bits(n)) + m bits(n) bits (Marino et al.), 16 for 32 of floats of 16 bits. Ours is larger:
    scipy's indices and pointers, which this format stands for, have 32 bits where the paper counts bits(n).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("csc").encode(np.eye(4)).sections
    {'header': 32, 'values': 16, 'pointers': 20, 'rows': 16}
    """

    name: ClassVar[str] = "csc"
    format_id: ClassVar[int] = 2
    value_types: ClassVar[tuple[str, ...]] = ("float32", "float16", "bfloat16")
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "values, row indices and column pointers, 32 bits each (scipy's CSC)"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m)"

    def _row_type(self, n: int) -> np.dtype[Any]:
        return np.dtype("<u4")

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [
            Section("values", header.dtype, header.nnz),
            Section("pointers", "<u4", header.m + 1),
            Section("rows", self._row_type(header.n), header.nnz),
        ]

    def check_nonzeros(self, nnz: int) -> None:
        """ValueError where there are more than pointers can count."""
        if nnz > MAX_NONZEROS:
            raise ValueError(f"{nnz} nonzeros are too many for {self.name}: its pointers have 32 bits")

    def write(self, source: Source) -> Payload:
        nnz = source.histogram().nnz
        self.check_nonzeros(nnz)
        draft = Draft(self, source, nnz)

        def work(begin: int, before: int, columns: Columns) -> None:
            draft["values"][before : before + columns.nnz] = columns.values
            place(draft, begin, before, columns)

        run(source, work)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return source.histogram().nnz * (8 * source.dtype.itemsize + bits(n)) + m * bits(n)
