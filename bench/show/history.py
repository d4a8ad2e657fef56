"""What ``dotbench log`` says: a table a cell, the oldest commit first, with a bar for each value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.compare.cells import count
from bench.compare.diff import Change
from bench.compare.history import Entry, History, Series
from bench.show.diff import change_text, kind, number
from bench.show.sections import MARKS, Line, Section

SHOWN = 10  # cells
BAR = 10  # characters of the longest bar
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


def _section(series: Series, wide: bool) -> Section:
    bars = iter(_bars(series.values()))
    lines = [_line(series, entry, next(bars), wide) for entry in series.entries]
    titles = ("date", "commit", f">{series.figure.title}", ">change", "", "") + (("subject",) if wide else ())
    return Section(series.name, titles, lines)


def _line(series: Series, entry: Entry, bar: str, wide: bool) -> Line:
    change, value = entry.change, None if entry.row is None else entry.row[series.figure.column]
    said = "" if value is None else number(value)
    style, amount, words = "", "", change if isinstance(change, str) else ""
    if isinstance(change, Change):
        style = kind(change)
        words = f"{MARKS[style or change.verdict]} {change.verdict}"
        amount = change_text(change)
    commit = entry.commit
    fields = (commit.date[:10], commit.short or "working tree", said, amount, bar, words)
    return Line(fields + ((commit.subject,) if wide else ()), style)


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
    }
