"""The verb ``dotbench run``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dotbench import datasets, formats
from dotbench.bench.commands import options, plugins
from dotbench.bench.commands.data_sets import resolved
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.energy import windows
from dotbench.bench.metrics import registry
from dotbench.bench.plan import effort, labels
from dotbench.bench.plan import plan as plans
from dotbench.bench.run.session import run_plan
from dotbench.bench.show import terminal
from dotbench.bench.show.listing import skipped
from dotbench.bench.targets import peers
from dotbench.cdot import build


@click.command(short_help="Measure: encode, check every product, count bytes, time.")
@click.argument("which", type=click.Choice(["small", "full"]), default="small")
@click.option(
    "--datasets",
    "names",
    callback=options.files,
    metavar="NAMES",
    help="Data sets, globs of them or files (.npy .npz#ARRAY .mtx .csv, models and MODEL#LAYER), separated by commas, instead of "
    "the standard ones.",
)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
@click.option(
    "--formats",
    "kinds",
    callback=options.names,
    metavar="NAMES",
    help="Formats and peers (see list formats) instead of all, as csc,bsr[block=8].",
)
@click.option(
    "--metrics",
    callback=options.names,
    metavar="NAMES",
    help=f"Of {', '.join(registry.names_in_runs())} (default: all).",
)
@click.option(
    "--batch",
    callback=options.numbers,
    metavar="NUMBERS",
    help="Vectors multiplied at once (default: 1,8 for the first six formats, 1 for the others).",
)
@click.option(
    "--threads",
    callback=options.numbers,
    default="1",
    show_default=True,
    metavar="NUMBERS",
    help="Threads of a product.",
)
@click.option(
    "--cache",
    callback=options.names,
    default="warm",
    show_default=True,
    metavar="NAMES",
    help="warm, or cold: the payload is flushed from the caches before each product.",
)
@click.option("--quick", is_flag=True, help="Few short passes, for a look: into .dotbench/quick, never results/.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Where the CSV files go (default: results/, and .dotbench/own for own files).")  # fmt: skip
def run(
    which: str,
    names: list[str] | None,
    transpose: bool,
    kinds: list[str] | None,
    metrics: list[str] | None,
    batch: tuple[int, ...] | None,
    threads: tuple[int, ...],
    cache: list[str],
    quick: bool,
    out: Path | None,
) -> None:
    """Measure: encode, check every product, count bytes, time. WHICH is small (default) or full.

    A run that was stopped goes on where it was; what is finished is not measured again.
    """
    plugins.say_broken()
    chosen = _chosen(kinds)
    fit = tuple(name for name in registry.names_in_runs() if name not in registry.unfit())
    plan = plans.Plan(
        datasets=tuple(resolved(names, which, transpose)),
        formats=chosen.formats,
        peers=chosen.peers,
        metrics=options.checked(metrics or fit, fit, "metric"),
        bounds=chosen.bounds and not (quick and kinds is None),
        ceilings=not quick,
        batches=batch or (1, 8),
        later_batches=None if batch else (1,),
        later_ceilings=kinds is not None or batch is not None,
        threads=threads,
        caches=options.checked(cache, ("warm", "cold"), "cache"),
        effort=effort.QUICK if quick else effort.Effort(),
        energy=windows.QUICK if quick else windows.Effort() if which == "full" else windows.SMALL,
        standard=names is None and kinds is None,
        full=which == "full" and batch is None,
    )
    registered = {*datasets.names(), *datasets.names(twins=True), *datasets.zoo.entries(), *datasets.seeded.entries()}
    registered |= {*datasets.packages.entries(), *datasets.recipes.entries()}
    own = not registered.issuperset(plan.datasets)
    out = out or (build.state_folder() / "quick" if quick else build.state_folder() / "own" if own else options.RESULTS)
    console = terminal.console()
    for line in skipped(names or ()):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(run_plan(plan, build.state_folder(), out, console, quick))


def _chosen(kinds: list[str] | None) -> labels.Chosen:
    """What ``--formats`` asks for, else everything."""
    if kinds is None:
        return labels.Chosen(formats.standard_of_all(), peers.standard(), True)
    try:
        return labels.choose(kinds)
    except ValueError as error:
        raise Trouble(str(error)) from error
