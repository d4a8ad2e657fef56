"""Tables of one matrix: for the terminal (rich), in Markdown and in LaTeX (tabulate)."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.matrix_names import by_matrix
from bench.show import systolic
from bench.show.grid import SECTIONS, Grid, grid, notes

Row = dict[str, Any]
WIDE = 100  # columns of a terminal from which on a table has all its columns
STYLES = ("markdown", "latex")


def matrix_table(rows: dict[str, list[Row]], width: int = 80) -> RenderableType:
    """For a terminal of that width: one line a format, the best of each column in bold."""
    found = grid(rows, width >= WIDE)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(found.titles[0], no_wrap=True, min_width=13)
    for title in found.titles[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    section = 0
    for line in found.lines:
        if line.section != section:
            section = line.section
            table.add_row(Text(SECTIONS[section], "dim"))
        cells = [Text(field.text, "bold" if field.best else "") for field in line.fields]
        table.add_row(Text(line.name), *cells)  # brackets are no markup here
    said = notes([found]) + systolic.lines(rows.get("systolic", []))
    return Group(table, *(Text(line, "dim") for line in said))


def print_tables(results: dict[str, list[Row]], names: list[str] | None, style: str, console: Console) -> None:
    """Prints the tables of results, or of the matrices that match some of ``names``; LookupError if none does."""
    datasets = list(dict.fromkeys(str(row["dataset"]) for rows in results.values() for row in rows))
    chosen = [name for name in datasets if not names or any(fnmatch(name, pattern) for pattern in names)]
    if not chosen:
        raise LookupError(f"no results of {', '.join(names or [])}: there are {', '.join(datasets) or 'none'}")
    asked = {file: [row for row in rows if row["dataset"] in chosen] for file, rows in results.items()}
    if style != "terminal":
        print(document(asked, style))
        return
    for name, rows in by_matrix(asked).items():
        console.print(Text(name, "bold"))
        console.print(matrix_table(rows, console.width))


def document(results: dict[str, list[Row]], style: str) -> str:
    """All matrices of results in ``markdown`` or ``latex``, one table each, the best of a column in bold."""
    parts, grids = [], []
    for name, rows in by_matrix(results).items():
        grids.append(grid(rows, wide=True))
        parts.append(_heading(name, style) + "\n\n" + _drawn(grids[-1], style))
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
