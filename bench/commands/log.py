"""The verb ``dotbench log``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.compare.cells import parse
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.history import history
from dotbench.bench.show import history as show
from dotbench.bench.show import next_step, sections, terminal
from dotbench.bench.show.table import WIDE

LOG_HELP = """
\b
CELL is FILE:DATASET:FORMAT:KEY=VALUE,... and any part may have * and ?. What is left out is any.
  space:vgg19/90-0-32:sham             its bytes in every commit that changed them
  time:SiNa:sham:batch=8               one cell of time.csv
  vgg19/90-0-32:sham                   all its figures
  'space:*:column_combined[*]'         every matrix, whatever the parameters
  time:SiNa:ceiling:decode[format=ham] ceilings are formats, too
"""


@click.command(epilog=LOG_HELP, short_help="A cell's committed values, commit by commit.")
@click.argument("cell")
@click.option("--figure", metavar="COLUMN", help="Another column of the file than its headline, as scratch_bytes.")
@click.option("--all", "everything", is_flag=True, help="All cells that match, not the first ten.")
@click.option("--json", "style", flag_value="json", help="For programs.")
@options.results_option
def log(cell: str, figure: str | None, everything: bool, style: str | None, results: Path) -> None:
    """CELL's values in every commit that changed them, along the first parents of HEAD; the working tree last.

    A change is called as dotbench diff would: time by its interval, and only where the reference kernel was
    the same.
    """
    try:
        found = history(results, parse(cell), figure, cell)
    except CompareError as error:
        raise Trouble(str(error)) from error
    if style == "json":
        click.echo(show.as_json(found))
    else:
        console = terminal.console()
        sections.draw(console, show.sections(found, everything, console.width >= WIDE))
        if sha := show.last_commit(found):
            verb = f"diff {sha}^ {sha}"
            console.print(Text(next_step.line(verb, "all that the last of these commits changed")), soft_wrap=True)
