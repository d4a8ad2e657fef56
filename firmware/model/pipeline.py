"""In-order issue: an operation starts when what it reads is ready and its unit is free, one a cycle, or two.

Two go together where both are 16-bit and one of them is of the kind that goes along; a move of registers goes
along with anything, and a wide move or addition of a constant with a store. Fitted to llvm-mca's model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dotbench.firmware.model.instruction import Operation

NARROW = frozenset(
    ["adds", "subs", "ands", "orrs", "eors", "bics", "movs", "mvns", "lsls", "lsrs", "asrs", "adcs", "sbcs", "rsbs"]
)
MULTIPLIED = 3  # cycles after which a multiplication is written; others may take its result a cycle earlier
ALONG = frozenset(["uxtb", "uxth", "sxtb", "sxth", "mov", "movs", "nop"])


def goes_along(one: Operation) -> bool:
    """Whether a 16-bit instruction may be the second of a pair: flow, moves, extensions, additions of constants."""
    if one.size != 2:
        return False
    immediate = one.name in ("add", "adds", "sub", "subs") and "#" in one.text
    return one.name in ALONG or immediate or one.flow in ("jump", "branch", "call", "return", "then")


def constant_of_four_bytes(one: Operation) -> bool:
    """A 32-bit move or addition of a constant."""
    named = one.name in ("mov", "movs", "movw", "add", "adds", "sub", "subs", "addw", "subw")
    return one.size == 4 and named and "#" in one.text and "ls" not in one.text and "sp" not in one.text


def may_pair(one: Operation, other: Operation) -> bool:
    """Whether ``one`` goes along with ``other``, whichever comes first."""
    if one.size == other.size:
        return goes_along(one) if one.size == 2 else constant_of_four_bytes(one) and _plain_store(other)
    return (one.size == 2 and one.name == "mov") or (constant_of_four_bytes(one) and _plain_store(other))


def _plain_store(one: Operation) -> bool:
    return one.stores and one.unit in ("core", "memory") and max(one.writes.values(), default=1) <= 1


def narrow(one: Operation) -> bool:
    """A 16-bit operation that sets flags: written a cycle after its start, and not before what started earlier."""
    return one.size == 2 and one.name in NARROW


def _written(one: Operation) -> float:
    """Cycles from an operation's start until it is written."""
    latency = max(one.writes.values(), default=1)
    return MULTIPLIED if latency == 2 and one.unit in ("core", "float") else latency


def schedule(operations: Sequence[Operation], holds: Mapping[str, float] | None = None) -> float:
    """Cycles until the instruction behind these could be issued.

    ``holds``: cycles that a gather (by its text) holds the memory unit, from its real addresses.
    """
    return drained(operations, holds)[0]


def drained(operations: Sequence[Operation], holds: Mapping[str, float] | None = None) -> tuple[float, float]:
    """`schedule`, and how many cycles more the memory unit is still held then, by a gather."""
    ready: dict[str, float] = {}
    from_multiply: set[str] = set()
    free: dict[str, float] = {}
    time, before, started, paired, written = 0.0, None, -1.0, True, 0.0
    for one in operations:
        if one.flow == "loop_end":
            continue  # takes no place
        start = _earliest(one, max(time, 0.0, written - 1 if narrow(one) else 0.0), ready, from_multiply, free)
        late = narrow(one) and written - 1 > started
        if before is not None and not paired and not late and _pair(before, one, started, ready, free):
            start, paired = started, True
        else:
            paired = False
        for name, latency in one.writes.items():
            ready[name] = start + latency
            (from_multiply.add if one.multiplies else from_multiply.discard)(name)
        if one.unit != "core":
            free[one.unit] = start + max(one.hold, (holds or {}).get(one.text, 0) if one.gathers else 0)
        time, written = max(time, start + one.issue), max(written, start + _written(one))
        before, started = one, start
    return time, max(free.get("memory", 0.0) - time, 0.0)


def _earliest(
    one: Operation, time: float, ready: Mapping[str, float], from_multiply: set[str], free: Mapping[str, float]
) -> float:
    start = max(time, free.get(one.unit, 0.0))
    for name in one.reads:
        forwarded = one.stores and name in from_multiply and name not in one.early
        start = max(start, ready.get(name, 0.0) + one.early.get(name, 0) - forwarded)
    return start


def _pair(
    first: Operation, second: Operation, started: float, ready: Mapping[str, float], free: Mapping[str, float]
) -> bool:
    return (
        (may_pair(first, second) or may_pair(second, first))
        and not any(name in first.writes for name in second.reads)
        and all(ready.get(name, 0.0) <= started for name in second.reads)
        and (second.unit == "core" or free.get(second.unit, 0.0) <= started)
    )


def steady(operations: Sequence[Operation], holds: Mapping[str, float] | None = None, rounds: int = 10) -> float:
    """Cycles of one round of a loop of these, once it has settled."""
    longer, shorter = list(operations) * (2 * rounds), list(operations) * rounds
    return (schedule(longer, holds) - schedule(shorter, holds)) / rounds
