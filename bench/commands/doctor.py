"""The verb ``dotbench doctor``."""

from __future__ import annotations

import click

from dotbench.bench.machine.doctor import checks, render
from dotbench.bench.show import terminal
from dotbench.cdot import build


@click.command(short_help="What this machine can measure, and what would bring more.")
def doctor() -> None:
    """What this machine can measure, and the line that cures each lack."""
    render(checks(home=build.state_folder(), build_kernels=build.build), terminal.console())
