"""The verb ``dotbench fetch``."""

from __future__ import annotations

import shlex
import sys

import click

from dotbench import datasets
from dotbench.bench.commands.data_sets import resolved
from dotbench.bench.show import next_step
from dotbench.bench.show.escape import echo
from dotbench.cdot import build


@click.command(short_help="Bring data sets into the cache.")
@click.argument("names", nargs=-1)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
def fetch(names: tuple[str, ...], transpose: bool) -> None:
    """Bring data sets into the cache: NAMES or globs (default: those of `small`), checksums verified."""
    failed = False
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
