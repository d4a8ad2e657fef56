"""Data sets that a verb is asked for: names of the registry, globs of them, files."""

from __future__ import annotations

from collections.abc import Sequence

from dotbench import datasets
from dotbench.bench.commands.errors import Trouble


def resolved(names: Sequence[str] | None, which: str, transpose: bool = False) -> list[str]:
    """One name a matrix; without ``names`` those of the standard run ``which``. Trouble for what there is not.

    ``transpose``: the files hold outputs by inputs.
    """
    try:
        found = datasets.resolve(names or (datasets.SMALL if which == "small" else datasets.FULL))
        return list(map(datasets.transpose, found)) if transpose else found
    except (ValueError, LookupError) as error:
        raise Trouble(str(error)) from error
