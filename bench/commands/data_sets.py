"""Data sets that a verb is asked for: names of the registry, globs of them, files."""

from __future__ import annotations

from collections.abc import Sequence

from dotbench import datasets
from dotbench.bench.commands.errors import Trouble
from dotbench.datasets.errors import ReaderFault


def resolved(names: Sequence[str] | None, which: str, transpose: bool = False) -> list[str]:
    """One name a matrix; without ``names`` those of the standard run ``which``. Trouble for what there is not.

    ``transpose``: the files hold outputs by inputs.
    """
    try:
        asked = names or (datasets.SMALL if which == "small" else datasets.FULL)
        found = list(dict.fromkeys(one for name in asked for one in _resolved(name)))
        return list(map(datasets.transpose, found)) if transpose else found
    except (ValueError, LookupError) as error:
        raise Trouble(str(error)) from error


def _resolved(name: str) -> list[str]:
    """The names of one; a file whose reader is at fault keeps its own, and is told when it is loaded: others go on."""
    try:
        return datasets.resolve([name])
    except ReaderFault:
        return [name]
