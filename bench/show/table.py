"""Tables of one matrix: for the terminal (rich), in Markdown (tabulate) and in LaTeX (`dotbench.bench.show.latex`)."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from dotbench.bench.record.matrix_names import by_matrix
from dotbench.bench.show import next_step, systolic
from dotbench.bench.show.choice import check_columns, with_columns, with_rows
from dotbench.bench.show.escape import markdown, visible
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.bench.show.grid import SECTIONS, Grid, grid, notes
from dotbench.bench.show.latex import PREAMBLE, latex_table

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
        yield [Text(visible(line.name)), *(Text(field.text, "bold" if field.best else "") for field in line.fields)]


def print_tables(
    results: dict[str, list[Row]],
    names: list[str] | None,
    style: str,
    console: Console,
    rows: list[str] | None = None,
    columns: list[str] | None = None,
) -> None:
    """Prints the tables of results, or of the matrices that match some of ``names``, with the chosen ``rows`` and
    ``columns`` (see `dotbench.bench.show.choice`); LookupError if none does."""
    if rows:
        results = with_rows(results, rows)
    shown = (row for file in ("space", "time") for row in results.get(file, ()))  # others only add columns to these
    datasets = list(dict.fromkeys(str(row["dataset"]) for row in shown))
    chosen = [name for name in datasets if not names or any(fnmatch(name, pattern) for pattern in names)]
    if not chosen:
        raise LookupError(f"no results of {', '.join(names or [])}: there are {', '.join(datasets) or 'none'}")
    asked = {file: [row for row in own if row["dataset"] in chosen] for file, own in results.items()}
    if style != "terminal":
        print(document(asked, style, columns))
        return
    for name, own in by_matrix(asked).items():
        console.print(Text(visible(f"{name}{about(own)}", keep=""), "bold"))
        console.print(matrix_table(own, console.width))
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
