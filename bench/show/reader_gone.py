"""A console whose reader may leave: ``dotbench run ... | head`` ends in order, as Ctrl-C does."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from dotbench.bench.show.escape import Console


class ReaderGone(Exception):
    """Nobody reads what is printed any more."""


class PipeConsole(Console):
    """Raises `ReaderGone` where rich would end the process without a word."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with suppress(OSError, ValueError):  # what is still buffered goes nowhere, and Python says nothing of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGone
