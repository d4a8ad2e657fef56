"""Published figures beside ours: tables for the terminal, and the page docs/paper.md in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.text import Text

from dotbench.bench.published.figure import Absent, Group
from dotbench.bench.published.paper import Result, Results, counts, every
from dotbench.bench.show.fitted import Column, fitted, left_out

WIDE = 100  # columns of a terminal from which on titles are whole
LEFT = ("figure", "unit", "needs")  # columns that are words
SHORT = {"difference": "diff", "source": "from"}  # titles where there is less room
COLOURS = {"equal": "green", "inside": "green", "not at hand": "dim", "failed": "bold red"}
HEADER = """# Published figures beside ours

Every published figure that can be computed here, in the digits that were printed. `nox -s paper` writes this page anew,
and tests hold it for being current; `dotbench paper` prints it in a terminal. *equal*: all printed digits agree;
*inside*: inside the printed range. Where a source is this project's specification, the figure was worked out from a
paper, its code or its data before this code was written; it need not stand in the paper itself.
"""
NOT_HERE = "Published figures that are not computed here"
NEEDS = (
    "They need training, boards or other people's kernels, and stand here as published: none of them is ours. Levels "
    "of nested sub-networks are those of 100, 75, 50 and 25 % of the multiplications; energies are of one inference."
)


@dataclass(frozen=True)
class Grid:
    """Titles and rows of one table; ``rows`` begin with the name of a figure."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sources:
    """Numbers of sources, in order of their first use."""

    def __init__(self, names: Sequence[str]) -> None:
        self.numbers = {name: number for number, name in enumerate(dict.fromkeys(names), 1)}

    def mark(self, name: str) -> str:
        return f"[{self.numbers[name]}]"


def sources(results: Results, absent: Sequence[Absent]) -> Sources:
    """Of all figures, computed or not."""
    return Sources([one.figure.source for one in every(results)] + [one.source for one in absent])


def grouped(text: str) -> str:
    """Long whole numbers in groups of three digits.

    >>> grouped("186236616: 6 74 50"), grouped("0.20798316"), grouped("9080")
    ('186 236 616: 6 74 50', '0.20798316', '9080')
    """
    return re.sub(r"(?<![\w.])\d{5,}(?![\w.])", lambda match: f"{int(match[0]):,}".replace(",", " "), text)


def unit_of(group: Group) -> str:
    """The unit that all figures of a group have, or none."""
    units = {figure.unit for figure in group.figures}
    return units.pop() if len(units) == 1 else ""


def grid(group: Group, results: Sequence[Result], numbers: Sources) -> Grid:
    """The table of a group; a unit that all its figures share stands in the heading instead."""
    unit = () if unit_of(group) else ("unit",)
    beside = (group.beside,) if group.beside else ()
    rows = []
    for one in results:
        figure = one.figure
        row = [figure.what, grouped(figure.published), grouped(one.ours), *([figure.unit] if unit else []), one.verdict]
        rows.append((*row, *([grouped(one.beside)] if beside else []), numbers.mark(figure.source)))
    return Grid(("figure", "published", "ours", *unit, "difference", *beside, "source"), tuple(rows))


def absent_grid(absent: Sequence[Absent], numbers: Sources) -> Grid:
    """The table of what is not computed here."""
    rows = tuple((one.what, f"{one.published} {one.unit}", one.needs, numbers.mark(one.source)) for one in absent)
    return Grid(("figure", "published", "needs", "source"), rows)


def heading(group: Group) -> str:
    unit = unit_of(group)
    return f"{group.title} ({unit})" if unit else group.title


