"""An instruction as the pipeline sees it: what it reads and writes, how long it takes, and which unit it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dotbench.firmware.model import operands

CONDITIONS = ["eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]


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


def known(name: str) -> bool:
    """Whether the model has a rule for a mnemonic without condition."""
    from dotbench.firmware.model import scalar

    return name.startswith("v") or scalar.rule(name) is not None


def base_name(mnemonic: str) -> tuple[str, bool]:
    """The mnemonic without types and condition, and whether it had one.

    >>> base_name("addeq"), base_name("vmul.f32"), base_name("bls"), base_name("muls")
    (('add', True), ('vmul', False), ('b', True), ('muls', False))
    """
    name = mnemonic.split(".")[0]
    if known(name) and name not in ("ble", "bls"):
        return name, False
    short = name[:-2]
    if name[-2:] in CONDITIONS and known(short):
        return short, True
    return name, False


def operation(size: int, text: str) -> Operation:
    """The operation of an instruction of ``size`` bytes; an unknown one counts as one of the core, of one cycle."""
    from dotbench.firmware.model import scalar, vector

    mnemonic, _, rest = text.partition(" ")
    name, conditional = base_name(mnemonic)
    out = Operation(text, size, name)
    parts = operands.split(rest)
    if name.startswith("v"):
        vector.fill(out, mnemonic, parts)
    else:
        scalar.fill(out, parts)
    if conditional:
        out.reads += ["flags", *[register for register in out.writes if register != "flags"]]
        if out.flow == "jump":
            out.flow = "branch"
    out.reads = list(dict.fromkeys(out.reads))
    return out


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
