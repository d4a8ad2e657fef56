"""The verb ``dotbench pack``."""

from __future__ import annotations

from pathlib import Path

import click

from dotbench import formats
from dotbench.bench.commands import options
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.packs.choose import smallest
from dotbench.bench.packs.lacking import lacking
from dotbench.bench.packs.model import model_of
from dotbench.bench.packs.pack import Line, Packed
from dotbench.bench.packs.pack import pack as packed
from dotbench.bench.packs.verify import differing
from dotbench.bench.show.escape import echo
from dotbench.formats.format import Format


@click.command(short_help="A whole model into one .safetensors file, products compressed.")
@click.argument("model", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The pack, a .safetensors file."
)
@click.option(
    "--formats",
    "asked",
    callback=options.names,
    metavar="LIST",
    help="Formats to choose from (default: some for each type).",
)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Of encoders.")
@click.option("--verify", is_flag=True, help="Compare what the pack gives back with the model, bit for bit.")
@click.option("--force", is_flag=True, help="Replace FILE.")
def pack(model: Path, out: Path, asked: list[str] | None, threads: int, verify: bool, force: bool) -> None:
    """MODEL (.safetensors, .onnx, .tflite, .npz, ...) as one .safetensors file that any reader opens.

    Each product is stored in the smallest lossless format, as NAME.dotb; all else stays as it is. dotbench unpack gives
    the tensors back, bit for bit; dotbench.open_pack multiplies with them. Of files that are no .safetensors or .npz
    the graph, scales and zero points are not in the pack, and it says so.
    """
    try:
        found = model_of(model)
        made = packed(found, smallest(_formats(asked), threads), out, force=force, say=_say)
        if verify and (wrong := differing(found, out)):
            raise Trouble(f"{out} does not give {', '.join(wrong[:3])} back: please report this")
    except (ValueError, OSError) as error:
        raise Trouble(_words(error)) from error
    _summary(made, verify)
    for line in lacking(found, {}):
        echo(line, err=True)


def _formats(asked: list[str] | None) -> list[Format] | None:
    if asked is None:
        return None
    found = [formats.parse(name) for name in asked]
    for one in found:
        if not one.lossless:
            raise Trouble(f"{one} is lossy, and a pack gives tensors back bit for bit: choose another format")
    return found


def _say(line: Line) -> None:
    if line.format:
        saved = 1 - line.packed / line.nbytes
        echo(f"{line.name}: {line.format}, {line.nbytes} -> {line.packed} bytes, {saved:.1%} saved")
    elif line.why:
        echo(f"{line.name}: as it is, {line.nbytes} bytes: {line.why}")


def _summary(made: Packed, verified: bool) -> None:
    for name, why in made.left_out.items():
        echo(f"{name} is not in the pack: {why}", err=True)
    payloads = sum(bool(line.format) for line in made.lines)
    same = ", compared bit for bit" if verified else ""
    echo(
        f"{made.path}: {payloads} payloads and {len(made.lines) - payloads} other tensors{same}, {made.nbytes} bytes; "
        f"the model's tensors have {made.before}"
    )


def _words(error: Exception) -> str:
    """An error in words: of the system's with the file that it is about."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
