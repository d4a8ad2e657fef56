"""Time: one pass over a matrix's cells in this process, and the row that many passes make."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.machine.pinning import pin, unpin
from dotbench.bench.metrics.column import count, error, number, word
from dotbench.bench.metrics.figure import SPEED, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.expected_time import START, Work
from dotbench.bench.plan.plan import SPINE, Plan
from dotbench.bench.record.code_hash.roots import BUILD, MULTIPLYING_C, Roots
from dotbench.bench.targets import ours, peers
from dotbench.bench.targets.checked import Reference, WrongProduct, cached_reference
from dotbench.bench.timing import pairs
from dotbench.cdot import kernel as kernels
from dotbench.formats.payloads.parallel import threads_taken
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.value_types import value_type

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

OWN = (
    f"{__name__}.one_pass", f"{__name__}.measure_cell", f"{__name__}.columns_of_row", "bench.run.processes.environment",
    "dotbench.bench.timing.stopping.why_stopped", "dotbench.bench.timing.allowance.Allowance",
    "dotbench.bench.plan.effort.Effort",
)  # fmt: skip
ROOTS = {
    "format": Roots((*OWN, *BUILD), kernel="whole"),
    "peer": Roots(  # nothing of our kernels is in a library's nanoseconds; the reference has a hash of its own
        OWN,
        apart=(
            "dotbench.bench.targets.ours.make",
            "dotbench.cdot.kernel.Kernel",
            "dotbench.formats.payloads.product.dot",
            "dotbench.cdot.library.library",
        ),
        c_only=("bench_flush",),
    ),
    "ceiling:decode": Roots(
        (*OWN, *BUILD), kernel="decoding", apart=("dotbench.formats.payloads.product.dot",), c_apart=MULTIPLYING_C
    ),
    "ceiling:memcpy": Roots(
        (*OWN, *BUILD), kernel="none", apart=("dotbench.formats.payloads.product.dot",), c_apart=MULTIPLYING_C
    ),
}
SLOW_OPEN = 0.1  # seconds of opening a payload, from which on once is enough


class Bench:
    """What the cells of one matrix share in one pass: payloads, references, thread pools."""

    def __init__(self, paths: dict[str, Path], sha256: str, folder: Path, reference: str = REFERENCE) -> None:
        self._reference = reference
        self._paths, self._sha256, self._folder = paths, sha256, folder
        self._payloads: dict[str, Payload] = {}
        self._references: dict[tuple[str, int], Reference] = {}
        self._pools: dict[int, kernels.Pool | None] = {1: None}
        self.repeats: dict[Cell, int] = {}  # of the reference in a sample, by its cell

    def payload(self, label: str) -> Payload:
        """The mapped payload of a format, its checksum verified once a pass."""
        if label not in self._payloads:
            self._payloads[label] = formats.load(self._paths[label], limits=None)
        return self._payloads[label]

    def reference(self, label: str, batch: int) -> Reference:
        """What the product of a format has to be: the matrix's, for a lossy one that of what it holds."""
        known = self._known(label, batch)
        if known not in self._references:
            source, name = self.payload(known[0]), "products"
            if known[0] != self._reference:
                name = f"products-{self._paths[label].stem}"
            self._references[known] = cached_reference(source, self._sha256, batch, self._folder, name)
        return self._references[known]

    def _known(self, label: str, batch: int) -> tuple[str, int]:
        lossy = not peers.is_peer(label) and not formats.parse(label).lossless
        return (label if lossy else self._reference), batch

    def pool(self, threads: int) -> kernels.Pool | None:
        """Threads that wait; none for one. Made where this process may run on all its cores (`unpin`)."""
        if threads not in self._pools:
            self._pools[threads] = kernels.Pool(threads)
        return self._pools[threads]

    def target(self, cell: Cell) -> ours.Target:
        X, cold = self.reference(cell.about, cell.batch).X, cell.cache == "cold"
        if peers.is_peer(cell.label):
            return peers.parse(cell.label).target(self.payload(self._reference), self._paths.get(cell.label), X, cold)
        payload = self.payload(cell.about)
        return ours.make(cell.format, payload, X, self.pool(self.threads(cell, payload)), cold)

    def threads(self, cell: Cell, payload: Payload) -> int:
        """As many as `Payload.dot` takes where the cell's are asked for, so that a row says what a user gets."""
        return threads_taken(payload.kernel, cell.batch, payload.shape[1], cell.threads)

    def open_us(self, cell: Cell) -> float | None:
        """Microseconds of opening the cell's payload: header, tables, checks; the best of three, if that is quick."""
        if cell.label not in self._paths or peers.is_peer(cell.label):
            return None
        payload, best = self.payload(cell.label), float("inf")
        for _ in range(3):
            start = time.perf_counter()
            kernels.Kernel(payload.format.name, payload.data, payload.format.kernel_source)
            best = min(best, time.perf_counter() - start)
            if best > SLOW_OPEN:
                break
        return best * 1e6


