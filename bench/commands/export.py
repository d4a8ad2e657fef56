"""The verb that hands results on: ``dotbench export``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.record.export import ExportError
from dotbench.bench.record.journal import Journal
from dotbench.bench.show import terminal
from dotbench.bench.show.escape import echo
from dotbench.cdot import build
from dotbench.cdot.places import results_folder

RESULTS = results_folder()
NOTHING = "The journal has no finished cells of this code: dotbench run small"


@click.command(short_help="The journal to CSV or pyperf JSON, the history to asv.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the CSV files go (default: where a run puts them, results/ of the checkout).",
)
@click.option("--quick", is_flag=True, help="Those of quick runs, into .dotbench/quick.")
@click.option(
    "--pyperf",
    "raw",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Instead: raw times as pyperf JSON (.json or .json.gz), for pyperf stats and hist.",
)
@click.option(
    "--asv",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Instead: all committed results as a folder for asv publish.",
)
def export(out: Path | None, quick: bool, raw: Path | None, asv: Path | None) -> None:
    """The journal's finished cells to CSV, as a run does at its end: your own files' into .dotbench/own.

    --pyperf writes every round that was timed, --asv the results of every commit.
    """
    if sum(one is not None for one in (out, raw, asv)) > 1:
        raise Trouble("--out, --pyperf and --asv are three exports: ask for one at a time")
    try:
        if raw:
            sys.exit(_pyperf(raw))
        if asv:
            sys.exit(_asv(asv))
    except (CompareError, ExportError) as error:
        raise Trouble(str(error)) from error
    from dotbench.bench.run.session import export_journal

    sys.exit(export_journal(build.state_folder(), out, terminal.console(), quick))


def _pyperf(path: Path) -> int:
    from dotbench.bench.interop import pyperf_runs
    from dotbench.bench.run.session import current_sha, journal_path

    with Journal(journal_path(build.state_folder(), False)) as journal:
        count = pyperf_runs.write(journal, path, current_sha)
    echo(f"{count} benchmarks in {path}" if count else NOTHING)
    return 0 if count else 2


def _asv(folder: Path) -> int:
    from dotbench.bench.interop import asv

    commits, notes = asv.write(RESULTS, folder)
    for note in notes:
        echo(note, err=True)
    echo(f"{commits} commits in {folder}. In it: asv publish --no-pull, then asv preview (pip install asv)")
    return 0
