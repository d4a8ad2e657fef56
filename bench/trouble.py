"""How a command ends that cannot do what it was asked to."""

from __future__ import annotations

import click


class Trouble(click.ClickException):
    """A clear error: what was wrong and what to do; exit status 2."""

    exit_code = 2
