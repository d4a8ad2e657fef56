"""The verb ``dotbench unpack``."""

from __future__ import annotations

from pathlib import Path

import click

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.packs.unpack import unpack as unpacked
from dotbench.bench.show.escape import echo

SUFFIX = ".safetensors"


@click.command(short_help="The tensors of a pack, as they were before.")
@click.argument("pack", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A .safetensors file, or the folder into which one of the pack's name goes.",
)
@click.option("--trusted", is_flag=True, help="Tensors may be far larger than the pack, as those of zeros alone are.")
@click.option("--force", is_flag=True, help="Replace FILE.")
def unpack(pack: Path, out: Path, trusted: bool, force: bool) -> None:
    """All tensors of PACK, which dotbench pack has made, in a .safetensors file: bit for bit as they were."""
    target = out / f"{pack.stem}{SUFFIX}" if out.is_dir() else out
    try:
        nbytes = unpacked(pack, target, force=force, trusted=trusted)
    except (ValueError, OSError) as error:
        said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
        raise Trouble(said) from error
    echo(f"{target}: {nbytes} bytes")
