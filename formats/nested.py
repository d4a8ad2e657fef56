"""nested: a dense matrix in falling order of importance, whose prefixes are smaller sub-networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.dense import scatter
from dotbench.cdot.encode.table import value_bits
from dotbench.formats.format import Format
from dotbench.formats.parts.nested_levels import (
    MOST_LEVELS,
    Floats,
    Width,
    check_widths,
    checked_importance,
    equal_share,
    importances,
    parse_shares,
)
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section, unsigned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source, as_source
from dotbench.formats.sources.streaming import run


@dataclass(frozen=True)
class Nested(Format):
    """One dense matrix, inputs and outputs by falling importance; a level is a prefix of both, without a copy.

    ``levels``: percent of the multiplications that the levels below the full one keep to, rising, joined by
    ``+``; each is the largest equal share of rows and columns that does. ``none``: only the full level;
    ``given``: widths from outside (`encode_with`). Lossless at the full level, which `Payload.dot` computes;
    `dotbench.formats.payloads.nested_matrix` has the others.

    Fields: number of levels below the full one (a byte), their percentages (15 bytes, 0 if widths were given).
    Sections: ``values`` float32 (m, n), output after output; ``row_order`` (n,) of bits(n - 1) and
    ``column_order`` (m,) of bits(m - 1), the original index of each place; ``widths`` uint32 (levels, 2),
    rows and columns of each level, the full one last. Published size: 32 n m bits (REDS: all levels share
    these weights). It leaves out the orders, which the layers around it absorb on a device: below about
    36 by 36 ours is more than 3 % larger.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("nested", levels="25+50").encode(np.eye(8)).sections
    {'header': 48, 'values': 256, 'row_order': 8, 'column_order': 8, 'widths': 24}
    """

    name: ClassVar[str] = "nested"
    format_id: ClassVar[int] = 14
    fields_bytes: ClassVar[int] = 1 + MOST_LEVELS
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "all entries by falling importance: sub-networks are prefixes of one matrix"
    complexity: ClassVar[str] = "open O(n + m) checks, product O(rows x columns of the level), changing the level O(1)"
    levels: str = "25+50+75"

    def __post_init__(self) -> None:
        parse_shares(self.levels)

    @property
    def shares(self) -> tuple[int, ...]:
        """Percent of the multiplications of each level below the full one; empty if widths were given."""
        return parse_shares(self.levels)

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        below, shares = fields[0], fields[1 : 1 + fields[0]]
        if below == 0:
            return cls("none")
        return cls("+".join(map(str, shares)) if any(shares) else "given")

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [
            Section("values", "<f4", header.n * header.m, align=16),
            Section("row_order", unsigned(max(header.n - 1, 0)), header.n),
            Section("column_order", unsigned(max(header.m - 1, 0)), header.m),
            Section("widths", "<u4", 2 * (fields[0] + 1)),
        ]

    def write(self, source: Source) -> Payload:
        return self.encode_with(source)

    def encode_with(
        self,
        matrix: Any,
        row_importance: npt.ArrayLike | None = None,
        column_importance: npt.ArrayLike | None = None,
        widths: Sequence[Width] | None = None,
    ) -> Payload:
        """`encode` with importances (n,) and (m,) and widths (rows, columns) of levels that a network gave.

        What is None is as in `encode`: the sum of |w| of a row or column, and the shares of ``levels``. Of
        equal importances the first comes first. ValueError for a wrong length, a NaN, widths out of order.

        >>> import numpy as np
        >>> payload = Nested().encode_with(np.eye(3, 2), column_importance=[1, 2], widths=[(2, 1)])
        >>> str(payload.format), payload.section("column_order").tolist()
        ('nested[levels=given]', [1, 0])
        """
        source = as_source(matrix)
        n, m = source.shape
        rows, columns = importances(source)
        if row_importance is not None:
            rows = checked_importance("row_importance", row_importance, n, "rows (inputs)")
        if column_importance is not None:
            columns = checked_importance("column_importance", column_importance, m, "columns (outputs)")
        if widths is None:
            return self._write(source, rows, columns, self._widths(n, m))
        check_widths(widths, n, m)
        return replace(self, levels="given" if widths else "none")._write(source, rows, columns, widths)

    def _widths(self, n: int, m: int) -> list[Width]:
        if self.levels == "given":
            raise ValueError("nested[levels=given] has no widths of its own: call encode_with, or name percentages")
        return [equal_share(n, m, share) for share in self.shares]

    def _write(self, source: Source, rows: Floats, columns: Floats, widths: Sequence[Width]) -> Payload:
        n, m = source.shape
        fields = bytes([len(widths), *self.shares]).ljust(self.fields_bytes, b"\0")
        draft = Draft(self, source, source.histogram().nnz, fields)
        row_order, column_order = np.argsort(-rows, kind="stable"), np.argsort(-columns, kind="stable")
        draft["row_order"][:], draft["column_order"][:] = row_order, column_order
        draft["widths"][:] = np.array([*widths, (n, m)]).ravel()
        values, places = draft["values"].reshape(m, n), np.argsort(column_order)
        row_places = np.argsort(row_order).astype(np.uint32)

        def work(begin: int, before: int, block: Columns) -> None:
            bits, starts = value_bits(block.values), n * places[begin : begin + len(block)]
            scatter(block.rows, bits, block.indptr, n, values, starts, row_places)

        run(source, work)
        return draft.finish()

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 32 * n * m
