"""csc_min: csc with the narrowest row indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dotbench.formats.csc import Csc
from dotbench.formats.payloads.header import unsigned
from dotbench.formats.sources.source import Source


@dataclass(frozen=True)
class CscMin(Csc):
    """csc with row indices in the smallest type that holds n - 1: what plain CSC should cost.

    Sections: ``values`` float32, float16 or bfloat16 (nnz,); ``pointers`` uint32 (m + 1,); ``rows`` (nnz,).
    Size: nnz (32 + bits(n - 1)) + 32 (m + 1) bits, of 16-bit values nnz (16 + ...) (a fair classical row of this
    project, not published).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("csc_min").encode(np.eye(4)).sections
    {'header': 32, 'values': 16, 'pointers': 20, 'rows': 4}
    """

    name: ClassVar[str] = "csc_min"
    format_id: ClassVar[int] = 3
    summary: ClassVar[str] = "csc with row indices in the smallest type that holds them"
    complexity: ClassVar[str] = "open O(nnz + m) checks, product O(nnz + m)"

    def _row_type(self, n: int) -> np.dtype[Any]:
        return unsigned(n - 1) if n else np.dtype("<u4")

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return source.histogram().nnz * 8 * (source.dtype.itemsize + self._row_type(n).itemsize) + 32 * (m + 1)
