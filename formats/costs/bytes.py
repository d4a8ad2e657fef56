"""The bytes of a payload without encoding: exact where they follow from counts, else a lower bound.

Sizes stand in formats' layouts and nowhere else: what is made here are the fields behind a payload's header, and the
layout of header and fields says how long the payload is. From `Counts` without a histogram come the fields of an easier
matrix, whose payload is shorter or as long.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import converted, numbers
from dotbench.cdot.encode.table import value_bits
from dotbench.formats.bitmap import Bitmap
from dotbench.formats.cells import MOST, Cells
from dotbench.formats.costs.code_fields import code_of, fields_of, least_fields
from dotbench.formats.costs.counts import Counts
from dotbench.formats.csc import Csc
from dotbench.formats.csc_min import CscMin
from dotbench.formats.csc_palette import CscPalette
from dotbench.formats.csr16 import Csr16
from dotbench.formats.dense import Dense
from dotbench.formats.dense_s8 import DenseS8
from dotbench.formats.dense_w8 import DenseW8
from dotbench.formats.errors import TooManyValues
from dotbench.formats.format import Format
from dotbench.formats.ham import Ham
from dotbench.formats.im import Im
from dotbench.formats.im_packed import ImPacked
from dotbench.formats.nested import Nested
from dotbench.formats.parts.counted import Microcontroller
from dotbench.formats.parts.ranks import Ranks
from dotbench.formats.payloads.header import Header, offsets
from dotbench.formats.rank import CODINGS, MOST_LISTED, Rank
from dotbench.formats.rank import FIELDS as RANK_FIELDS
from dotbench.formats.sham import Sham
from dotbench.formats.sources.source import MAX_DIMENSION
from dotbench.formats.value_types import ValueType, value_type

EXPONENT_SHIFT = 23  # of float32, whose upper half is bfloat16


@dataclass(frozen=True)
class Exact:
    """How the fields of a payload follow from counts; ``values``: from the histogram, not from shape and nonzeros."""

    fields: Callable[[Any, Counts], bytes]
    values: bool = True


def predicted_bytes(format_: Format, counts: Counts) -> int | None:
    """The length of the payload that ``format_`` makes of a matrix with these counts, exact to the byte.

    None where it depends on more: on where the nonzeros are (`positions.predicted_from_positions`), or on how often
    each value occurs where ``counts`` have no histogram. A format with a method ``predicted_bytes(counts)`` of its own,
    a plug-in's, is asked first; one without fields has a length that follows from its layout. ValueError where the
    format does not store the matrix, as encoding it says.

    >>> from dotbench import formats
    >>> from dotbench.formats.costs.counts import counts_of
    >>> counts, ham = counts_of(np.eye(100, dtype=np.float32)), formats.get("ham")
    >>> predicted_bytes(ham, counts), ham.encode(np.eye(100)).nbytes, predicted_bytes(formats.get("eie"), counts)
    (1344, 1344, None)
    """
    check(format_, counts)
    own = getattr(format_, "predicted_bytes", None)
    if own is not None and (found := own(counts)) is not None:
        return int(found)
    rule = EXACT.get(type(format_))
    if rule is None:
        return laid_out(format_, counts, b"") if format_.lossless and format_.fields_bytes == 0 else None
    if rule.values and counts.histogram is None and getattr(format_, "values", "") != "float32":
        return None
    return laid_out(format_, counts, rule.fields(format_, counts))


def laid_out(format_: Format, counts: Counts, fields: bytes) -> int:
    """The length of a payload with these fields."""
    code = stored_type(format_, counts).code
    header = Header(format_.format_id, counts.n, counts.m, counts.nnz, len(fields), value_type=code)
    return offsets(format_.layout(header, fields), len(fields))[1]


def stored_type(format_: Format, counts: Counts) -> ValueType:
    """As what a format stores values of a dtype, as `Format.value_type`."""
    return value_type(counts.dtype if counts.dtype in format_.value_types else format_.value_types[0])


def check(format_: Format, counts: Counts) -> None:
    """ValueError where the format refuses a matrix with these counts."""
    if max(counts.n, counts.m) > MAX_DIMENSION:
        raise ValueError(f"{counts.n} by {counts.m} is too large: at most {MAX_DIMENSION} rows and columns")
    _check_values(format_, counts)
    if isinstance(format_, Csc):
        format_.check_nonzeros(counts.nnz)
    if isinstance(format_, Microcontroller):
        format_.check_inputs(_Shape((counts.n, counts.m)))  # type: ignore[arg-type]  # reads no more of it
        format_.check_entries(counts.nnz)
    if isinstance(format_, Cells) and (symbols := counts.symbols_at_least) > MOST:
        at_least = "" if counts.histogram else "at least "
        raise TooManyValues(
            f"{at_least}{symbols} distinct entries are too many for cells, which has codes for {MOST}: "
            "take im_packed, which has them for any number"
        )


@dataclass(frozen=True)
class _Shape:
    shape: tuple[int, int]


def _check_values(format_: Format, counts: Counts) -> None:
    """Where a type is narrower than the matrix's: whether it holds every value."""
    stored = stored_type(format_, counts)
    if stored.name in ("float32", counts.dtype):
        return
    if counts.histogram is None:
        if counts.distinct_at_least > 1 << 8 * stored.dtype.itemsize:
            raise ValueError(f"of {counts.distinct_at_least} distinct values or more some are {stored.refused}")
        return
    values = numbers(counts.histogram.values)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        changed = numbers(converted(values, stored.dtype)).astype(np.float64) != values.astype(np.float64)
    if changed.any():
        raise ValueError(f"{values[changed][0]!s} is {stored.refused}: {stored.cure}")


