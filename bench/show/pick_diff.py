"""Two picks beside each other: a line a layer that they both have, or that one of them has."""

from __future__ import annotations

from collections.abc import Sequence

from dotbench.bench.pick.record import Line as Picked
from dotbench.bench.show.answer import grouped
from dotbench.bench.show.grid import short
from dotbench.bench.show.plural import counted
from dotbench.bench.show.sections import MARKS, Line, Section

TITLES = ("", "layer", "A", "B", ">bytes A", ">bytes B", ">B / A", ">time A", ">time B")
SAME = 0.0005  # a change of bytes that is none in a table


def section(a: Sequence[Picked], b: Sequence[Picked]) -> Section:
    """The table, and the sum in a line. Layers are found by their name without the file's; bytes decide what is
    better."""
    before, after = _named(a, b)
    both = [name for name in before if name in after]
    lines = [_line(name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]
    size_a, size_b = (sum(side[name].bytes for name in both) for side in (before, after))
    change = f" ({size_b / size_a - 1:+.1%})" if size_a else ""
    said = f"{counted(len(both), 'layer')} that both have: {grouped(size_a)} bytes in A, {grouped(size_b)} in B{change}"
    goals = sorted({line.goal for line in (*a, *b)})
    below = [f"goals: {' and '.join(goals)}"] if len(goals) > 1 else []
    return Section("layers", TITLES, lines, below, said=said, optional=("time A", "time B"))


def _named(a: Sequence[Picked], b: Sequence[Picked]) -> tuple[dict[str, Picked], dict[str, Picked]]:
    """Layers by their name without the file's, or with it where two of one side are called the same."""
    twice = {line.layer for side in (a, b) for line in side if sum(one.layer == line.layer for one in side) > 1}

    def name(line: Picked) -> str:
        return line.dataset if line.layer in twice else line.layer

    return {name(line): line for line in a}, {name(line): line for line in b}


def _line(name: str, a: Picked | None, b: Picked | None) -> Line:
    if a is None or b is None:
        known = a or b
        assert known is not None
        where, fields = ("A", (short(known.take), "")) if a else ("B", ("", short(known.take)))
        sizes = (grouped(known.bytes), "") if a else ("", grouped(known.bytes))
        return Line((" ", f"{name} (only in {where})", *fields, *sizes, "", "", ""), "dim")
    ratio = b.bytes / a.bytes if a.bytes else 1.0
    mark = "same" if abs(ratio - 1) < SAME else "better" if ratio < 1 else "worse"
    style = mark if mark != "same" else ""
    times = (_time(a), _time(b))
    return Line(
        (MARKS[mark], name, short(a.take), short(b.take), grouped(a.bytes), grouped(b.bytes), f"{ratio:.3f}", *times),
        style,
    )


def _time(line: Picked) -> str:
    """Over dense, as far as it is known."""
    if not line.time_ratio:
        return ""
    return f"{'~' * (line.how == 'predicted')}{float(line.time_ratio):.2f}"
