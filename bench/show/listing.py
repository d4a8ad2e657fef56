"""What ``dotbench list`` prints: one line for each format and each data set."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

import datasets
import formats
from bench import peers
from bench.show.escape import Console, visible
from bench.trouble import Trouble
from datasets import models
from datasets.models import names as model_names
from formats.parameters import Parametrised

PIPED = 1000  # columns of what is no terminal
REFERENCES = """
Rows of results besides, which come by themselves:
bound:h0, bound:huffman, bound:positions_values: sizes that no code of a kind goes below
ceiling:memcpy, ceiling:decode: copying a format's payload, and decoding it without a product"""


@click.command("list", short_help="The formats, or the data sets, that there are.")
@click.argument("what", type=click.Choice(["formats", "datasets"]))
@click.argument("names", nargs=-1)
def list_(what: str, names: tuple[str, ...]) -> None:
    """What there is: formats with their parameters, or data sets with shapes and sources.

    Data sets may be NAMES, globs or files: layers of models stand in one line, unless they are asked for
    ('tflite/sparse_l_90', 'tflite/*1x1', model.tflite).
    """
    if what == "formats" and names:
        raise click.UsageError("list formats takes no names")
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED  # one line each, for grep and the like
    try:
        console.print(format_table() if what == "formats" else dataset_table(names))
        for line in skipped(names):
            console.print(line, markup=False, soft_wrap=True)
    except datasets.UnknownDataset as error:
        raise Trouble(str(error)) from error


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, no_wrap=title != titles[-1], overflow="fold")  # an address is read whole
    return table


def format_table() -> RenderableType:
    """Name, parameters with defaults, of which values, whether anything is lost, and what is stored; then bounds
    and ceilings."""
    table = _table("format", "parameters", "values", "lossless", "stores")
    for name, kind in formats.kinds().items():
        table.add_row(
            name, _parameters(kind), ", ".join(kind.value_types), "yes" if kind.lossless else "no", kind.summary
        )
    for peer in peers.ALL:
        table.add_row(peer.name, _parameters(peer), ", ".join(peer.value_types), "yes", f"peer: {peer.summary}")
    return Group(table, Text(REFERENCES))


def _parameters(kind: type[Parametrised]) -> str:
    return ", ".join(f"{field.name}={field.default}" for field in dataclasses.fields(kind)) or "-"


def dataset_table(names: Sequence[str] = ()) -> Table:
    """Name, shape, where it would come from now, and what it is; without ``names`` models in a line each."""
    table = _table("data set", "shape", "from", "what it is, licence")
    for name in datasets.resolve(names) if names else [*datasets.names(), *datasets.seeded.entries()]:
        table.add_row(_shown(name), *_dataset(name))
    for model, line in datasets.zoo.models().items() if not names else ():
        layers = datasets.zoo.matching(datasets.zoo.PREFIX + model)
        table.add_row(
            datasets.zoo.PREFIX + model,
            f"{len(layers)} layers",
            datasets.source_now(layers[0]),
            f"{line['what']}, int8, {line['licence']}",
        )
    return table


def _shown(name: str) -> str:
    """A name in a table; of a file without its folder, which whoever asked knows."""
    return visible(Path(name).name if datasets.source_now(name) == "model" else name, keep="")


def _dataset(name: str) -> tuple[str, str, str]:
    source = datasets.source_now(name)
    if source == "model":
        path, member = model_names.split(name)
        layer = model_names.find(Path(path), member)
        n, m = layer.weights.shape
        what = f"{layer.nnz} nonzeros, {layer.weights.dtype}, {layer.pixels} pixels, {visible(layer.tensor)}"
        return f"{n} x {m}", source, what
    if source == "file":
        return "?", source, "a file"
    entry = datasets.describe(name)
    what = f"{entry.summary}, {entry.licence}"
    if source == "twin":
        what += f" (a twin: {datasets.how_to_get(entry)})"
    if source == "nowhere":
        what += f" ({datasets.how_to_get(entry)})"
    return f"{entry.shape[0]} x {entry.shape[1]}", source, what


def skipped(names: Sequence[str]) -> Iterator[str]:
    """A line for each operator of the named files whose weights are not read; none for single layers by name."""
    asked = (model_names.split(name) for name in names)
    for path in dict.fromkeys(path for path, layer in asked if not layer or any(c in layer for c in "*?[")):
        if model_names.is_model(path) and Path(path).is_file():
            yield from (f"{path}: skipped {line}" for line in models.read(Path(path)).skipped)
