"""What the table of one matrix says, apart from how it is drawn: sections, lines, the best of a column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dotbench import formats
from dotbench.bench.plan.labels import short as short
from dotbench.bench.show import cycles_columns
from dotbench.bench.targets import peers

Row = dict[str, Any]
SECTIONS = ("formats", "libraries", "ceilings", "bounds")
LOSSY = formats.LOSSY  # behind the name of a format that holds another matrix than was asked for


@dataclass(frozen=True)
class Field:
    """One field: its text, whether it is the best of its column, and the figure alone as siunitx reads it, with
    the half-width of its interval in the last digits: ``5.87(12)``."""

    text: str = ""
    best: bool = False
    number: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a section of `SECTIONS`: the name of what was measured, then a field a column."""

    section: int
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Grid:
    """Titles of all columns, the first one the name's, and lines in order."""

    titles: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def lossy(self) -> bool:
        """Whether some line is of a format that loses something."""
        return any(line.name.endswith(LOSSY) for line in self.lines)


def label(row: Row) -> str:
    return f"{row['format']}[{row['params']}]" if row["params"] else str(row["format"])


def section(row: Row) -> int:
    """Index in `SECTIONS`: formats, other people's libraries, ceilings, bounds."""
    first = str(row["format"]).partition(":")[0]
    if first in ("ceiling", "bound"):
        return SECTIONS.index(f"{first}s")
    return SECTIONS.index("libraries" if peers.is_peer(first) else "formats")


def is_lossy(row: Row) -> bool:
    """Whether a row is of a format that may lose something, or has lost something."""
    kind = formats.kinds().get(row["format"])
    return bool(kind and not kind.lossless) or row.get("lossless") is False


def times_by_batch(rows: Iterable[Row]) -> dict[int, dict[str, Row]]:
    """Rows of time.csv that went well, by batch and label: of one thread, warm; where there are none, of the fewest
    threads."""
    timed = [row for row in rows if row["status"] == "ok"]
    shown = min((_unusual(row) for row in timed), default=None)
    out: dict[int, dict[str, Row]] = {}
    for row in timed:
        if _unusual(row) == shown:
            out.setdefault(int(row["batch"]), {})[label(row)] = row
    return out


def _unusual(row: Row) -> tuple[bool, int]:
    return row["cache"] != "warm", int(row["threads"])


def circumstances(row: Row) -> str:
    """Of a time, as far as they do not go without saying.

    >>> circumstances({"threads": 2, "cache": "warm"}), circumstances({"threads": 1, "cache": "cold"})
    (', 2 threads', ', cold')
    """
    return (f", {row['threads']} threads" if row["threads"] > 1 else "") + (", cold" if row["cache"] != "warm" else "")


def grid(rows: dict[str, list[Row]], wide: bool = False) -> Grid:
    """Of one matrix's rows of space.csv, time.csv and cycles.csv: bytes, bits per nonzero, times smaller than
    dense, each batch's time against the reference (csc; dense_s8 for int8, dense for bfloat16), and estimated cycles;
    ``wide``: its nanoseconds, and cycles by pixel, too."""
    known = rows.get("space", []) + rows.get("time", [])
    spaces = {label(row): row for row in rows.get("space", [])}
    times = times_by_batch(rows.get("time", []))
    titles = ["format", "bytes", "bits/nonzero" if wide else "bits/nnz", "smaller"]
    for batch in sorted(times):
        first = next(iter(times[batch].values()))
        title = f"time/{first.get('reference') or 'csc'} b{batch}{circumstances(first)}"
        titles += [title, f"ns/nonzero b{batch}"] if wide else [title]
    cycles = cycles_columns.columns(rows.get("cycles", []), wide)
    titles += cycles
    lossy = {label(row) for row in known if is_lossy(row)}
    best = _best(spaces, times, lossy)
    lines = []
    for which, name in sorted({(section(row), label(row)) for row in known}, key=_order(spaces)):
        fields = _space_fields(spaces.get(name), best)
        for batch in sorted(times):
            fields += _time_fields(times[batch].get(name), best[f"b{batch}"], wide)
        fields += [_cycles_field(column.get(name), min(column.values())) for column in cycles.values()]
        lines.append(Line(which, short(name) + (f" {LOSSY}" if name in lossy else ""), tuple(fields)))
    return Grid(tuple(titles), tuple(lines))


def _order(spaces: dict[str, Row]) -> Any:
    """Sections in turn; inside one by size, then by name."""
    sizes = {name: row["bytes"] for name, row in spaces.items() if row["status"] == "ok"}
    return lambda entry: (entry[0], sizes.get(entry[1], float("inf")), entry[1])


def _best(spaces: dict[str, Row], times: dict[int, dict[str, Row]], lossy: set[str]) -> dict[str, float]:
    """Smallest size, and fastest product of each batch; lossy formats, ceilings and bounds do not compete."""

    def competes(row: Row) -> bool:
        exact = section(row) < SECTIONS.index("ceilings") and label(row) not in lossy
        return exact and row["status"] == "ok"

    best = {"bytes": min((row["bytes"] for row in spaces.values() if competes(row)), default=0.0)}
    for batch, found in times.items():
        best[f"b{batch}"] = min((row["time_ratio"] for row in found.values() if competes(row)), default=0.0)
    return best


def _space_fields(row: Row | None, best: dict[str, float]) -> list[Field]:
    if row is None or row["status"] != "ok":
        return [Field(row["status"] if row else ""), Field(), Field()]
    first = row["bytes"] == best["bytes"]
    per_nonzero = row["bits_per_nonzero"]
    return [
        Field(f"{row['bytes']:,}".replace(",", " "), first, str(row["bytes"])),
        _figure(per_nonzero, first),
        _figure(row["ratio"], first, unit=" x"),
    ]


def _figure(value: float | None, best: bool, decimals: int = 2, unit: str = "") -> Field:
    if value is None:
        return Field()
    number = f"{value:.{decimals}f}"
    return Field(number + unit, best, number)


def _time_fields(row: Row | None, best: float, wide: bool) -> list[Field]:
    if row is None:
        return [Field()] * (2 if wide else 1)
    first = row["time_ratio"] == best
    reach = (row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1
    width = f"±{reach:.0%}" if reach < 1 else "±wide"  # few passes, or a busy machine: no more than a hint
    digits = math.ceil(row["time_ratio"] * reach * 100)
    fields = [Field(f"{row['time_ratio']:.2f} {width}", first, f"{row['time_ratio']:.2f}({digits})")]
    return [*fields, _figure(row["ns_per_nonzero"], first, 3)] if wide else fields


def _cycles_field(thousands: float | None, best: float) -> Field:
    if thousands is None:
        return Field()
    return Field(f"{thousands:,.1f}".replace(",", " "), thousands == best, f"{thousands:.1f}")


def notes(found: Sequence[Grid]) -> list[str]:
    """What a reader of these tables has to be told."""
    said = [f"{LOSSY} lossy: it holds another matrix; space.csv has the error"] if any(g.lossy for g in found) else []
    estimated = any(title.startswith("kcycles") for one in found for title in one.titles)
    return [*said, cycles_columns.NOTE] if estimated else said
