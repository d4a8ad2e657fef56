"""An instruction as the pipeline sees it: what it reads and writes, how long it takes, and which unit it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dotbench.firmware.model import operands


@dataclass
class Operation:
    """``unit``: core, memory (loads and stores, scalar and vector), integer, float (vector pipes) or predicate.

    ``hold``: cycles until the unit takes another; ``issue``: until the next instruction; ``writes``: latency by
    register; ``early``: registers that are read so many cycles before the others. ``flow`` is empty, or what
    an instruction does to the order: jump, branch (conditional), call, return, loop_begin, loop_end.
    """

    text: str
    size: int
    name: str
    unit: str = "core"
    hold: float = 1
    issue: float = 1
    reads: list[str] = field(default_factory=list)
    writes: dict[str, float] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    flow: str = ""
    stores: bool = False
    multiplies: bool = False  # a vector multiplication: a store takes its result a cycle earlier
    gathers: bool = False


def address(out: Operation, parts: list[str]) -> None:
    """Reads and write-back of a memory operand: ``[r0, #4]!``, ``[r0], #4``, ``[r0, r1, lsl #2]``."""
    place = next((k for k, part in enumerate(parts) if part.startswith("[")), None)
    if place is None:
        return
    inner = operands.registers([parts[place]])
    out.reads += inner + operands.registers(parts[place + 1 :])
    if inner and (parts[place].endswith("!") or place + 1 < len(parts)):
        out.writes[inner[0]] = 1


SHIFT = re.compile(r"(lsl|lsr|asr|ror)\s+#")
