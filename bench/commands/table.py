"""The verb ``dotbench table``."""

from __future__ import annotations

from pathlib import Path

import click

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.record import export as exports
from dotbench.bench.show import terminal
from dotbench.bench.show.table import print_tables


@click.command(short_help="Results as tables: terminal, Markdown or LaTeX.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--datasets", "names", callback=options.names, metavar="NAMES", help="Only these (globs too).")
@click.option("--style", type=click.Choice(["terminal", "markdown", "latex"]), default="terminal", show_default=True)
@click.option("--rows", callback=options.names, metavar="NAMES",
              help="Only these: formats, libraries, ceilings, bounds, or names as ham,sham,'csc*'.")  # fmt: skip
@click.option("--columns", callback=options.names, metavar="NAMES",
              help="Only these, in this order: titles or how they begin, as bytes,time (markdown, latex).")  # fmt: skip
def table(
    folder: Path | None, names: list[str] | None, style: str, rows: list[str] | None, columns: list[str] | None
) -> None:
    """A table a matrix, from the CSV files in FOLDER (default: results/): the best of each column in bold.

    Best is meant among the rows that are shown. LaTeX needs booktabs and siunitx: each table is a float with caption
    and label.
    """
    if columns and style == "terminal":
        raise Trouble("--columns is for --style markdown and latex: a terminal has the columns that it has room for")
    results = {name: exports.read(path, name) for name, path in _csv_files(folder)}
    try:
        print_tables(results, names, style, terminal.console(), rows, columns)
    except LookupError as error:
        raise Trouble(str(error)) from error


def _csv_files(folder: Path | None) -> list[tuple[str, Path]]:
    folder = folder or options.RESULTS
    names = ("space", "time", "systolic", "cycles")
    found = [(name, folder / f"{name}.csv") for name in names if (folder / f"{name}.csv").is_file()]
    if not {"space", "time"} & {name for name, _ in found}:
        raise Trouble(f"{folder} has neither space.csv nor time.csv: dotbench run small writes them")
    return found
