"""Flash and cycles of a model's int8 layers on a Cortex-M55: run under QEMU, compared with the host, estimated.

Flash is the payloads', and the code of each format that is used once. Of layers of one shape, with as many zeros, one
is run and stands for the others. Cycles are those of all vectors that one inference multiplies by a layer, weights in
tightly coupled memory, or in slow memory where they do not fit; opening, which happens once, is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dotbench import formats
from dotbench.bench.metrics.cycles import find
from dotbench.bench.microcontroller.networks import CLOCK_MHZ
from dotbench.bench.pick.answer import Candidate, Cycles, Layer
from dotbench.bench.pick.question import SAVES, Question
from dotbench.bench.pick.times import group
from dotbench.firmware import toolchain
from dotbench.firmware.errors import DoesNotFit, FirmwareError
from dotbench.firmware.jobs import PLACEMENTS, Placement
from dotbench.firmware.measure import Measured, in_places, job_of
from dotbench.formats.sources.source import as_source

PLACES = ("tcm", "ddr")  # where weights lie: the first that they fit
DTYPE = "int8"
QUICKEST = ("psr8", "csr16", "rel15")  # what is fast on the target, as cycles.csv has it
MOST = 4  # formats of a layer that are run beside the dense one
FLASH_SETS = 12  # formats of which every set is tried, for the code of each counts once
Say = Callable[[str], None]


@dataclass(frozen=True)
class Lacking:
    """Why nothing can be run here, and the line that brings it."""

    words: str


def fit(layer: Layer) -> bool:
    """Whether the target's kernels are for it."""
    return not layer.failed and layer.dtype == DTYPE and layer.weights.multiplied


def code_bytes(label: str) -> int:
    """Of a format's kernel on the target: its image is built, not run. FirmwareError where that cannot be done."""
    format_ = formats.parse(label)
    return toolchain.image(format_.name, format_.kernel_source).code_bytes


def to_run(layer: Layer) -> tuple[str, ...]:
    """The dense format, the two smallest, and the quickest two of those that are smaller than dense."""
    smaller = [one for one in layer.candidates if one.bytes <= (1 - SAVES) * layer.dense.bytes]
    smaller.sort(key=lambda one: one.bytes)
    quick = [one for one in smaller if one.label in QUICKEST]
    quick.sort(key=lambda one: QUICKEST.index(one.label))
    names = dict.fromkeys([*(one.label for one in smaller[:2]), *(one.label for one in quick[:2])])
    return (layer.dense.label, *tuple(names)[:MOST])


def with_cycles(
    layers: Sequence[Layer], question: Question, say: Say = lambda words: None
) -> tuple[list[Layer], list[str]]:
    """The layers with cycles of their formats, and what was checked or is missing, a line each."""
    try:
        runner = find()
    except FirmwareError as lack:
        return list(layers), [f"cycles: {lack}"]
    known: dict[tuple[Any, ...], tuple[str, dict[str, Cycles]]] = {}
    said: list[str] = []
    runs = 0
    out = []
    for layer in layers:
        if not fit(layer):
            out.append(layer)
            continue
        key = (*group(layer), layer.weights.pixels)
        if key not in known:
            found: dict[str, Cycles] = {}
            for label in to_run(layer):
                say(f"on the target: {layer.name}: {label}")
                try:
                    found[label] = _run(runner, layer, label)
                    runs += 1
                except (FirmwareError, ValueError) as error:
                    said.append(f"{layer.name}: {label}: not run: {error}")
            known[key] = layer.name, found
        like, found = known[key]
        candidates = [
            replace(one, cycles=replace(found[one.label], like="" if like == layer.name else like))
            if one.label in found
            else one
            for one in layer.candidates
        ]
        out.append(layer.with_candidates(candidates))
    said.insert(0, f"cycles: {runs} payloads run under QEMU, each product the host's bit for bit; cycles are estimates")
    return out, said


def _run(runner: Any, layer: Layer, label: str) -> Cycles:
    """One payload in the first memory that it fits."""
    matrix, _ = layer.weights.read()
    payload = formats.parse(label).encode(as_source(matrix, matrix.dtype))
    pixels = max(layer.weights.pixels, 1)
    job = job_of(payload, pixels=pixels)
    lack: DoesNotFit | None = None
    for place in PLACES:
        where: Placement = PLACEMENTS[place]
        found = in_places(runner, job, [where])[where]
        if not isinstance(found, DoesNotFit):
            return _cycles(found, pixels, place)
        lack = found
    assert lack is not None
    raise lack


def _cycles(found: Sequence[Measured], pixels: int, place: str) -> Cycles:
    """Of all vectors at once, or one after the other, whichever is estimated to be quicker."""
    ways = []
    for one in found:
        times = {"dot": pixels, "pixels": 1}.get(one.kernel, 0)
        if times:
            ways.append(tuple(times * one.columns[f"cycles_est_{name}"] for name in ("mid", "low", "high")))
    mid, low, high = min(ways)
    columns = found[0].columns
    return Cycles(mid, low, high, columns["code_bytes"], columns["scratch_bytes"], place)


# ---- choosing


def least_flash(layers: Sequence[Layer]) -> tuple[list[str], int]:
    """A format for each layer so that payloads and the code of all that are used take the fewest bytes, and that code's
    bytes. The dense format is always there. Layers that the target has no kernels for stay dense and need no code."""
    fitting = [layer for layer in layers if fit(layer)]
    if not fitting:
        return [layer.dense.label for layer in layers], 0
    dense = fitting[0].dense.label
    saved = {
        label: sum(
            max(layer.dense.bytes - one.bytes, 0) for layer in fitting for one in layer.candidates if one.label == label
        )
        for label in {one.label for layer in fitting for one in layer.candidates} - {dense}
    }
    code = {label: code_bytes(label) for label in [dense, *sorted(saved, key=lambda one: -saved[one])[:FLASH_SETS]]}
    others = [label for label in code if label != dense and saved[label] > 0]
    best = min(_sets(others), key=lambda used: _flash(fitting, dense, used, code))
    chosen = {id(layer): _smallest(layer, dense, best) for layer in fitting}
    labels = [chosen.get(id(layer), layer.dense.label) for layer in layers]
    return labels, sum(code[label] for label in set(chosen.values()))


def _sets(labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(labels) + 1):
        yield from itertools.combinations(labels, size)


def _flash(layers: Sequence[Layer], dense: str, used: Sequence[str], code: dict[str, int]) -> int:
    """Bytes in all, of the formats that are really taken."""
    taken = [_smallest(layer, dense, used) for layer in layers]
    return sum(layer.of(label).bytes for layer, label in zip(layers, taken, strict=True)) + sum(
        code[label] for label in set(taken)
    )


def _smallest(layer: Layer, dense: str, used: Sequence[str]) -> str:
    known: list[Candidate] = [one for one in layer.candidates if one.label in (dense, *used)]
    return min(known, key=lambda one: one.bytes).label


def least_cycles(layer: Layer) -> str:
    """The format with the fewest estimated cycles of those that were run; dense where none was."""
    known = [one for one in layer.candidates if one.cycles]
    return (
        min(known, key=lambda one: (one.cycles.mid if one.cycles else 0, one.bytes)).label
        if known
        else layer.dense.label
    )


def milliseconds(cycles: float) -> float:
    """At the clock of current parts (`CLOCK_MHZ`)."""
    return cycles / CLOCK_MHZ / 1e3
