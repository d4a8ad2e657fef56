"""im: index map, a codebook and one index per entry."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.dense import scatter
from dotbench.formats.format import Format
from dotbench.formats.parts.codebook import SymbolFinder
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, bits, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Histogram, Source
from dotbench.formats.sources.streaming import run


class IndexWriter:
    """Calls write the index of every entry of some columns, (columns, n), into an array of 0."""

    def __init__(self, codebook: npt.NDArray[Any]) -> None:
        self._find, zero = SymbolFinder(codebook), np.flatnonzero(codebook == 0)
        self._zero = int(zero[0]) if len(zero) else 0  # without a zero every entry is written over

    def __call__(self, columns: Columns, out: npt.NDArray[Any]) -> None:
        if self._zero:
            out[:] = self._zero
        starts = out.shape[1] * np.arange(len(columns))
        scatter(columns.rows, self._find(columns.values), columns.indptr, out.shape[1], out, starts)


@dataclass(frozen=True)
class Im(Format):
    """A codebook of the K distinct entries (0 included where it occurs) and an index for every entry.

    Fields: K (uint32). Sections: ``values`` float32 (K,), by falling frequency; ``indices`` (n m,) of
    bits(K) in column order. Size: n m bits(K) + 32 K bits (Marino et al.; Han et al.'s index map).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("im").encode(np.eye(4)).sections
    {'header': 36, 'values': 8, 'indices': 16}
    """

    name: ClassVar[str] = "im"
    format_id: ClassVar[int] = 4
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 4
    summary: ClassVar[str] = "index map: a codebook and one index per entry"
    complexity: ClassVar[str] = "open O(nm) checks, product O(nm), a codebook look-up an entry"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (symbols,) = struct.unpack("<I", fields)
        return [
            Section("values", "<f4", symbols),
            Section("indices", unsigned(symbols), header.n * header.m),
        ]

    def _codebook(self, source: Source) -> Histogram:
        n, m = source.shape
        histogram = source.histogram()
        return histogram.by_frequency(zeros=n * m - histogram.nnz)

    def write(self, source: Source) -> Payload:
        n, m = source.shape
        codebook = self._codebook(source)
        symbols = len(codebook.values)
        nnz = source.histogram().nnz
        draft = Draft(self, source, nnz, struct.pack("<I", symbols))
        draft["values"][:] = codebook.values
        indices, write = draft["indices"].reshape(m, n), IndexWriter(codebook.values)
        run(source, lambda begin, _, columns: write(columns, indices[begin : begin + len(columns)]))
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        symbols = len(self._codebook(source).values)
        return n * m * bits(symbols) + 32 * symbols
