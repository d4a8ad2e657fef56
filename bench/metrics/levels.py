"""Levels: what each sub-network of a nested matrix takes, keeps, and costs in time against a copy of its own.

Columns of levels.csv, of one product of one vector. Exact, from the payload:

- ``level``, ``rows``, ``columns``: its number (0 the smallest) and widths (inputs, outputs);
- ``multiplications``: rows times columns. ``multiplications_paper``: columns times all n rows, as REDS
  counts (a unit at full fan-in), so that its budgets are linear in widths;
- ``active_bytes``: weights that the product reads, 4 bytes each;
- ``sharing_gain``: weights that separate copies of this level and all smaller ones would hold, as a multiple
  of this level's, which holds them all;
- ``peak_activation_bytes``: input and output at once, float32;
- ``importance_kept``: the share of the sum of all |w| that lies in the level;
- ``error``: |W - W'| / |W| in the Frobenius norm, W' the level with zeros around it (``lossless``: it is 0).

Measured:

- ``product_error``: of the product against the masked matrix in float64, as a share of sum |w||x|;
- ``prefix_ratio``, ``prefix_low``, ``prefix_high``: time of the product over that of a compact copy of the level
  by the same kernel, in pairs, each pass in a fresh process with a copy of its own, as many as times get.
  At the full level it is the matrix against a copy of itself. Empty where a level is 0 by 0;
- ``adapt_ns``: one change of level, nanoseconds, in C over many.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import psutil

from dotbench import formats
from dotbench.bench.machine.pinning import pin
from dotbench.bench.metrics.column import count, error, number, truth, word
from dotbench.bench.metrics.figure import LEVEL, SIZE, SPEED, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Chart, Strip
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import BUILD, Roots
from dotbench.bench.targets.checked import Reference, reference_of
from dotbench.bench.timing import pairs
from dotbench.cdot.kernel import aligned
from dotbench.cdot.nested import LevelKernel
from dotbench.datasets.cache import CachedSource
from dotbench.formats.nested import Nested
from dotbench.formats.payloads.nested_matrix import NestedMatrix
from dotbench.formats.sources.source import Source

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

OWN = (
    f"{__name__}.measure", f"{__name__}.of_passes", "dotbench.bench.run.processes.environment",
    "dotbench.bench.timing.stopping.why_stopped", "dotbench.bench.timing.allowance.Allowance",
    "dotbench.bench.plan.effort.Effort",
)  # fmt: skip
ROOTS = {"format": Roots((*OWN, *BUILD), kernel="whole")}

ADAPTS, SAMPLES = 100_000, 9  # changes of level in a sample, samples
UNTIMED = {"log_ratio": 0.0, "sampling_seconds": 0.0}  # of a level without entries: nothing to wait for
CHUNK = 1 << 22  # weights that are summed up at once


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Every level of every nested format."""
    if plan.leaves_out_levels(dataset):
        return
    for one in plan.formats:
        if isinstance(one, Nested):
            for level in range(len(one.shares) + 1):
                yield Cell("levels", dataset, one.name, one.params, detail=f"level={level}")


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Which level, and where its time was measured."""
    return {"level": int(cell.details()["level"]), "isa": place.isa, "machine": place.machine}


def _sums(weights: npt.NDArray[np.float32]) -> tuple[float, float, int]:
    """The sums of |w| and of w^2 in float64, and the number of nonzeros."""
    size, squares, nonzeros = 0.0, 0.0, 0
    step = max(1, CHUNK // max(weights.shape[1], 1))
    for begin in range(0, len(weights), step):
        part = np.abs(weights[begin : begin + step].astype(np.float64))
        size += float(part.sum())
        squares += float((part * part).sum())
        nonzeros += int(np.count_nonzero(part))
    return size, squares, nonzeros


def exact(matrix: NestedMatrix, level: int) -> dict[str, Any]:
    """The columns that follow from the payload."""
    rows, columns = matrix.levels[level]
    n = matrix.levels[-1][0]
    matrix.adapt(len(matrix.levels) - 1)
    all_size, all_squares, nnz = _sums(matrix.weights)
    matrix.adapt(level)
    size, squares, kept = _sums(matrix.weights)
    held = [one_rows * one_columns for one_rows, one_columns in matrix.levels[: level + 1]]
    lost = math.sqrt(max(all_squares - squares, 0) / all_squares) if all_squares else 0.0
    return {
        "rows": rows,
        "columns": columns,
        "multiplications": rows * columns,
        "multiplications_paper": n * columns,
        "active_bytes": 4 * rows * columns,
        "sharing_gain": sum(held) / held[-1] if held[-1] else None,
        "peak_activation_bytes": 4 * (rows + columns),
        "importance_kept": size / all_size if all_size else None,
        "lossless": kept == nnz,
        "error": 0.0 if kept == nnz else lost,
    }


def masked(matrix: NestedMatrix, level: int, source: Source, seed: int) -> Reference:
    """A random vector's product with the matrix masked to a level, in the level's order of inputs and outputs."""
    rows, columns = matrix.levels[level]
    inputs, outputs = matrix.row_order[:rows], matrix.column_order[:columns]
    X = np.zeros((1, source.shape[0]), np.float32)
    X[:, inputs] = np.random.default_rng(seed).standard_normal((1, rows))
    whole = reference_of(source, X)
    return Reference(np.ascontiguousarray(X[:, inputs]), whole.Y[:, outputs], whole.scale[:, outputs])


def compact(matrix: NestedMatrix) -> npt.NDArray[np.uint8]:
    """The present level as the payload of a matrix of its own: by level, only the stride differs."""
    columns, rows = matrix.weights.shape
    return Nested("none").encode_with(matrix.weights.T, np.ones(rows), np.ones(columns)).data


def prefix_pass(matrix: NestedMatrix, X: npt.NDArray[np.float32], effort: Effort, rng: random.Random) -> dict[str, Any]:
    """One pass of pairs: the present level's product against its compact copy's; what the journal keeps of it."""

    def timed(kernel: LevelKernel) -> pairs.Run:
        y, scratch = np.zeros((1, kernel.shape[1]), np.float32), kernel.scratch(1, 1)
        return lambda repeat: kernel.bench_dot(X, y, (0, kernel.shape[1]), None, scratch, repeat)

    data = compact(matrix)
    copied = aligned(len(data))
    copied[:] = data
    runs = timed(matrix.kernel), timed(LevelKernel(copied))
    return asdict(pairs.measure(*runs, effort.rounds, effort.sample_ms * 1e6, rng))


def adapt_ns(matrix: NestedMatrix) -> float:
    """Nanoseconds of one change of level; the median of samples. The level is as before."""
    level = matrix.level
    spent = statistics.median(matrix.kernel.bench_adapt(ADAPTS) for _ in range(SAMPLES)) / ADAPTS
    matrix.adapt(level)
    return spent


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """One pass: checks each level's product against the masked matrix, then counts and times."""
    source, rng = CachedSource(task.matrix), random.Random(task.seed)
    order = list(cells)
    rng.shuffle(order)
    order.sort(key=lambda cell: cell.label)  # one payload after the other; its levels as they were shuffled
    opened: dict[str, NestedMatrix] = {}
    pin()
    for cell in order:
        wire.start(cell)
        try:
            if cell.label not in opened:  # in memory of the same kind as the compact copies': pages are alike
                opened = {cell.label: NestedMatrix(formats.load(task.paths[cell.label].read_bytes(), limits=None))}
            _one(cell, opened[cell.label], source, task, rng, wire)
        except Exception as error:
            wire.fail(cell, error)


