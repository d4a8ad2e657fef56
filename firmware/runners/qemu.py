"""QEMU's MPS3 AN547: the real instructions, counted exactly by our plugin. No cycles: those are estimated."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dotbench.firmware import packages, toolchain
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import MAILBOX, Job, Placement, mailbox
from dotbench.firmware.profile import Profile, command_line, read_profile
from dotbench.firmware.runners.process import output_of

MACHINE = (
    "-M", "mps3-an547", "-nographic", "-monitor", "none", "-serial", "none",
    "-chardev", "stdio,id=words,signal=off", "-semihosting-config", "enable=on,target=native,chardev=words",
)  # fmt: skip
SERIAL = ("-M", "mps3-an547", "-nographic", "-monitor", "none", "-serial", "stdio")
# One instruction takes 2^5 ns of QEMU's time, and the board's counter runs at 20 MHz.
ICOUNT = ("-icount", "shift=5,sleep=off")
TICKS_PER_INSTRUCTION = 32e-9 * 20e6
OLDEST = 7


@cache
def version_of(program: str) -> tuple[int, int]:
    """Major and minor version; Unavailable if it does not run or is too old to know the machine."""
    out = output_of([*packages.environment(program), "--version"], 30, program)
    found = re.search(r"version (\d+)\.(\d+)", out)
    if not found:
        raise Unavailable(f"{program} is no QEMU")
    if int(found[1]) < OLDEST:
        raise Unavailable(f"{program} {found[0]} does not know mps3-an547", f"version {OLDEST} or later is needed")
    return int(found[1]), int(found[2])


def find() -> str:
    """The program: on the path, or unpacked by `packages`. Unavailable with the line that installs it."""
    found = shutil.which("qemu-system-arm") or packages.unpacked()
    if not found:
        raise Unavailable("qemu-system-arm is not there", packages.CURE)
    return found


@dataclass(frozen=True)
class Qemu:
    """``plugin``: count with it; without it instructions come from the board's counter, to a few instructions."""

    program: str
    output: str = "semihosting"
    seconds: float = 60.0
    name: str = "qemu"

    def run(self, job: Job, where: Placement) -> str:
        """What the image says, plainly run."""
        return self._run(job, where, ())

    def ticks(self, job: Job, where: Placement) -> str:
        """The same with QEMU's clock tied to instructions, for the board's counter."""
        return self._run(job, where, ICOUNT)

    def profiled(self, job: Job, where: Placement) -> tuple[str, Profile]:
        """What it says, and what the plugin counted between markers. Unavailable where QEMU has no plugins."""
        elf = toolchain.image(job.format, job.kernel_source, self.output, job.isa).path
        with tempfile.TemporaryDirectory() as folder:
            plugin, out = command_line(elf, Path(folder), version_of(self.program)[0])
            said = self._run(job, where, ("-plugin", plugin))
            return said, read_profile(out, elf)

    def _run(self, job: Job, where: Placement, extra: tuple[str, ...]) -> str:
        elf = toolchain.image(job.format, job.kernel_source, self.output, job.isa).path
        machine = MACHINE if self.output == "semihosting" else SERIAL
        with tempfile.TemporaryDirectory() as folder:
            loads = []
            for address, data in ((where.address, job.placed(where)), (MAILBOX, mailbox(where))):
                path = Path(folder) / f"{address:08x}.bin"
                path.write_bytes(data)
                loads += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
            command = [*packages.environment(self.program), *machine, *extra, *loads, "-kernel", str(elf)]
            return output_of(command, self.seconds, "QEMU")
