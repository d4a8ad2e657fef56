"""rel15: 4-bit relative indices that use all sixteen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.nibbles import LONGEST, Nibbles
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class Rel15(Nibbles):
    """As `rle4`, but a gap of 15 needs no zero: the best form of that idea.

    A gap becomes max(0, ceil(gap / 15) - 1) zeros with nibble 15, and the nonzero with what is left, 1 to 15
    (0 only for a nonzero in row 0). Fields: V, the number of entries (uint32). Sections: ``counts`` uint16
    (m,), entries of each column; ``gaps``, two nibbles a byte, the first one high; ``values`` int8 (V,).
    Size: V + ceil(V / 2) + 2 m bytes (a fair form of `rle4`, of this project).
    ValueError for more than 65 535 inputs.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = np.zeros((40, 1), np.int8); W[[3, 33], 0] = 5, -6
    >>> payload = formats.get("rel15").encode(W)
    >>> payload.section("values"), [f"{pair:02x}" for pair in payload.section("gaps")]
    (array([ 5,  0, -6], dtype=int8), ['3f', 'f0'])
    """

    name: ClassVar[str] = "rel15"
    format_id: ClassVar[int] = 36
    summary: ClassVar[str] = "values of 8 bits with relative indices of 4, a zero only in gaps above 15"
    counts_name: ClassVar[str] = "counts"

    def inserted(self, gap: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.maximum(-(-gap // LONGEST) - 1, 0)

    def counts(self, header: Header) -> Section:
        return Section("counts", "<u2", header.m, align=2)

    def write_counts(self, section: npt.NDArray[Any], ends: npt.NDArray[np.int64]) -> None:
        section[:] = np.diff(ends, prepend=0)

    def paper_bits(self, source: Source) -> int:
        entries = self.entries(source)
        return 8 * (entries + -(-entries // 2) + 2 * source.shape[1])