MeasureOne = Callable[[Bench, Cell, Effort, random.Random], dict[str, Any]]


def measure_cell(bench: Bench, cell: Cell, effort: Effort, rng: random.Random) -> dict[str, Any]:
    """Checks one cell's product, then times it against the reference; what the journal keeps of it."""
    one_thread = cell.threads == 1
    (pin if one_thread else unpin)()  # before threads start: they stay on the cores of who starts them
    target = bench.target(cell)
    start = time.perf_counter_ns()
    product = target.product()
    spent = time.perf_counter_ns() - start
    if product is None and not cell.label.startswith("ceiling:"):
        raise WrongProduct(f"{cell.label} gives no product, and what cannot be checked is not timed")
    error = None if product is None else bench.reference(cell.about, cell.batch).error(product)
    same = Cell("time", cell.dataset, cell.reference, "", cell.batch, cell.threads, cell.cache)
    against = bench.target(same)
    sample_ns = effort.sample_ms * 1e6
    known = bench.repeats.get(same)
    alone = 1 if product is not None and spent >= pairs.LONG * sample_ns else None
    done = pairs.measure(target.run, against.run, effort.rounds, sample_ns, rng, one_thread, known, alone)
    bench.repeats[same] = done.reference_repeats
    data = {
        **asdict(done),
        "call_ns": target.call_ns,
        "product_error": error,
        "open_us": bench.open_us(cell),
    }
    if not one_thread:
        data |= scaling(bench, cell, target, effort, rng)
    return data


