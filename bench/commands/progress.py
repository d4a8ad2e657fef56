"""How far a verb is, for who waits: one line that changes at a terminal, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from dotbench.bench.show.escape import echo

Say = Callable[[str], None]


@contextmanager
def progress(stages: bool = True) -> Iterator[Say]:
    """Who hears how far it is. Words that begin with ``pass `` stand behind the stage that they belong to.

    Where there is no terminal each new stage is a line, or, without ``stages``, nothing is said."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda words: echo(words, err=True) if stages and not words.startswith("pass ") else None
        return
    with console.status("") as status:
        stage = [""]

        def show(words: str) -> None:
            if not words.startswith("pass "):
                stage[0] = words
            status.update(Text(stage[0] if words == stage[0] else f"{stage[0]}: {words}"))

        yield show
