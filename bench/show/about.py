"""What ``dotbench list formats NAME`` says: one format, peer, ceiling or bound, whole."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

from dotbench import formats
from dotbench.bench.compare.results import of_folder
from dotbench.bench.metrics.metric import Row
from dotbench.bench.pages.format_pages import names, wins
from dotbench.bench.plan.cell import BOUNDS
from dotbench.bench.plan.labels import about as measured
from dotbench.bench.plan.labels import full
from dotbench.bench.targets import peers
from dotbench.bench.targets.peer import Peer
from dotbench.cdot.places import results_folder
from dotbench.formats.parameters import Parametrised

BESIDE = {
    "bound:h0": "the entropy of all entries: no code that codes each entry by itself is smaller",
    "bound:huffman": "all entries in a Huffman code, without its table",
    "bound:positions_values": "the entropy of which entries are zero, and of the values of the others",
    "ceiling:memcpy": "copying a payload: no kernel that reads all of it is faster than half of that",
    "ceiling:decode": "decoding every block of a payload without multiplying",
}
RESULTS = results_folder()


def lines(name: str) -> Iterator[str]:
    """Paragraphs about what a name stands for; ValueError where it is none. ``name``: as tables print it, too."""
    label = name if name in BESIDE else full(name)
    kind = label.partition("[")[0]
    if kind in BESIDE:
        comes = "it comes with every run of all formats, and with --formats " + label
        if label not in BOUNDS:
            comes = f"it comes with its format: --formats {measured(label) if '[' in label else 'ham'}"
        yield from (label, f"{BESIDE[kind]}; {comes}")
        return
    one = peers.parse(label) if peers.is_peer(label) else formats.parse(label)
    yield f"{label}: {one.summary}"
    yield from _facts(type(one))
    if isinstance(one, formats.Format):
        yield from prose(type(one))
        yield from _wins(one.name)
    yield f"dotbench run --datasets w.npy --formats {label}"


def _facts(kind: type[Parametrised]) -> Iterator[str]:
    yield f"values: {' or '.join(getattr(kind, 'value_types', ()))}"
    yield f"parameters: {parameters(kind)}" if dataclasses.fields(kind) else "parameters: none"
    if variants := getattr(kind, "variants", ()):
        yield f"standard runs have: {', '.join([kind.name, *(f'{kind.name}[{one}]' for one in variants)])}"
    if issubclass(kind, formats.Format):
        yield f"lossless: {'yes' if kind.lossless else 'no, its error stands in space.csv'}"
        yield from ([f"work: {kind.complexity}"] if kind.complexity else [])
    elif issubclass(kind, Peer):
        yield f"a peer: somebody else's library, of {', '.join(kind.packages)}"


def parameters(kind: type[Parametrised]) -> str:
    """Names with defaults.

    >>> parameters(formats.kinds()["eie"]), parameters(formats.kinds()["csc"])
    ('coding=plain', '-')
    """
    return ", ".join(f"{field.name}={field.default}" for field in dataclasses.fields(kind)) or "-"


def prose(kind: type[Any]) -> Iterator[str]:
    """A class's docstring without its example, a paragraph a sentence that ends a line."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("\n>>> ")[0].replace("``", "`")
    for paragraph in text.strip().split("\n\n"):
        yield from re.sub(r"(?<![.:])\n *", " ", paragraph).splitlines()


def _wins(name: str) -> Iterator[str]:
    """On how many matrices it is the smallest or the fastest, of the results of this checkout; a format of others has
    none there."""
    if name not in names() or not (RESULTS / "space.csv").is_file():
        return
    rows: dict[str, list[Row]] = of_folder(RESULTS, "results").rows
    for line in filter(None, wins(name, rows).splitlines()):
        what, colon, where = line.removeprefix("- ").partition(": ")
        several = f"{len(where.split(', '))} matrices" if ", " in where else where
        yield f"- {what}: {several}" if line.startswith("- ") and colon else line
    yield f"which ones: docs/formats/{name}.md"
