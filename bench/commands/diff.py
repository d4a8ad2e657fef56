"""The verb ``dotbench diff``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from rich.text import Text

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.compare import diff as diffs
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.figures import default_limits, limits
from dotbench.bench.compare.results import find, of_folder
from dotbench.bench.pick import record
from dotbench.bench.show import diff as show
from dotbench.bench.show import next_step, pick_diff, sections, terminal
from dotbench.bench.show.diff_json import as_json
from dotbench.bench.show.table import WIDE

DIFF_HELP = """
\b
Examples:
  dotbench diff                        HEAD against the working tree
  dotbench diff main HEAD              two revisions
  dotbench diff v1.0 --all             also what did not change
  dotbench diff picks ../new/picks     two folders of pick --out: a table of layers first
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
@options.results_option
def diff(a: str, b: str | None, fail_on: str, everything: bool, style: str | None, results: Path) -> None:
    """What changed from A to B: revisions, folders or files. B is by default the working tree.

    Exit status 1 if an exact figure got worse than --fail-on allows, or a cell was ok and is failed; 2 if
    nothing could be compared. Time and energy are compared and never fail anything.
    """
    try:
        before, allowed = find(a, results), limits(fail_on)
        after = find(b, results) if b is not None else of_folder(results, "working tree")
        found = diffs.compare(before, after, allowed)
    except CompareError as error:
        raise Trouble(str(error)) from error
    layers = _layers(Path(a), Path(b) if b is not None else results)
    if style == "json":
        click.echo(as_json(found, fail_on))
    elif style == "markdown":
        first = sections.markdown(layers) if layers else ""
        click.echo(first + show.as_markdown(found, fail_on, everything), nl=False)
    else:
        console = terminal.console()
        sections.draw(console, layers)
        sections.draw(console, show.sections(found, fail_on, show.View(everything, console.width >= WIDE)))
        if cell := show.worst_cell(found):
            verb = f"log {shlex.quote(cell)}"
            console.print(Text(next_step.line(verb, "the commits that changed the worst of them")), soft_wrap=True)
    sys.exit(0 if layers and found.status == 2 else found.status)


def _layers(a: Path, b: Path) -> list[sections.Section]:
    """Of two folders that `pick` has written: their layers; else nothing."""
    paths = [folder / record.NAME for folder in (a, b)]
    if not all(path.is_file() for path in paths):
        return []
    try:
        return [pick_diff.section(*map(record.read, paths))]
    except CompareError as error:
        raise Trouble(str(error)) from error