def _one(cell: Cell, matrix: NestedMatrix, source: Source, task: Task, rng: random.Random, wire: Wire) -> None:
    level = int(cell.details()["level"])
    known = masked(matrix, level, source, int(task.sha256[:8], 16))
    row = exact(matrix, level) | {
        "product_error": known.error(matrix.dot(known.X, level)),
        "adapt_ns": adapt_ns(matrix),
    }
    if row["active_bytes"] > psutil.virtual_memory().available / 3:
        reason = f"no room for a compact copy of {row['active_bytes']} bytes to time against"
        wire.lack(cell, "unavailable", reason, row)
        return
    timed = prefix_pass(matrix, known.X, task.effort, rng) if row["multiplications"] else UNTIMED
    wire.done(cell, {**timed, "columns": row})


def of_passes(
    cell: Cell, passes: Sequence[dict[str, Any]], nnz: int, encode_seconds: float | None, stop: str
) -> dict[str, Any]:
    """The columns of levels.csv: the exact ones of any pass, an interval over all of them."""
    rows = [one["columns"] for one in passes]
    row: dict[str, Any] = rows[0] | {
        "product_error": max(one["product_error"] for one in rows),
        "adapt_ns": statistics.median(one["adapt_ns"] for one in rows),
    }
    if row["multiplications"]:
        known = pairs.estimate([one["log_ratio"] for one in passes])
        row |= {"prefix_ratio": known.ratio, "prefix_low": known.low, "prefix_high": known.high}
    return row


