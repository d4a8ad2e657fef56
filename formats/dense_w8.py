"""dense_w8: every entry in 8 bits with a scale for each column, for float32 inputs: what quantised weights cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.format import Format
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.columns import Columns, Histogram
from dotbench.formats.sources.source import ArraySource, Own, Source, as_source, blocks, tally
from dotbench.formats.sources.streaming import run

LARGEST = 127
MOST = np.nextafter(np.finfo(np.float32).max / np.float32(LARGEST), np.float32(0))  # so that LARGEST scales are finite


def quantised(columns: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Whole numbers (columns, n) from -127 to 127 and the scale of each column: its largest entry by 127.

    >>> quantised(np.float32([[254, -127, 3], [0, 0, 0]]))
    (array([[127, -64,   2],
           [  0,   0,   0]], dtype=int8), array([2., 0.], dtype=float32))
    """
    scales = np.minimum(np.abs(columns).max(1, initial=0) / np.float32(LARGEST), MOST)
    steps = np.rint(columns / np.where(scales > 0, scales, 1)[:, None])
    return np.clip(steps, -LARGEST, LARGEST).astype(np.int8), scales


@dataclass(frozen=True)
class DenseW8(Format):
    """All n m entries as int8 in column order, rounded to the nearest multiple of their column's scale; x is float32.

    A scale is the largest entry of its column by 127. Lossy: the matrix that is multiplied is scale times whole
    number, as float32, of whatever floats the matrix was. Sections: ``values`` int8 (n m,); ``scales`` float32 (m,).
    Size: 8 n m + 32 m bits (a fair row of this project, not published: symmetric quantisation by output).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> payload = formats.get("dense_w8").encode(np.array([[254, 0], [3, 1]], np.float32))
    >>> payload.sections, payload.decode().tolist()
    ({'header': 32, 'values': 4, 'scales': 8}, [[254.0, 0.0], [4.0, 1.0]])
    """

    name: ClassVar[str] = "dense_w8"
    format_id: ClassVar[int] = 71
    takes: ClassVar[tuple[str, ...]] = ("float16", "bfloat16")
    lossless: ClassVar[bool] = False
    walks: ClassVar[str] = "bytes"
    summary: ClassVar[str] = "all entries rounded to 8 bits, with a scale a column, for float32 inputs"
    complexity: ClassVar[str] = "product O(nm)"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        return [Section("values", "i1", header.n * header.m, align=16), Section("scales", "<f4", header.m)]

    def write(self, source: Source) -> Payload:
        n, m = source.shape
        held = _Held(as_source(source))
        draft = Draft(self, held, sum(columns.nnz for _, _, columns in blocks(held)))
        values = draft["values"].reshape(m, n)

        def work(begin: int, _: int, columns: Columns) -> None:
            place = slice(begin, begin + len(columns))
            values[place], draft["scales"][place] = quantised(columns.dense(n, np.float32))

        run(as_source(source), work)
        return draft.finish()

    def holds(self, matrix: Any) -> Source:
        return _Held(as_source(matrix))

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        return 8 * n * m + 32 * m


class _Held(Own):
    """A matrix of float32 with its entries rounded."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.shape, self.dtype = source.shape, source.dtype

    def columns(self, begin: int, end: int) -> Columns:
        steps, scales = quantised(self._source.columns(begin, end).dense(self.shape[0], np.float32))
        return ArraySource((steps * scales[:, None]).T).columns(0, end - begin)

    def histogram(self) -> Histogram:
        return tally(self)
