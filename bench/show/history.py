"""What ``dotbench log`` says: a table a cell, the oldest commit first, with a bar for each value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dotbench.bench.compare.align import differences
from dotbench.bench.compare.cells import count
from dotbench.bench.compare.diff import Change
from dotbench.bench.compare.history import COUNTS, Entry, History, Series
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.show.diff import change_text, kind, number, percent
from dotbench.bench.show.sections import MARKS, Line, Section

SHOWN = 10  # cells
BAR = 10  # characters of the longest bar
COUNT = "instructions_per_dot"
NOT_COMPARED = "not compared: "
APART = "≠"
LEGEND = f"{APART}: not compared with the line above, what is named is another one (--json says which)"
SHORT = {"reference_sha": "reference"}
Fields = tuple[str, ...]
EIGHTHS = " ▏▎▍▌▋▊▉"


def sections(found: History, everything: bool, wide: bool) -> Iterator[Section]:
    """A section a cell; ``wide``: with the commits' subjects."""
    shown = found.series if everything else found.series[:SHOWN]
    for series in shown:
        yield _section(series, wide)
    more = len(found.series) - len(shown)
    if more:
        yield Section(f"and {count(more, 'cell')} more", below=["--all shows them; or narrow it down"])
    if found.notes:
        yield Section("besides", below=found.notes)


def last_commit(found: History) -> str:
    """The newest commit that changed one of the cells; empty where none has a commit before it in the series."""
    entries = [entry for series in found.series for entry in series.entries[1:] if entry.commit.short]
    return max(entries, key=lambda entry: entry.commit.date).commit.short if entries else ""


def _section(series: Series, wide: bool) -> Section:
    bars, counts = iter(_bars(series.values())), _counts(series.entries)
    lines = [_line(series, entry, next(bars), counts[at], wide) for at, entry in enumerate(series.entries)]
    titles: Fields = ("date", "commit", f">{series.figure.title}", ">change", "", "")
    titles += ((">instructions", ">change") if counts[-1] else ()) + (("subject",) if wide else ())
    below = [LEGEND] if any(_text(entry).startswith(APART) for entry in series.entries) else []
    return Section(series.name, titles, lines, below)


def _line(series: Series, entry: Entry, bar: str, counted: Fields, wide: bool) -> Line:
    change, value = entry.change, None if entry.row is None else entry.row[series.figure.column]
    said = "" if value is None else number(value)
    style, amount, words = "", "", _text(entry)
    if isinstance(change, Change):
        style = kind(change)
        words = f"{MARKS[style or change.verdict]} {change.verdict}"
        amount = change_text(change)
    commit = entry.commit
    fields = (commit.date[:10], commit.short or "working tree", said, amount, bar, words, *counted)
    return Line(fields + ((commit.subject,) if wide else ()), style)


def _text(entry: Entry) -> str:
    """Why there is no comparison, in a word or two: what differs, by the name of its column."""
    if isinstance(entry.change, Change) or not entry.change.startswith(NOT_COMPARED):
        return "" if isinstance(entry.change, Change) else entry.change
    reason = entry.change.removeprefix(NOT_COMPARED)
    names = [SHORT.get(name, name) for name in re.findall(r"(\w+) differs: ", reason)]
    if reason.startswith("another matrix"):
        names = ["matrix"]
    return f"{APART} {', '.join(names)}" if names else reason


def _counts(entries: Sequence[Entry]) -> list[Fields]:
    """Instructions beside each time, and what became of them since the entry before: no fields where none has any."""
    if not any(entry.counted and entry.counted[COUNT] is not None for entry in entries):
        return [()] * len(entries)
    out: list[Fields] = []
    before: Row | None = None
    for row in (entry.counted for entry in entries):
        value = row[COUNT] if row else None
        out.append(("" if value is None else number(value), _since(before, row)))
        before = row if value is not None else before
    return out


def _since(before: Row | None, row: Row | None) -> str:
    """By how much instructions changed; ``=`` where they did not, empty where they cannot be compared."""
    if (
        not before
        or not row
        or not before[COUNT]
        or row[COUNT] is None
        or differences(before, row, registry.get(COUNTS).equal)
    ):
        return ""
    return "=" if before[COUNT] == row[COUNT] else percent(row[COUNT] / before[COUNT])


def _bars(values: list[Any]) -> list[str]:
    """A bar for each value, from 0 to the largest.

    >>> _bars([8, 4, None, 0.5])
    ['██████████', '█████', '', '▋']
    """
    top = max((value for value in values if value is not None), default=0)
    return ["" if value is None or top <= 0 or value < 0 else _bar(value / top) for value in values]


def _bar(share: float) -> str:
    eighths = round(share * BAR * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def as_json(found: History) -> str:
    """Everything, for programs."""
    return json.dumps({"series": [_record(series) for series in found.series], "notes": found.notes})


def _record(series: Series) -> dict[str, Any]:
    return {
        "cell": series.name,
        "file": series.file,
        "figure": series.figure.column,
        "entries": [_entry_record(series, entry) for entry in series.entries],
    }


def _entry_record(series: Series, entry: Entry) -> dict[str, Any]:
    row, change = entry.row or {}, entry.change
    made = isinstance(change, Change)
    return {
        "commit": entry.commit.sha or None,
        "date": entry.commit.date or None,
        "subject": entry.commit.subject,
        "status": row.get("status"),
        "value": row.get(series.figure.column),
        "low": row.get(series.figure.low),
        "high": row.get(series.figure.high),
        "verdict": change.verdict if isinstance(change, Change) else None,
        "ratio": change.ratio if isinstance(change, Change) else None,
        "why": None if made else change,
        COUNTS: entry.counted[COUNT] if entry.counted else None,
    }
