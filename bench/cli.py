"""The command ``dotbench``: run, list, fetch, doctor, export, table, diff, log, paper, cite, report, selftest."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dotbench import datasets, formats
from dotbench.bench.commands import compare as comparing
from dotbench.bench.commands import export as outward
from dotbench.bench.commands import paper as publishing
from dotbench.bench.commands import report as reporting
from dotbench.bench.commands.cite import cite
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.file_lists import split_files
from dotbench.bench.energy import windows
from dotbench.bench.metrics import registry
from dotbench.bench.plan import effort, labels
from dotbench.bench.plan import plan as plans
from dotbench.bench.record import export as exports
from dotbench.bench.record import journal as journals
from dotbench.bench.show import next_step, terminal
from dotbench.bench.show.escape import Commands, echo
from dotbench.bench.show.listing import list_, skipped
from dotbench.bench.show.reader_gone import ReaderGone
from dotbench.bench.targets import peers
from dotbench.bench.trust import judged
from dotbench.cdot import build

EXAMPLES = """
\b
Examples:
  dotbench run small                                  the standard run, results into results/
  dotbench run small --datasets 'vgg19/90*' --quick   a look in seconds, nothing into results/
  dotbench run --datasets w.npy --formats csc,ham     your own matrix, in two formats
  dotbench list formats                               what can be compared
