"""Tables that fit a terminal: a figure is shown whole or not at all, and what is left out is named.

One helper for all tables of this project. Columns of words are broken into lines between words; where that is not
enough whole columns go, the optional ones first, then from the right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

LONGEST = 16  # letters of a word that stay in one line; a longer one (an address) may be broken
KEPT = 2  # columns that never go: a name and its figure, or two names
Row = Sequence[str | Text]
BREAKS = re.compile(r"(?<=\s)(?=\S)|(?<=[/=])|(?<=,)(?!\d)|(?<=[A-Za-z]-)")  # where a line may end


@dataclass(frozen=True)
class Column:
    """``words``: may be broken between words. ``optional``: goes before others do."""

    title: str
    right: bool = False
    words: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Fitted:
    """A table, and the titles of the columns that it has no room for."""

    table: Table
    left_out: tuple[str, ...] = ()


def fitted(columns: Sequence[Column], rows: Sequence[Row], width: int, head: bool = True, gap: int = 2) -> Fitted:
    """The table of ``rows`` at a width; a row may be shorter than ``columns``. A narrow one has narrow gaps."""
    least = [_least(column, texts) for column, texts in zip(columns, _texts(columns, rows, head), strict=True)]
    most = [max(map(cell_len, texts), default=0) for texts in _texts(columns, rows, head)]
    if _room(most, gap) > width:
        gap = 1
    kept = list(range(len(columns)))
    while _room([least[at] for at in kept], gap) > width and (gone := _gone(columns, kept)) is not None:
        kept.remove(gone)
    widths = _widths([least[at] for at in kept], [most[at] for at in kept], width, gap)
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), show_header=head)
    for at, size in zip(kept, widths, strict=True):
        whole = size >= most[at]
        side: Literal["right", "left"] = "right" if columns[at].right else "left"
        table.add_column(columns[at].title, justify=side, no_wrap=whole, overflow="fold", width=size)
    for row in rows:
        fields = [_text(row[at]) if at < len(row) else Text() for at in kept]
        table.add_row(*(_broken(field, size) for field, size in zip(fields, widths, strict=True)))
    return Fitted(table, tuple(column.title for at, column in enumerate(columns) if at not in kept))


def left_out(titles: Sequence[str], width: int, cure: str) -> str:
    """The line that names columns for which there was no room.

    >>> left_out(["ns/nonzero b1"], 80, "dotbench table --style markdown")
    'left out at 80 columns: ns/nonzero b1 (a wider terminal, or dotbench table --style markdown, shows all)'
    """
    return f"left out at {width} columns: {', '.join(titles)} (a wider terminal, or {cure}, shows all)"


def _text(field: str | Text) -> Text:
    """Brackets in a text are no markup."""
    return field if isinstance(field, Text) else Text(field)


def _broken(text: Text, size: int) -> Text:
    """A text in lines of a length: broken between words, inside long ones behind a stroke, a comma or ``=``, and
    only where nothing else helps (an address) inside a figure."""
    if cell_len(text.plain) <= size:
        return text
    lines = [""]
    for part in filter(None, BREAKS.split(text.plain)):
        if cell_len((lines[-1] + part).rstrip()) > size and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip()
        while cell_len(lines[-1].rstrip()) > size:
            lines[-1:] = [lines[-1][:size], lines[-1][size:]]
    return Text("\n".join(lines).rstrip(), text.style)


def _texts(columns: Sequence[Column], rows: Sequence[Row], head: bool) -> list[list[str]]:
    """Of each column, title and fields as they are printed."""
    titles = [[column.title] if head else [] for column in columns]
    return [titles[at] + [_text(row[at]).plain for row in rows if at < len(row)] for at in range(len(columns))]


def _least(column: Column, texts: Sequence[str]) -> int:
    """The narrowest that a column can be."""
    if not column.words:
        return max(map(cell_len, texts), default=0)
    parts = (part.rstrip() for text in texts for part in BREAKS.split(text))
    return max((min(cell_len(part), LONGEST) for part in parts), default=1)


def _room(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _gone(columns: Sequence[Column], kept: Sequence[int]) -> int | None:
    """The column that goes next."""
    free = kept[KEPT:]
    return next((at for at in reversed(free) if columns[at].optional), free[-1] if free else None)


def _widths(least: Sequence[int], most: Sequence[int], width: int, gap: int) -> list[int]:
    """What is spare goes to the narrowest that wants more; where nothing helps the name is broken into lines."""
    sizes, spare = list(least), width - _room(least, gap)
    if spare < 0:
        sizes[0] = max(sizes[0] + spare, 4)
    while spare > 0 and (wanting := [at for at in range(len(sizes)) if sizes[at] < most[at]]):
        sizes[min(wanting, key=sizes.__getitem__)] += 1
        spare -= 1
    return sizes
