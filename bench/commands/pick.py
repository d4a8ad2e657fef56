"""The verb ``dotbench pick``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.progress import progress
from dotbench.bench.show import terminal
from dotbench.bench.show.escape import echo

if TYPE_CHECKING:
    from dotbench.bench.pick.answer import Answer
    from dotbench.bench.pick.question import Question
    from dotbench.bench.pick.times import Measured

INTERRUPTED = 130  # as shells say of Ctrl-C
ONCE = ("names", "quick", "out", "save", "as_json", "markdown")  # what another look at the same is not told


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
    from dotbench.bench.pick import kept
    from dotbench.bench.pick.engine import answered
    from dotbench.bench.pick.weights import collected
    from dotbench.bench.show import pick as show

    asked, said = question(goal, kinds, batch, threads, quick, prune, share, target), _roles(roles)
    if as_json and markdown:
        raise Trouble("--json or --markdown: take one of them")
    models = collected(names, said)
    try:
        if out:
            kept.check_folder(out, models)
        if save:
            kept.check_pack(names, save)
    except kept.Unkept as error:
        raise Trouble(str(error)) from error
    console = terminal.console()
    plain = not (as_json or markdown)
    if plain:
        show.print_heads(models, console)
    measured: list[Measured] | None = [] if out else None
    with progress(stages=False) as say:
        sized = (lambda found: show.print_sizes(found, console)) if plain else (lambda found: None)
        answer = answered(models, asked, say, measured, sized)
        answer.again = _again(click.get_current_context())
        _keep(answer, measured or [], out, save)
    if as_json:
        from dotbench.bench.pick.as_json import as_json as written

        echo(written(answer))
    elif markdown:
        echo(show.as_markdown(answer))
    else:
        show.print_answer(answer, console)
    for line in answer.troubles:
        echo(f"Error: {line}", err=True)
    sys.exit(INTERRUPTED if answer.stopped else 2 if answer.troubles else 1 if answer.failed else 0)


def _keep(answer: Answer, measured: list[Measured], out: Path | None, save: Path | None) -> None:
    """Writes what was asked for; what goes wrong is a trouble of the answer, which is shown all the same."""
    from dotbench.bench.pick import kept

    try:
        if out:
            answer.written.append(kept.write_rows(answer, measured, out))
        if save:
            answer.written.append(kept.save(answer, save))
    except (ValueError, OSError) as error:  # ExportError and PackError among them
        answer.troubles.append(str(error))


def _again(context: click.Context) -> str:
    """The same question as a command line, without what is only of a quick look or of one answer."""
    words = ["pick", *context.params["names"]]
    for option in context.command.params:
        name = option.name or ""
        if name in ONCE or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        for one in value if isinstance(value, tuple) else [",".join(value) if isinstance(value, list) else value]:
            words += [option.opts[0], f"{one:g}" if isinstance(one, float) else str(one)]
    return shlex.join(words)


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
        if target != "host" and (batch > 1 or threads > 1):
            raise Trouble(
                f"--batch and --threads are for the host: on {target} a layer has the vectors of one inference"
            )
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