"""


def home() -> Path:
    return build.state_folder()


@click.group(
    cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="dotbench")
def command() -> None:
    """In which compressed format should this weight matrix be stored?

    dotbench encodes matrices in every format, checks every product against float64, and measures
    bytes, time, instructions and energy. Results are CSV files that can be diffed from commit to commit.
    """
    for line in (*formats.broken(), *registry.broken(), *peers.broken(), *datasets.readers.broken()):
        echo(line, err=True)


def _list(_: Any, __: Any, value: str | None) -> list[str] | None:
    return None if value is None else plans.split_names(value)


def _files(_: Any, __: Any, value: str | None) -> list[str] | None:
    return None if value is None else split_files(value)


def _numbers(_: Any, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of whole numbers like 1,8") from None
    if min(numbers) < 1:
        raise click.BadParameter(f"{min(numbers)} is too small: at least 1")
    return tuple(dict.fromkeys(numbers))


@command.command(short_help="Measure: encode, check every product, count bytes, time.")
@click.argument("which", type=click.Choice(["small", "full"]), default="small")
@click.option(
    "--datasets",
    "names",
    callback=_files,
    metavar="NAMES",
    help="Data sets, globs of them or files (.npy .npz .npz#ARRAY .mtx .csv .tflite), separated by commas, instead of "
    "the standard ones.",
)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
@click.option(
    "--formats",
    "kinds",
    callback=_list,
    metavar="NAMES",
    help="Formats and peers (see list formats) instead of all, as csc,bsr[block=8].",
)
@click.option(
    "--metrics", callback=_list, metavar="NAMES", help=f"Of {', '.join(registry.names_in_runs())} (default: all)."
)
@click.option(
    "--batch",
    callback=_numbers,
    metavar="NUMBERS",
    help="Vectors multiplied at once (default: 1,8 for the first six formats, 1 for the others).",
)
@click.option(
    "--threads",
    callback=_numbers,
    default="1",
    show_default=True,
    metavar="NUMBERS",
    help="Threads of a product.",
)
@click.option(
    "--cache",
    callback=_list,
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
    from dotbench.bench.run.session import run_plan

    chosen = _chosen(kinds)
    plan = plans.Plan(
        datasets=tuple(_resolved(names, which, transpose)),
        formats=chosen.formats,
        peers=chosen.peers,
        metrics=_checked(metrics or registry.names_in_runs(), registry.names_in_runs(), "metric"),
        bounds=chosen.bounds and not (quick and kinds is None),
        ceilings=not quick,
        batches=batch or (1, 8),
        later_batches=None if batch else (1,),
        later_ceilings=kinds is not None or batch is not None,
        threads=threads,
        caches=_checked(cache, ("warm", "cold"), "cache"),
        effort=effort.QUICK if quick else effort.Effort(),
        energy=windows.QUICK if quick else windows.Effort() if which == "full" else windows.SMALL,
        standard=names is None and kinds is None,
        full=which == "full" and batch is None,
    )
    registered = {*datasets.names(), *datasets.names(twins=True), *datasets.zoo.entries(), *datasets.seeded.entries()}
    own = not registered.issuperset(plan.datasets)
    out = out or (home() / "quick" if quick else home() / "own" if own else build.FOLDER.parent / "results")
    console = terminal.console()
    for line in skipped(names or ()):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(run_plan(plan, home(), out, console, quick))


def _chosen(kinds: list[str] | None) -> labels.Chosen:
    """What ``--formats`` asks for, else everything."""
    if kinds is None:
        return labels.Chosen(formats.standard_of_all(), tuple(peer() for peer in peers.kinds().values()), True)
    try:
        return labels.choose(kinds)
    except ValueError as error:
        raise Trouble(str(error)) from error


def _resolved(names: list[str] | None, which: str, transpose: bool = False) -> list[str]:
    try:
        found = datasets.resolve(names or (datasets.SMALL if which == "small" else datasets.FULL))
        return list(map(datasets.transpose, found)) if transpose else found
    except (ValueError, LookupError) as error:
        raise Trouble(str(error)) from error


def _checked(asked: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    for name in asked:
        if name not in known:
            raise Trouble(f"no {what} {name!r}: there are {', '.join(known)}")
    return tuple(dict.fromkeys(asked))


@command.command(short_help="Bring data sets into the cache.")
@click.argument("names", nargs=-1)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
def fetch(names: tuple[str, ...], transpose: bool) -> None:
    """Bring data sets into the cache: NAMES or globs (default: those of `small`), checksums verified."""
    failed = False
    for name in _resolved(list(names) or None, "small", transpose):
        try:
            echo(datasets.fetch(name, home(), sys.stderr.isatty()))
        except datasets.DataError as error:
            echo(f"{name}: {error}", err=True)
            failed = True
    if not failed:
        chosen = ",".join(shlex.quote(name) for name in names)
        echo(next_step.line(f"run --datasets {chosen}" if names else "run small", "measures them"))
    sys.exit(2 if failed else 0)


@command.command(short_help="What this machine can measure, and what would bring more.")
def doctor() -> None:
    """What this machine can measure, and the line that cures each lack."""
    from dotbench.bench.machine import doctor as doctors

    doctors.render(doctors.checks(home=home(), build_kernels=build.build), terminal.console())


@command.command(short_help="Results as tables: terminal, Markdown or LaTeX.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--datasets", "names", callback=_list, metavar="NAMES", help="Only these (globs too).")
@click.option("--style", type=click.Choice(["terminal", "markdown", "latex"]), default="terminal", show_default=True)
@click.option("--rows", callback=_list, metavar="NAMES",
              help="Only these: formats, libraries, ceilings, bounds, or names as ham,sham,'csc*'.")  # fmt: skip
@click.option("--columns", callback=_list, metavar="NAMES",
              help="Only these, in this order: titles or how they begin, as bytes,time (markdown, latex).")  # fmt: skip
def table(
    folder: Path | None, names: list[str] | None, style: str, rows: list[str] | None, columns: list[str] | None
) -> None:
    """A table a matrix, from the CSV files in FOLDER (default: results/): the best of each column in bold.

    Best is meant among the rows that are shown. LaTeX needs booktabs and siunitx: each table is a float with caption
    and label.
    """
    from dotbench.bench.show.table import print_tables

    if columns and style == "terminal":
        raise Trouble("--columns is for --style markdown and latex: a terminal has the columns that it has room for")
    results = {name: exports.read(path, name) for name, path in _csv_files(folder)}
    try:
        print_tables(results, names, style, terminal.console(), rows, columns)
    except LookupError as error:
        raise Trouble(str(error)) from error


def _csv_files(folder: Path | None) -> list[tuple[str, Path]]:
    folder = folder or build.FOLDER.parent / "results"
    names = ("space", "time", "systolic", "cycles")
    found = [(name, folder / f"{name}.csv") for name in names if (folder / f"{name}.csv").is_file()]
    if not {"space", "time"} & {name for name, _ in found}:
        raise Trouble(f"{folder} has neither space.csv nor time.csv: dotbench run small writes them")
    return found


@command.command(short_help="Does timing tell the truth on this machine?", epilog=judged.STATUSES)
@click.option("--trials", default=24, show_default=True, help="Trials of each kind.")
@click.option("--quiet/--no-quiet", "quiet", default=True, help="With the machine to ourselves.")
@click.option("--busy/--no-busy", "busy", default=True, help="With another process on one core.")
@click.option("--results/--no-results", "results", default=True, help="Two results of this commit, compared.")
def selftest(trials: int, quiet: bool, busy: bool, results: bool) -> None:
    """Does timing tell the truth here? Identical kernels and slower ones, many times; two results of one commit."""
    from dotbench.bench.trust.selftest import main as test

    sys.exit(test(trials, quiet, busy, results, terminal.console()))


for verb in (list_, comparing.diff, comparing.log, outward.export, publishing.paper, reporting.report, cite):
    command.add_command(verb)


def main() -> None:
    """Entry point; known troubles become one clear message."""
    try:
        command(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except ReaderGone:
        sys.exit(141)  # as shells say of it
    except (build.BuildError, journals.JournalError, exports.ExportError, datasets.DataError) as error:
        echo(f"Error: {error}", err=True)
        sys.exit(2)
