"""Writing codewords from Python: `encode.c` with its types checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.sparse import SparseColumns, checked
from dotbench.cdot.encode.table import MissingValue, Table, value_bits
from dotbench.cdot.errors import check
from dotbench.cdot.library import library, pointer

MISSING = -7  # CDOT_ROW


def encode_columns(
    rows: npt.NDArray[np.int32],
    values: npt.NDArray[Any],
    indptr: npt.NDArray[np.int64],
    n: int,
    zero: int,
    table: Table,
    codewords: npt.NDArray[np.uint64],
    stream: npt.NDArray[Any],
    bit: int,
) -> npt.NDArray[np.uint64]:
    """Appends columns at ``bit`` of a zeroed stream of uint32 words; the bit after each column.

    ``codewords`` by number in ``table``: code times 256, plus its length. ``zero`` >= 0: the number of all
    entries of the n that are not listed, coded as well; -1: only listed ones are, and ``rows`` are not read.
    """
    columns = SparseColumns(rows if zero >= 0 else None, indptr, n, len(values))
    ends = np.zeros(columns.count, np.uint64)
    bits = value_bits(values)
    status = library().encode_columns(
        columns.struct,
        pointer(bits, "const uint32_t *"),
        zero,
        table.struct(),
        pointer(codewords, "const uint64_t *"),
        pointer(stream, "uint32_t *"),
        len(stream),
        bit,
        pointer(ends, "uint64_t *"),
    )
    if status == MISSING:
        raise MissingValue
    checked(status)
    return ends


def append_bits(stream: npt.NDArray[Any], bit: int, part: npt.NDArray[Any], count: int) -> None:
    """The first ``count`` bits of ``part`` (uint32 words) at ``bit`` of a stream that is 0 from there on."""
    if bit + count > 32 * len(stream) or count > 32 * len(part):
        check(-13)
    library().encode_append(pointer(stream, "uint32_t *"), bit, pointer(part, "const uint32_t *"), count)


def huffman_lengths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Lengths of Huffman's codewords for falling counts."""
    lengths = np.ascontiguousarray(counts[::-1], np.uint64)
    lengths = lengths.copy() if np.shares_memory(lengths, counts) else lengths
    library().encode_lengths(pointer(lengths, "uint64_t *"), len(lengths))
    return lengths[::-1].astype(np.uint8)
