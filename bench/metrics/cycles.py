"""Cycles: what products of an int8 layer take on a Cortex-M55, run under QEMU and estimated.

A run's product is compared with the host's bit for bit before any count is believed. Kernels: ``open``, ``dot``
(one vector) and ``pixels`` (all vectors of one inference, `firmware.measure.TILE` at once, or as many as fit, so
that decoding is shared by them). Counts are exact, cycles are estimates (docs/cycles.md); ``placement`` is where
the payload lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dotbench import datasets, formats
from dotbench.bench.metrics.column import Column, count, word
from dotbench.bench.metrics.figure import SIZE, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis, Chart, Strip
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import PRODUCTS, PRODUCTS_C, Roots
from dotbench.cdot.places import brings
from dotbench.datasets.models.names import split
from dotbench.datasets.registry import TWIN
from dotbench.firmware.errors import DoesNotFit, FirmwareError, TargetHung, Unavailable
from dotbench.firmware.jobs import PLACEMENTS, Placement
from dotbench.firmware.measure import Measured, in_places, job_of
from dotbench.firmware.runners import qemu

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

Found = dict[Placement, list[Measured] | DoesNotFit]

ROOTS = {
    "format": Roots(
        (f"{__name__}.run", f"{__name__}.tell"),
        kernel="whole",
        target="microcontroller",
        apart=(
            "dotbench.firmware.toolchain.HOST_ONLY",
            "dotbench.firmware.toolchain.HARNESS",
            *PRODUCTS,
        ),  # files: what they hold counts
        c_apart=PRODUCTS_C,
        c_files=("firmware/target/*.c",),
        texts=("firmware/target/*.ld", "firmware/target/libc/*.h", "firmware/plugin/*.[ch]"),
    )
}
PLACES = ("tcm", "ddr")
AT_ONCE = 2  # QEMUs


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Every format with one vector, and with the layer's pixels where it has several, in two memories."""
    pixels = datasets.pixels(dataset)
    kernels = ("open", "dot", "pixels") if pixels > 1 else ("open", "dot")
    for one in plan.formats:
        for place in PLACES:
            for kernel in kernels:
                detail = f"kernel={kernel},pixels={pixels},place={place}"
                yield Cell("cycles", dataset, one.name, one.params, detail=detail)


def constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Model, layer, kernel, and where the payload lies."""
    known = cell.details()
    named = names_of(cell.dataset)
    return named | {"kernel": known["kernel"], "runner": "qemu", "placement": str(PLACEMENTS[known["place"]])}


def names_of(dataset: str) -> dict[str, str]:
    """``model`` and ``layer`` of a data set: ``sparse_l_90`` and ``05_conv1x1``; of a matrix its name twice."""
    name = dataset.removesuffix(TWIN)
    model, _, layer = name.removeprefix(datasets.zoo.PREFIX).partition("#")
    if name not in datasets.zoo.entries():
        model, layer = split(name)
    return {"model": model, "layer": layer or model}


def find() -> qemu.Qemu:
    """QEMU and what reads its images, or Unavailable with the line that installs what is missing."""
    if not find_spec("capstone") or not find_spec("elftools"):
        raise Unavailable("capstone and pyelftools, which read images, are not installed", brings("firmware"))
    program = qemu.find()
    qemu.version_of(program)
    return qemu.Qemu(program)


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """A run a format and placement, two at once, for all of its cells."""
    try:
        runner = find()
    except FirmwareError as lack:
        for cell in cells:
            wire.start(cell)
            wire.lack(cell, "unavailable", str(lack))
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {}
        for cell in cells:
            if cell.label not in runs:
                runs[cell.label] = pool.submit(partial(run, runner, task, cell))
        for cell in cells:
            wire.start(cell)
            tell(cell, runs[cell.label], wire)


def run(runner: qemu.Qemu, task: Task, cell: Cell) -> Found:
    """All kernels of a format's payload, in all placements."""
    payload = formats.load(task.paths[cell.label], limits=None)
    job = job_of(payload, pixels=int(cell.details()["pixels"]))
    return in_places(runner, job, [PLACEMENTS[place] for place in PLACES])


def tell(cell: Cell, run: Future[Found], wire: Wire) -> None:
    """A cell's row from its run, or why there is no figure."""
    known = cell.details()
    try:
        found = run.result()[PLACEMENTS[known["place"]]]
        if isinstance(found, DoesNotFit):
            raise found
        wire.done(cell, next(one.columns for one in found if one.kernel == known["kernel"]))
    except Exception as error:
        if (status := status_of(error)) == "failed":
            wire.fail(cell, error)
        else:
            wire.lack(cell, status, str(error))


def status_of(error: Exception) -> str:
    """What a row without a figure is called."""
    if isinstance(error, DoesNotFit | Unavailable):
        return "unavailable"
    return "timeout" if isinstance(error, TargetHung) else "failed"


WHERE: tuple[Column, ...] = (  # of board.csv too
    word("model", "model file that the layer is of"),
    word("layer", "its number and kind"),
    word("kernel", "open; dot: one vector; pixels: all vectors of one inference"),
    word("runner", "qemu, fvp, or a board's name in its TOML"),
    word("placement", "where the payload lies: tcm, ddr"),
)
METRIC = Metric(
    name="cycles",
    summary="instructions of int8 layers on a Cortex-M55 under QEMU, and the cycles estimated from them",
    columns=(
        *WHERE,
        count("instructions", "instructions", "counted under QEMU"),
        count("instructions_fvp", "instructions", "counted by Arm's FVP, where it is there"),
        count("cycles_est_low", "cycles", "estimated, at the least"),
        count("cycles_est_mid", "cycles", "estimated, most likely"),
        count("cycles_est_high", "cycles", "estimated, at the most"),
        count("code_bytes", "bytes", "of the kernel's code"),
        count("data_bytes", "bytes", "of the payload and what else is read"),
        count("scratch_bytes", "bytes", "of workspace"),
        count("pixels", "vectors", "that one inference multiplies by the layer"),
    ),
    keys=("kernel", "placement", "runner"),
    figures=(
        Figure("cycles_est_mid", limit="1%"),
        Figure("instructions"),
        Figure("code_bytes", SIZE),
        Figure("data_bytes", SIZE),
        Figure("scratch_bytes", SIZE),
    ),
    roots=ROOTS,
    dtypes=("int8",),
    cells=cells,
    constant=constant,
    measure=measure,
    axes=(
        Axis("cycles_est_mid", "cycles, estimated", "number", "cycles_est_low", "cycles_est_high", 41),
        Axis("instructions", "instructions on the microcontroller", place=42),
    ),
    chart=Chart(
        "On the microcontroller: counted and estimated",
        "Microcontroller",
        "Instructions are exact counts of the same C sources built for a Cortex-M55. Cycles are estimated from them "
        "(low to high); they are no measurement.",
        (
            Strip("cycles_est_mid", "cycles, estimated", low="cycles_est_low", high="cycles_est_high"),
            Strip("instructions", "instructions"),
            Strip("data_bytes", "bytes of data", "bytes"),
            Strip("code_bytes", "bytes of code", "bytes"),
            Strip("scratch_bytes", "bytes of workspace", "bytes"),
        ),
        ("layer", "kernel"),
    ),
    shown=7,
)
