"""What several verbs take on the command line: lists, numbers, the folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.file_lists import split_files
from dotbench.bench.plan.plan import split_names
from dotbench.cdot.places import results_folder

RESULTS = results_folder()
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    metavar="FOLDER",
    help="The folder that revisions hold (default: results/ of the checkout).",
)


def names(_: Any, __: Any, value: str | None) -> list[str] | None:
    """A callback: names separated by commas outside brackets."""
    return None if value is None else split_names(value)


def files(_: Any, __: Any, value: str | None) -> list[str] | None:
    """A callback: the same, where a file's name may hold commas."""
    return None if value is None else split_files(value)


def numbers(_: Any, __: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """A callback: whole numbers from 1, each once."""
    if value is None:
        return None
    try:
        found = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of whole numbers like 1,8") from None
    if min(found) < 1:
        raise click.BadParameter(f"{min(found)} is too small: at least 1")
    return tuple(dict.fromkeys(found))


def checked(asked: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Each name once; Trouble for one that is not known."""
    for name in asked:
        if name not in known:
            raise Trouble(f"no {what} {name!r}: there are {', '.join(known)}")
    return tuple(dict.fromkeys(asked))
