"""Instructions: how many one product has, counted exactly. The same on every machine with this instruction set.

One vector, one thread. ``instructions_per_dot`` is the product as users call it. For formats whose blocks the
shared multipliers take, ``decode_instructions_per_dot`` is what filling the blocks has, and
``multiply_instructions_per_dot`` the rest; a fused kernel does both at once, and the two are empty.

Of a large matrix (`bench.counting.column_sample`) a slice of columns is counted, ``columns_share`` of them: then all
figures are of these ``columns_counted`` columns, not scaled up, and those per nonzero are of the nonzeros in them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.bench.counting import callgrind, column_sample
from dotbench.bench.counting.callgrind import Count, Job
from dotbench.bench.metrics.column import count, number, word
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.expected_time import START, Work
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import BUILD, Roots
from dotbench.bench.targets.checked import Reference
from dotbench.datasets.cache import CachedSource
from dotbench.formats.payloads.payload import Payload

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {
    "format": Roots(
        (f"{__name__}.measure", f"{__name__}.columns_of_row", *BUILD),
        kernel="whole",
        c_apart=("bench_*",),  # the program that counts is another than the one that times
        c_files=("cdot/drivers/count.c",),
    )
}


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Every format with one vector. Peers have none: their instructions are those of the machine's libraries."""
    if plan.leaves_untimed(dataset):
        return
    for one in plan.formats:
        yield Cell("instructions", dataset, one.name, one.params, batch=1)


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Batch, and what the machine code depends on."""
    return {"batch": cell.batch, "isa": place.isa, "compiler": place.compiler}


def check(payload: Payload, begin: int, end: int, bits: npt.NDArray[np.float32]) -> None:
    """WrongProduct where the product that was counted is not that of the columns that the payload holds."""
    from scipy.sparse import csc_array

    n, columns = payload.shape[0], payload.columns(begin, end)
    W = csc_array((columns.values.astype(np.float64), columns.rows, columns.indptr), shape=(n, end - begin))
    x, y = callgrind.vector(n, payload.dtype), bits.view(payload.kernel.arithmetic.outputs)
    wide = x.astype(np.float64)
    exact, scale = np.asarray(W.T @ wide), np.asarray(abs(W).T @ np.abs(wide))
    Reference(x[None], exact[None], scale[None]).error(y[None, begin:end])


def columns_of_row(count: Count, columns: tuple[int, int], m: int, nnz: int) -> dict[str, Any]:
    """The columns of instructions.csv behind `constant`'s; ``nnz``: in the columns that were counted."""
    counted = columns[1] - columns[0]
    return {
        "instructions_per_dot": count.dot,
        "instructions_per_nonzero": count.dot / nnz if nnz else None,
        "columns_counted": counted,
        "columns_share": "1" if counted == m else f"1/{column_sample.SHARE}",
        "decode_instructions_per_dot": count.decode,
        "multiply_instructions_per_dot": None if count.decode is None else count.dot - count.decode,
    }


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Counts a matrix's cells in one process under valgrind; each product is checked before its row is written."""
    source = CachedSource(task.matrix)
    columns = column_sample.cached_columns_of(source, task.folder)
    nnz = source.columns(*columns).nnz
    payloads = dict(_loaded(task, cells, wire))
    jobs = [
        Job(payload.format.name, task.paths[cell.label], *columns, payload.format.kernel_source)
        for cell, payload in payloads.items()
    ]
    with (
        tempfile.TemporaryDirectory(dir=task.folder) as scratch,
        closing(callgrind.count(jobs, Path(scratch))) as results,
    ):
        for cell, payload in payloads.items():
            wire.start(cell)
            result = next(results)
            try:
                if isinstance(result, Exception):
                    raise result
                check(payload, *columns, result.y)
                wire.done(cell, columns_of_row(result, columns, source.shape[1], nnz))
            except callgrind.Unavailable as lack:
                wire.lack(cell, "unavailable", str(lack))
            except Exception as error:
                wire.fail(cell, error)


def _loaded(task: Task, cells: list[Cell], wire: Wire) -> Iterator[tuple[Cell, Payload]]:
    """The cells whose payload can be read; of the others is said why not."""
    for cell in cells:
        try:
            yield cell, formats.load(task.paths[cell.label], limits=None)
        except Exception as error:
            wire.start(cell)
            wire.fail(cell, error)


VALGRIND = 50  # times slower
COUNTED = 8  # products and decodings under valgrind


def seconds(cell: Cell, work: Work) -> float:
    """Of the columns that are counted."""
    share = column_sample.SHARE if work.entries > column_sample.WHOLE else 1
    return START + COUNTED * VALGRIND * work.product / share + work.product


METRIC = Metric(
    name="instructions",
    summary="instructions of a product of one vector, counted exactly under callgrind",
    columns=(
        count("batch", "vectors", "multiplied at once"),
        word("isa", "instruction set that the kernels were compiled for"),
        word("compiler", "of the kernels, with its version"),
        count("instructions_per_dot", "instructions", "of a product, in the columns that were counted"),
        number("instructions_per_nonzero", 4, "instructions", "the same over the nonzeros in these columns"),
        count("columns_counted", "columns", "that were counted: all, or of a large matrix a slice"),
        word("columns_share", "their share of all columns: 1, or a fraction"),
        count("decode_instructions_per_dot", "instructions", "of these for filling blocks; empty of a fused kernel"),
        count("multiply_instructions_per_dot", "instructions", "the rest; empty of a fused kernel"),
    ),
    keys=("batch",),
    figures=(Figure("instructions_per_dot", name="instructions", limit="1%"),),
    equal=("isa", "compiler", "columns_counted"),
    roots=ROOTS,
    place=("isa", "compiler"),
    cells=cells,
    constant=constant,
    measure=measure,
    seconds=seconds,
    axes=(
        Axis("instructions_per_dot", "instructions of a product", place=21),
        Axis("instructions_per_nonzero", "instructions per nonzero", place=22),
    ),
    shown=3,
)
