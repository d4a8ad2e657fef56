"""Sections of a text for people: drawn in a terminal, or as Markdown for a pull request.

What is drawn may come from somebody else's file: nothing in it is markup, and control characters are visible (in
Markdown they are spaces).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from dotbench.bench.show.escape import markdown as escaped
from dotbench.bench.show.escape import visible
from dotbench.bench.show.fitted import Column, Fitted, fitted, left_out

LONG = 500  # lines from which on a table is drawn without colours and line breaks, but at once
# Words say what a mark says; cyan and red are also told apart by people who confuse red and green.
STYLES = {"better": "cyan", "worse": "red", "fails": "bold red", "dim": "dim", "": ""}
MARKS = {"better": "✓", "worse": "✗", "fails": "!", "same": "=", "unsure": "?", "mixed": "±", "": " "}
# For terminals without Unicode.
PLAIN = {"✓": "+", "✗": "-", "±": "~", "≠": "/=", "…": "..", "█": "#", **dict.fromkeys("▏▎▍▌▋▊▉", "|")}


@dataclass(frozen=True)
class Line:
    """A line of a table; ``style`` is one of `STYLES`."""

    fields: tuple[str, ...]
    style: str = ""


@dataclass(frozen=True)
class Section:
    """A title, one line that matters, a table (columns whose title begins with ``>`` are right-aligned), remarks below.

    ``optional``: titles of columns that a narrow terminal does without first.
    ``folded``: closed until it is clicked, where that can be.
    """

    title: str
    titles: tuple[str, ...] = ()
    lines: Sequence[Line] = ()
    below: Sequence[str] = field(default_factory=list)
    folded: bool = False
    said: str = ""
    optional: tuple[str, ...] = ()


# ---- terminal


def draw(console: Console, sections: Iterable[Section]) -> None:
    """Prints sections, as wide as the console is."""
    for section in sections:
        console.print(_text(console, section.title, "bold"), soft_wrap=True)
        if section.said:
            console.print(_text(console, section.said))
        if len(section.lines) > LONG:
            console.out(_drawable(console, _tabulated(section, _line, "plain")), highlight=False)
        elif section.lines:
            made = _table(console, section)
            console.print(made.table)
            if made.left_out:
                console.print(_text(console, left_out(made.left_out, console.width, "--json"), "dim"))
        for line in section.below:
            console.print(_text(console, line, "dim"))
        console.print()


def _drawable(console: Console, text: str) -> str:
    """What the console's encoding can show."""
    if console.encoding.lower().startswith("utf"):
        return text
    known = "".join(PLAIN.get(character, character) for character in text)
    return known.encode(console.encoding, "replace").decode(console.encoding)


def _line(text: str) -> str:
    return visible(text, keep="")


def _text(console: Console, text: str, style: str = "") -> Text:
    return Text(_drawable(console, _line(text)), style)


def _table(console: Console, section: Section) -> Fitted:
    """As wide as the console: words are broken into lines, figures never."""
    columns = []
    for title in section.titles:
        right, name = title.startswith(">"), title.removeprefix(">")
        columns.append(Column(name, right, not right, name in section.optional))
    rows = [[_text(console, one, STYLES[line.style]) for one in line.fields] for line in section.lines]
    return fitted(columns, rows, console.width)


# ---- Markdown


def markdown(sections: Iterable[Section]) -> str:
    """GitHub's Markdown."""
    return "\n\n".join(part for section in sections for part in _markdown_parts(section)) + "\n"


def _tabulated(section: Section, text: Callable[[str], str], style: str) -> str:
    from tabulate import tabulate

    rows = [[text(one) for one in line.fields] for line in section.lines]
    sides = ["right" if title.startswith(">") else "left" for title in section.titles]
    titles = [title.removeprefix(">") for title in section.titles]
    return tabulate(rows, titles, style, disable_numparse=True, colalign=sides)


def _markdown_parts(section: Section) -> list[str]:
    parts = [f"#### {escaped(section.title)}"]
    if section.folded:
        parts = [f"<details><summary>{escaped(section.title)}</summary>"]
    if section.said:
        parts.append(f"**{escaped(section.said)}**")
    if section.lines:
        parts.append(_tabulated(section, escaped, "github"))
    parts += [escaped(line) for line in section.below]
    return [*parts, "</details>"] if section.folded else parts
