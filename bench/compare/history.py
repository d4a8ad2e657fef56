"""A cell over time: its rows in every commit that changed the results, and in the working tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dotbench.bench.compare import diff
from dotbench.bench.compare.align import align
from dotbench.bench.compare.cells import Cells, name_of, nearest
from dotbench.bench.compare.errors import CompareError, near
from dotbench.bench.compare.repository import Commit, Repository
from dotbench.bench.compare.results import text_of
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import TEXT, TRUTH
from dotbench.bench.metrics.figure import LEVEL, Figure
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import csv_file
from dotbench.bench.record.columns import extra_keys, place

COUNTS = "instructions"
NO_HISTORY = " A history is one of commits: it is found in a clone of the project, or in a folder of results under git"
WORKING = Commit("", "", "not committed")


@dataclass(frozen=True)
class Entry:
    """The row that a commit gave a cell (None: it took it away), and what that changed.

    ``change``: against the entry before; a text says why there is no comparison, empty for the first.
    ``counted``: of a time, the row of instructions.csv that the commit has of the same product.
    """

    commit: Commit
    row: Row | None
    change: diff.Change | str = ""
    counted: Row | None = None


@dataclass
class Series:
    """A cell's entries, the oldest first; commits that left the cell alone have none."""

    file: str
    figure: Figure
    name: str
    entries: list[Entry] = field(default_factory=list)

    def values(self) -> list[Any]:
        """The figure at each entry, None where there was none."""
        return [None if one.row is None else one.row[self.figure.column] for one in self.entries]


@dataclass
class History:
    """``notes``: commits whose files could not be read, and what is missing."""

    series: list[Series]
    notes: list[str]


def history(folder: Path, cells: Cells, column: str | None, text: str) -> History:
    """The series of cells over the commits of ``folder``; CompareError where there never were such cells."""
    repository, cells = Repository(folder, NO_HISTORY), _with_column(cells, column)
    found, notes = _Collector(column), []
    counts = _counted(cells)
    files = cells.files if counts is None else (COUNTS, *(file for file in cells.files if file != COUNTS))
    for commit, file, data in versions(repository, files):
        try:
            if counts and file == COUNTS:
                found.counts = {} if data is None else _rows(data, file, counts)
            if file in cells.files:
                found.add(commit, file, {} if data is None else _rows(data, file, cells))
        except ValueError as error:
            where = commit.short or "the working tree"
            notes.append(f"{file}.csv of {where} could not be read: {error}")
    if not found.series:
        raise CompareError("; ".join([nearest(cells, _newest(folder, cells.files), text), *notes]))
    if repository.shallow:
        notes.append("this clone is shallow: older commits are not here (git fetch --unshallow)")
    order = sorted(found.series, key=lambda where: (registry.names().index(where[0]), where[1]))
    return History([found.series[where] for where in order], notes)


def _counted(cells: Cells) -> Cells | None:
    """The cells of instructions.csv that stand beside times: exact, where times of two commits cannot be compared."""
    if "time" not in cells.files:
        return None
    return replace(cells, files=(COUNTS,), extra=tuple(one for one in cells.extra if one[0] in extra_keys(COUNTS)))


def _with_column(cells: Cells, column: str | None) -> Cells:
    """Only the files that have the figure that was asked for."""
    if column is None:
        return cells
    known = {file: figures_of(file) for file in cells.files}
    files = tuple(file for file in cells.files if column in known[file])
    if not files:
        there = dict.fromkeys(name for names in known.values() for name in names)
        raise CompareError(f"no figure {column!r} in {', '.join(cells.files)}{near(column, there)}")
    return replace(cells, files=files)


def versions(repository: Repository, files: Iterable[str]) -> Iterator[tuple[Commit, str, bytes | None]]:
    """(commit, file, content) of every change, the oldest first, the working tree at last."""
    wanted = {f"{file}.csv": file for file in files}  # of one commit in this order
    last: dict[str, bytes | None] = {}
    with repository.blobs() as reader:
        for touched in reversed(repository.history()):
            for name in (name for name in wanted if name in touched.blobs):
                blob = touched.blobs[name]
                last[name] = None if blob is None else reader.read(blob)
                yield touched.commit, wanted[name], last[name]
    for name, file in wanted.items():
        path = repository.folder / name
        now = path.read_bytes() if path.is_file() else None
        if now != last.get(name):
            yield WORKING, file, now


