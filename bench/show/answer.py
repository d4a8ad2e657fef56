"""What a run has found, in the terms of the question: the smallest format, the fastest, and what lies between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from dotbench.bench.metrics.metric import Row
from dotbench.bench.record.matrix_names import by_matrix
from dotbench.bench.report.matrices import Matrix
from dotbench.bench.report.verdict import Verdict, verdict
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.bench.show.grid import circumstances, label, short, times_by_batch
from dotbench.bench.show.table import CURE

Rows = dict[str, list[Row]]
COLUMNS = (
    Column("matrix"), Column("smallest"), Column("bytes", right=True), Column("smaller", right=True, optional=True),
    Column("fastest"), Column("time", right=True), Column("between, by size", words=True),
)  # fmt: skip
BETWEEN = 3  # formats that a line has room for


def print_answers(rows: Rows, console: Console) -> None:
    """For one matrix in lines, for several in a table; nothing where nothing was stored or timed."""
    asked = {file: rows.get(file, []) for file in ("space", "time")}
    found = [(name, part, judged(part)) for name, part in by_matrix(asked).items()]
    found = [one for one in found if one[2].smallest or one[2].fastest]
    if len(found) == 1:
        for line in lines(*found[0]):
            console.print(Text(line), soft_wrap=True)
    elif found:
        made = fitted(COLUMNS, [_fields(*one) for one in found], console.width)
        console.print(made.table)
        if made.left_out:
            console.print(Text(left_out(made.left_out, console.width, CURE), "dim"))
    if any(part["time"] for _, part, _ in found):
        batch, timed = min((_first(part) for _, part, _ in found if part["time"]), key=lambda first: first[0])
        more = circumstances(next(iter(timed.values()))) if timed else ""
        console.print(Text(NOTE.format(vectors=f"{vectors(batch)}{more}"), "dim"))


NOTE = (
    "time: {vectors}, against the reference (csc; dense_s8 for int8, dense for bfloat16), with the half-width of its "
    "99 % interval"
)


def judged(rows: Rows) -> Verdict:
    """Who is the smallest and the fastest of a matrix's rows."""
    return verdict(Matrix("", "", ""), rows["space"], _first(rows)[1])


def _first(rows: Rows) -> tuple[int, dict[str, Row]]:
    """The smallest batch that was timed, and its rows by label."""
    timed = times_by_batch(rows["time"])
    return min(timed.items()) if timed else (1, {})


def vectors(batch: int) -> str:
    """How many vectors a time is of, in words."""
    return "one vector" if batch == 1 else f"{batch} vectors at once"


def lines(name: str, rows: Rows, found: Verdict) -> Iterator[str]:
    """The answer for one matrix."""
    sizes, times = _known(rows)
    yield f"{name}:"
    if found.smallest:
        yield f"  smallest  {_whole(found.smallest, sizes, times)}"
    if found.fastest:
        alike = f"; as fast: {', '.join(map(short, found.fastest[1:]))}" if len(found.fastest) > 1 else ""
        yield f"  fastest   {_whole(found.fastest[0], sizes, times)}{alike}"
    if found.smallest and found.fastest:
        between = "; ".join(_whole(one, sizes, times) for one in found.between)
        yield f"  between   {between or 'nothing that is both smaller and faster'}"


def _known(rows: Rows) -> tuple[dict[str, Row], dict[str, Row]]:
    return {label(row): row for row in rows["space"] if row["status"] == "ok"}, _first(rows)[1]


def _whole(name: str, sizes: dict[str, Row], times: dict[str, Row]) -> str:
    """``sham: 62 218 bytes (15.12 x smaller), 1.84 ±5% of csc's time``."""
    said = []
    if name in sizes:
        row = sizes[name]
        ratio = f" ({row['ratio']:.2f} x smaller)" if row["ratio"] else ""
        said.append(f"{grouped(row['bytes'])} bytes{ratio}")
    if name in times:
        said.append(f"{pace(times[name])} of {times[name].get('reference') or 'csc'}'s time")
    return f"{short(name)}: {', '.join(said)}" if said else short(name)


def grouped(number: int) -> str:
    """Digits in groups of three.

    >>> grouped(1234567)
    '1 234 567'
    """
    return f"{number:,}".replace(",", " ")


def pace(row: Row) -> str:
    """A time's ratio with its interval.

    >>> pace({"time_ratio": 1.5, "ratio_low": 1.5 / 1.03, "ratio_high": 1.5 * 1.03})
    '1.50 ±3%'
    """
    reach = (row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1
    return f"{row['time_ratio']:.2f} " + (f"±{reach:.0%}" if reach < 1 else "±wide")


def _fields(name: str, rows: Rows, found: Verdict) -> Sequence[str]:
    """The same as a line of a table."""
    sizes, times = _known(rows)
    size = sizes.get(found.smallest)
    fast = found.fastest[0] if found.fastest else ""
    more = f" and {len(found.between) - BETWEEN} more" if len(found.between) > BETWEEN else ""
    return (
        name,
        short(found.smallest),
        grouped(size["bytes"]) if size else "",
        f"{size['ratio']:.2f} x" if size and size["ratio"] else "",
        short(fast),
        pace(times[fast]) if fast in times else "",
        ", ".join(map(short, found.between[:BETWEEN])) + more,
    )


def sizes_line(rows: Sequence[Row]) -> str:
    """The smallest formats of a matrix in a line, as soon as its payloads are there.

    >>> row = {"format": "ham", "params": "", "status": "ok", "lossless": True, "bytes": 4000, "ratio": 10.0}
    >>> sizes_line([row, row | {"format": "dense", "bytes": 40000, "ratio": 1.0}])
    '  sizes: ham 4 000 bytes (10.00 x smaller), dense 40 000'
    """
    found = judged({"space": list(rows), "time": []})
    if not found.smallest:
        return ""
    good = [row for row in rows if row["status"] == "ok" and row["lossless"] and ":" not in row["format"]]
    good.sort(key=lambda row: row["bytes"])
    first, *others = good
    shown = [row for row in others if row in others[:4] or row["format"] in ("csc", "dense", "dense_s8")]
    ratio = f" ({first['ratio']:.2f} x smaller)" if first["ratio"] else ""
    said = [f"{short(label(first))} {grouped(first['bytes'])} bytes{ratio}"]
    return "  sizes: " + ", ".join([*said, *(f"{short(label(row))} {grouped(row['bytes'])}" for row in shown)])


def times_line(rows: Rows) -> str:
    """The times of one vector that there are, the fastest first, in a line."""
    batch, timed = _first(rows)
    found = sorted(timed.values(), key=lambda row: row["time_ratio"])
    if not found:
        return ""
    said = ", ".join(f"{short(label(row))} {pace(row)}" for row in found if ":" not in row["format"])
    return f"  times of {found[0].get('reference') or 'csc'}'s, {vectors(batch)}: {said}"
