"""The formats there are: the built-in tuple, and what other packages bring."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Any

from dotbench.cdot.bfloat16 import name_of
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.limits import LIMITS, Limits
from dotbench.formats.bcsr2x2 import Bcsr2x2
from dotbench.formats.bitmap import Bitmap
from dotbench.formats.bsr import Bsr
from dotbench.formats.cells import Cells
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.csc import Csc
from dotbench.formats.csc_min import CscMin
from dotbench.formats.csc_palette import CscPalette
from dotbench.formats.cser import Cser
from dotbench.formats.csr16 import Csr16
from dotbench.formats.dcsr import Dcsr
from dotbench.formats.dense import Dense
from dotbench.formats.dense_s8 import DenseS8
from dotbench.formats.dense_w8 import DenseW8
from dotbench.formats.eie import Eie
from dotbench.formats.format import Format
from dotbench.formats.ham import Ham
from dotbench.formats.im import Im
from dotbench.formats.im_packed import ImPacked
from dotbench.formats.nested import Nested
from dotbench.formats.parameters import split, with_params
from dotbench.formats.payloads.files import read
from dotbench.formats.payloads.header import HEADER_BYTES, Header
from dotbench.formats.payloads.payload import Payload, check_crc
from dotbench.formats.plugins import Broken, registered
from dotbench.formats.psr8 import Psr8
from dotbench.formats.rank import Rank
from dotbench.formats.rel15 import Rel15
from dotbench.formats.rice import Rice
from dotbench.formats.rle4 import Rle4
from dotbench.formats.sham import Sham
from dotbench.formats.value_types import value_type_names

BUILT_IN: tuple[type[Format], ...] = (
    Dense,
    Csc,
    CscMin,
    CscPalette,
    Im,
    ImPacked,
    Cells,
    Bitmap,
    Bsr,
    Cser,
    Eie,
    Ham,
    Sham,
    ColumnCombined,
    Nested,
    Rank,
    DenseW8,
    DenseS8,
    Csr16,
    Bcsr2x2,
    Rle4,
    Rel15,
    Psr8,
    Dcsr,
    Rice,
)
LOSSY = "≈"  # how tables mark a format that holds another matrix than was asked for


class UnknownFormat(ValueError):
    """A format's name that nobody has registered."""


@cache
def _plugins() -> tuple[list[type[Format]], list[Broken]]:
    return registered(BUILT_IN)


@cache
def kinds() -> dict[str, type[Format]]:
    """All formats by name, built-in ones first; plug-ins that are `broken` are left out."""
    return {kind.name: kind for kind in (*BUILT_IN, *_plugins()[0])}


def broken() -> tuple[str, ...]:
    """A line for each plug-in that is left out: which, and why."""
    return tuple(map(str, _plugins()[1]))


def names(value_type: str = "") -> list[str]:
    """Names of all formats, or of those that store matrices of that dtype.

    >>> names()[:3]
    ['dense', 'csc', 'csc_min']
    """
    return [name for name, kind in kinds().items() if not value_type or value_type in kind.value_types]


def standard(value_type: str = "float32") -> tuple[Format, ...]:
    """The formats of standard runs on matrices of a dtype: each with its defaults, and in its `Format.variants`.

    >>> [str(format_) for format_ in standard() if format_.name == "bitmap"]
    ['bitmap', 'bitmap[values=codebook]']
    """
    labels = [label for kind in kinds().values() if value_type in kind.value_types for label in _labels(kind)]
    return tuple(parse(label) for label in labels)


def standard_of_all() -> tuple[Format, ...]:
    """The formats of standard runs on matrices of any dtype."""
    return tuple(dict.fromkeys(format_ for name in value_type_names() for format_ in standard(name)))


def _labels(kind: type[Format]) -> list[str]:
    return [kind.name, *(f"{kind.name}[{params}]" for params in kind.variants)]


def get(name: str, **params: Any) -> Format:
    """The format of that name with these parameters; UnknownFormat names the nearest ones.

    >>> str(get("sham"))
    'sham'
    """
    if name not in kinds():
        near = difflib.get_close_matches(name, names(), 3, 0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"
        lost = "".join(f"; {line}" for line in broken())
        raise UnknownFormat(f"no format {name!r}: {hint} (dotbench list formats){lost}")
    made: Format = with_params(kinds()[name], {key: str(value) for key, value in params.items()})
    return made


def parse(text: str) -> Format:
    """The format of a name with parameters, ``name`` or ``name[key=value,...]``; inverse of ``str``.

    What tables print is taken, too: a value without its key where only one parameter has such values, and the mark
    of lossy formats behind the name.

    >>> str(parse("csc_min")), str(parse("eie[huffman]")), str(parse("column_combined ≈"))
    ('csc_min', 'eie[coding=huffman]', 'column_combined')
    """
    name, params = split(text.strip().removesuffix(LOSSY))
    return get(name, **params)


def _stored(kind: type[Format], header: Header, fields: bytes, what: str) -> Format:
    try:
        return kind.stored(header, fields)
    except ValueError as error:
        raise PayloadError(f"{what} cannot be read as {kind.name}: {error}") from error


def load(payload: str | Path | bytes | bytearray | memoryview, limits: Limits | None = LIMITS) -> Payload:
    """A payload from a file (mapped) or from bytes, its checksum verified.

    ``limits``: how much memory and work a product may ask for, for its length; None where you trust the bytes,
    as for an all-zero matrix of 10^6 x 10^6 in an entropy-coded format. What was encoded here has none.
    Raises PayloadError for what is damaged, cut short, newer than this version, of no known format, or, here or
    when it is first used, beyond the limits.
    """
    data, what = read(payload)
    header = check_crc(data, what)
    for kind in kinds().values():
        if kind.format_id == header.format_id:
            if (dtype := name_of(header.dtype)) not in kind.value_types:
                stored = " and ".join(kind.value_types)
                raise PayloadError(f"{what} says that it holds {dtype}, and {kind.name} stores {stored}")
            if header.fields_bytes != kind.fields_bytes:
                raise PayloadError(f"{what} has {header.fields_bytes} bytes of fields, {kind.name} has others")
            fields = data[HEADER_BYTES : HEADER_BYTES + header.fields_bytes].tobytes()
            if len(fields) < header.fields_bytes:
                raise PayloadError(f"{what} is cut short: {len(data)} bytes end inside its fields")
            format_ = _stored(kind, header, fields, what)
            made = Payload(format_, data, what, limits)
            if limits:
                limits.check_steps(format_.steps(made), len(data), what)
            return made
    lost = "".join(f"; {line}" for line in broken())
    raise PayloadError(
        f"{what} is of format {header.format_id}, which is not installed: there are {', '.join(names())}{lost}"
    )
