"""Which rows and columns a table has: chosen by name, by section, or with globs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from dotbench.bench.show.grid import SECTIONS, Grid, label, section, short

Row = dict[str, Any]
Results = dict[str, list[Row]]


def with_rows(results: Results, patterns: Sequence[str]) -> Results:
    """The rows of formats, libraries, ceilings and bounds that match: names as they are printed or in CSV files, a
    section's name, or globs of them. LookupError for a pattern that nothing matches."""
    names = {label(row): row for rows in results.values() for row in rows}
    known = {name: (name, short(name), SECTIONS[section(row)]) for name, row in names.items()}
    for pattern in patterns:
        if not any(_matches(pattern, words) for words in known.values()):
            shown = ", ".join(dict.fromkeys([*SECTIONS, *(short(name) for name in known)]))
            raise LookupError(f"no row {pattern!r}: there are {shown}")
    chosen = {name for name, words in known.items() if any(_matches(pattern, words) for pattern in patterns)}
    return {file: [row for row in rows if label(row) in chosen] for file, rows in results.items()}


def _matches(pattern: str, words: Iterable[str]) -> bool:
    """Brackets of a label are no glob's.

    >>> _matches("eie[huffman]", ["eie[huffman]"]), _matches("csc*", ["csc_min"]), _matches("csc", ["csc_min"])
    (True, True, False)
    """
    glob = pattern.replace("[", "[[]")
    return any(fnmatchcase(word, glob) for word in words)


def with_columns(found: Grid, patterns: Sequence[str]) -> Grid:
    """The columns whose titles are, or begin with, one of the patterns, in the order of these; the name's stays
    first. A table that has none of them keeps its names alone."""
    chosen: list[int] = []
    for pattern in patterns:
        chosen += [at for at, title in enumerate(found.titles) if at and at not in chosen and is_column(title, pattern)]
    lines = [replace(line, fields=tuple(line.fields[at - 1] for at in chosen)) for line in found.lines]
    return Grid((found.titles[0], *(found.titles[at] for at in chosen)), tuple(lines))


def is_column(title: str, pattern: str) -> bool:
    """Whether a title is meant.

    >>> is_column("time/csc b8", "time"), is_column("time/csc b8", "*b8"), is_column("bytes", "time")
    (True, True, False)
    """
    return _matches(pattern, [title]) or title.startswith(pattern)


def check_columns(found: Sequence[Grid], patterns: Sequence[str]) -> None:
    """LookupError for a pattern that no table has a column for."""
    titles = list(dict.fromkeys(title for one in found for title in one.titles[1:]))
    for pattern in patterns:
        if not any(is_column(title, pattern) for title in titles):
            raise LookupError(f"no column {pattern!r}: there are {', '.join(titles)}")
