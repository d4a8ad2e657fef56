"""How a command ends that cannot do what it was asked to."""

from __future__ import annotations

import click

from dotbench.bench.show.escape import visible


class Trouble(click.ClickException):
    """A clear error: what was wrong and what to do; exit status 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))  # it names files, and says what libraries say
