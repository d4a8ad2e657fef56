"""Whole networks on a microcontroller: what their layers take together, in one format or in the best for each.

A layer's cycles are those of all vectors that one inference multiplies by it: many at once, so that decoding is
shared, or one after the other, whichever is estimated to be quicker. Opening, which happens once, is left out.
Depthwise layers are no products of a matrix: their weights count in flash as they are, their work does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotbench import datasets
from dotbench.bench.metrics.metric import Row
from dotbench.bench.show.grid import label
from dotbench.formats.sources.source import Source

CLOCK_MHZ = 400.0  # of a Cortex-M55 in current parts; Corstone-300's FPGA image runs at 32


@dataclass(frozen=True)
class Work:
    """A matrix that is multiplied with ``pixels`` vectors an inference; 0: a depthwise layer."""

    dataset: str
    model: str
    layer: str
    matrix: Source
    matrix_sha256: str
    origin: str
    pixels: int


def works(model: str, home: Path) -> list[Work]:
    """The layers of a network: a model of the zoo, or a .tflite file. DataError or UnknownDataset."""
    from dotbench.bench.metrics.cycles import names_of

    out = []
    for name in datasets.resolve([model if model.endswith(".tflite") else datasets.zoo.PREFIX + model]):
        found = datasets.load(name, cache_dir=home)
        named, pixels = names_of(name), datasets.pixels(name)
        origin = found.matrix, found.matrix_sha256, found.source
        out.append(Work(name, named["model"], named["layer"], *origin, pixels))
    return out


@dataclass(frozen=True)
class Choice:
    """What one layer takes in one format. ``cycles`` (low, mid, high) of an inference by placement: those in which
    it fits."""

    label: str
    weight_bytes: int
    code_bytes: int
    scratch_bytes: int
    cycles: dict[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Total:
    """A network's: bytes, and ``cycles`` by placement. ``code_bytes`` adds up the images of the formats that it
    uses, whose multipliers are the same, so it is an upper bound where there are several."""

    weight_bytes: int
    code_bytes: int
    scratch_bytes: int
    cycles: dict[str, tuple[int, int, int]] = field(default_factory=dict)


def choices(rows: Iterable[Row]) -> dict[str, dict[str, Choice]]:
    """By layer and format, from the rows of cycles.csv with ``weight_bytes`` in them."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["status"] == "ok":
            grouped.setdefault((row["layer"], label(row)), []).append(row)
    out: dict[str, dict[str, Choice]] = {}
    for (layer, name), found in grouped.items():
        out.setdefault(layer, {})[name] = _choice(name, found)
    return out


def _choice(label: str, rows: Sequence[Row]) -> Choice:
    pixels = max(row["pixels"] for row in rows)
    ways: dict[str, list[tuple[int, int, int]]] = {}
    for row in rows:
        times = {"dot": pixels, "pixels": 1}.get(row["kernel"], 0)
        if times:
            low, mid, high = (times * row[f"cycles_est_{name}"] for name in ("low", "mid", "high"))
            ways.setdefault(row["placement"], []).append((low, mid, high))
    cycles = {place: min(found, key=lambda one: one[1]) for place, found in ways.items()}
    one = rows[0]
    return Choice(label, one["weight_bytes"], one["code_bytes"], one["scratch_bytes"], cycles)


def total(chosen: Sequence[Choice], more_bytes: int = 0) -> Total:
    """Of a choice for each layer; ``more_bytes``: weights that are in no choice. A placement that one of them does
    not fit is left out."""
    code = {one.label: one.code_bytes for one in chosen}
    cycles = {}
    for place in chosen[0].cycles:
        if all(place in one.cycles for one in chosen):
            parts = zip(*(one.cycles[place] for one in chosen), strict=True)
            low, mid, high = map(sum, parts)
            cycles[place] = (low, mid, high)
    weights = more_bytes + sum(one.weight_bytes for one in chosen)
    return Total(weights, sum(code.values()), max(one.scratch_bytes for one in chosen), cycles)


def smallest(layer: dict[str, Choice]) -> Choice:
    """The format with the fewest bytes; of two the one whose name comes first."""
    return min(layer.values(), key=lambda one: (one.weight_bytes, one.label))


def fastest(place: str) -> Callable[[dict[str, Choice]], Choice]:
    """The format with the fewest cycles in a placement; where none fits, the smallest."""

    def choose(layer: dict[str, Choice]) -> Choice:
        fits = [one for one in layer.values() if place in one.cycles]
        return min(fits, key=lambda one: (one.cycles[place][1], one.label)) if fits else smallest(layer)

    return choose


def totals(layers: dict[str, dict[str, Choice]], more_bytes: int) -> dict[str, Total]:
    """By format (those that store every layer), then of ``smallest`` and of ``fastest`` in each placement."""
    names = list(dict.fromkeys(name for layer in layers.values() for name in layer))
    out = {
        name: total([layer[name] for layer in layers.values()], more_bytes)
        for name in names
        if all(name in layer for layer in layers.values())
    }
    places = dict.fromkeys(place for one in out.values() for place in one.cycles)
    picks: dict[str, Callable[[dict[str, Choice]], Choice]] = {"smallest": smallest}
    picks |= {f"fastest, {place}": fastest(place) for place in places}
    return out | {name: total([pick(layer) for layer in layers.values()], more_bytes) for name, pick in picks.items()}


@dataclass(frozen=True)
class Sparse:
    """Layers with 80 % zeros and more: entries, and bytes of the smallest format each, and of Vela's coder."""

    layers: int
    entries: int
    smallest_bytes: int
    mlw_bytes: int | None


def against_mlw(found: Sequence[Work], kinds: Sequence[Any]) -> Sparse:
    """The sum over a network's sparse layers; ``mlw_bytes`` is None where Vela is not installed."""
    from dotbench.bench.targets.mlw import Mlw, compress

    entries = ours = theirs = count = 0
    for work in found:
        n, m = work.matrix.shape
        if 5 * work.matrix.histogram().nnz <= n * m and work.pixels:
            count, entries = count + 1, entries + n * m
            ours += min(kind.encode(work.matrix).nbytes for kind in kinds)
            theirs += 0 if Mlw().lack else len(compress(work.matrix))
    return Sparse(count, entries, ours, None if Mlw().lack else theirs)
