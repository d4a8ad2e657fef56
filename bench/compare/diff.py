"""Two results compared: what changed, by how much, what could not be compared, and what fails a build."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dotbench.bench.compare import intervals
from dotbench.bench.compare.align import Apart, align, differences
from dotbench.bench.compare.cells import count, label
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.figures import Limits
from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Row

SAME = "same"
OF_THE_RUN = ("dataset", "source", "reason")  # of a row; the measurement is the same whatever they say


class Change(NamedTuple):
    """One figure of one cell in both results.

    ``ratio``: b's over a's (None: a's is 0), with its 99 % interval where it was measured and not counted.
    ``better``: None where it is the same, or nobody knows. ``fails``: worse, by more than ``--fail-on`` allows.
    """

    file: str
    figure: Figure
    a: Row
    b: Row
    verdict: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    better: bool | None = None
    fails: bool = False

    @property
    def before(self) -> Any:
        return self.a[self.figure.column]

    @property
    def after(self) -> Any:
        return self.b[self.figure.column]


@dataclass
class Diff:
    """``broken``: cells that were ok and failed. ``apart``: rows that are shown and not compared."""

    a: Results
    b: Results
    changes: list[Change] = field(default_factory=list)
    broken: list[Apart] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failing(self) -> list[Change]:
        return [change for change in self.changes if change.fails]

    @property
    def unchanged(self) -> bool:
        """Whether every figure is the same, and what has none in one result has none in the other either."""
        alike = all(one.a and one.b and one.a["status"] == one.b["status"] != "ok" for one in self.apart)
        return bool(self.changes) and alike and all(one.verdict == SAME for one in self.changes)

    @property
    def status(self) -> int:
        """The exit status: 1 for a regression, 2 where nothing could be compared."""
        if self.failing or self.broken:
            return 1
        return 0 if self.changes else 2


def compare(a: Results, b: Results, limits: Limits) -> Diff:
    """All files that both have; CompareError where they have none in common."""
    files = [file for file in b.rows if file in a.rows]
    if not files:
        has = [f"{one.label} has {', '.join(f'{file}.csv' for file in one.rows)}" for one in (a, b)]
        raise CompareError(f"nothing to compare: {'; '.join(has)}")
    found = Diff(a, b, notes=[*a.notes, *b.notes, *_files_of_one(a, b)])
    for file in files:
        aligned = align(file, a.rows[file], b.rows[file])
        for apart in aligned.apart:
            (found.broken if _broke(apart) else found.apart).append(apart)
        lacks = Counter(lack for pair in aligned.pairs for lack in _pair(found, file, *pair, limits))
        found.notes += [
            f"{file}.csv, {column}: {count(cells, 'cell')} not compared: {why}"
            for (column, why), cells in lacks.items()
        ]
        found.notes += _notes(file, aligned.pairs)
    return found


def _files_of_one(a: Results, b: Results) -> list[str]:
    """Files that only one side has; of a file that was asked for alone no others are missed."""
    if a.alone or b.alone:
        return []
    only = [(file, "A", a) for file in a.rows if file not in b.rows]
    only += [(file, "B", b) for file in b.rows if file not in a.rows]
    return [f"{file}.csv is only in {side}: {count(len(one.rows[file]), 'row')}" for file, side, one in only]


def _broke(apart: Apart) -> bool:
    """A cell that failed is a regression, whatever else differs, if it is of the same matrix."""
    a, b = apart.a, apart.b
    if a is None or b is None or a["matrix_sha256"] != b["matrix_sha256"]:
        return False
    return bool(a["status"] == "ok" and b["status"] == "failed")


def _pair(found: Diff, file: str, a: Row, b: Row, limits: Limits) -> Iterator[tuple[str, str]]:
    """Two rows that belong together: their figures, or why there are none; yields what else is not compared and why."""
    if not a["status"] == b["status"] == "ok":
        apart = Apart(file, a, b, _status(a, b))
        (found.broken if _broke(apart) else found.apart).append(apart)
        return
    metric = registry.get(file)
    made = [change(file, figure, a, b, limits) for figure in metric.figures]
    changes = [one for one in made if isinstance(one, Change)]
    found.changes += changes
    for figure, one in zip(metric.figures, made, strict=True):
        if isinstance(one, Change) or (changes and one.endswith("either")):
            continue
        if figure is metric.headline or (figure.answer and a[figure.answer] != b[figure.answer]):
            found.apart.append(Apart(file, a, b, one))
        elif not one.endswith("either"):
            yield figure.column, one


def _status(a: Row, b: Row) -> str:
    if a["status"] == b["status"]:
        return f"{a['status']} in both"
    words = f"{a['status']} in A, {b['status']} in B"
    reason = (b if b["status"] != "ok" else a)["reason"]
    return f"{words}: {reason}" if reason else words


def change(file: str, figure: Figure, a: Row, b: Row, limits: Limits) -> Change | str:
    """One figure of two rows that belong together, or why there is no verdict."""
    before, after = a[figure.column], b[figure.column]
    if difference := differences(a, b, figure.equal):
        return difference
    if figure.answer and a[figure.answer] != b[figure.answer]:
        return f"{figure.answer} is {a[figure.answer] or 'empty'} in A, {b[figure.answer] or 'empty'} in B"
    if before is None or after is None:
        sides = [side for side, value in (("A", before), ("B", after)) if value is None]
        return f"no {figure.column} in {sides[0] if len(sides) == 1 else 'either'}"
    return _exact(file, figure, a, b, limits) if figure.exact else _measured(file, figure, a, b)


def _exact(file: str, figure: Figure, a: Row, b: Row, limits: Limits) -> Change:
    before, after = a[figure.column], b[figure.column]
    ratio = after / before if before else (1.0 if after == before else None)
    if before == after:
        return Change(file, figure, a, b, SAME, ratio)
    better = (after < before) != figure.more_is_better
    worse_by = abs(after - before) / before if before else math.inf
    fails = not better and figure.title in limits and worse_by > limits[figure.title]
    return Change(file, figure, a, b, figure.words[after > before], ratio, None, None, better, fails)


def _measured(file: str, figure: Figure, a: Row, b: Row) -> Change | str:
    if all(a[name] == b[name] for name in a if name not in OF_THE_RUN):  # not measured anew
        return Change(file, figure, a, b, SAME, 1.0, 1.0, 1.0)
    one, other = _interval(file, figure, a), _interval(file, figure, b)
    for side, known in (("A", one), ("B", other)):
        if known is None:
            return f"{figure.column} has no interval in {side}"
        if not known.usable:
            return f"{figure.column} or its interval is not above 0 in {side}"
    assert one and other
    found = intervals.compare(one, other)
    verdict = {"faster": figure.words[0], "slower": figure.words[1]}.get(found.verdict, found.verdict)
    better = {"faster": True, "slower": False}.get(found.verdict)
    return Change(file, figure, a, b, verdict, found.ratio, found.low, found.high, better)


def _interval(file: str, figure: Figure, row: Row) -> intervals.Measured | None:
    """A row's figure with its interval, widened by what printing rounded off."""
    low, high = row[figure.low], row[figure.high]
    if low is None or high is None:
        return None
    count = row[figure.count] if figure.count else None
    half_unit = registry.get(file).column(figure.column).kind.half_unit
    return intervals.Measured(row[figure.column], low - half_unit, high + half_unit, count)


def _notes(file: str, pairs: list[tuple[Row, Row]]) -> Iterator[str]:
    """What is worth knowing about a file's figures besides."""
    others = sum(x.get("machine", "") != y.get("machine", "") for x, y in pairs)
    if others:
        yield (
            f"{file}.csv: {count(others, 'cell')} measured on another machine in B; ratios to the reference are "
            "compared, nanoseconds are not"
        )


class Summary(NamedTuple):
    """One figure of one format: how many cells, their geometric mean (None: none above 0), and the verdicts."""

    file: str
    figure: Figure
    label: str
    cells: int
    mean: float | None
    verdicts: dict[str, int]


def summaries(changes: list[Change]) -> list[Summary]:
    """By figure in the order of files, and in it by format."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for one in changes:
        groups.setdefault((one.file, one.figure.column, label(one.b)), []).append(one)
    return [_summary(name, found) for (_, _, name), found in groups.items()]


def _summary(name: str, changes: list[Change]) -> Summary:
    verdicts: dict[str, int] = {}
    for one in changes:
        verdicts[one.verdict] = verdicts.get(one.verdict, 0) + 1
    logs = [math.log(one.ratio) for one in changes if one.ratio]
    mean = math.exp(math.fsum(logs) / len(logs)) if logs else None
    return Summary(changes[0].file, changes[0].figure, name, len(changes), mean, verdicts)
