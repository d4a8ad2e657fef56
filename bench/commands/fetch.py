"""The verb ``dotbench fetch``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from dotbench import datasets
from dotbench.bench.commands.data_sets import resolved
from dotbench.bench.show import next_step
from dotbench.bench.show.escape import echo
from dotbench.bench.show.plural import counted
from dotbench.cdot import build
from dotbench.datasets import brought

SHOWN = 5  # names of what is not known


@click.command(short_help="Bring data sets into the cache.")
@click.argument("names", nargs=-1)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
@click.option(
    "--from",
    "archive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.tar.gz",
    help="Take all that is known out of an archive, such as the sHAM authors' sHAM_data.tar.gz.",
)
def fetch(names: tuple[str, ...], transpose: bool, archive: Path | None) -> None:
    """Bring data sets into the cache: NAMES or globs (default: those of `small`), checksums verified."""
    failed = False
    if archive is not None:
        failed = not _taken(archive)
        if not names:
            sys.exit(2 if failed else 0)
    for name in resolved(list(names) or None, "small", transpose):
        try:
            echo(datasets.fetch(name, build.state_folder(), sys.stderr.isatty()))
        except datasets.DataError as error:
            echo(f"{name}: {error}", err=True)
            failed = True
    if not failed:
        chosen = ",".join(shlex.quote(name) for name in names)
        echo(next_step.line(f"run --datasets {chosen}" if names else "run small", "measures them"))
    sys.exit(2 if failed else 0)


def _taken(archive: Path) -> bool:
    """Takes what is known out of an archive, line by line; whether something was, and all of it was right."""
    try:
        taken = brought.take(archive)
    except datasets.DataError as error:
        echo(str(error), err=True)
        return False
    right = [_fetched(name, lacks) for name, lacks in taken.data_sets()]
    for line in taken.others:
        echo(line, err=True)
    if taken.unknown:
        shown = ", ".join(taken.unknown[:SHOWN])
        more = f" and {len(taken.unknown) - SHOWN} more" if len(taken.unknown) > SHOWN else ""
        echo(f"not known, and left: {counted(len(taken.unknown), 'file')}: {shown}{more}")
    if not right:
        echo(f"{archive} holds nothing of the registry (dotbench list datasets)", err=True)
    return bool(right) and all(right) and not taken.others


def _fetched(name: str, lacks: list[str]) -> bool:
    """One data set out of the archive into the cache; what turns out to be another one is taken out again."""
    if lacks:
        echo(f"{name}: of several files these are not in the archive: {', '.join(lacks)}", err=True)
        return False
    try:
        echo(datasets.fetch(name, build.state_folder(), sys.stderr.isatty()))
    except datasets.DataError as error:
        brought.discard(name)
        echo(f"{name}: {error}", err=True)
        return False
    return True
