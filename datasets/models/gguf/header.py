"""The header of a .gguf file: what is said of the whole, and where each tensor lies.

```
"GGUF"  u32 version  u64 tensors  u64 pairs
pairs   key, u32 type, value               keys and strings: u64 length, UTF-8; arrays: u32 type, u64 count, values
tensors name, u32 rank, u64 dimensions (the contiguous one first), u32 type, u64 offset
data    from the next multiple of general.alignment (32 where the header has none); offsets count from here
```

Vocabularies are skipped: they take megabytes, and no tensor is read with them. Each count and each length is held
against the bytes that are left before anything is made of it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Any

from dotbench.datasets.errors import CUT, DataError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
U32, U64 = struct.Struct("<I"), struct.Struct("<Q")
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}  # by type
STRING, ARRAY = 8, 9
KEPT = ("general.", "split.")  # how the keys start whose values are of use here
MOST_PAIRS = MOST_TENSORS = 1 << 16
MOST_RANK = 4
MOST_DEPTH = 4  # of arrays in arrays
MOST_STRINGS = 1 << 22  # and arrays in arrays, which are visited one by one; vocabularies have up to a million
LONGEST_NAME, LONGEST_TEXT = 1024, 1 << 16


@dataclass(frozen=True)
class Entry:
    """A tensor as the header has it: ``dims`` with the contiguous one first, ``offset`` from the start of the data."""

    name: str
    dims: tuple[int, ...]
    type: int
    offset: int


@dataclass(frozen=True)
class Header:
    """``pairs``: those whose keys start as `KEPT`; ``data``: the byte of the file from which offsets count."""

    pairs: dict[str, Any]
    entries: tuple[Entry, ...]
    data: int
    alignment: int = ALIGNMENT


@dataclass
class _Cursor:
    """A place in the header, and how many strings and arrays may still be visited."""

    data: memoryview
    at: int = 0
    visits: int = field(default=MOST_STRINGS)

    def skip(self, size: int) -> int:
        """Where the next ``size`` bytes start; DataError where the file has less."""
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise DataError(f"its header claims {size} bytes from byte {start} on, of {len(self.data)}; {CUT}")
        return start

    def number(self, layout: struct.Struct) -> Any:
        return layout.unpack_from(self.data, self.skip(layout.size))[0]

    def text(self, most: int) -> str:
        length, at = self.number(U64), self.at
        start = self.skip(length)
        if length > most:
            raise DataError(f"a name or a text of {length} bytes at byte {at}: at most {most} are read")
        try:
            return bytes(self.data[start : self.at]).decode()
        except UnicodeDecodeError as error:
            raise DataError(f"the text at byte {at} is no UTF-8") from error

    def visit(self, count: int) -> None:
        """Counts strings and arrays."""
        self.visits -= count
        if self.visits < 0:
            raise DataError(f"its header holds more than {MOST_STRINGS} strings and arrays: no vocabulary is so large")


def read_header(data: memoryview) -> Header:
    """The header of a whole file; DataError where it is none, or claims what the file has not."""
    cursor = _Cursor(data)
    _check_start(data)
    cursor.skip(8)
    tensors, pairs = cursor.number(U64), cursor.number(U64)
    if tensors > MOST_TENSORS or pairs > MOST_PAIRS:
        raise DataError(f"its header claims {tensors} tensors and {pairs} pairs: at most {MOST_TENSORS} each are read")
    known = _pairs(cursor, pairs)
    entries = tuple(_entry(cursor) for _ in range(tensors))
    names = {entry.name for entry in entries}
    if len(names) < len(entries):
        raise DataError("two of its tensors have the same name")
    alignment = known.get("general.alignment", ALIGNMENT)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        raise DataError(f"general.alignment is {alignment!r:.40}: a power of two")
    return Header(known, entries, -(-cursor.at // alignment) * alignment, alignment)


def _check_start(data: memoryview) -> None:
    if bytes(data[:4]) != MAGIC:
        raise DataError("it does not start with GGUF: llama.cpp's convert_hf_to_gguf.py writes such files")
    if len(data) < 8:
        raise DataError(f"it ends within its header; {CUT}")
    version = U32.unpack_from(data, 4)[0]
    if version in VERSIONS:
        return
    if int.from_bytes(data[4:8], "big") in VERSIONS:
        raise DataError("its numbers are big-endian, and little-endian ones are read: convert the model again")
    raise DataError(f"it is of version {version}, and {' and '.join(map(str, VERSIONS))} are read: convert it again")


def _pairs(cursor: _Cursor, count: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    keys = set()
    for _ in range(count):
        key = cursor.text(LONGEST_TEXT)
        if key in keys:
            raise DataError(f"the key {key[:80]!r} is given twice")
        keys.add(key)
        kind = cursor.number(U32)
        if key.startswith(KEPT) and kind in SCALARS:
            kept[key] = cursor.number(struct.Struct("<" + SCALARS[kind]))
        elif key.startswith(KEPT) and kind == STRING:
            kept[key] = _words(cursor)
        else:
            _skip_values(cursor, kind, 1, MOST_DEPTH)
    return kept


def _words(cursor: _Cursor) -> str:
    """A text of any length, of which the start is kept."""
    length = cursor.number(U64)
    start = cursor.skip(length)
    return bytes(cursor.data[start : start + min(length, LONGEST_TEXT)]).decode("utf-8", "replace")


def _skip_values(cursor: _Cursor, kind: int, count: int, depth: int) -> None:
    """So many values of one type."""
    if kind in SCALARS:
        cursor.skip(count * struct.calcsize("<" + SCALARS[kind]))
    elif kind == STRING:
        _skip_strings(cursor, count)
    elif kind == ARRAY and depth:
        cursor.visit(count)
        for _ in range(count):
            inner, length = cursor.number(U32), cursor.number(U64)
            _skip_values(cursor, inner, length, depth - 1)
    else:
        raise DataError(f"a value at byte {cursor.at} is of type {kind}, which is not known (or an array too deep)")


def _skip_strings(cursor: _Cursor, count: int) -> None:
    """A vocabulary: only lengths are looked at."""
    cursor.visit(count)
    data, at, last, unpack = cursor.data, cursor.at, len(cursor.data) - 8, U64.unpack_from
    for _ in range(count):
        if at > last:
            break
        at += 8 + unpack(data, at)[0]
    else:
        cursor.skip(at - cursor.at)
        return
    raise DataError(f"its header claims {count} strings from byte {cursor.at} on, which do not end in it; {CUT}")


def _entry(cursor: _Cursor) -> Entry:
    name, at = cursor.text(LONGEST_NAME), cursor.at
    if not name or not name.isprintable():
        raise DataError(f"the tensor at byte {at} has the name {name[:80]!a}: letters that can be printed are needed")
    rank = cursor.number(U32)
    if rank > MOST_RANK:
        raise DataError(f"{name} has {rank} dimensions: at most {MOST_RANK}")
    dims = tuple(cursor.number(U64) for _ in range(rank))
    if math.prod(max(1, one) for one in dims) >= 1 << 59:
        raise DataError(f"{name} claims {' x '.join(map(str, dims))} numbers: no file holds so many")
    return Entry(name, dims, cursor.number(U32), cursor.number(U64))