def notes(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """What has to be said of single figures: their names, and words that end in a full stop."""
    for one in results:
        name = one.figure.what.replace(": ", ", ")
        if one.figure.note:
            yield name, one.figure.note
        if one.error:
            yield name, f"{one.error}."


def summary(results: Results) -> str:
    """One line for all figures."""
    found = counts(results)
    parts = (
        ("equal", "agree as printed"),
        ("differ", "differ for a known reason"),
        ("lost", "NO LONGER AGREE"),
        ("failed", "FAILED"),
        ("lacking", "not at hand"),
    )
    return f"{found.total()} figures: " + ", ".join(f"{found[key]} {words}" for key, words in parts if found[key])


# ---- in a terminal


def print_paper(results: Results, absent: Sequence[Absent], console: Console) -> None:
    """All tables, notes below each, sources at the end."""
    numbers = sources(results, absent)
    for group, found in results:
        console.print(Text(heading(group), "bold"))
        _print_table(grid(group, found, numbers), console)
        for name, note in notes(found):
            console.print(Text(f"{name}: {note}", "dim"))
        console.print()
    console.print(Text(NOT_HERE, "bold"))
    _print_table(absent_grid(absent, numbers), console)
    console.print()
    for name, number in numbers.numbers.items():
        console.print(Text(f"[{number}] {name}", "dim"))
    console.print()
    console.print(Text(summary(results), "bold"))
    if lacking := sorted({one.lacks.partition("/")[0] for one in every(results) if one.lacks}):
        console.print(Text(f"not at hand: {', '.join(lacking)}", "dim"))


def _print_table(found: Grid, console: Console) -> None:
    """What figures are of stands in a line of its own, above all that follow each other."""
    made = fitted([_column(title, console.width) for title in found.titles], list(_lines(found)), console.width)
    console.print(made.table)
    if made.left_out:
        console.print(Text(left_out(made.left_out, console.width, "--markdown"), "dim"))


def _column(title: str, width: int) -> Column:
    shown = title if width >= WIDE else SHORT.get(title, title)
    return Column(shown, title not in LEFT, title in LEFT, title in ("unit", "source"))


def _lines(found: Grid) -> Iterator[list[Text]]:
    for subject, rows in groupby(found.rows, lambda row: row[0].partition(": ")[0]):
        yield [Text(subject)]
        for what, *fields in rows:
            yield [Text(f"  {what.partition(': ')[2]}"), *(Text(field, COLOURS.get(field, "")) for field in fields)]


# ---- as a page


def page(results: Results, absent: Sequence[Absent]) -> str:
    """The whole page in Markdown."""
    numbers = sources(results, absent)
    parts = [HEADER + f"\n{summary(results)}."]
    for group, found in results:
        parts += [f"## {heading(group)}", group.about, _markdown(grid(group, found, numbers))]
        if said := [f"- {name}: {note}" for name, note in notes(found)]:
            parts.append("\n".join(said))
    parts += [f"## {NOT_HERE}", NEEDS, _markdown(absent_grid(absent, numbers))]
    parts += ["## Sources", "\n".join(f"{number}. {name}" for name, number in numbers.numbers.items())]
    return "\n\n".join(parts) + "\n"


def _markdown(found: Grid) -> str:
    from tabulate import tabulate

    alignment = ["left" if title in LEFT else "right" for title in found.titles]
    return tabulate(found.rows, found.titles, tablefmt="pipe", colalign=alignment, disable_numparse=True)


Rows = dict[tuple[str, str], dict[str, str]]


def page_rows(text: str) -> Rows:
    """What the tables of a page say: fields by column, for each heading and figure.

    >>> page_rows("## Sizes\\n\\n| figure | ours |\\n|:--|--:|\\n| w, csc | 1.5 |\\n")
    {('Sizes', 'w, csc'): {'figure': 'w, csc', 'ours': '1.5'}}
    """
    rows: Rows = {}
    title, titles = "", list[str]()
    for line in text.splitlines():
        if line.startswith("## "):
            title, titles = line[3:], []
        elif line.startswith("|") and not line.startswith("|:"):
            fields = [field.strip() for field in line.strip("|").split("|")]
            if titles:
                rows[title, fields[0]] = dict(zip(titles, fields, strict=False))
            titles = titles or fields
    return rows


def forgotten(before: str, after: str) -> list[str]:
    """Figures that a page has a number of ours for, and its new text has not."""
    new = page_rows(after)
    return [
        f"{title}: {what}"
        for (title, what), fields in page_rows(before).items()
        if fields.get("ours") and (title, what) in new and not new[title, what].get("ours")
    ]
