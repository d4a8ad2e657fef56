"""column_combined: groups of inputs packed into one column each, conflicts pruned (lossy)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from dotbench.formats.format import Format
from dotbench.formats.parts.combining import ORDERS, Groups, combine, pack, pruned
from dotbench.formats.parts.tiles import packed_bits, ranges, tiled
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source, as_source

MOST = 65535  # alpha is a 16-bit field
_FIELDS = struct.Struct("<IIdHBx")


def selector_bits(alpha: int) -> int:
    """ceil(log2 alpha)."""
    return (alpha - 1).bit_length()


@dataclass(frozen=True)
class ColumnCombined(Format):
    """Groups of up to ``alpha`` inputs share a packed column; of an output's weights in a group the largest stays.

    A group has at most int(gamma m) conflicts; `formats.parts.combining` has the two orders of grouping. Lossy,
    unless nothing was pruned, as with gamma 0. With G groups of K inputs in all and b = ceil(log2 alpha):
    Fields: G, K (uint32 each), gamma (float64), alpha (uint16), order (uint8), a byte of padding.
    Sections: ``values`` float32 (m G,), 0 where empty; ``selectors``: the place in its group of each cell's
    input, b bits each, in uint32 words and one more; ``sizes`` (G,) of the groups; ``rows`` (K,): their inputs.
    Cells lie in tiles of 16 outputs, in a tile by group, of a group the outputs side by side.
    Published size in bits: 32 m G + b m G + K ceil(log2 n) + G ceil(log2(alpha + 1)), each term rounded up to
    bytes (Kung, McDanel and Zhang). Ours is larger by the header and by indices of whole bytes.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> payload = formats.get("column_combined", alpha=2).encode(np.diag([1, 2, 3, 4]))
    >>> payload.sections
    {'header': 54, 'values': 32, 'selectors': 8, 'sizes': 2, 'rows': 4}
    """

    name: ClassVar[str] = "column_combined"
    format_id: ClassVar[int] = 13
    lossless: ClassVar[bool] = False
    coded: ClassVar[bool] = False  # products decode nothing into blocks, so decoding is no ceiling of theirs
    fields_bytes: ClassVar[int] = _FIELDS.size
    summary: ClassVar[str] = "groups of inputs in one packed column each, conflicts pruned (lossy)"
    complexity: ClassVar[str] = "encoding O(n^2 m) at the worst, product O(groups x m)"

    alpha: int = 8
    gamma: float = 0.5
    order: str = "index"

    def __post_init__(self) -> None:
        if type(self.alpha) is not int or not 1 <= self.alpha <= MOST:
            raise ValueError(
                f"column_combined[alpha={self.alpha!r}]: alpha, the inputs of a group, is a whole number of 1 to {MOST}"
            )
        if not (isinstance(self.gamma, int | float) and self.gamma >= 0 and math.isfinite(self.gamma)):
            raise ValueError(
                f"column_combined[gamma={self.gamma!r}]: gamma, the conflicts per output of a group, is 0 or more"
            )
        if self.order not in ORDERS:
            raise ValueError(f"column_combined[order={self.order}]: order is {' or '.join(ORDERS)}")
        object.__setattr__(self, "gamma", float(self.gamma) + 0.0)  # 0 and -0.0 are the same parameter

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        _, _, gamma, alpha, order = _FIELDS.unpack(fields)
        if order >= len(ORDERS):
            raise ValueError(f"there is no order {order}")
        return cls(alpha, gamma, ORDERS[order])

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        groups, kept, _, alpha, _ = _FIELDS.unpack(fields)
        cells = header.m * groups
        words = -(-cells * selector_bits(alpha) // 32)
        return [
            Section("values", "<f4", cells),
            Section("selectors", "<u4", words + (words > 0)),  # read in pairs of words
            Section("sizes", unsigned(alpha), groups),
            Section("rows", unsigned(max(header.n, 1) - 1), kept),
        ]

    def groups(self, source: Source) -> Groups:
        """The groups of a matrix."""
        return combine(source, self.alpha, self.gamma, self.order)

    def write(self, source: Source) -> Payload:
        groups = self.groups(source)
        members, order = groups.members(), ORDERS.index(self.order)
        fields = _FIELDS.pack(len(groups), len(members), self.gamma, self.alpha, order)
        draft = Draft(self, source, groups.nnz, fields)
        draft["sizes"][:] = groups.sizes()
        draft["rows"][:] = members
        stream = draft["selectors"].view(np.uint8)
        for begin, end in ranges(source):
            values, places = pack(source.columns(begin, end), groups)
            draft["values"][begin * len(groups) : end * len(groups)] = tiled(values)
            bits = packed_bits(tiled(places), selector_bits(self.alpha))
            at = begin * len(groups) * selector_bits(self.alpha) // 8
            stream[at : at + len(bits)] = bits
        draft["selectors"].byteswap(inplace=True)
        return draft.finish()

    def holds(self, matrix: Any) -> Source:
        source = as_source(matrix)
        return as_source(pruned(source, self.groups(source)))

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        groups = self.groups(source)
        kept, count = len(groups.members()), len(groups)
        parts = (
            32 * m * count,
            m * count * selector_bits(self.alpha),
            kept * selector_bits(max(n, 1)),
            count * selector_bits(self.alpha + 1),
        )
        return sum(-(-bits // 8) * 8 for bits in parts)
