"""What ``dotbench diff`` says: a verdict, a table a figure, what changed, and what was not compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bench.compare.align import Apart
from bench.compare.diff import Change, Diff, Summary, label, summaries
from bench.compare.figures import Figure, extra_keys
from bench.rows import Row
from bench.show.sections import MARKS, Line, Section
from bench.show.table import short

SHOWN = 20  # lines of a list, unless all are asked for
USUAL = {"threads": 1, "cache": "warm"}  # goes without saying
NOTE = "<!-- dotbench diff -->"  # by which a workflow finds its comment again


def sections(diff: Diff, fail_on: str, everything: bool) -> Iterator[Section]:
    """The whole answer; ``everything``: also what did not change, and lists in full."""
    most = len(diff.changes) + len(diff.apart) if everything else SHOWN
    yield Section(f"A: {diff.a.label}    B: {diff.b.label}", below=[verdict(diff, fail_on)])
    if diff.failing:
        yield _changes("worse than --fail-on allows", diff.failing, most, False)
    if diff.broken:
        yield _apart("was ok and is failed", diff.broken, most, False)
    for figure, found in _by_figure(diff):
        yield _figure(figure, found, summaries(found))
        shown = [one for one in found if everything or one.better is not None]
        if shown:
            yield _changes(f"{figure.title}: {'all' if everything else 'what changed'}", shown, most, True)
    if diff.apart:
        yield _apart("not compared", diff.apart, most, True)
    if diff.notes:
        yield Section("besides", below=diff.notes)


def verdict(diff: Diff, fail_on: str) -> str:
    """The answer in one line."""
    if diff.status == 2:
        return "Nothing could be compared; the reasons stand below."
    worse, allowed = len(diff.failing), fail_on or "nothing fails"
    said = [f"{worse} exact figures worse than allowed ({allowed})"] if worse else []
    said += [f"{len(diff.broken)} cells were ok and are failed"] if diff.broken else []
    if said:
        return f"{MARKS['fails']} Regression: {'; '.join(said)}."
    return f"{MARKS['better']} No exact figure got worse than allowed ({allowed})."


def _by_figure(diff: Diff) -> list[tuple[Figure, list[Change]]]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for one in diff.changes:
        groups.setdefault((one.file, one.figure.column), []).append(one)
    return [(found[0].figure, found) for found in groups.values()]


# ---- a figure by format


def _figure(figure: Figure, changes: list[Change], formats: list[Summary]) -> Section:
    words = [*figure.words, "same"] + ([] if figure.exact else ["unsure"])
    counts = {word: sum(one.verdicts.get(word, 0) for one in formats) for word in words}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    moved = [one for one in formats if one.verdicts.get("same", 0) < one.cells]
    still = [short(one.label) for one in formats if one not in moved]
    lines = [_summary_line(figure, one, words) for one in moved]
    below = [f"the same in all cells: {', '.join(still)}"] if still else []
    titles = ("", "format", ">cells", ">B / A", *(f">{word}" for word in words))
    return Section(f"{figure.title} ({changes[0].file}.csv): {said}", titles if lines else (), lines, below)


def _summary_line(figure: Figure, summary: Summary, words: Sequence[str]) -> Line:
    up, down = summary.verdicts.get(figure.words[1], 0), summary.verdicts.get(figure.words[0], 0)
    better, worse = (up, down) if figure.more_is_better else (down, up)
    kind = "mixed" if better and worse else "better" if better else "worse" if worse else "unsure"
    mean = "" if summary.mean is None else f"{summary.mean:.4f}"
    counts = [str(summary.verdicts.get(word, "")) for word in words]
    fields = (MARKS[kind], short(summary.label), str(summary.cells), mean, *counts)
    return Line(fields, kind if kind in ("better", "worse") else "")


# ---- single cells


def _changes(title: str, changes: list[Change], most: int, folded: bool) -> Section:
    ordered = sorted(changes, key=_badness)
    exact = all(one.figure.exact for one in changes)
    several = len({one.figure for one in changes}) > 1
    lines = [_change_line(one, exact, several) for one in ordered[:most]]
    titles = ("", "matrix", "format", "cell", ">A", ">B", ">change") + (() if exact else (">99 % interval",))
    return Section(title, titles, lines, _more(len(ordered) - most), folded)


def _badness(change: Change) -> tuple[int, float]:
    """The worst first, then the best, then what is the same."""
    order = 0 if change.fails else 1 if change.better is False else 2 if change.better else 3
    ratio = change.ratio or float("inf")
    return order, -max(ratio, 1 / ratio)


def _change_line(change: Change, exact: bool, several: bool) -> Line:
    style = kind(change)
    extra = ["" if change.low is None or change.high is None else f"{percent(change.low)} … {percent(change.high)}"]
    cell = cell_text(change.file, change.b)
    fields = (
        f"{MARKS[style or change.verdict]} {change.verdict}",
        str(change.b["dataset"]),
        short(label(change.b)),
        f"{change.figure.title} {cell}".strip() if several else cell,
        number(change.before),
        number(change.after),
        "" if change.verdict == "same" else "from 0" if change.ratio is None else percent(change.ratio),
    )
    return Line(fields + (() if exact else tuple(extra)), style)


def kind(change: Change) -> str:
    """``better``, ``worse``, ``fails`` or nothing."""
    return "fails" if change.fails else {True: "better", False: "worse", None: ""}[change.better]


def cell_text(file: str, row: Row) -> str:
    """What tells a cell from others of its format: ``b8 cold``; what goes without saying is left out."""
    words = []
    for name in extra_keys(file):
        value = row[name]
        if USUAL.get(name) != value:
            words.append(f"b{value}" if name == "batch" else str(value) if name == "cache" else f"{name}={value}")
    return " ".join(words)


def number(value: Any) -> str:
    """A figure for people: digits of counts in groups of three."""
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def percent(ratio: float) -> str:
    """By how much a ratio is off 1.

    >>> percent(1.0414), percent(0.5), percent(1.00001), percent(3)
    ('+4.14 %', '-50.0 %', '+0.001 %', '+200 %')
    """
    share = 100 * (ratio - 1)
    size = abs(share)
    decimals = 3 if size < 0.01 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{share:+.{decimals}f} %"


def _more(count: int) -> list[str]:
    return [f"and {count} more: --all shows them"] if count > 0 else []


# ---- what was not compared


def _apart(title: str, apart: list[Apart], most: int, folded: bool) -> Section:
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in apart:
        groups.setdefault((one.file, one.reason), []).append(one.row)
    lines = [
        Line((f"{file}.csv", str(len(rows)), reason, _examples(file, rows, 1000 if most > SHOWN else 3)))
        for (file, reason), rows in groups.items()
    ]
    titles = ("file", ">cells", "why", "which")
    return Section(f"{title}: {len(apart)}", titles, lines[:most], _more(len(lines) - most), folded)


def _examples(file: str, rows: list[Row], most: int) -> str:
    names = [f"{row['dataset']} {short(label(row))} {cell_text(file, row)}".strip() for row in rows]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


# ---- for programs


def as_json(diff: Diff, fail_on: str) -> str:
    """Everything, for programs; figures as the CSV files hold them."""
    return json.dumps(
        {
            "a": diff.a.label,
            "b": diff.b.label,
            "fail_on": fail_on,
            "exit_status": diff.status,
            "summaries": [_summary_record(one) for one in summaries(diff.changes)],
            "changes": [_change_record(one) for one in diff.changes],
            "failed": [_apart_record(one) for one in diff.broken],
            "not_compared": [_apart_record(one) for one in diff.apart],
            "notes": diff.notes,
        }
    )


def _summary_record(one: Summary) -> dict[str, Any]:
    mean = {"geometric_mean": one.mean, "cells": one.cells, "verdicts": one.verdicts}
    return {"file": one.file, "figure": one.figure.column, "format": one.label, **mean}


def _cell_record(file: str, row: Row) -> dict[str, Any]:
    names = ("dataset", "matrix_sha256", "format", "params", *extra_keys(file))
    return {"file": file, **{name: row[name] for name in names}}


def _change_record(one: Change) -> dict[str, Any]:
    verdict = {"verdict": one.verdict, "better": one.better, "fails": one.fails}
    values = {"figure": one.figure.column, "a": one.before, "b": one.after}
    return _cell_record(one.file, one.b) | values | {"ratio": one.ratio, "low": one.low, "high": one.high} | verdict


def _apart_record(one: Apart) -> dict[str, Any]:
    sides = {side: row and row["status"] for side, row in (("a", one.a), ("b", one.b))}
    return _cell_record(one.file, one.row) | {"status": sides, "reason": one.reason}