METRIC = Metric(
    name="levels",
    summary="nested sub-networks, level by level: what each reads, keeps and takes",
    columns=(
        count("level", "", "0 is the smallest"),
        count("rows", "rows", "inputs of the level's product"),
        count("columns", "columns", "outputs of the level's product"),
        count("multiplications", "multiplications", "of the level's product"),
        count("multiplications_paper", "multiplications", "as the paper counts them: all inputs, the level's outputs"),
        count("active_bytes", "bytes", "of weights that are read"),
        number("sharing_gain", 4, "times", "weights of separate copies of all levels so far over those of this one"),
        number("prefix_ratio", 4, "times a copy", "time of the product over that of a compact copy of the level"),
        number("adapt_ns", 1, "ns", "time to change to the level"),
        count("peak_activation_bytes", "bytes", "of inputs and outputs"),
        number("importance_kept", 4, "share", "sum of |w| that is kept, of the whole"),
        truth("lossless", "whether all nonzeros are in the level"),
        error("error", "relative Frobenius error against the whole matrix"),
        error("product_error", "largest error of a product against float64, over sum |w||x|"),
        number("prefix_low", 4, "times a copy", "lower end of prefix_ratio's 99 % interval"),
        number("prefix_high", 4, "times a copy", "upper end of prefix_ratio's 99 % interval"),
        word("isa", "instruction set that the kernels were compiled for"),
        word("machine", "where it was timed: processor and cores"),
    ),
    keys=("level",),
    figures=(
        Figure("active_bytes", SIZE),
        Figure("multiplications"),
        Figure("peak_activation_bytes", SIZE),
        Figure("importance_kept", LEVEL, more_is_better=True),
        Figure("error", SIZE),
        Figure("prefix_ratio", SPEED, low="prefix_low", high="prefix_high", gates=False, equal=("isa",)),
    ),
    roots=ROOTS,
    place=("machine", "isa", "compiler"),
    dtypes=("float32",),
    cells=cells,
    constant=constant,
    measure=measure,
    of_passes=of_passes,
    chart=Chart(
        "Nested sub-networks, level by level",
        "Levels",
        "One stored matrix holds several: each level is a smaller product that a device can switch to at run time. "
        "Below the full level it is another matrix (marked ≈), and its error stands beside every figure.",
        (
            Strip("multiplications", "multiplications"),
            Strip("active_bytes", "bytes of weights that are read", "bytes"),
            Strip("importance_kept", "sum of |w| that is kept", "share"),
            Strip("prefix_ratio", "time / time of a compact copy", "ratio", low="prefix_low", high="prefix_high"),
            Strip("adapt_ns", "time to change to the level", "ns"),
            Strip("sharing_gain", "weights of separate copies / weights here", "ratio"),
            Strip("peak_activation_bytes", "bytes of input and output", "bytes"),
            Strip("error", "error of the matrix", "share"),
        ),
        ("level",),
        beside="error",
    ),
    shown=6,
)
