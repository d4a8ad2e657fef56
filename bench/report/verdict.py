"""What the rows of one matrix say, in sentences: who is smallest, who is fastest, what is worth a look between.

Names stand in backticks; `dotbench.bench.report.page` escapes everything and sets them in another type.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dotbench.bench.metrics.metric import Row
from dotbench.bench.report.matrices import Matrix
from dotbench.bench.show.grid import LOSSY, SECTIONS, is_lossy, label, section, short

COMPETING = SECTIONS.index("ceilings")  # sections before this one: formats and libraries


@dataclass(frozen=True)
class Verdict:
    """Of one matrix: who is best, and the sentences that say so. Names are labels; ``fastest`` may be several,
    where their intervals overlap; ``between``: better in time than the smallest, in size than the fastest;
    ``answers``: the three that a reader came for, title and sentences."""

    matrix: Matrix
    smallest: str = ""
    fastest: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()


def code(names: Iterable[str]) -> str:
    """Names in a sentence.

    >>> code(["csc", "eie[coding=huffman]", "ham"])
    '`csc`, `eie[huffman]` and `ham`'
    """
    shown = [f"`{short(name)}`" for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def count(number: int, what: str, many: str = "") -> str:
    """A number with its noun.

    >>> count(1, "matrix", "matrices"), count(1000, "row")
    ('1 matrix', '1 000 rows')
    """
    return f"{number:,} ".replace(",", " ") + (what if number == 1 else many or f"{what}s")


def times(value: float) -> str:
    """A ratio as people say it: three digits.

    >>> times(25.649), times(1.0), times(130.2), times(0.523)
    ('25.6', '1.00', '130', '0.52')
    """
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def verdict(matrix: Matrix, spaces: list[Row], timed: dict[str, Row]) -> Verdict:
    """``spaces``: the matrix's rows of space.csv; ``timed``: its times of one vector, by label."""
    losing = {label(row) for row in [*spaces, *timed.values()] if is_lossy(row)}
    sized = {label(row): row for row in spaces if row["status"] == "ok" and section(row) < COMPETING}
    sizes = {name: row for name, row in sized.items() if name not in losing}
    speeds = {n: row for n, row in timed.items() if section(row) < COMPETING and n not in losing}
    smallest = min(sizes, key=lambda name: sizes[name]["bytes"], default="")
    fastest = _fastest(speeds)
    between = _between(smallest, fastest, sizes, speeds)
    parts = {
        "Smallest": list(_of_smallest(smallest, fastest, sizes, speeds)),
        "Fastest": list(_of_fastest(smallest, fastest, speeds)),
        "In between": list(_of_between(between, sizes, speeds)),
    }
    said = [sentence for sentences in parts.values() for sentence in sentences]
    said += _of_lossy(smallest, sized, losing)
    return Verdict(matrix, smallest, fastest, between, tuple(said), _answers(parts, bool(sizes), bool(speeds)))


def _answers(parts: dict[str, list[str]], sized: bool, timed: bool) -> tuple[tuple[str, str], ...]:
    """The three answers; each that cannot be given says why. None where nothing was stored or timed."""
    if not sized and not timed:
        return ()
    nothing = {
        "Smallest": "Nothing of it was stored.",
        "Fastest": "It is the smallest." if timed else "Nothing of it was timed.",
        "In between": "Nothing: no format is both smaller than the fastest and faster than the smallest.",
    }
    if not (sized and timed):
        nothing["In between"] = "This needs both sizes and times."
    return tuple(
        (title, " ".join(sentences).removeprefix(f"{title}: ") or nothing[title]) for title, sentences in parts.items()
    )


def _fastest(speeds: dict[str, Row]) -> tuple[str, ...]:
    """The one with the smallest ratio, and those that its interval does not tell apart from it."""
    order = sorted(speeds, key=lambda name: (speeds[name]["time_ratio"], name))
    return tuple(name for name in order if speeds[name]["ratio_low"] <= speeds[order[0]]["ratio_high"])


def _between(smallest: str, fastest: tuple[str, ...], sizes: dict[str, Row], speeds: dict[str, Row]) -> tuple[str, ...]:
    """Formats on the Pareto front, the smallest first, without its two ends: each one surely faster than those
    before it, and smaller than dense."""
    front, best = [], float("inf")
    for name in sorted(sizes.keys() & speeds.keys(), key=lambda name: (sizes[name]["bytes"], name)):
        if speeds[name]["ratio_high"] < best:
            best = speeds[name]["ratio_low"]
            front.append(name)
    ends = {smallest, *fastest, *_fastest({name: row for name, row in speeds.items() if name in sizes})[:1]}
    return tuple(name for name in front if name not in ends and (sizes[name]["ratio"] or 0) > 1)


def _of_smallest(
    smallest: str, fastest: tuple[str, ...], sizes: dict[str, Row], speeds: dict[str, Row]
) -> Iterable[str]:
    if not smallest:
        return
    row = sizes[smallest]
    ratio = f", {times(row['ratio'])} times smaller than dense" if row["ratio"] else ""
    size = f"({count(row['bytes'], 'byte')}{ratio})"
    if smallest in fastest[:1]:
        yield f"{code([smallest])} is both the smallest {size} and the fastest {_pace(speeds[smallest])}."
    elif smallest in speeds:
        yield f"{code([smallest])} is the smallest {size}; a product takes {_multiple(speeds[smallest])}."
    else:
        yield f"{code([smallest])} is the smallest {size}; its product was not timed."


def _of_fastest(smallest: str, fastest: tuple[str, ...], speeds: dict[str, Row]) -> Iterable[str]:
    if fastest and fastest[0] != smallest:
        yield f"{code(fastest[:1])} is the fastest {_pace(speeds[fastest[0]])}."
    if len(fastest) > 1:
        are = (
            "is as fast, as far as its interval tells" if len(fastest) == 2 else "are as fast, as far as intervals tell"
        )
        yield f"{code(fastest[1:])} {are}."
    own = {name: row for name, row in speeds.items() if section(row) == 0}
    if own and not any(name in own for name in fastest):
        first = _fastest(own)[0]
        yield f"Of the formats, {code([first])} is the fastest {_pace(speeds[first])}."


def _pace(row: Row) -> str:
    return f"({_ratio(row)})" if label(row) != row["reference"] else "(it is what the others are timed against)"


def _ratio(row: Row) -> str:
    return f"{times(row['time_ratio'])} times the time with `{row['reference']}`"


def _multiple(row: Row) -> str:
    return f"{times(row['time_ratio'])} times as long as with `{row['reference']}`"


def _of_between(between: tuple[str, ...], sizes: dict[str, Row], speeds: dict[str, Row]) -> Iterable[str]:
    """What is worth a look between the ends."""
    said = [
        f"{code([name])} ({times(sizes[name]['ratio'])} times smaller, "
        f"{times(speeds[name]['time_ratio'])} times the time)"
        for name in between
    ]
    if said:
        yield "In between: " + ", ".join(said) + "."


def _of_lossy(smallest: str, sized: dict[str, Row], losing: set[str]) -> Iterable[str]:
    """Lossy formats that are smaller still: never without their error."""
    limit = sized[smallest]["bytes"] if smallest else float("inf")
    for name in sorted(name for name in sized if name in losing and sized[name]["bytes"] < limit):
        error = sized[name]["error"]
        known = f"an error of {error:.1%}".replace("%", " %") if error is not None else "an error that is not known"
        yield f"{code([name])} {LOSSY} is smaller ({count(sized[name]['bytes'], 'byte')}) and lossy, with {known}."
