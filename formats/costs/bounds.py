"""Lower bounds on a payload's bytes, so that a format can be left out before anybody encodes in it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.formats.bcsr2x2 import Bcsr2x2
from dotbench.formats.bsr import Bsr
from dotbench.formats.column_combined import _FIELDS as COMBINED_FIELDS
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.costs.bytes import EXACT, laid_out, predicted_bytes
from dotbench.formats.costs.code_fields import ONE_SYMBOL, code_of, least_fields
from dotbench.formats.costs.counts import Counts
from dotbench.formats.cser import Cser
from dotbench.formats.dcsr import Dcsr
from dotbench.formats.eie import NO_CODE, Eie
from dotbench.formats.format import Format
from dotbench.formats.parts.combining import ORDERS
from dotbench.formats.parts.dcsr_groups import LANES
from dotbench.formats.parts.huffman import Fields
from dotbench.formats.payloads.header import HEADER_BYTES
from dotbench.formats.psr8 import SPAN, Psr8
from dotbench.formats.rel15 import Rel15
from dotbench.formats.rice import CODED, CODED_BYTES, MOST_BITS, PARAMETERS, RAW, Rice
from dotbench.formats.rice import FIELDS as RICE_FIELDS
from dotbench.formats.rle4 import Rle4

FULL_BYTE = 255  # the largest count of a column that a byte holds


def lower_bound(format_: Format, counts: Counts) -> int:
    """What the payload of every matrix with these counts has at least, in bytes; exact where `predicted_bytes` is.

    Sections whose length depends on positions are taken as short as some matrix makes them. Of a plug-in's format
    without a method ``lower_bound(counts)`` of its own, header and fields. ValueError where the format does not store
    the matrix.

    >>> from dotbench import formats
    >>> from dotbench.formats.costs.counts import counts_of
    >>> W, cser = np.diag(np.float32([1, 1, 2, 3])), formats.get("cser")
    >>> lower_bound(cser, counts_of(W)), cser.encode(W).nbytes
    (80, 84)
    """
    exact = predicted_bytes(format_, counts)
    if exact is not None:
        return exact
    own = getattr(format_, "lower_bound", None)
    if own is not None:
        return int(own(counts))
    kind = type(format_)
    least = EXACT[kind].fields if kind in EXACT else LEAST.get(kind)
    if least is None:
        return HEADER_BYTES + format_.fields_bytes
    return laid_out(format_, counts, least(format_, counts))


def up(a: int, b: int) -> int:
    """a / b, rounded up.

    >>> up(5, 4), up(0, 3), up(1, 0)
    (2, 0, 1)
    """
    return -(-a // max(b, 1))


def _bsr(format_: Bsr, counts: Counts) -> bytes:
    return struct.pack("<II", format_.block, up(counts.nnz, format_.block**2))


def _bcsr2x2(format_: Bcsr2x2, counts: Counts) -> bytes:
    return struct.pack("<I", up(counts.nnz, 4))


def _nonzeros(format_: Format, counts: Counts) -> bytes:
    """Of a format that stores nonzeros, and others where gaps are long."""
    return struct.pack("<I", counts.nnz)


def _psr8(format_: Psr8, counts: Counts) -> bytes:
    return struct.pack("<I", up(counts.nnz, SPAN))


def _dcsr(format_: Dcsr, counts: Counts) -> bytes:
    return struct.pack("<III", counts.nnz, up(counts.nnz, LANES), 0)


def _cser(format_: Cser, counts: Counts) -> bytes:
    """A list has n rows at the most; of classes, which are lists of several values, all but the largest one."""
    classes = counts.all_classes
    lists = int((-(-classes[1:] // max(counts.n, 1))).sum())
    return struct.pack("<III", len(classes), lists, int(classes[1:].sum()))


def _eie(format_: Eie, counts: Counts) -> bytes:
    """Without fillers, which add an entry, and 0 to the values."""
    if format_.coding == "plain":
        values, gaps = Fields(counts.distinct_at_least, 0, 0, 0, 0), NO_CODE
    else:
        values, gaps = least_fields(code_of(counts.classes), counts.m, alone=False), ONE_SYMBOL
    return struct.pack("<Q", counts.nnz) + values.pack() + gaps.pack()


def _rice(format_: Rice, counts: Counts) -> bytes:
    """A bit for each gap; the code of values depends on their histogram alone."""
    if format_.values == "int8":
        return struct.pack(RICE_FIELDS, 0, 0, RAW, 0, counts.nnz)
    k, size = rice_code(counts.classes)
    kind = CODED if up(counts.nnz, counts.m) > FULL_BYTE else CODED_BYTES
    return struct.pack(RICE_FIELDS, 0, k, kind, counts.distinct_at_least, min(counts.nnz + size, MOST_BITS))


def rice_code(classes: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The parameter of the shortest Rice code of ranks with these falling counts, and its bits.

    >>> rice_code(np.array([6, 2])), rice_code(np.array([], np.int64))
    ((0, 10), (0, 0))
    """
    ranks = np.arange(len(classes))
    sizes = [int((classes * ((ranks >> k) + 1 + k)).sum()) for k in PARAMETERS]
    best = int(np.argmin(sizes))
    return best, sizes[best]


def _combined(format_: ColumnCombined, counts: Counts) -> bytes:
    """An input has m nonzeros at the most, a group ``alpha`` inputs."""
    kept = up(counts.nnz, counts.m)
    order = ORDERS.index(format_.order)
    return COMBINED_FIELDS.pack(up(kept, format_.alpha), kept, format_.gamma, format_.alpha, order)


LEAST: dict[type[Format], Callable[[Any, Counts], bytes]] = {
    Bsr: _bsr,
    Bcsr2x2: _bcsr2x2,
    Rle4: _nonzeros,
    Rel15: _nonzeros,
    Psr8: _psr8,
    Dcsr: _dcsr,
    Cser: _cser,
    Eie: _eie,
    Rice: _rice,
    ColumnCombined: _combined,
}
