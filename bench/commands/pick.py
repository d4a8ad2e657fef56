"""The verb ``dotbench pick``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.progress import progress
from dotbench.bench.show import terminal
from dotbench.bench.show.escape import echo

if TYPE_CHECKING:
    from dotbench.bench.pick.answer import Answer
    from dotbench.bench.pick.question import Question
    from dotbench.bench.pick.times import Measured
    from dotbench.datasets.models.model_file import ModelTensor
    from dotbench.formats.format import Format

INTERRUPTED = 130  # as shells say of Ctrl-C


@click.command(short_help="In which format each layer of your own model should be stored.")
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option("--goal", default="bytes", show_default=True, metavar="GOAL",
              help="What should be least: bytes, time, or one within a limit of the other, as 'bytes,time<=1.2'; of a "
              "microcontroller flash or cycles.")  # fmt: skip
@click.option("--target", type=click.Choice(["host", "cortex-m55"]), default="host", show_default=True,
              help="Where products are made; on a Cortex-M55 goals are flash and cycles.")  # fmt: skip
@click.option("--formats", "kinds", callback=options.names, metavar="NAMES",
              help="Choose among these (default: all of standard runs that lose nothing).")  # fmt: skip
@click.option("--batch", type=click.IntRange(1, 4096), default=1, show_default=True, metavar="NUMBER",
              help="Vectors multiplied at once.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, metavar="NUMBER",
              help="Threads of a product.")  # fmt: skip
@click.option("--role", "roles", multiple=True, metavar="LAYER=ROLE",
              help="Say what a layer is, where names leave doubt: product, gather, or transposed (a product whose "
              "inputs are what its name makes outputs); LAYER may be a glob. May be given several times.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Nothing is timed; times are predicted.")
@click.option("--prune", type=click.FloatRange(0, 100, max_open=True), default=0.0, metavar="PERCENT",
              help="What if so many per cent of each layer were zeros? Changes weights (≈).")  # fmt: skip
@click.option("--share", type=click.IntRange(0, 1 << 16), default=0, metavar="NUMBER",
              help="What if each layer had so many distinct nonzero values? Changes weights (≈).")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Rows of space.csv and time.csv, as `run` writes them, for diff and report.")  # fmt: skip
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.safetensors",
              help="The model with its layers in these formats, as `pack` writes it.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
@click.option("--markdown", is_flag=True, help="The table as Markdown, with all columns.")
def pick(
    names: tuple[str, ...],
    goal: str,
    target: str,
    kinds: list[str] | None,
    batch: int,
    threads: int,
    roles: tuple[str, ...],
    quick: bool,
    prune: float,
    share: int,
    out: Path | None,
    save: Path | None,
    as_json: bool,
    markdown: bool,
) -> None:
    """In which format should each layer of MODEL be stored, and what does a product with it cost then?

    MODEL is a file (.safetensors .onnx .tflite .pt .gguf .h5 .keras .npz .npy .mtx .csv), FILE#LAYER or a glob of
    layers, a folder of files, or a data set of the registry. Nothing in a file is run. Bytes are exact; of the formats
    that may be best at most three a layer are timed, in pairs with the dense product of the same type. The answer may
    well be: leave it dense.
    """
    from dotbench.bench.pick.engine import answered
    from dotbench.bench.pick.weights import collected
    from dotbench.bench.show import pick as show

    asked, said = question(goal, kinds, batch, threads, quick, prune, share, target), _roles(roles)
    if as_json and markdown:
        raise Trouble("--json or --markdown: take one of them")
    models = collected(names, said)
    if save:
        _check_save(names, save)
    console = terminal.console()
    plain = not (as_json or markdown)
    if plain:
        show.print_heads(models, console)
    measured: list[Measured] | None = [] if out else None
    with progress(stages=False) as say:
        answer = answered(
            models, asked, say, measured, lambda found: show.print_sizes(found, console) if plain else None
        )
    if out:
        from dotbench.bench.pick import record
        from dotbench.bench.pick.rows import rows_of
        from dotbench.bench.run.session import write

        count = write(rows_of(answer, measured or []), out, Console(stderr=True))
        record.write(answer, out)
        answer.written.append(f"rows: {count} of payloads and times, and {record.NAME}, in {out}")
    if save:
        answer.written.append(_saved(answer, save))
    if as_json:
        from dotbench.bench.pick.as_json import as_json as written

        echo(written(answer))
    elif markdown:
        echo(show.as_markdown(answer))
    else:
        show.print_answer(answer, console)
    sys.exit(INTERRUPTED if answer.stopped else 0)


def _check_save(names: tuple[str, ...], save: Path) -> None:
    """Before anything is measured: Trouble where there would be nothing to save, or no place for it."""
    if len(names) != 1 or not Path(names[0]).is_file():
        raise Trouble("--save: a pack is of one model: name one file, whole")
    if save.exists():
        raise Trouble(f"--save {save}: there is such a file: name another one, or remove it")


def _saved(answer: Answer, save: Path) -> str:
    """Packs the model with the formats that were picked; a line on what was written."""
    from dotbench import formats
    from dotbench.bench.packs.model import model_of
    from dotbench.bench.packs.pack import pack as packed
    from dotbench.bench.show.answer import grouped

    picks = {layer.weights.tensor: layer.pick for layer in answer.layers if not layer.failed and not layer.stays_dense}

    def choose(tensor: ModelTensor, matrix: object) -> Format | None:
        return formats.parse(picks[tensor.name]) if tensor.name in picks else None

    try:
        made = packed(model_of(Path(answer.models[0].name)), choose, save)
    except (ValueError, OSError) as error:
        raise Trouble(str(error)) from error
    left_out = f"; not in it: {', '.join(made.left_out)}" if made.left_out else ""
    return (
        f"saved: {save}, {grouped(made.nbytes)} bytes (dotbench unpack gives the tensors back, bit for bit){left_out}"
    )


def question(
    goal: str,
    kinds: list[str] | None,
    batch: int,
    threads: int,
    quick: bool,
    prune: float,
    share: int,
    target: str = "host",
) -> Question:
    """The question of a command line; Trouble for what makes no sense."""
    from dotbench.bench.pick import question as asking
    from dotbench.bench.plan.plan import choose_formats

    try:
        labels = None
        if kinds is not None:
            chosen, peers = choose_formats(kinds)
            if peers:
                raise Trouble(f"--formats {peers[0]}: it is no format of ours, and pick chooses among formats")
            if lossy := [one for one in chosen if not one.lossless]:
                raise Trouble(f"--formats {lossy[0]} changes the weights: pick chooses among formats that lose nothing")
            labels = tuple(map(str, chosen))
        wanted, changed = asking.goal_for(asking.parse_goal(goal), target), asking.WhatIf(prune, share)
        return asking.Question(wanted, batch, threads, labels, quick, target, changed)
    except (asking.Unanswerable, ValueError) as error:
        raise Trouble(str(error)) from error


def _roles(texts: tuple[str, ...]) -> dict[str, str]:
    from dotbench.bench.pick import question as asking

    try:
        return dict(map(asking.parse_role, texts))
    except asking.Unanswerable as error:
        raise Trouble(str(error)) from error