def scaling(bench: Bench, cell: Cell, target: ours.Target, effort: Effort, rng: random.Random) -> dict[str, float]:
    """How much T threads gain over one, and what a compute probe gains in the same rounds (rule 8)."""
    alone = bench.target(Cell("time", cell.dataset, cell.format, cell.params, cell.batch, 1, cell.cache))
    pool, work = bench.pool(cell.threads), 1_000_000
    sample_ns = effort.sample_ms * 1e6
    gained = pairs.measure(alone.run, target.run, effort.rounds, sample_ns, rng, False)
    probe = pairs.measure(
        lambda repeat: kernels.bench_compute(None, work, repeat),
        lambda repeat: kernels.bench_compute(pool, work, repeat),
        effort.rounds,
        sample_ns,
        rng,
        False,
    )
    return {"log_speedup": gained.log_ratio, "log_probe_speedup": probe.log_ratio}


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Formats, peers and ceilings, with each number of vectors, of threads, and each state of the cache."""
    if plan.leaves_untimed(dataset):
        return
    for batch in sorted({batch for name, _ in _targets(plan) for batch in plan.batches_of(name)}):
        for threads in plan.threads:
            for cache in plan.caches:
                yield from _cells_of(plan, dataset, batch, threads, cache)


def _cells_of(plan: Plan, dataset: str, batch: int, threads: int, cache: str) -> Iterator[Cell]:
    reference = value_type(plan.dtype).reference
    detail = "" if reference == REFERENCE else f"reference={reference}"
    for name, params in _targets(plan):
        if batch in plan.batches_of(name):
            yield Cell("time", dataset, name, params, batch, threads, cache, detail)
    for format_ in plan.formats if plan.ceilings and threads == 1 else ():
        if batch in plan.batches_of(format_.name) and (format_.name in SPINE or plan.later_ceilings):
            yield Cell("time", dataset, "ceiling:memcpy", f"format={format_}", batch, threads, cache, detail)
            if format_.coded:
                yield Cell("time", dataset, "ceiling:decode", f"format={format_}", batch, threads, cache, detail)


def _targets(plan: Plan) -> list[tuple[str, str]]:
    return [(one.name, one.params) for one in (*plan.formats, *(peer for peer in plan.peers if peer.timed))]


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """What a row says besides its figures; ``reference_sha`` is filled in by whoever makes the row."""
    return {
        "batch": cell.batch,
        "threads": cell.threads,
        "cache": cell.cache,
        "isa": place.isa,
        "compiler": place.compiler,
        "reference": cell.reference,
        "machine": place.machine,
    }


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """One pass over all cells."""
    one_pass(task, cells, wire, measure_cell)


def one_pass(task: Task, cells: list[Cell], wire: Wire, measure_one: MeasureOne) -> None:
    """Each cell once, in shuffled order; one that fails says why and does not stop the others."""
    bench = Bench(task.paths, task.sha256, task.folder, task.reference)
    rng = random.Random(task.seed)
    order = list(cells)
    rng.shuffle(order)
    for cell in order:
        wire.start(cell)
        try:
            wire.done(cell, measure_one(bench, cell, task.effort, rng))
        except Exception as error:
            wire.fail(cell, error)


def columns_of_row(
    cell: Cell, passes: Sequence[dict[str, Any]], nnz: int, encode_seconds: float | None, stop: str
) -> dict[str, Any]:
    """The columns of time.csv that the passes of a cell decide."""
    from math import exp

    known = pairs.estimate([one["log_ratio"] for one in passes])
    ns = statistics.median(one["ns"] for one in passes)
    opened = [one["open_us"] for one in passes if one["open_us"] is not None]
    errors = [one["product_error"] for one in passes if one["product_error"] is not None]
    speedups = {
        name: exp(statistics.median(one[f"log_{name}"] for one in passes)) if f"log_{name}" in passes[0] else None
        for name in ("speedup", "probe_speedup")
    }
    work = nnz * cell.batch
    return {
        "time_ratio": known.ratio,
        "ratio_low": known.low,
        "ratio_high": known.high,
        "ns_per_dot": ns,
        "ns_per_nonzero": ns / work if work else None,
        "gmac_per_s": work / ns if ns and not cell.format.startswith("ceiling:") else None,
        "encode_seconds": encode_seconds,
        "open_us": statistics.median(opened) if opened else None,
        "passes": len(passes),
        "stop": stop,
        "call_ns": statistics.median(one["call_ns"] for one in passes) or None,
        "product_error": max(errors) if errors else None,
        **speedups,
    }


CHECKED = 3  # products of a cell and its reference beside those in samples


def seconds(cell: Cell, work: Work) -> float:
    """All passes of a cell."""
    vectors = float(max(cell.batch, 1) ** 0.75)
    sample = max(work.effort.sample_ms / 1e3, work.product * vectors)
    return work.effort.passes * (START + 4 * work.effort.rounds * sample + CHECKED * work.product * vectors)


METRIC = Metric(
    name="time",
    summary="time of a product over that of the reference kernel, from interleaved pairs, with its 99 % interval",
    columns=(
        count("batch", "vectors", "multiplied at once"),
        count("threads", "threads", "asked for"),
        word("cache", "warm, or cold: the payload is flushed from the caches before each product"),
        word("isa", "instruction set that the kernels were compiled for"),
        word("compiler", "of the kernels, with its version"),
        word("reference", "format whose kernel times are held against"),
        word("reference_sha", "hash of the code that the reference's figure depends on"),
        number("time_ratio", 4, "times the reference", "time of a product over the reference's; below 1 is faster"),
        number("ratio_low", 4, "times the reference", "lower end of its 99 % interval"),
        number("ratio_high", 4, "times the reference", "upper end of its 99 % interval"),
        number("ns_per_dot", 1, "ns", "time of a product, the median of the passes"),
        number("ns_per_nonzero", 4, "ns", "the same per nonzero and vector"),
        number("gmac_per_s", 3, "1e9/s", "multiplications of nonzeros a second; not of ceilings"),
        number("encode_seconds", 4, "s", "time to encode"),
        number("open_us", 1, "µs", "time to open the payload: header, tables, checks"),
        count("passes", "passes", "processes that measured it"),
        word("stop", "why no pass was added"),
        word("machine", "where it was measured: processor and cores"),
        number("call_ns", 1, "ns", "what an empty Python call costs in a peer's figure"),
        error("product_error", "largest error of a product against float64, over sum |w||x|"),
        number("speedup", 4, "times", "what the threads gain over one"),
        number("probe_speedup", 4, "times", "what they gain for a compute probe in the same rounds"),
    ),
    keys=("batch", "threads", "cache"),
    figures=(Figure("time_ratio", SPEED, "time", False, "ratio_low", "ratio_high", "passes", False),),
    equal=("isa", "compiler", "reference", "reference_sha"),
    roots=ROOTS,
    place=("machine", "isa", "compiler"),
    cells=cells,
    constant=constant,
    measure=measure,
    of_passes=columns_of_row,
    seconds=seconds,
    axes=(
        Axis("time_ratio", "time of a product / time with csc", "ratio", "ratio_low", "ratio_high", 11, True),
        Axis("ns_per_dot", "time of a product", "ns", place=12),
        Axis("ns_per_nonzero", "time per nonzero", "ns", place=13),
        Axis("encode_seconds", "time to encode", "s", place=14),
        Axis("product_error", "error of a product against float64", "share", place=99),
    ),
    shown=2,
)
