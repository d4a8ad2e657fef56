"""The verb ``dotbench report``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.show import next_step
from dotbench.bench.show.escape import echo
from dotbench.cdot import build
from dotbench.cdot.places import results_folder

HELP = """
\b
Examples:
  dotbench report                              results/ of the checkout
  dotbench report ../theirs --out theirs.html  somebody else's folder, or one CSV file
  dotbench report v1.0                         what was committed at a revision
"""


@click.command(epilog=HELP, short_help="Results as one HTML page: plots, tables, where each figure comes from.")
@click.argument("folder", required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the page goes (default: .dotbench/report.html).")  # fmt: skip
def report(folder: str | None, out: Path | None) -> None:
    """One self-contained HTML page of the results in FOLDER (default: results/), a CSV file or a revision.

    It opens from disk in any browser and asks nobody for anything: mail it, attach it, keep it.
    """
    from dotbench.bench.report.write import write

    results, home = results_folder(), build.state_folder()
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    try:
        written = write(folder or f"{os.path.relpath(results)}/", out or home / "report.html", results, home, made)
    except CompareError as error:
        raise Trouble(str(error)) from error
    for note in written.notes:
        echo(note, err=True)
    opens = f"open it: {'open' if sys.platform == 'darwin' else 'xdg-open'} {next_step.shown(written.path)}"
    echo(f"{written.path} ({written.size / 1e6:.1f} MB, of which plotly's script is {written.plotly / 1e6:.1f})")
    echo(opens)
