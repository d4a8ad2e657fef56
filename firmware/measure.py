"""One payload on one target: run, compared with the host, counted, estimated.

No count is given before the product has been compared bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.firmware import host, protocol, toolchain
from dotbench.firmware.errors import DoesNotFit, TargetFailed
from dotbench.firmware.jobs import Job, Placement
from dotbench.firmware.model.cycles import estimate
from dotbench.firmware.profile import Profile
from dotbench.firmware.protocol import Counters, Report
from dotbench.firmware.runners import Runner
from dotbench.firmware.runners.qemu import TICKS_PER_INSTRUCTION, Qemu
from dotbench.formats.payloads.payload import Payload

KERNELS = ("open", "decode", "dot", "pixels")
TILE = 32  # vectors that a layer with that many pixels is multiplied with at once


@dataclass(frozen=True)
class Measured:
    """The columns of cycles.csv (or ``cycles``, of board.csv) for one kernel: open, decode, dot or pixels."""

    kernel: str
    columns: dict[str, Any]


def vector(n: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The same n numbers everywhere: float32 from -127.5 to 127.5, int8 from -127 to 127."""
    steps = np.arange(n, dtype=np.uint64) * 2654435761 % 2**32 >> np.uint64(24)
    if dtype == np.int8:
        narrow: npt.NDArray[Any] = (np.maximum(steps, 1).astype(np.int16) - 128).astype(np.int8)
        return narrow
    return steps.astype(np.float32) - np.float32(127.5)


def job_of(payload: Payload, repeat: int = 1, pixels: int = 0, isa: str = "helium") -> Job:
    """The job that multiplies a payload with `vector`, and with the vectors of so many ``pixels`` if there are
    several, by kernels for an ``isa`` of `toolchain.ISAS`."""
    (n, m), format_ = payload.shape, payload.format
    tile = min(pixels, TILE) if pixels > 1 else 0
    x, xs = vector(n, payload.dtype), vector(n * tile, payload.dtype).reshape(n, tile)
    return Job(format_.name, payload.data, x, m, format_.kernel_source, repeat, xs, pixels if tile else 0, isa)


def checked(job: Job, said: str) -> Report:
    """The report of a target whose product is the host's, bit for bit; else TargetFailed or WrongProduct."""
    report = protocol.read(said, job.identity, job.words)
    host.compare(job, report.y)
    return report


def instructions_by_ticks(report: Report, kernel: str) -> int:
    """Instructions from the board's counter under -icount, less those of reading it: right to a few."""
    empty = report.passes["empty"][0].ticks
    return round(median(one.ticks - empty for one in report.passes[kernel]) / TICKS_PER_INSTRUCTION)


def on_qemu(qemu: Qemu, job: Job, where: Placement, plugin: bool = True) -> list[Measured]:
    """Exact instructions and estimated cycles; without the plugin only instructions."""
    sizes = _sizes(qemu, job)
    if not plugin:
        report = checked(job, qemu.ticks(job, where))
        counts = {kernel: instructions_by_ticks(report, kernel) for kernel in KERNELS if kernel in report.passes}
        return [
            Measured(kernel, {"instructions": count, **sizes, **_memory(report)}) for kernel, count in counts.items()
        ]
    return estimated(job, *counted(qemu, job, where), where, sizes)


def in_places(qemu: Qemu, job: Job, places: Sequence[Placement]) -> dict[Placement, list[Measured] | DoesNotFit]:
    """The same for several placements, a run each: compiled loops ask which of two arrays lies before the other, so
    instructions differ by a few."""
    return {where: _fitting(qemu, job, where) for where in places}


def _fitting(qemu: Qemu, job: Job, where: Placement) -> list[Measured] | DoesNotFit:
    """With as many of the layer's vectors at once as there is room for beside the payload: half as many, and again."""
    try:
        return on_qemu(qemu, job, where)
    except DoesNotFit as lack:
        if job.tile <= 1:
            return lack
    return _fitting(qemu, replace(job, xs=np.ascontiguousarray(job.xs[:, : job.tile // 2])), where)


def counted(qemu: Qemu, job: Job, where: Placement) -> tuple[Report, Profile]:
    """What one run says, its product compared with the host's, and what the plugin counted."""
    said, profile = qemu.profiled(job, where)
    return checked(job, said), profile


def estimated(job: Job, report: Report, profile: Profile, where: Placement, sizes: dict[str, int]) -> list[Measured]:
    """The columns of each kernel of a run, its payload placed there."""
    out = []
    for kernel in (one for one in KERNELS if one in profile.regions):
        read = len(job.data) * (job.tiles if kernel == "pixels" else 1)
        cycles = estimate(profile, kernel, read, where.bytes_per_cycle)
        figures = {"cycles_est_low": cycles.low, "cycles_est_mid": cycles.mid, "cycles_est_high": cycles.high}
        columns = {"instructions": profile.count(kernel), **figures, **sizes, **_memory(report)}
        out.append(Measured(kernel, columns | {"pixels": job.pixels if kernel == "pixels" else 1}))
    return out


def on_fvp(runner: Runner, job: Job, where: Placement) -> list[Measured]:
    """What the FVP counts are instructions, whatever its counters are called; never cycles."""
    report = checked(job, runner.run(job, where))
    counted = {kernel: _counted(runner, report, kernel) for kernel in KERNELS if kernel in report.passes}
    sizes = _sizes(runner, job) | _memory(report)
    return [Measured(kernel, {"instructions_fvp": count, **sizes}) for kernel, count in counted.items()]


def on_board(runner: Runner, job: Job, where: Placement) -> list[Measured]:
    """Measured cycles: the median of the passes, less those of an empty region."""
    report = checked(job, runner.run(job, where))
    counted = {kernel: _counted(runner, report, kernel) for kernel in KERNELS if kernel in report.passes}
    return [Measured(kernel, {"cycles": count}) for kernel, count in counted.items()]


def _counted(runner: Runner, report: Report, kernel: str) -> int:
    """A counter's median over the passes of a kernel, less the empty region's."""

    def of(passes: list[Counters]) -> float:
        known = [one.cycles for one in passes if one.cycles is not None]
        if len(known) != len(passes):
            raise TargetFailed(f"{runner.name} has no counter: neither DWT nor PMU moves while {kernel} runs")
        return median(known)

    empty = [one.cycles or 0 for one in report.passes.get("empty", [])]
    return round(of(report.passes[kernel]) - (median(empty) if empty else 0))


def _sizes(runner: Runner, job: Job) -> dict[str, int]:
    image = toolchain.image(job.format, job.kernel_source, runner.output, job.isa)
    return {"code_bytes": image.code_bytes, "data_bytes": image.data_bytes + len(job.data)}


def _memory(report: Report) -> dict[str, int]:
    return {"scratch_bytes": report.workspace_bytes + report.scratch_bytes}


__all__ = ["KERNELS", "Measured", "checked", "job_of", "on_board", "on_fvp", "on_qemu", "vector"]
