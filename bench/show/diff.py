"""What ``dotbench diff`` says: a verdict, a table a figure, what changed, and what was not compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dotbench.bench.compare.align import Apart
from dotbench.bench.compare.cells import count, label, name_of
from dotbench.bench.compare.diff import Change, Diff, Summary, summaries
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record.columns import extra_keys
from dotbench.bench.show.grid import section, short
from dotbench.bench.show.sections import MARKS, Line, Section, markdown

SHOWN = 20  # lines of a list, unless all are asked for
USUAL = {"threads": 1, "cache": "warm"}  # goes without saying
RULE = "a change counts where its whole 99 % interval lies beyond 1 %; B / A is the geometric mean"
NOTE = "<!-- dotbench diff -->"  # by which a workflow finds its comment again


@dataclass(frozen=True)
class View:
    """How much is shown: ``everything``, also what did not change; ``wide``, also what a narrow terminal leaves out."""

    everything: bool = False
    wide: bool = True

    @property
    def most(self) -> int:
        """Lines of a list at the most."""
        return 1_000_000 if self.everything else SHOWN


def sections(diff: Diff, fail_on: str, view: View) -> Iterator[Section]:
    """The whole answer."""
    title = f"A: {diff.a.label}    B: {diff.b.label}"
    if not view.everything and diff.unchanged:
        yield Section(f"{title}    {nothing(diff)}", below=diff.notes)
        return
    yield Section(title, said=verdict(diff, fail_on))
    if diff.failing:
        yield _changes("worse than --fail-on allows", diff.failing, view, False)
    if diff.broken:
        yield _apart("was ok and is failed", diff.broken, view, False)
    still = []
    for figure, found in _by_figure(diff):
        if not view.everything and all(one.verdict == "same" for one in found):
            still.append(f"{figure.title} ({found[0].file}.csv, {count(len(found), 'cell')})")
            continue
        yield _figure(figure, found, summaries(found))
        shown = [one for one in found if view.everything or (one.better is not None and not one.fails)]
        if shown:
            yield _changes(f"{figure.title}: {'all' if view.everything else 'what changed'}", shown, view, True)
    if still:
        yield Section("the same in all cells", below=still)
    if diff.apart:
        yield _apart(f"not compared: {count(len(diff.apart), 'cell')}", diff.apart, view, True)
    if diff.notes:
        yield Section("besides", below=diff.notes)


def verdict(diff: Diff, fail_on: str) -> str:
    """The answer in one line."""
    if diff.status == 2:
        return f"{MARKS['unsure']} Nothing could be compared; the reasons stand below."
    allowed = f"({fail_on})" if fail_on.strip() else "(--fail-on is empty)"
    said = [f"{count(len(diff.failing), 'exact figure')} worse than allowed {allowed}"] if diff.failing else []
    said += [f"{count(len(diff.broken), 'cell')} failed that had been ok"] if diff.broken else []
    if said:
        return f"{MARKS['fails']} Regression: {'; '.join(said)}{_measured_words(diff)}."
    return f"{MARKS['better']} No exact figure got worse than allowed {allowed}{_measured_words(diff)}."


def nothing(diff: Diff) -> str:
    """That nothing changed, in words."""
    cells = len({(one.file, id(one.b)) for one in diff.changes})
    files = len({one.file for one in diff.changes})
    without = f", {number(len(diff.apart))} without figures in both" if diff.apart else ""
    return f"{MARKS['same']} Nothing changed: {count(cells, 'cell')} of {count(files, 'file')}{without}."


def _measured_words(diff: Diff) -> str:
    """What became of measured figures, and by how much at the most; empty where there are none that moved."""
    said = ""
    for figure, found in _by_figure(diff):
        if not figure.exact:
            parts = [_moved(figure, found, better) for better in (False, True)]
            words = ", ".join(filter(None, parts))
            said += f"; {figure.title}: {words}" if words else ""
    return said


def _moved(figure: Figure, changes: list[Change], better: bool) -> str:
    """``13 slower (up to +20.6 %)``."""
    moved = [one for one in changes if one.better is better and one.ratio]
    if not moved:
        return ""
    most = max((one.ratio for one in moved if one.ratio), key=lambda ratio: abs(math.log(ratio)))
    return f"{len(moved)} {moved[0].verdict} (up to {percent(most)})"


def worst_cell(diff: Diff) -> str:
    """The name of the cell that got worse the most, what fails a build first; empty where none did."""
    worse = sorted((one for one in diff.changes if one.better is False), key=_badness)
    return name_of(worse[0].file, worse[0].b) if worse else ""


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
    formats = sorted(formats, key=lambda one: (section({"format": one.label.partition("[")[0]}), one.label))
    moved = [one for one in formats if one.verdicts.get("same", 0) < one.cells]
    still = [short(one.label) for one in formats if one not in moved]
    lines = [_summary_line(figure, one, words) for one in moved]
    below = [f"the same in all cells: {', '.join(still)}"] if still else []
    below += [] if figure.exact else [RULE]
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


def _changes(title: str, changes: list[Change], view: View, folded: bool) -> Section:
    ordered = sorted(changes, key=_badness)
    measured = any(not one.figure.exact for one in changes)
    several = len({one.figure for one in changes}) > 1
    columns = {
        "": [_marked(one) for one in ordered],
        "matrix": [str(one.b["dataset"]) for one in ordered],
        "format": [f"{short(label(one.b))} {cell_text(one.file, one.b)}".strip() for one in ordered],
        "figure": [one.figure.title for one in ordered] if several else [],
        ">A": [number(one.before) for one in ordered] if view.wide or not measured else [],
        ">B": [number(one.after) for one in ordered] if view.wide or not measured else [],
        ">change": [change_text(one) for one in ordered],
        ">99 % interval": [_interval_text(one) for one in ordered] if measured else [],
    }
    kept = {name: texts[: view.most] for name, texts in columns.items() if texts}
    lines = [Line(fields, kind(one)) for one, fields in zip(ordered, zip(*kept.values(), strict=True), strict=False)]
    return Section(title, tuple(kept), lines, _more(len(ordered) - view.most), folded, optional=("A", "B"))


def _badness(change: Change) -> tuple[int, float]:
    """The worst first, then the best, then what is the same."""
    order = 0 if change.fails else 1 if change.better is False else 2 if change.better else 3
    ratio = change.ratio or float("inf")
    return order, -max(ratio, 1 / ratio)


def _marked(change: Change) -> str:
    return f"{MARKS[kind(change) or change.verdict]} {change.verdict}"


def change_text(change: Change) -> str:
    """By how much, in words."""
    if change.verdict == "same" and change.low is None:
        return ""
    return "from 0" if change.ratio is None else percent(change.ratio)


def _interval_text(change: Change) -> str:
    if change.low is None or change.high is None:
        return ""
    return f"{percent(change.low).removesuffix(' %')} … {percent(change.high)}"


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
    size = round(abs(share), 3)
    decimals = 3 if size < 0.01 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{share:+.{decimals}f} %"


def _more(count: int) -> list[str]:
    return [f"and {count} more: --all shows them"] if count > 0 else []


# ---- what was not compared


def _apart(title: str, apart: list[Apart], view: View, folded: bool) -> Section:
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in apart:
        groups.setdefault((one.file, one.reason), []).append(one.row)
    named = 1000 if view.everything else 3
    lines = [
        Line((f"{file}.csv", str(len(rows)), reason, _examples(file, rows, named)))
        for (file, reason), rows in groups.items()
    ]
    titles = ("file", ">cells", "why", "which")
    return Section(title, titles, lines[: view.most], _more(len(lines) - view.most), folded)


def _examples(file: str, rows: list[Row], most: int) -> str:
    names = [f"{row['dataset']} {short(label(row))} {cell_text(file, row)}".strip() for row in rows]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


# ---- for pull requests

LONGEST = 60_000  # characters; GitHub refuses comments of more than 65 536


def as_markdown(diff: Diff, fail_on: str, everything: bool) -> str:
    """For a pull request, cut where it is too long for a comment."""
    text = f"{NOTE}\n" + markdown(sections(diff, fail_on, View(everything)))
    if len(text) <= LONGEST or everything:
        return text
    kept = text[:LONGEST].rsplit("\n", 1)[0]
    closed = "\n</details>" * (kept.count("<details>") - kept.count("</details>"))
    return f"{kept}\n{closed}\n\nCut here: too long for a comment.\n"
