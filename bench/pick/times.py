"""Times of formats beside the dense product of the same type: measured in pairs, in the processes of a run.

Of layers of one shape, type and share of zeros one is measured, and stands for the others: ``like`` says which.
"""

from __future__ import annotations

import math
import random
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dotbench import formats
from dotbench.bench.metrics import space
from dotbench.bench.metrics import time as times
from dotbench.bench.metrics.messages import Done, Ended, Part, Started, Task, Worker
from dotbench.bench.pick.answer import Candidate, Layer, Time
from dotbench.bench.pick.question import SAVES, Question
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.run import processes
from dotbench.cdot import build
from dotbench.cdot.fresh import sweep
from dotbench.datasets.errors import NoRoom
from dotbench.formats.sources.source import as_source, matrix_sha256

EFFORT = Effort(passes=4, most_passes=4, rounds=4, sample_ms=0.5, cell_timeout=60.0)
MOST = 3  # formats of a layer that are timed beside the dense one
BLAS = "blas_dense"  # of float32, what a user has without us
PREFIX = "pick-"  # of folders that payloads are in
Say = Callable[[str], None]
Row = dict[str, Any]


@dataclass
class Measured:
    """One layer that stands for all of its class: its passes by label, and why others have none."""

    layer: Layer
    labels: tuple[str, ...]
    sha256: str = ""
    nnz: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # of encoding
    passes: dict[str, list[Row]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    spaces: dict[str, Row] = field(default_factory=dict)  # columns of space.csv, by label

    def time_of(self, label: str) -> Time | None:
        """The time of a format over the faster dense product; None with fewer than two passes."""
        known = self._row(label)
        if known is None:
            return None
        best, low, high = self._dense
        ratio = known["time_ratio"] / best
        return Time(ratio, known["ratio_low"] / high, known["ratio_high"] / low, dense_ns=self.dense_ns)

    def _row(self, label: str) -> Row | None:
        passes = self.passes.get(label, [])
        cell = Cell("time", self.layer.weights.dataset, label)
        return times.columns_of_row(cell, passes, self.nnz, None, "") if len(passes) > 1 else None

    @property
    def _dense(self) -> tuple[float, float, float]:
        """Of the faster dense product over our kernel, with its interval: 1, or BLAS's where that is surely faster."""
        known = self._row(BLAS)
        if known is None or known["ratio_high"] >= 1:
            return 1.0, 1.0, 1.0
        return known["time_ratio"], known["ratio_low"], known["ratio_high"]

    @property
    def dense_ratio(self) -> float:
        """Of the faster dense product over our kernel: 1, or less where BLAS is surely faster."""
        return self._dense[0]

    @property
    def dense_ns(self) -> float:
        """Nanoseconds of the faster dense product, from the median of all passes."""
        known = [one["reference_ns"] for passes in self.passes.values() for one in passes]
        return statistics.median(known) * self.dense_ratio if known else 0.0

    @property
    def pass_count(self) -> int:
        """Passes that every product has had."""
        return min((len(passes) for passes in self.passes.values()), default=0)

    @property
    def largest_error(self) -> float:
        """Of a product against float64, over sum |w| |x|."""
        return max((one["product_error"] or 0.0 for passes in self.passes.values() for one in passes), default=0.0)


def group(layer: Layer) -> tuple[Any, ...]:
    """What layers have in common that are as fast as each other: shape, type, how many zeros and values."""
    density = layer.density
    fine = round(4 * math.log2(density)) if density else 0
    coded = round(math.log2(max(layer.distinct, 1)))
    return layer.weights.shape, layer.dense.label, layer.dtype, round(20 * density), fine, coded


def to_time(layer: Layer, question: Question) -> tuple[str, ...]:
    """The formats of a layer that are worth a measurement: of those that nobody beats in bytes and in predicted time
    the smallest, the fastest, and the one between; none where the dense one is the answer whatever times are."""
    goal = question.goal
    known = [one for one in layer.candidates if one.label != layer.dense.label]
    if goal.bytes_limit is not None:
        known = [one for one in known if one.bytes <= goal.bytes_limit * layer.dense.bytes]
    if goal.least != "time":
        known = [one for one in known if one.bytes <= (1 - SAVES) * layer.dense.bytes]
    front = [one for one in known if not any(_beats(other, one) for other in known)]
    front = [one for one in front if one.bytes < layer.dense.bytes or _predicted(one) < 1.05]
    if not front:
        return ()
    front.sort(key=lambda one: one.bytes)
    fastest = min(front, key=_predicted)
    between = [one for one in front if one is not front[0] and one is not fastest]
    limit = goal.time_limit
    if limit is not None:  # the smallest that may keep it
        fitting = [one for one in front if _predicted(one) <= limit * 1.3]
        between = fitting + between
    chosen = dict.fromkeys([front[0].label, fastest.label, *(one.label for one in between)])
    return tuple(chosen)[:MOST]


def _beats(one: Candidate, other: Candidate) -> bool:
    """Whether one is surely no worse in bytes and in time, and better in one of them: never of times that nobody
    knows."""
    if one.predicted is None or other.predicted is None:
        return False
    worse = one.bytes > other.bytes or _predicted(one) > _predicted(other)
    return not worse and (one.bytes, _predicted(one)) != (other.bytes, _predicted(other))


def _predicted(one: Candidate) -> float:
    return one.predicted.ratio if one.predicted else 1.0


class Stopped(Exception):
    """Ctrl-C while times are measured: what there is counts."""


def measured(
    layers: Sequence[Layer],
    question: Question,
    say: Say = lambda words: None,
    effort: Effort = EFFORT,
    into: list[Measured] | None = None,
    dense: bool = False,
) -> list[Measured]:
    """One of each class of layers, encoded, verified, and timed; ``say`` hears how far it is. Ctrl-C is `Stopped`, and
    leaves in ``into`` what there is. ``dense``: the dense product is timed beside itself, too, for a row of its own."""
    found: dict[tuple[Any, ...], Measured] = {}
    for layer in layers:
        labels = to_time(layer, question) if not layer.failed else ()
        if labels:
            found.setdefault((*group(layer), labels), Measured(layer, labels))
    out = [] if into is None else into
    out += found.values()
    if not out:
        return out
    build.build()
    home = build.state_folder()
    home.mkdir(parents=True, exist_ok=True)
    sweep(home, f"{PREFIX}*")
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=home) as folder:
        parts = []
        for number, one in enumerate(found.values()):
            say(f"encoding {one.layer.name}: {', '.join(one.labels)}")
            parts.append((one, _part(one, question, Path(folder) / str(number), effort, dense)))
        _run(parts, question, effort, say)
    return out


