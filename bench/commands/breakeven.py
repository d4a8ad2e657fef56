"""The verb ``dotbench breakeven``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.progress import progress
from dotbench.bench.show import next_step, terminal
from dotbench.bench.show.escape import echo
from dotbench.cdot.places import brings

if TYPE_CHECKING:
    from dotbench.bench.breakeven.measure import Answer
    from dotbench.bench.breakeven.question import Question

INTERRUPTED = 130  # as shells say of Ctrl-C


@click.command(short_help="From what share of zeros on a format beats a dense product.")
@click.argument("shape", metavar="SHAPE")
@click.option("--dtype", callback=options.names, default="float32", show_default=True, metavar="NAMES",
              help="How values are stored, as float32,bf16,int8.")  # fmt: skip
@click.option("--values", type=int, default=32, show_default=True, metavar="NUMBER", help="Distinct nonzero values.")
@click.option("--batch", callback=options.numbers, default="1", show_default=True, metavar="NUMBERS",
              help="Vectors multiplied at once, as 1,8,32.")  # fmt: skip
@click.option("--formats", "kinds", callback=options.names, metavar="NAMES",
              help="Only these (default: all of standard runs that lose nothing and are not dense).")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, metavar="NUMBER",
              help="Threads of a product.")  # fmt: skip
@click.option("--zeros", metavar="PERCENTAGES",
              help="Where the curves have points at first (default: 0,50,80,95,99.9).")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv",
              help="Put the thresholds there; rows of other shapes stay in the file.")  # fmt: skip
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.svg",
              help="Draw the curves there (needs the extra docs).")  # fmt: skip
def breakeven(
    shape: str,
    dtype: list[str],
    values: int,
    batch: tuple[int, ...],
    kinds: list[str] | None,
    threads: int,
    zeros: str | None,
    out: Path | None,
    plot: Path | None,
) -> None:
    """From what share of zeros on is a format smaller than a dense matrix, and its product faster?

    SHAPE is inputs x outputs, as 512x4096. Matrices are seeded: zeros anywhere, nonzeros of --values distinct values.
    Sizes are exact. Times are those of A B B A pairs against the fastest dense product there is here, in several
    processes, every product checked against float64; the interval is at 99 %.
    """
    from dotbench.bench.breakeven import measure, rows
    from dotbench.bench.show.breakeven import next_line, print_answer

    asked = questions(shape, dtype, values, batch, kinds, threads, zeros)
    _check_files(out, plot)
    found: list[Answer] = []
    try:
        with progress() as say:
            found += (measure.answered(question, say) for question in asked)
    except KeyboardInterrupt:
        left = ", ".join(question.dtype for question in asked[len(found) :])
        echo(f"stopped: {left} {'is' if len(asked) - len(found) == 1 else 'are'} not measured", err=True)
        if not found:
            sys.exit(INTERRUPTED)
    console = terminal.console()
    for one in found:
        print_answer(one, console)
    made = [row for one in found for row in rows.rows_of(one)]
    if out:
        for line in rows.write(made, out, f"dotbench breakeven {shape} --out {next_step.shown(out)}"):
            console.print(Text(line, "dim"), soft_wrap=True)
        console.print(Text(f"rows: {out}"), soft_wrap=True)
    if plot:
        from dotbench.bench.breakeven.plot import draw

        draw(found, plot)
        console.print(Text(f"plot: {plot}"), soft_wrap=True)
    console.print(Text(next_line(found)), soft_wrap=True)
    sys.exit(INTERRUPTED if len(found) < len(asked) else any(row["status"] == "failed" for row in made))


def questions(
    shape: str,
    dtypes: list[str],
    values: int,
    batches: tuple[int, ...],
    kinds: list[str] | None,
    threads: int,
    zeros: str | None,
) -> list[Question]:
    """A question for each type; Trouble for what makes no sense."""
    from dotbench.bench.breakeven import question as asking

    try:
        sides, names = asking.parse_shape(shape), asking.check_dtypes(dtypes)
        shares = asking.zeros_of(_percentages(zeros), sides)
        for name in names:
            asking.check_values(values, name, sides)
        chosen = asking.formats_of(kinds, names)
        asking.check_memory(sides, max(batches))
    except asking.Unanswerable as error:
        raise Trouble(str(error)) from error
    return [
        asking.Question(sides, name, chosen[name], values, batches, threads, shares) for name in names if chosen[name]
    ]


def _percentages(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise Trouble(f"--zeros {text}: write percentages as 0,50,80,95,99.9") from None


def _check_files(out: Path | None, plot: Path | None) -> None:
    """Before anything is measured: Trouble or ExportError where a file could not be written afterwards."""
    from dotbench.bench.breakeven import rows

    if plot:
        if plot.suffix.lower() != ".svg":
            raise Trouble(f"--plot {plot}: plots are SVG files: give it a name that ends in .svg")
        if not find_spec("matplotlib"):
            raise Trouble(f"--plot needs matplotlib, which is not installed: {brings('docs')}")
        rows.check_writable(plot)
    if out:
        rows.check_writable(out)
        rows.read(out)
