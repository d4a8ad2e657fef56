"""Tables of one matrix: for the terminal (rich), in Markdown and in LaTeX (tabulate)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from bench.show import next_step, systolic
from bench.show.fitted import Column, fitted, left_out
from bench.show.grid import SECTIONS, Grid, grid, notes

Row = dict[str, Any]
WIDE = 100  # columns of a terminal from which on a table has all its columns
STYLES = ("markdown", "latex")


CURE = "dotbench table --style markdown"


def matrix_table(rows: dict[str, list[Row]], width: int = 80) -> RenderableType:
    """For a terminal of that width: one line a format, the best of each column in bold."""
    found = grid(rows, width >= WIDE)
    made = fitted([_column(title) for title in found.titles], list(_rows(found)), width)
    said = notes([found]) + systolic.lines(rows.get("systolic", []))
    gone = [title for title in made.left_out if not is_extra(title)]
    said += [left_out(gone, width, CURE)] if gone else []
    return Group(made.table, *(Text(line, "dim") for line in said))


def _column(title: str) -> Column:
    return Column(title, right=title != "format", optional=is_extra(title))


def is_extra(title: str) -> bool:
    """Whether a column says in other words what another one says: only wide terminals have it.

    >>> is_extra("ns/nonzero b8"), is_extra("a pixel, tcm"), is_extra("time/csc b8")
    (True, True, False)
    """
    return title.startswith(("ns/nonzero", "a pixel"))


def _rows(found: Grid) -> Iterator[list[Text]]:
    section = 0
    for line in found.lines:
        if line.section != section:
            section = line.section
            yield [Text(SECTIONS[section], "dim")]
        yield [Text(line.name), *(Text(field.text, "bold" if field.best else "") for field in line.fields)]


def print_tables(results: dict[str, list[Row]], names: list[str] | None, style: str, console: Console) -> None:
    """Prints the tables of results, or of the matrices that match some of ``names``; LookupError if none does."""
    chosen = [name for name in _datasets(results) if not names or any(fnmatch(name, pattern) for pattern in names)]
    if not chosen:
        raise LookupError(
            f"no results of {', '.join(names or [])}: there are {', '.join(_datasets(results)) or 'none'}"
        )
    if style != "terminal":
        print(
            document({file: [row for row in rows if row["dataset"] in chosen] for file, rows in results.items()}, style)
        )
        return
    for name in chosen:
        rows = _of(results, name)
        console.print(Text(f"{name}{about(rows)}", "bold"))
        console.print(matrix_table(rows, console.width))
    if console.width < WIDE:
        console.print(Text(f"columns of wide terminals, nanoseconds among them: {CURE}", "dim"))
    console.print(Text(next_step.line("report", "the same as a page with plots")), soft_wrap=True)


def about(rows: dict[str, list[Row]]) -> str:
    """What a matrix is, as its rows of space.csv say, distinct values too: those that pruning has left.

    >>> about({"space": [{"n": 512, "m": 4096, "nnz": 209715, "distinct": 9}]}), about({"space": []})
    (': 512 x 4096, 209 715 nonzeros, 9 distinct values', '')
    """
    row = next((row for row in rows.get("space", []) if row.get("distinct") is not None), None)
    if row is None:
        return ""
    nnz, distinct = (f"{row[name]:,}".replace(",", " ") for name in ("nnz", "distinct"))
    return f": {row['n']} x {row['m']}, {nnz} nonzeros, {distinct} distinct value{'' if distinct == '1' else 's'}"


def _datasets(results: dict[str, list[Row]]) -> list[str]:
    return list(dict.fromkeys(str(row["dataset"]) for rows in results.values() for row in rows))


def _of(results: dict[str, list[Row]], dataset: str) -> dict[str, list[Row]]:
    return {file: [row for row in rows if row["dataset"] == dataset] for file, rows in results.items()}


def document(results: dict[str, list[Row]], style: str) -> str:
    """All matrices of results in ``markdown`` or ``latex``, one table each, the best of a column in bold."""
    parts, grids = [], []
    for dataset in _datasets(results):
        grids.append(grid(_of(results, dataset), wide=True))
        parts.append(_heading(dataset, style) + "\n\n" + _drawn(grids[-1], style))
    for note in notes(grids):
        parts.append(_latex(note) if style == "latex" else note)
    return "\n\n".join(parts) + "\n"


def _heading(dataset: str, style: str) -> str:
    return f"### {dataset}" if style == "markdown" else rf"\paragraph{{{_latex(dataset)}}}"


def _drawn(found: Grid, style: str) -> str:
    from tabulate import tabulate

    mark = _bold_markdown if style == "markdown" else _bold_latex
    plain = str if style == "markdown" else _latex
    lines: list[list[str]] = []
    section = 0
    for line in found.lines:
        if line.section != section:
            section = line.section
            lines.append([f"*{SECTIONS[section]}*" if style == "markdown" else rf"\emph{{{SECTIONS[section]}}}"])
        lines.append(
            [plain(line.name), *(mark(field.text) if field.best else plain(field.text) for field in line.fields)]
        )
    return tabulate(
        lines,
        [plain(title) for title in found.titles],
        tablefmt="pipe" if style == "markdown" else "latex_raw",
        colalign=["left", *["right"] * (len(found.titles) - 1)],
        disable_numparse=True,
    )


def _bold_markdown(text: str) -> str:
    return f"**{text}**" if text else ""


def _bold_latex(text: str) -> str:
    return rf"\textbf{{{_latex(text)}}}" if text else ""


def _latex(text: str) -> str:
    r"""Text that LaTeX prints as it stands.

    >>> _latex("csc_min ±3%")
    'csc\\_min $\\pm$3\\%'
    """
    special = {"±": r"$\pm$", "≈": r"$\approx$", "~": r"\textasciitilde{}", "\\": r"\textbackslash{}"}
    return re.sub(r"[±≈~\\&%$#_{}]", lambda match: special.get(match[0], "\\" + match[0]), text)
