"""Sizes and times of formats against a dense product, density by density, and finer where they cross.

Payloads are encoded and verified here, as runs do; times are races (`dotbench.bench.timing.pairwise`) in the processes
of a run: every product is compared with float64 first, then A B B A rounds, one log median a process.
"""

from __future__ import annotations

import math
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dotbench import formats
from dotbench.bench.breakeven.question import Question
from dotbench.bench.breakeven.thresholds import Point, Threshold, crossing, fewest
from dotbench.bench.machine import describe
from dotbench.bench.metrics import space
from dotbench.bench.metrics.messages import Done, Ended, Part, Started, Task, Worker
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.run import processes
from dotbench.bench.targets import peers
from dotbench.bench.timing import pairs
from dotbench.cdot import build
from dotbench.cdot.fresh import sweep
from dotbench.datasets.errors import NoRoom
from dotbench.datasets.thinned import Thinned
from dotbench.formats.format import Format
from dotbench.formats.sources.source import as_source, matrix_sha256
from dotbench.formats.value_types import value_type

EFFORT = Effort(passes=6, rounds=4, sample_ms=0.5)
REFINED = 2  # times that a point is added where a curve crosses 1
GRID = ((98.0, 1.0), (100.0, 0.1))  # below that many per cent of zeros, points stand on multiples of that
TOGETHER = 1 << 30  # bytes of dense arrays, one for each format and point, that are measured in the same processes
# Dense products, the first one the usual: numpy's BLAS in float32, PyTorch's where it is installed, and our kernels.
DENSE = ("blas_dense", "torch_dense", "dense", "dense_s8")
NOT_ENCODED = (formats.TooMuchWork, ArithmeticError, ValueError, TypeError)  # what encoding and verifying raise
PREFIX = "breakeven-"  # of the folders that payloads are in
Say = Callable[[str], None]


@dataclass(frozen=True)
class Rival:
    """A dense product, and its time over that of the first one; None: it is the first."""

    name: str
    ratio: pairs.Estimate | None = None


@dataclass
class Curve:
    """What was measured of a format against one dense product: by batch the points, or why there are none."""

    points: list[Point] = field(default_factory=list)
    reason: str = ""

    def add(self, zeros: float, found: pairs.Estimate | str) -> None:
        """One more point, or the reason that there is none."""
        if isinstance(found, str):
            self.reason = self.reason or found
        else:
            self.points = sorted([*self.points, Point(zeros, found)], key=lambda point: point.zeros)

    def threshold(self) -> Threshold | None:
        """None where something went wrong."""
        return None if self.reason or len(self.points) < 2 else crossing(self.points)


@dataclass
class Size:
    """A format's bytes by percentage of zeros, and where they fall below those of the dense array."""

    bytes: dict[float, int] = field(default_factory=dict)
    threshold: Threshold | None = None
    zeros: int | None = None
    reason: str = ""


@dataclass
class Answer:
    """All that was found for a question. ``name``: of the family of matrices; ``matrix_sha256``: of the one without
    zeros. ``rivals``: the dense products by batch, ``best``: the name of the fastest; ``curves`` by format, rival and
    batch; ``passes``: processes that measured each ratio."""

    question: Question
    name: str
    matrix_sha256: str
    rivals: dict[int, list[Rival]] = field(default_factory=dict)
    best: dict[int, str] = field(default_factory=dict)
    sizes: dict[Format, Size] = field(default_factory=dict)
    curves: dict[tuple[Format, str, int], Curve] = field(default_factory=dict)
    passes: int = 0
    place: Place = field(default_factory=describe.place)


def dense_products(dtype: str) -> tuple[str, ...]:
    """The dense products that can be had here for matrices of a dtype.

    >>> dense_products("int8"), dense_products("float32")[0]
    (('dense_s8',), 'blas_dense')
    """
    return tuple(name for name in DENSE if _is_had(name, dtype))


def _is_had(name: str, dtype: str) -> bool:
    if name in formats.kinds():
        return dtype in formats.kinds()[name].value_types
    floats = value_type(dtype).arithmetic == value_type("float32").arithmetic  # libraries multiply it in float32
    return floats and name in peers.kinds() and not peers.lack(peers.parse(name))


