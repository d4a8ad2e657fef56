"""The console of a command: as wide as the terminal, and in a pipe as wide as its lines are."""

from __future__ import annotations

import os

from dotbench.bench.show.reader_gone import PipeConsole

PIPED = 1000  # columns of what is no terminal: a line each, whole, for grep and the like


def console() -> PipeConsole:
    """For standard output; ``COLUMNS`` says how wide it is, whatever it is."""
    made = PipeConsole()
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPED
    return made
