"""Writing codewords from Python: `encode.c` with its types checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdot.errors import check
from cdot.library import library, pointer


def encode_columns(
    rows: npt.NDArray[np.int32],
    symbols: npt.NDArray[np.uint32],
    indptr: npt.NDArray[np.int64],
    n: int,
    zero: int,
    codewords: npt.NDArray[np.uint64],
    lengths: npt.NDArray[np.uint8],
    stream: npt.NDArray[Any],
    bit: int,
) -> npt.NDArray[np.uint64]:
    """Appends columns at ``bit`` of a zeroed stream of uint32 words; the bit after each column.

    ``symbols`` index ``codewords`` (in the low ``lengths`` bits). ``zero`` >= 0: the symbol of all
    entries of the n that are not listed, coded as well; -1: only listed ones are, and ``rows`` are not read.
    """
    columns = len(indptr) - 1
    ends = np.zeros(columns, np.uint64)
    check(
        library().encode_columns(
            pointer(np.ascontiguousarray(rows, np.int32), "const int32_t *"),
            pointer(np.ascontiguousarray(symbols, np.uint32), "const uint32_t *"),
            pointer(np.ascontiguousarray(indptr, np.int64), "const int64_t *"),
            columns,
            n,
            zero,
            pointer(codewords, "const uint64_t *"),
            pointer(lengths, "const uint8_t *"),
            pointer(stream, "uint32_t *"),
            len(stream),
            bit,
            pointer(ends, "uint64_t *"),
        )
    )
    return ends
