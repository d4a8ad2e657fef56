"""rle4: 4-bit relative indices, with a zero for every 15 rows of a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.nibbles import LONGEST, Nibbles
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class Rle4(Nibbles):
    """A gap is the row of a nonzero minus that of the one above it, minus 0 for the first of a column.

    It becomes floor(gap / 15) zeros with nibble 15, and the nonzero with nibble gap mod 15. Fields: V, the
    number of entries (uint32). Sections: ``ends`` uint32 (m,), entries up to and with each column; ``gaps``,
    two nibbles a byte, the first one high, counted over the whole matrix; ``values`` int8 (V,).
    Published size: V + ceil(V / 2) + 4 m bytes (Trommer et al., dCSR, as their baseline, after Han et al.).
    ValueError for more than 65 535 inputs.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = np.zeros((40, 1), np.int8); W[[3, 33], 0] = 5, -6
    >>> payload = formats.get("rle4").encode(W)
    >>> payload.section("values"), [f"{pair:02x}" for pair in payload.section("gaps")]
    (array([ 5,  0,  0, -6], dtype=int8), ['3f', 'f0'])
    """

    name: ClassVar[str] = "rle4"
    format_id: ClassVar[int] = 35
    summary: ClassVar[str] = "values of 8 bits with relative indices of 4, a zero for every 15 rows of a gap"
    counts_name: ClassVar[str] = "ends"

    def inserted(self, gap: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return gap // LONGEST

    def counts(self, header: Header) -> Section:
        return Section("ends", "<u4", header.m)

    def write_counts(self, section: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        section[:] = ends

    def paper_bits(self, source: Source) -> int:
        entries = self.entries(source)
        return 8 * (entries + -(-entries // 2) + 4 * source.shape[1])
