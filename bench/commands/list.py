"""The verb ``dotbench list``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from dotbench import datasets
from dotbench.bench.commands import plugins
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.show import next_step, terminal
from dotbench.bench.show.about import lines
from dotbench.bench.show.listing import dataset_table, format_table, skipped


@click.command("list", short_help="The formats, or the data sets, that there are.")
@click.argument("what", type=click.Choice(["formats", "datasets"]))
@click.argument("names", nargs=-1)
def list_(what: str, names: tuple[str, ...]) -> None:
    """What there is: formats with what they store, or data sets with shapes and sources, a line each.

    With NAMES these are shown whole: of a format its parameters, size formula, source and where it wins. Data sets
    may be NAMES, globs or files: layers of models stand in one line, unless they are asked for ('tflite/sparse_l_90',
    'tflite/*1x1', model.tflite).
    """
    plugins.say_broken()
    console = terminal.console()
    try:
        if what == "datasets":
            console.print(dataset_table(names, console.width))
        elif names:
            _print_whole(names, console)
        else:
            console.print(format_table(console.width))
        for line in skipped(names) if what == "datasets" else ():
            console.print(line, markup=False, soft_wrap=True)
        if what == "datasets" and names and console.width != terminal.PIPED:  # in a pipe all lines are data sets
            verb = f"run --datasets {shlex.quote(','.join(names))}"
            console.print(Text(next_step.line(verb, "measures them")), soft_wrap=True)
    except (datasets.UnknownDataset, ValueError) as error:
        raise Trouble(str(error)) from error


def _print_whole(names: Sequence[str], console: Console) -> None:
    for name in names:
        title, *said = lines(name)
        console.print(Text(title, "bold"))
        for line in said:
            console.print(Text(line))
        console.print()
