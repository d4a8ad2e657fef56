"""A payload on a target: the cells of ``nox -s firmware``, a run on QEMU, the FVP or a board each.

A cell is a payload, a runner and a placement. One run gives the figures of several kernels (``kernels``): each becomes
a row, and the target says which there are. Rows depend on the same code as those of `bench.metrics.cycles`.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench import formats
from dotbench.bench.metrics import cycles
from dotbench.bench.metrics.metric import job
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.firmware.errors import DoesNotFit, Unavailable
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.measure import Measured, in_places, job_of, on_board, on_fvp, on_qemu
from dotbench.firmware.runners import Runner, board, fvp, qemu
from dotbench.formats.format import Format

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

Row = dict[str, Any]

ROOTS = cycles.ROOTS
BOARD = "DOTBENCH_BOARD"  # the TOML of a board, for the measuring process


def cell(dataset: str, format_: Format, runner: str, place: str, pixels: int, plugin: bool) -> Cell:
    """A payload on a runner. A board that is described in other words is another board."""
    detail = f"runner={runner},place={place},pixels={pixels},plugin={int(plugin)}"
    if runner == "board":
        detail += f",board={hashlib.sha256(Path(os.environ[BOARD]).read_bytes()).hexdigest()[:16]}"
    return Cell("firmware", dataset, format_.name, format_.params, detail=detail)


def constant(cell: Cell, place: Place) -> Row:
    """Layer, runner, and where the payload lies."""
    known = cell.details()
    runner = found(known["runner"]).name if known["runner"] == "board" else known["runner"]
    return cycles.names_of(cell.dataset) | {"runner": runner, "placement": str(PLACEMENTS[known["place"]])}


def found(name: str) -> Runner:
    """The runner of a name, or Unavailable with the line that brings it."""
    if name == "qemu":
        return cycles.find()
    if name == "fvp":
        return fvp.Fvp(fvp.find())
    if BOARD not in os.environ:
        raise Unavailable("no board is configured", "--board FILE.toml")
    return board.read_board(Path(os.environ[BOARD]))


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """A run a cell; QEMU runs twice at once, a board once."""
    name = cells[0].details()["runner"]
    try:
        runner = found(name)
    except Unavailable as lack:
        for one in cells:
            wire.start(one)
            wire.lack(one, "unavailable", str(lack))
        return
    with ThreadPoolExecutor(cycles.AT_ONCE if name == "qemu" else 1) as pool:
        runs = [(one, pool.submit(run, runner, task.paths[one.label], one)) for one in cells]
        for one, ended in runs:
            wire.start(one)
            tell(one, ended, wire)


def run(runner: Runner, path: Path, cell: Cell) -> Row:
    """The columns that the kernels share, and those of each."""
    payload, known = formats.load(path, limits=None), cell.details()
    where, counted = PLACEMENTS[known["place"]], bool(int(known["plugin"]))
    measured: list[Measured] | DoesNotFit
    if isinstance(runner, qemu.Qemu):
        job = job_of(payload, pixels=int(known["pixels"]) if counted else 0)
        measured = in_places(runner, job, [where])[where] if counted else on_qemu(runner, job, where, plugin=False)
    else:
        on = on_board if isinstance(runner, board.Board) else on_fvp
        measured = on(runner, job_of(payload, repeat=5), where)
    if isinstance(measured, DoesNotFit):
        raise measured
    return {"weight_bytes": payload.nbytes, "kernels": {one.kernel: one.columns for one in measured}}


def tell(cell: Cell, ended: Future[Row], wire: Wire) -> None:
    """What came of a run."""
    try:
        wire.done(cell, ended.result())
    except Exception as error:
        if (status := cycles.status_of(error)) == "failed":
            wire.fail(cell, error)
        else:
            wire.lack(cell, status, str(error))


def rows_of(row: Row) -> list[Row]:
    """The rows of cycles.csv or board.csv that a cell's row stands for: a kernel each, one where there is no figure."""
    known = {name: value for name, value in row.items() if name != "kernels"}
    return [known | {"kernel": kernel} | columns for kernel, columns in row.get("kernels", {"dot": {}}).items()]


JOB = job(
    "firmware",
    "payloads on a runner of a Cortex-M55, in every placement",
    ROOTS,
    measure,
    constant=constant,
)