class Measurement:
    """Answers one question; ``folder`` holds payloads as long as they are needed, ``say`` hears how far it is."""

    def __init__(self, question: Question, folder: Path, say: Say, effort: Effort = EFFORT) -> None:
        self.question, self._folder, self._say, self._effort = question, folder, say, effort
        self._dtype = value_type(question.dtype)
        self._family = Thinned(question.shape, self._dtype.dtype, question.values)

    def answer(self) -> Answer:
        """Sizes, then the dense products, then the curves."""
        asked = self.question
        whole = as_source(self._family.matrix(self._family.entries), self._dtype.dtype)
        found = Answer(asked, self._family.name, matrix_sha256(whole), passes=self._effort.passes)
        for one in asked.formats:
            self._say(f"{asked.dtype}: bytes of {one}")
            found.sizes[one] = self._size(one)
        self._race_dense(found)
        able = [one for one in asked.formats if not found.sizes[one].reason]
        for one in asked.formats:
            for batch in asked.batches:
                for rival in dict.fromkeys((dense_products(asked.dtype)[0], found.best[batch])):
                    found.curves[one, rival, batch] = Curve(reason=found.sizes[one].reason)
        wanted = {key: list(asked.zeros) for key in found.curves if key[0] in able}
        for turn in range(1 + REFINED):
            self._say(f"{asked.dtype}: times, {'finer, ' * bool(turn)}{len(_by_zeros(wanted))} shares of zeros")
            self._curves(found, wanted)
            wanted = {key: more for key, curve in found.curves.items() if (more := finer(curve))}
        return found

    # ---- bytes

    def _source(self, zeros: float) -> formats.Source:
        return as_source(self._family.matrix(self._family.nonzeros(zeros)), self._dtype.dtype)

    def _size(self, one: Format) -> Size:
        """The sizes at the curve's points; between the last that loses and the next, the exact threshold."""
        found, entries, limit = Size(), self._family.entries, self.question.dense_bytes
        at = {zeros: entries - self._family.nonzeros(zeros) for zeros in self.question.zeros}

        def size(zeros: int) -> int:
            return one.encode(self._family.matrix(entries - zeros)).nbytes

        begin, end = self.question.zeros[0], self.question.zeros[-1]
        try:
            found.bytes = {zeros: size(count) for zeros, count in at.items()}
            losing = [zeros for zeros, bytes_ in found.bytes.items() if bytes_ >= limit]
            if not losing:
                found.threshold = Threshold("always", begin, end)
            elif losing[-1] == end:
                found.threshold = Threshold("never", begin, end)
            else:
                next_ = self.question.zeros[self.question.zeros.index(losing[-1]) + 1]
                found.zeros = fewest(size, limit, at[losing[-1]], at[next_])
                self._verified(one, entries - found.zeros)
                exact = 100 * found.zeros / entries
                found.threshold = Threshold("from", begin, end, exact, exact, exact)
        except NOT_ENCODED as error:
            found.reason = f"{type(error).__name__}: {error}"
        return found

    def _verified(self, one: Format, nonzeros: int) -> None:
        """Encodes the matrix with so many nonzeros, and compares what the payload decodes to."""
        source = as_source(self._family.matrix(nonzeros), self._dtype.dtype)
        space.encode(one, source, matrix_sha256(source))

    # ---- time

    def _race_dense(self, found: Answer) -> None:
        """Which dense product is the fastest, by batch; its time does not depend on zeros."""
        first, *others = dense_products(self.question.dtype)
        zeros = self.question.zeros[len(self.question.zeros) // 2]
        cells = [self._cell(zeros, other, batch, first) for other in others for batch in self.question.batches]
        if cells:
            self._say(f"{self.question.dtype}: dense products")
        ratios = self._timed({zeros: cells}) if cells else {}
        for batch in self.question.batches:
            raced = [(other, ratios[self._cell(zeros, other, batch, first)]) for other in others]
            known = [Rival(other, ratio) for other, ratio in raced if isinstance(ratio, pairs.Estimate)]
            found.rivals[batch] = [Rival(first), *known]
            faster = [(one.ratio.ratio, one.name) for one in known if one.ratio and one.ratio.high < 1]
            found.best[batch] = min(faster)[1] if faster else first

    def _curves(self, found: Answer, wanted: dict[tuple[Format, str, int], list[float]]) -> None:
        cells = {
            zeros: [self._cell(zeros, str(one), batch, rival) for one, rival, batch in keys]
            for zeros, keys in _by_zeros(wanted).items()
        }
        for part in self._parts(cells):
            ratios = self._timed(part)
            for (one, rival, batch), asked in wanted.items():
                for zeros in set(asked) & part.keys():
                    ratio = ratios[self._cell(zeros, str(one), batch, rival)]
                    found.curves[one, rival, batch].add(zeros, ratio)

    def _parts(self, cells: dict[float, list[Cell]]) -> Iterable[dict[float, list[Cell]]]:
        """As many points at once as there is room for on the disk."""
        count = max(1, TOGETHER // (self.question.dense_bytes * (len(self.question.formats) + 1)))
        asked = list(cells.items())
        return [dict(asked[begin : begin + count]) for begin in range(0, len(asked), count)]

    def _cell(self, zeros: float, label: str, batch: int, rival: str) -> Cell:
        name, params = _split(label)
        dataset = f"{self._family.name}@{zeros:g}"
        return Cell("races", dataset, name, params, batch, self.question.threads, "warm", f"against={rival}")

    def _timed(self, cells: dict[float, list[Cell]]) -> dict[Cell, pairs.Estimate | str]:
        """The ratios of cells by percentage of zeros; instead of one that could not be measured, why."""
        out: dict[Cell, pairs.Estimate | str] = {}
        parts = []
        try:
            for zeros, asked in cells.items():
                task = self._task(zeros, asked, out)
                parts.append(Part(task, tuple(cell for cell in asked if cell not in out)))
            timeout = max(self._effort.cell_timeout, self._family.entries / 1e6)  # as in runs
            return out | passes(parts, replace(self._effort, cell_timeout=timeout), self.question.threads, self._say)
        finally:
            for path in self._folder.iterdir():
                shutil.rmtree(path)

    def _task(self, zeros: float, cells: Sequence[Cell], out: dict[Cell, pairs.Estimate | str]) -> Task:
        """Encodes and verifies what the cells multiply; ``out`` gets those whose format cannot be encoded."""
        source, folder = self._source(zeros), self._folder / f"{zeros:g}"
        sha, paths = matrix_sha256(source), dict[str, Path]()
        folder.mkdir()
        labels = [
            self._dtype.reference,
            *(cell.details()["against"] for cell in cells),
            *(cell.label for cell in cells),
        ]
        for label in dict.fromkeys(label for label in labels if not peers.is_peer(label)):
            try:
                payload = space.encode(formats.parse(label), source, sha).payload
            except NOT_ENCODED as error:
                out |= {cell: f"{type(error).__name__}: {error}" for cell in cells if cell.label == label}
                continue
            paths[label] = folder / f"{len(paths)}.dbp"
            try:
                payload.save(paths[label])
            except OSError as error:
                raise NoRoom(
                    f"payloads cannot be kept in {self._folder}, and nothing half-written stays", error
                ) from error
        return Task("races", sha, folder, folder, paths, self._dtype.reference, self._effort)


def passes(
    parts: Sequence[Part], effort: Effort, threads: int, say: Say = lambda words: None
) -> dict[Cell, pairs.Estimate | str]:
    """The ratios of all cells from passes in fresh processes, with Student's interval; why, where there is none."""
    logs: dict[Cell, list[float]] = {cell: [] for part in parts for cell in part.cells}
    failed: dict[Cell, str] = {}

    def listen(event: Started | Ended, worker: Worker | None) -> None:
        if isinstance(event, Done) and math.isfinite(event.data["log_ratio"]):
            logs[event.cell].append(event.data["log_ratio"])
        elif not isinstance(event, Started):
            failed[event.cell] = event.reason or "it has no ratio"

    for index in range(effort.passes):
        say(f"pass {index + 1} of {effort.passes}")
        seed = random.SystemRandom().getrandbits(32)
        left = [
            replace(part, task=replace(part.task, seed=seed), cells=tuple(set(part.cells) - failed.keys()))
            for part in parts
        ]
        processes.run_parts([part for part in left if part.cells], listen, effort.cell_timeout, threads)
    return {cell: failed.get(cell) or pairs.estimate(found) for cell, found in logs.items()}


def finer(curve: Curve) -> list[float]:
    """Where a point is missing: at the threshold, unless one stands there. None where a curve crosses nothing."""
    known = curve.threshold()
    if known is None or known.zeros is None:
        return []
    step = next(step for below, step in GRID if known.zeros < below)
    wanted = round(round(known.zeros / step) * step, 1)
    inside = known.begin < wanted < known.end
    return [wanted] if inside and wanted not in [point.zeros for point in curve.points] else []


def _by_zeros(wanted: dict[tuple[Format, str, int], list[float]]) -> dict[float, list[tuple[Format, str, int]]]:
    every = sorted({zeros for asked in wanted.values() for zeros in asked})
    return {zeros: [key for key, asked in wanted.items() if zeros in asked] for zeros in every}


def _split(label: str) -> tuple[str, str]:
    one = peers.parse(label) if peers.is_peer(label) else formats.parse(label)
    return one.name, one.params


def answered(question: Question, say: Say = lambda words: None, effort: Effort = EFFORT) -> Answer:
    """The answer to a question. Payloads lie in a folder of their own, which is gone afterwards; NoRoom where the disk
    has none for them. ``say`` hears how far it is.

    >>> from dotbench.bench.breakeven.question import Question, formats_of
    >>> asked = Question((64, 32), "float32", formats_of(["csc"], ["float32"])["float32"], zeros=(0.0, 80.0, 99.0))
    >>> found = answered(asked, effort=Effort(passes=2, rounds=2, sample_ms=0.1))
    >>> found.sizes[asked.formats[0]].threshold.answer, len(found.curves) >= 1
    ('from', True)
    """
    home = build.state_folder()
    build.build()  # once here, so that no worker's time holds a compilation
    home.mkdir(parents=True, exist_ok=True)
    sweep(home, f"{PREFIX}*")
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=home) as folder:
        return Measurement(question, Path(folder), say, effort).answer()