def _none(format_: Format, counts: Counts) -> bytes:
    return b""


def _nonzero_symbols(format_: Format, counts: Counts) -> bytes:
    return struct.pack("<I", counts.distinct_at_least)


def _symbols(format_: Format, counts: Counts) -> bytes:
    return struct.pack("<I", counts.symbols_at_least)


def _ham(format_: Ham, counts: Counts) -> bytes:
    return _coded(counts, counts.all_classes)


def _sham(format_: Sham, counts: Counts) -> bytes:
    return _coded(counts, counts.classes)


def _coded(counts: Counts, classes: npt.NDArray[np.int64]) -> bytes:
    code = code_of(classes)
    made = fields_of(code, counts.n, counts.m) if counts.histogram else least_fields(code, counts.m)
    return made.pack()


def _nested(format_: Nested, counts: Counts) -> bytes:
    if format_.levels == "given":
        raise ValueError("nested[levels=given] has no widths of its own: name percentages")
    return bytes([len(format_.shares), *format_.shares]).ljust(format_.fields_bytes, b"\0")


def _rank(format_: Rank, counts: Counts) -> bytes:
    histogram = _exponents(counts)
    histogram[0] += counts.zeros
    ranks, coded = Ranks.of(histogram), format_.coding == "rice"
    if ranks.listed > MOST_LISTED:
        raise ValueError(f"{ranks.listed} entries have rare exponents: rank lists 2^32 - 1 at most")
    k, size = ranks.rice() if coded else (0, 0)
    return RANK_FIELDS.pack(ranks.stored, size, ranks.listed, CODINGS.index(format_.coding), k, 0)


def _exponents(counts: Counts) -> npt.NDArray[np.int64]:
    """Nonzeros by their exponent as bfloat16."""
    if counts.histogram is None:
        assert counts.exponents is not None  # what is too much for a histogram is float32, with the same exponents
        return counts.exponents.copy()
    return np.bincount(
        value_bits(counts.histogram.values) >> EXPONENT_SHIFT & 255, weights=counts.histogram.counts, minlength=256
    ).astype(np.int64)


def _bitmap(format_: Bitmap, counts: Counts) -> bytes:
    coded = format_.values == "codebook"
    return struct.pack("<II", coded, counts.distinct_at_least if coded else 0)


EXACT: dict[type[Format], Exact] = {
    **{kind: Exact(_none, values=False) for kind in (Dense, DenseS8, DenseW8, Csc, CscMin, Csr16)},
    Nested: Exact(_nested, values=False),
    CscPalette: Exact(_nonzero_symbols),
    **{kind: Exact(_symbols) for kind in (Im, ImPacked, Cells)},
    Bitmap: Exact(_bitmap),
    Ham: Exact(_ham),
    Sham: Exact(_sham),
    Rank: Exact(_rank),
}
