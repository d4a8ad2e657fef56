"""The bytes of formats that depend on where nonzeros are: one pass over positions, nothing is written."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dotbench.cdot.bfloat16 import converted, numbers
from dotbench.formats.bcsr2x2 import Bcsr2x2, places
from dotbench.formats.bsr import MAX_BLOCKS, Bsr
from dotbench.formats.costs.bytes import laid_out, predicted_bytes
from dotbench.formats.costs.counts import Counts
from dotbench.formats.cser import MOST_INDICES, Cser
from dotbench.formats.cser import counts as cser_counts
from dotbench.formats.dcsr import OFFSETS, Dcsr, Entries
from dotbench.formats.eie import NO_CODE, Eie
from dotbench.formats.format import Format
from dotbench.formats.parts.counted import whole
from dotbench.formats.parts.gaps import count as gap_counts
from dotbench.formats.parts.huffman import Code, Fields, seek_shift
from dotbench.formats.psr8 import Psr8, parts
from dotbench.formats.rel15 import Rel15
from dotbench.formats.rice import CODED, CODED_BYTES, MOST_BITS, RAW, Rice, parameter, ranked, zeros_before
from dotbench.formats.rice import FIELDS as RICE_FIELDS
from dotbench.formats.rle4 import Rle4
from dotbench.formats.sources.columns import Columns, Histogram
from dotbench.formats.sources.source import Own, Source, as_source


def predicted_from_positions(format_: Format, matrix: Any, counts: Counts) -> int | None:
    """The length of the payload of a matrix, whose `counts_of` are ``counts``, exact to the byte.

    ``matrix``: as `Format.encode` takes it. The int8 formats of microcontrollers hold all positions at once, as their
    encoders do; the others stream. None where only encoding says it: of column combining, of a plug-in's format
    without predictions, and where ``counts`` have no histogram and the format has a codebook. ValueError where the
    format does not store the matrix, as encoding it says.

    >>> from dotbench import formats
    >>> from dotbench.formats.costs.counts import counts_of
    >>> W, eie = np.eye(100, dtype=np.float32), formats.get("eie")
    >>> predicted_from_positions(eie, W, counts_of(W)), eie.encode(W).nbytes
    (428, 428)
    """
    exact = predicted_bytes(format_, counts)
    if exact is not None:
        return exact
    fields = FIELDS.get(type(format_))
    if fields is None or (counts.histogram is None and type(format_) in OF_VALUES):
        return None
    source = as_source(matrix, format_.value_type(matrix))
    if counts.histogram is not None:
        source = _Counted(source, _as_stored(counts.histogram, source.dtype))
    return laid_out(format_, counts, fields(format_, source))


def _as_stored(histogram: Histogram, dtype: np.dtype[Any]) -> Histogram:
    return Histogram(converted(numbers(histogram.values), dtype), histogram.counts)


@dataclass(frozen=True)
class _Counted(Own):
    """A source whose values need not be counted again."""

    source: Source
    known: Histogram

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def together(self) -> int:
        return int(getattr(self.source, "together", 1))

    def histogram(self) -> Histogram:
        return self.known

    def columns(self, begin: int, end: int) -> Columns:
        return self.source.columns(begin, end)


def _eie(format_: Eie, source: Source) -> bytes:
    stored, m = gap_counts(source), source.shape[1]
    if format_.coding == "plain":
        made = [Fields(len(stored.values.values), 0, 0, 0, 0), NO_CODE]
    else:
        codes = Code.of(stored.values), Code.of(stored.gaps)
        made = [Fields.of(code, source.shape[0], seek_shift(m, *codes)) for code in codes]
    return struct.pack("<Q", stored.entries) + b"".join(fields.pack() for fields in made)


def _cser(format_: Cser, source: Source) -> bytes:
    sizes = cser_counts(source)
    if sizes.indices > MOST_INDICES:
        raise ValueError(f"{sizes.indices} row indices are too many for cser: its pointers have 32 bits")
    return struct.pack("<III", sizes.symbols, sizes.groups, sizes.indices)


def _bsr(format_: Bsr, source: Source) -> bytes:
    count = format_.count(source)
    if count > MAX_BLOCKS:
        raise ValueError(f"{count} blocks are too many for {format_}: its pointers have 32 bits")
    return struct.pack("<II", format_.block, count)


def _bcsr2x2(format_: Bcsr2x2, source: Source) -> bytes:
    count = len(places(whole(source), source.shape[0])[0])
    format_.check_entries(4 * count)
    return struct.pack("<I", count)


def _nibbles(format_: Rle4 | Rel15, source: Source) -> bytes:
    entries = format_.entries(source)
    format_.check_entries(entries)
    return struct.pack("<I", entries)


def _psr8(format_: Psr8, source: Source) -> bytes:
    return struct.pack("<I", len(parts(whole(source), source.shape[0])[0]))


def _dcsr(format_: Dcsr, source: Source) -> bytes:
    n, m = source.shape
    entries = Entries.of(whole(source), n)
    sizes = entries.sizes()
    format_.check_entries(sizes[0])
    offsets = entries.counts - (sizes[0] // m if m else 0)
    if m and not -OFFSETS <= offsets.min() <= offsets.max() < OFFSETS:
        raise ValueError(f"an output has {entries.counts.max()} entries and the mean is {sizes[0] // m}: no int16")
    return struct.pack("<III", *sizes)


def _rice(format_: Rice, source: Source) -> bytes:
    columns = whole(source)
    (k, size), kind, value_k, distinct = parameter(zeros_before(columns)), RAW, 0, columns.values[:0]
    if format_.values == "coded":
        kind = CODED_BYTES if columns.counts().max(initial=0) < 256 else CODED
        distinct = source.histogram().by_frequency().values
        value_k, more = parameter(ranked(columns, distinct))
        size += more
    if size > MOST_BITS:
        raise ValueError(f"a stream of {size} bits is too long for {format_.name}: its positions have 32 bits")
    return struct.pack(RICE_FIELDS, k, value_k, kind, len(distinct), size)


FIELDS: dict[type[Format], Callable[[Any, Source], bytes]] = {
    Eie: _eie,
    Cser: _cser,
    Bsr: _bsr,
    Bcsr2x2: _bcsr2x2,
    Rle4: _nibbles,
    Rel15: _nibbles,
    Psr8: _psr8,
    Dcsr: _dcsr,
    Rice: _rice,
}
OF_VALUES = (Eie, Cser)  # whose sizes depend on values, too
