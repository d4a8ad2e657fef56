"""The verb ``dotbench selftest``."""

from __future__ import annotations

import sys

import click

from dotbench.bench.show import terminal
from dotbench.bench.trust import judged
from dotbench.bench.trust.selftest import main


@click.command(short_help="Does timing tell the truth on this machine?", epilog=judged.STATUSES)
@click.option("--trials", default=24, show_default=True, help="Trials of each kind.")
@click.option("--quiet/--no-quiet", "quiet", default=True, help="With the machine to ourselves.")
@click.option("--busy/--no-busy", "busy", default=True, help="With another process on one core.")
@click.option("--results/--no-results", "results", default=True, help="Two results of this commit, compared.")
def selftest(trials: int, quiet: bool, busy: bool, results: bool) -> None:
    """Does timing tell the truth here? Identical kernels and slower ones, many times; two results of one commit."""
    sys.exit(main(trials, quiet, busy, results, terminal.console()))
