"""One encoding in a fresh process: seconds, and the most memory that it had. For `bench.goals.encode_speed`."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dotbench import formats
from dotbench.bench.metrics.metric import job
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.record.code_hash.roots import BUILD, Roots
from dotbench.cdot import library
from dotbench.datasets.cache import CachedSource
from dotbench.formats.format import Format
from dotbench.formats.sources.source import Source

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {"format": Roots((f"{__name__}.measure", *BUILD))}


def cell(dataset: str, format_: Format, threads: int, array: bool) -> Cell:
    """A format's encoding, from a dense array in row order or from the cached matrix."""
    detail = f"from={'array' if array else 'cache'}"
    return Cell("encoding", dataset, format_.name, format_.params, threads=threads, detail=detail)


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Where it was measured."""
    return {"threads": cell.threads, "machine": place.machine}


def peak_bytes() -> int:
    """The most memory that this process had at once. VmHWM, where there is one: it is of this program alone."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def as_array(source: Source) -> np.ndarray[Any, np.dtype[Any]]:
    """The whole matrix in row order, as users have it."""
    n, m = source.shape
    return np.ascontiguousarray(source.columns(0, m).dense(n).T)


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Encodes the cached matrix, or the array of it; what a format refuses is skipped."""
    library.library()
    for one in cells:
        wire.start(one)
        try:
            _one(one, CachedSource(task.matrix), wire)
        except Exception as error:
            wire.fail(one, error)


def _one(cell: Cell, source: CachedSource, wire: Wire) -> None:
    matrix = as_array(source) if cell.details()["from"] == "array" else source
    format_ = formats.parse(cell.label)
    start, used = time.perf_counter(), time.process_time()
    try:
        payload = format_.encode(matrix, cell.threads)
    except ValueError as error:
        wire.lack(cell, "skipped", f"refused: {error}", {"seconds": time.perf_counter() - start})
        return
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    sizes = {"payload_bytes": payload.nbytes, "peak_bytes": peak_bytes()}
    wire.done(cell, {"seconds": seconds, "cpu_seconds": cpu, **sizes})


JOB = job(
    "encoding",
    "how fast a format is encoded, and in how much memory",
    ROOTS,
    measure,
    constant=constant,
    place=("machine", "isa", "compiler"),
    reads_payloads=False,
    alone=True,
)
