"""From the text of an instruction to an operation: which rules complete it, and what a condition adds."""

from __future__ import annotations

from dotbench.firmware.model import operands, scalar, vector
from dotbench.firmware.model.instruction import Operation

CONDITIONS = ["eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]


def known(name: str) -> bool:
    """Whether the model has a rule for a mnemonic without condition."""
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
