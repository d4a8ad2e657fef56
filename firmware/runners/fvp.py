"""Arm's Corstone-300 model: a second opinion on products. Its counters advance one an instruction."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dotbench.firmware import toolchain
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import MAILBOX, Job, Placement, mailbox
from dotbench.firmware.runners.process import output_of

PROGRAMS = ("FVP_Corstone_SSE-300_Ethos-U55", "VHT_MPS3_Corstone_SSE-300")
CURE = "export FVP_CORSTONE300=/path/to/FVP_Corstone_SSE-300_Ethos-U55"
SETTINGS = (
    "mps3_board.visualisation.disable-visualisation=1", "mps3_board.telnetterminal0.start_telnet=0",
    "mps3_board.telnetterminal1.start_telnet=0", "mps3_board.telnetterminal2.start_telnet=0",
    "mps3_board.telnetterminal5.start_telnet=0", "mps3_board.uart0.out_file=-",
    "mps3_board.uart0.unbuffered_output=1", "mps3_board.uart0.shutdown_on_eot=1", "cpu0.CFGITCMSZ=15",
    "cpu0.CFGDTCMSZ=15", "cpu0.MVE=2", "cpu0.FPU=1", "cpu0.semihosting-enable=1", "ethosu.num_macs=128",
)  # fmt: skip


def find() -> str:
    """$FVP_CORSTONE300, then the path; Unavailable with the line that names one."""
    named = os.environ.get("FVP_CORSTONE300")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not found:
        raise Unavailable(f"{named} is no program" if named else "the Corstone-300 model is not there", CURE)
    return found


@dataclass(frozen=True)
class Fvp:
    """The model; ``seconds`` of wall time are what it has."""

    program: str
    seconds: float = 300.0
    output: str = "uart"
    name: str = "fvp"

    def run(self, job: Job, where: Placement) -> str:
        """What the image says over UART 0."""
        elf = toolchain.image(job.format, job.kernel_source, self.output, job.isa).path
        with tempfile.TemporaryDirectory() as folder:
            command = [self.program, "-a", str(elf), "--stat", "--timelimit", f"{self.seconds:.0f}"]
            for setting in SETTINGS:
                command += ["-C", setting]
            for address, data in ((where.address, job.placed(where)), (MAILBOX, mailbox(where))):
                path = Path(folder) / f"{address:08x}.bin"
                path.write_bytes(data)
                command += ["--data", f"cpu0={path}@{address:#x}"]
            return output_of(command, self.seconds + 10, "the FVP")