def _rows(data: bytes, file: str, cells: Cells) -> dict[tuple[Any, ...], Row]:
    """The rows of these cells by key. Lines that cannot be theirs are not even parsed."""
    text = text_of(data)
    try:
        rows = csv_file.read(_lines_with(cells.word, text), file).rows(cells.has)
    except csv_file.SheetError:  # once more, for the number of the line in the whole text
        rows = csv_file.read(text, file).rows(cells.has)
    return _by_cell(file, rows)


def _by_cell(file: str, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """A series goes on when the name stands for another matrix; two matrices of one name at once are two series."""
    rows, found = list(rows), {}
    twice = {at for at, count in Counter(place(file, row) for row in rows).items() if count > 1}
    for row in rows:
        at = place(file, row)
        found[(*at, str(row["matrix_sha256"])) if at in twice else at] = row
    return found


def _lines_with(word: str, text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:1] + [line for line in lines[1:] if word in line or line.startswith(csv_file.CONFLICT)])


def _newest(folder: Path, files: Iterable[str]) -> Iterator[tuple[str, Row]]:
    """The rows of the working tree, as far as they can be read."""
    for file in files:
        try:
            yield from (
                (file, row) for row in csv_file.read(text_of((folder / f"{file}.csv").read_bytes()), file).rows()
            )
        except (OSError, ValueError):
            continue


class _Collector:
    """Turns each commit's rows into entries where they differ from the rows before."""

    def __init__(self, column: str | None) -> None:
        self._column = column
        self.series: dict[tuple[Any, ...], Series] = {}
        self._last: dict[str, dict[tuple[Any, ...], Row]] = {}
        self.counts: dict[tuple[Any, ...], Row] = {}  # of instructions.csv at the commit that is being read

    def add(self, commit: Commit, file: str, rows: dict[tuple[Any, ...], Row]) -> None:
        before = self._last.get(file, {})
        for at in sorted(before.keys() | rows.keys()):
            if before.get(at) != rows.get(at):
                self._entry(commit, file, at, rows.get(at))
        self._last[file] = rows

    def _entry(self, commit: Commit, file: str, at: tuple[Any, ...], row: Row | None) -> None:
        known = self.series.get((file, at))
        if known is None:
            assert row is not None  # what was never there cannot vanish
            matrix = f" (matrix {row['matrix_sha256'][:8]})" if len(at) > len(place(file, row)) else ""
            known = self.series[(file, at)] = Series(file, self._figure(file), name_of(file, row) + matrix)
        counted = self._counted(row) if row is not None and file == "time" else None
        known.entries.append(Entry(commit, row, _change(known, row), counted))

    def _counted(self, row: Row) -> Row | None:
        """The row of instructions.csv of the same product of the same matrix."""
        at, sha256 = place(COUNTS, row), str(row["matrix_sha256"])
        found = self.counts.get((*at, sha256)) or self.counts.get(at)
        return found if found and str(found["matrix_sha256"]) == sha256 else None

    def _figure(self, file: str) -> Figure:
        return figures_of(file)[self._column] if self._column else registry.get(file).headline


def _change(series: Series, row: Row | None) -> diff.Change | str:
    """Against the last entry that had a row."""
    if row is None:
        return "the row was taken out"
    before = next((one.row for one in reversed(series.entries) if one.row is not None), None)
    if before is None:
        return row["reason"] if row["status"] != "ok" else ""
    aligned = align(series.file, [before], [row])
    if aligned.apart:
        return f"not compared: {aligned.apart[0].reason}"
    if not before["status"] == row["status"] == "ok":
        why = f": {row['reason']}" if row["status"] != "ok" and row["reason"] else ""
        return f"{before['status']}, then {row['status']}{why}"
    return diff.change(series.file, series.figure, before, row, {})


def figures_of(file: str) -> dict[str, Figure]:
    """What a series can show: the figures that are compared, and every other column of numbers, by name."""
    metric = registry.get(file)
    numbers = [one.name for one in metric.all_columns if one.kind not in (TEXT, TRUTH)]
    known = {one: Figure(one, LEVEL) for one in numbers}
    for figure in metric.figures:
        known |= {figure.column: figure, figure.title: figure}
    return known
