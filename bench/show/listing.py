"""What ``dotbench list`` prints: one line for each format and each data set."""

from __future__ import annotations

import dataclasses

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

import datasets
import formats
from bench import peers
from formats.parameters import Parametrised

REFERENCES = """
Rows of results besides, which come by themselves:
bound:h0, bound:huffman, bound:positions_values: sizes that no code of a kind goes below
ceiling:memcpy, ceiling:decode: copying a format's payload, and decoding it without a product"""


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, no_wrap=title != titles[-1], overflow="fold")  # an address is read whole
    return table


def format_table() -> RenderableType:
    """Name, parameters with defaults, whether anything is lost, and what is stored; then bounds and ceilings."""
    table = _table("format", "parameters", "lossless", "stores")
    for name, kind in formats.kinds().items():
        table.add_row(name, _parameters(kind), "yes" if kind.lossless else "no", kind.summary)
    for peer in peers.ALL:
        table.add_row(peer.name, _parameters(peer), "yes", f"peer: {peer.summary}")
    return Group(table, Text(REFERENCES))


def _parameters(kind: type[Parametrised]) -> str:
    return ", ".join(f"{field.name}={field.default}" for field in dataclasses.fields(kind)) or "-"


def dataset_table() -> Table:
    """Name, shape, where it would come from now, and what it is."""
    table = _table("data set", "shape", "from", "what it is, licence")
    for name in datasets.names():
        entry = datasets.describe(name)
        source, what = datasets.source_now(name), f"{entry.summary}, {entry.licence}"
        if source == "twin":
            what += f" (a twin: {datasets.how_to_get(entry)})"
        table.add_row(name, f"{entry.shape[0]} x {entry.shape[1]}", source, what)
    return table
