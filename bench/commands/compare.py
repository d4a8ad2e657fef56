"""The verbs that compare results: ``dotbench diff`` and ``dotbench log``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from rich.text import Text

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.figures import default_limits
from dotbench.bench.show import next_step, terminal
from dotbench.cdot import build

RESULTS = build.FOLDER.parent / "results"
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    metavar="FOLDER",
    help="The folder that revisions hold (default: results/ of the checkout).",
)
DIFF_HELP = """
\b
Examples:
  dotbench diff                        HEAD against the working tree
  dotbench diff main HEAD              two revisions
  dotbench diff v1.0 --all             also what did not change
  dotbench diff results ../theirs      two folders, or two files: time.csv theirs.csv
  dotbench diff HEAD^1 HEAD --markdown > comment.md
"""


@click.command(epilog=DIFF_HELP, short_help="What changed between two results, and what may fail a build.")
@click.argument("a", default="HEAD")
@click.argument("b", required=False)
@click.option(
    "--fail-on",
    default=default_limits(),
    show_default=True,
    metavar="LIMITS",
    help="By how much exact figures may get worse; an empty text: by anything.",
)
@click.option("--all", "everything", is_flag=True, help="Also what did not change; lists in full.")
@click.option("--markdown", "style", flag_value="markdown", help="For a pull request.")
@click.option("--json", "style", flag_value="json", help="For programs.")
@results_option
def diff(a: str, b: str | None, fail_on: str, everything: bool, style: str | None, results: Path) -> None:
    """What changed from A to B: revisions, folders or files. B is by default the working tree.

    Exit status 1 if an exact figure got worse than --fail-on allows, or a cell was ok and is failed; 2 if
    nothing could be compared. Time and energy are compared and never fail anything.
    """
    from dotbench.bench.compare import diff as diffs
    from dotbench.bench.compare.figures import limits
    from dotbench.bench.compare.results import find, of_folder
    from dotbench.bench.show import diff as show
    from dotbench.bench.show import sections
    from dotbench.bench.show.diff_json import as_json
    from dotbench.bench.show.table import WIDE

    try:
        before, allowed = find(a, results), limits(fail_on)
        after = find(b, results) if b is not None else of_folder(results, "working tree")
        found = diffs.compare(before, after, allowed)
    except CompareError as error:
        raise Trouble(str(error)) from error
    if style == "json":
        click.echo(as_json(found, fail_on))
    elif style == "markdown":
        click.echo(show.as_markdown(found, fail_on, everything), nl=False)
    else:
        console = terminal.console()
        sections.draw(console, show.sections(found, fail_on, show.View(everything, console.width >= WIDE)))
        if cell := show.worst_cell(found):
            verb = f"log {shlex.quote(cell)}"
            console.print(Text(next_step.line(verb, "the commits that changed the worst of them")), soft_wrap=True)
    sys.exit(found.status)


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
@results_option
def log(cell: str, figure: str | None, everything: bool, style: str | None, results: Path) -> None:
    """CELL's values in every commit that changed them, along the first parents of HEAD; the working tree last.

    A change is called as dotbench diff would: time by its interval, and only where the reference kernel was
    the same.
    """
    from dotbench.bench.compare.cells import parse
    from dotbench.bench.compare.history import history
    from dotbench.bench.show import history as show
    from dotbench.bench.show import sections
    from dotbench.bench.show.table import WIDE

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