def _part(one: Measured, question: Question, folder: Path, effort: Effort, with_dense: bool) -> Part:
    """Payloads of a layer in a folder, and what is measured of them."""
    matrix, _ = one.layer.weights.read()
    source = as_source(matrix, getattr(matrix, "dtype", "float32"))
    one.sha256, one.nnz = matrix_sha256(source), source.histogram().nnz
    folder.mkdir()
    dense, paths = one.layer.dense.label, dict[str, Path]()
    for label in (dense, *one.labels):
        try:
            encoded = space.encode(formats.parse(label), source, one.sha256)
        except Exception as error:  # another package's format may raise anything
            one.failed[label] = f"{type(error).__name__}: {error}"
            if label == dense:
                raise
            continue
        one.seconds[label] = encoded.seconds
        paths[label] = folder / f"{len(paths)}.dbp"
        try:
            encoded.payload.save(paths[label])
        except OSError as error:
            raise NoRoom(f"payloads cannot be kept in {folder.parent}", error) from error
    wanted = [label for label in (*([dense] if with_dense else []), *one.labels) if label in paths]
    if one.layer.dtype == "float32":
        wanted.append(BLAS)
    cells = tuple(cell_of(one, label, question) for label in wanted)
    return Part(Task("time", one.sha256, folder, folder, paths, dense, effort), cells)


def cell_of(one: Measured, label: str, question: Question) -> Cell:
    name, _, params = label.partition("[")
    detail = f"reference={one.layer.dense.label}"
    dataset = one.layer.weights.dataset
    return Cell("time", dataset, name, params.removesuffix("]"), question.batch, question.threads, "warm", detail)


def _run(parts: Iterable[tuple[Measured, Part]], question: Question, effort: Effort, say: Say) -> None:
    """The passes; Ctrl-C between them leaves what is there."""
    of = {cell: one for one, part in parts for cell in part.cells}
    left = [part for _, part in parts]

    def listen(event: Started | Ended, worker: Worker | None) -> None:
        if isinstance(event, Started):
            return
        one = of[event.cell]
        if isinstance(event, Done):
            one.passes.setdefault(event.cell.label, []).append(event.data)
        else:
            one.failed[event.cell.label] = event.reason

    for index in range(effort.passes):
        say(f"times: pass {index + 1} of {effort.passes}")
        seed = random.SystemRandom().getrandbits(32)
        todo = [
            replace(
                part,
                task=replace(part.task, seed=seed),
                cells=tuple(cell for cell in part.cells if cell.label not in of[cell].failed),
            )
            for part in left
        ]
        try:
            processes.run_parts([part for part in todo if part.cells], listen, effort.cell_timeout, question.threads)
        except KeyboardInterrupt:
            raise Stopped from None


def with_times(layers: Sequence[Layer], found: Sequence[Measured], question: Question) -> list[Layer]:
    """The layers with what was measured of them, or of one like them of which the same formats were measured."""
    known = {(*group(one.layer), one.labels): one for one in found}
    return [
        layer if layer.failed else _timed(layer, known.get((*group(layer), to_time(layer, question))))
        for layer in layers
    ]


def _timed(layer: Layer, one: Measured | None) -> Layer:
    if one is None:
        return layer
    like = "" if one.layer.weights is layer.weights else one.layer.name
    out = []
    for candidate in layer.candidates:
        time = one.time_of(candidate.label) if candidate.label in one.labels else None
        if candidate.label == layer.dense.label and one.pass_count > 1:
            time = Time(1.0, 1.0, 1.0, dense_ns=one.dense_ns)
        out.append(replace(candidate, measured=replace(time, like=like)) if time else candidate)
    return layer.with_candidates(out)
