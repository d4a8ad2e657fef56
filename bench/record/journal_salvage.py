"""Rows out of a damaged journal: SQLite's pages are read one by one, whatever has become of its trees.

A row is found by the shape of its record's header and believed where its digest fits, so that nothing depends on
what is damaged: a lost page costs the rows in it and no other. The write-ahead log is read in the same way.

Record format: https://www.sqlite.org/fileformat2.html#record_format. A record is a header (its length, then a
varint a column that says type and length) and the columns' bytes; where it is long, its end lies in a chain of
overflow pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dotbench.bench.record.journal_records import DIGEST_LETTERS, TABLES, Values, is_whole, key_of

PAGE = 4096  # bytes; the journal is made with pages of this size
LOG_HEADER, FRAME_HEADER = 32, 24
VARINT = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
TEXT_OF_64 = rb"\x81\x0d"  # the varint of a hash's type and length
DIGEST = bytes([13 + 2 * DIGEST_LETTERS])
HEADERS = {
    "cells": TEXT_OF_64 + VARINT * 4 + DIGEST,
    "passes": TEXT_OF_64 + VARINT + rb"[\x01-\x06\x08\x09]" + VARINT + DIGEST,
    "machines": VARINT * 3 + DIGEST,
    "inputs": TEXT_OF_64 + VARINT * 3 + DIGEST,
}
PATTERNS = {table: re.compile(rb"(?=([\x05-\x20])(" + header + rb"))", re.DOTALL) for table, header in HEADERS.items()}
INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Found = dict[str, dict[Values, tuple[int, Values]]]


def salvage(path: Path, log_only: bool = False) -> Found:
    """By table and key the numbers and values (digests included) of the rows that are whole, in their order; of several
    with a key the one written last. ``log_only``: those in pages of the write-ahead log."""
    data, log = (one.read_bytes() if one.is_file() else b"" for one in (path, path.with_name(f"{path.name}-wal")))
    pages = _Pages(data, log)
    best: Found = {table: {} for table in TABLES}
    for page in pages.of_log() if log_only else pages.all():
        for table in TABLES:
            for rowid, values in _records(table, page, pages):
                known = best[table].get(key_of(table, values))
                if known is None or rowid >= known[0]:
                    best[table][key_of(table, values)] = rowid, values
    return {table: dict(sorted(found.items(), key=lambda one: one[1][0])) for table, found in best.items()}


class _Pages:
    """A file's pages, and those of its log, in the order in which they were written."""

    def __init__(self, data: bytes, log: bytes) -> None:
        self._pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
        frame = FRAME_HEADER + PAGE
        starts = range(LOG_HEADER, len(log), frame)
        self._frames = [(int.from_bytes(log[at : at + 4]), log[at + FRAME_HEADER : at + frame]) for at in starts]
        self._latest = dict(self._frames)

    def all(self) -> Iterator[bytes]:
        yield from self._pages
        yield from self.of_log()

    def of_log(self) -> Iterator[bytes]:
        return (page for _, page in self._frames)

    def chains(self, number: int, size: int) -> Iterator[bytes]:
        """What the chain of overflow pages from ``number`` on may hold, ``size`` bytes: the log's, and the file's."""
        for latest in (self._latest, {}):
            out, at, left = b"", number, size
            while left > 0 and (page := latest.get(at) or self._page(at)) is not None and len(page) > 4:
                out += page[4 : 4 + min(left, PAGE - 4)]
                left, at = size - len(out), int.from_bytes(page[:4])
            yield out

    def _page(self, number: int) -> bytes | None:
        return self._pages[number - 1] if 0 < number <= len(self._pages) else None


def _records(table: str, page: bytes, pages: _Pages) -> Iterator[tuple[int, Values]]:
    """The rows of a table in a page, each with its number."""
    for match in PATTERNS[table].finditer(page):
        if match[1][0] != 1 + len(match[2]):
            continue
        types = list(_varints(match[2]))
        size = 1 + len(match[2]) + sum(map(_length, types))
        for body in _bodies(page, match.start(), size, pages):
            values = _values(body[1 + len(match[2]) :], types)
            if values is not None and is_whole(table, values):
                yield _rowid(page, match.start(), size), values
                break


def _bodies(page: bytes, start: int, size: int, pages: _Pages) -> Iterator[bytes]:
    """The bytes of a record of this size: in the page, or with what lies in overflow pages."""
    most, least = PAGE - 35, (PAGE - 12) * 32 // 255 - 23
    if size <= most:
        yield page[start : start + size]
        return
    here = least + (size - least) % (PAGE - 4)
    here = here if here <= most else least
    number = int.from_bytes(page[start + here : start + here + 4])
    for rest in pages.chains(number, size - here):
        yield page[start : start + here] + rest


def _varints(data: bytes) -> Iterator[int]:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            yield value
            value = 0


def _length(type_: int) -> int:
    """Bytes of a value of this type."""
    return (type_ - 12) // 2 if type_ >= 12 else INTEGER_BYTES.get(type_, 0)


def _values(data: bytes, types: Sequence[int]) -> Values | None:
    """The columns' values: texts and whole numbers, else None."""
    out: list[str | int] = []
    for type_ in types:
        part, data = data[: _length(type_)], data[_length(type_) :]
        if type_ in (8, 9):
            out.append(type_ - 8)
        elif type_ in INTEGER_BYTES:
            out.append(int.from_bytes(part, signed=True))
        elif type_ >= 13 and type_ % 2:
            try:
                out.append(part.decode())
            except UnicodeDecodeError:
                return None
        else:
            return None
    return tuple(out)


def _rowid(page: bytes, start: int, size: int) -> int:
    """The row's number, which stands between the record's size and the record; 0 where that cannot be read."""
    said = _varint(size)
    for width in range(1, 10):
        at = start - width - len(said)
        number = page[start - width : start]
        if (
            at >= 0
            and page[at : at + len(said)] == said
            and list(_varints(number))
            and len(list(_varints(number))) == 1
        ):
            return next(_varints(number))
    return 0


def _varint(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
