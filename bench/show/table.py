"""Tables of one matrix: for the terminal (rich), in Markdown (tabulate) and in LaTeX (`bench.show.latex`)."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.matrix_names import by_matrix
from bench.show import systolic
from bench.show.choice import check_columns, with_columns, with_rows
from bench.show.escape import markdown, visible
from bench.show.grid import SECTIONS, Grid, grid, notes
from bench.show.latex import PREAMBLE, latex_table

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
        table.add_row(Text(visible(line.name)), *cells)  # brackets are no markup here
    said = notes([found]) + systolic.lines(rows.get("systolic", []))
    return Group(table, *(Text(line, "dim") for line in said))


def print_tables(
    results: dict[str, list[Row]],
    names: list[str] | None,
    style: str,
    console: Console,
    rows: list[str] | None = None,
    columns: list[str] | None = None,
) -> None:
    """Prints the tables of results, or of the matrices that match some of ``names``, with the chosen ``rows`` and
    ``columns`` (see `bench.show.choice`); LookupError if none does."""
    if rows:
        results = with_rows(results, rows)
    datasets = list(dict.fromkeys(str(row["dataset"]) for own in results.values() for row in own))
    chosen = [name for name in datasets if not names or any(fnmatch(name, pattern) for pattern in names)]
    if not chosen:
        raise LookupError(f"no results of {', '.join(names or [])}: there are {', '.join(datasets) or 'none'}")
    asked = {file: [row for row in own if row["dataset"] in chosen] for file, own in results.items()}
    if style != "terminal":
        print(document(asked, style, columns))
        return
    for name, own in by_matrix(asked).items():
        console.print(Text(visible(name, keep=""), "bold"))
        console.print(matrix_table(own, console.width))


def document(results: dict[str, list[Row]], style: str, columns: list[str] | None = None) -> str:
    """All matrices of results in ``markdown`` or ``latex``, one table each, the best of a column in bold."""
    matrices = by_matrix(results)
    grids = {name: grid(own, wide=True) for name, own in matrices.items()}
    if columns:
        check_columns(list(grids.values()), columns)
        grids = {name: with_columns(one, columns) for name, one in grids.items()}
    if style == "latex":
        parts = [PREAMBLE, *(latex_table(one, name, _shape(matrices[name])) for name, one in grids.items())]
    else:
        parts = [f"### {markdown(name)}\n\n{_markdown(one)}" for name, one in grids.items()]
        parts += [markdown(note) for note in notes(list(grids.values()))]
    return "\n\n".join(parts) + "\n"


def _shape(own: dict[str, list[Row]]) -> str:
    """Of a matrix, in words; empty where none of its rows says it."""
    for row in own.get("space", []):
        if row.get("n") and row.get("m") and row.get("nnz") is not None:
            n, m = row["n"], row["m"]
            return f"{n} inputs, {m} outputs, {row['nnz'] / (n * m):.1%} nonzero".replace("%", " %")
    return ""


def _markdown(found: Grid) -> str:
    from tabulate import tabulate

    lines: list[list[str]] = []
    section = 0
    for line in found.lines:
        if line.section != section:
            section = line.section
            lines.append([f"*{SECTIONS[section]}*"])
        drawn = (_bold_markdown(field.text) if field.best else markdown(field.text) for field in line.fields)
        lines.append([markdown(line.name), *drawn])
    sides = ["left", *["right"] * (len(found.titles) - 1)]
    titles = [markdown(title) for title in found.titles]
    return tabulate(lines, titles, tablefmt="pipe", colalign=sides, disable_numparse=True)


def _bold_markdown(text: str) -> str:
    return f"**{markdown(text)}**" if text else ""
