"""Eight common shapes, measured one after the other into results/breakeven.csv: ``nox -s breakeven``.

It goes on where it was: shapes whose rows are of this code are left alone, each other one is in the file as soon as it
is measured, and the last line says what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from dotbench import datasets
from dotbench.bench.breakeven import measure, question, rows
from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.metrics.metric import Row
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record import export
from dotbench.bench.show.escape import echo

SHAPES = {  # inputs x outputs, and where such a layer stands
    "128x128": "a keyword spotter's hidden layer",
    "512x512": "a small multilayer perceptron; attention of small transformers",
    "512x4096": "the first dense layer of VGG19 on 32 x 32 images",
    "768x768": "attention of BERT base, GPT-2, ViT-B",
    "768x3072": "feed-forward of the same",
    "1024x4096": "feed-forward of BERT large",
    "2048x1000": "the classifier of ResNet-50",
    "4096x4096": "VGG's second dense layer; attention of language models of 7e9 weights",
}
DTYPES = ("float32", "int8")
BATCHES = (1, 8, 32)
FILE = options.RESULTS / "breakeven.csv"


def asked(shape: str) -> list[question.Question]:
    """The questions for a shape: all standard formats of both types, one vector and two batches."""
    sides, chosen = question.parse_shape(shape), question.formats_of(None, DTYPES)
    zeros = question.zeros_of(None, sides)
    return [question.Question(sides, dtype, chosen[dtype], batches=BATCHES, zeros=zeros) for dtype in DTYPES]


def of_question(one: question.Question, known: Sequence[Row]) -> list[Row]:
    """The rows that answer a question, among those of others."""
    asked = (*one.shape, one.values, one.dtype, one.threads, one.zeros[0], one.zeros[-1])
    names = ("n", "m", "distinct", "dtype", "threads", "zeros_begin", "zeros_end")
    return [row for row in known if row["status"] == "ok" and tuple(row[name] for name in names) == asked]


def missing(one: question.Question, known: Sequence[Row]) -> bool:
    """Whether some row of a question is not there, or was measured by other code."""
    answered = {
        (row["format"], row["params"], row["batch"]) for row in of_question(one, known) if rows.is_answered(row)
    }
    wanted = {(each.name, each.params, batch) for each in one.formats for batch in one.batches}
    return not wanted <= answered


def lacking(known: Sequence[Row], shapes: Sequence[str] = tuple(SHAPES)) -> list[str]:
    """The shapes that are not measured whole, with the types that lack, as ``512x4096 (int8)``."""
    found = {shape: [one.dtype for one in asked(shape) if missing(one, known)] for shape in shapes}
    return [f"{shape} ({', '.join(dtypes)})" for shape, dtypes in found.items() if dtypes]


@click.command()
@click.option("--shapes", callback=options.names, default=",".join(SHAPES), metavar="NAMES",
              help="Only these, as 512x4096,768x768.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=FILE, metavar="FILE.csv",
              help="Where the rows go (default: results/breakeven.csv).")  # fmt: skip
def main(shapes: list[str], out: Path) -> None:
    """Measures the shapes that are missing, some minutes each; Ctrl-C loses the one in hand."""
    chosen = options.checked(shapes, tuple(SHAPES), "shape")
    try:
        status = measured(chosen, out)
    except (export.ExportError, datasets.DataError) as error:
        raise Trouble(str(error)) from error
    sys.exit(status)


def measured(shapes: Sequence[str], out: Path, effort: Effort = measure.EFFORT) -> int:
    """Measures what is missing of these shapes; the exit status: 1 if something is missing afterwards."""
    rows.check_writable(out)
    for shape in shapes:
        for one in asked(shape):
            if not missing(one, rows.read(out)):
                echo(f"{shape}, {one.dtype}: is there")
                continue
            echo(f"{shape}, {one.dtype}: {SHAPES[shape]}")
            try:
                question.check_memory(one.shape, max(one.batches))
            except question.Unanswerable as error:
                echo(f"  left out: {error}")
                continue
            found = measure.answered(
                one, lambda words: None if words.startswith("pass ") else echo(f"  {words}"), effort
            )
            for line in rows.write(rows.rows_of(found), out, "nox -s breakeven"):
                echo(f"  {line}")
    left = lacking(rows.read(out))
    echo(f"missing: {', '.join(left)}" if left else f"nothing is missing: all {len(SHAPES)} shapes are in {out}")
    echo("next: nox -s breakeven   (goes on)" if left else "next: nox -s docs   (docs/breakeven.md)")
    return 1 if set(shapes) & {one.partition(" ")[0] for one in left} else 0


if __name__ == "__main__":
    main()
