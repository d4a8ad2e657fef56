"""Operands of Arm assembly text: split at commas, registers by their canonical names."""

from __future__ import annotations

import re

ALIASES = {"r13": "sp", "r14": "lr", "r15": "pc", "sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}
CORE = re.compile(r"(r\d+|sp|lr|pc)$")
FLOATING = re.compile(r"([sdq])(\d+)")
QUARTERS = {"s": 4, "d": 2, "q": 1}  # registers of this width in a vector register


def split(text: str) -> list[str]:
    """Operands, with brackets and braces kept whole.

    >>> split("r0, [r1, #4], {r2, r3}")
    ['r0', '[r1, #4]', '{r2, r3}']
    """
    return [part.strip() for part in re.split(r",(?![^\[{]*[\]}])", text) if part.strip()]


def register(text: str) -> str | None:
    """The register that an operand is, single and double ones as the vector register that holds them.

    >>> register("s5"), register("fp"), register("#3")
    ('q1', 'r11', None)
    """
    name = text.strip().rstrip("!")
    name = ALIASES.get(name, name)
    if CORE.match(name):
        return name
    found = FLOATING.match(name)
    return f"q{int(found[2]) // QUARTERS[found[1]]}" if found else None


def registers(parts: list[str]) -> list[str]:
    """The registers among operands; of a shifted one, and of those inside brackets, too."""
    words = [word for part in parts for word in re.split(r"[\s,\[\]]+", part)]
    return [found for word in words if (found := register(word))]


def listed(text: str) -> list[str]:
    """The registers of a list.

    >>> listed("{r4-r6, lr}")
    ['r4', 'r5', 'r6', 'lr']
    """
    out: list[str] = []
    for part in text.strip("{} ").split(","):
        first, _, last = part.strip().partition("-")
        if last:
            kind = first[0]
            names = [f"{kind}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)]
        else:
            names = [first]
        out += [found for name in names if (found := register(name))]
    return out


def words(text: str) -> int:
    """How many 32-bit words a list of registers has.

    >>> words("{r4-r6, lr}"), words("{d8, d9}"), words("{d8-d15}")
    (4, 4, 16)
    """
    count = 0
    for part in text.strip("{} ").split(","):
        first, _, last = part.strip().partition("-")
        size = {"d": 2, "q": 4}.get(first[0], 1)
        count += size * (int(last[1:]) - int(first[1:]) + 1 if last else 1)
    return count
