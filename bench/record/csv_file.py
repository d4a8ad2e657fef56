"""A results file as text: its header and lines are checked, and every fault is named with its line.

Exports read with ``exact``: they write the file anew, so it has to have this version's columns. Whoever only
looks (`diff`, `log`, `bench.load`) may also read what an older version wrote, or columns in another order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import COMMON
from dotbench.bench.metrics.metric import Row
from dotbench.bench.show.escape import from_csv_text

CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")
NEEDED = frozenset(column.name for column in COMMON) - {"source", "reason"}  # by whoever reads only


class SheetError(ValueError):
    """Text that is not a results file; the message begins with the line."""


@dataclass(frozen=True)
class Sheet:
    """Header and fields of ``file``; ``records`` are (line number, fields), not yet typed."""

    file: str
    columns: tuple[str, ...]
    records: tuple[tuple[int, list[str]], ...]

    def rows(self, wanted: Callable[[dict[str, str]], bool] = lambda _: True, apart: tuple[str, ...] = ()) -> list[Row]:
        """Typed rows of the records whose text is ``wanted``; a column that the file lacks is empty.

        ``apart``: columns that tell rows apart besides the metric's keys. SheetError: a value that does not fit its
        column, or the same cell twice.
        """
        metric = registry.get(self.file)
        empty = dict.fromkeys(metric.names, "")
        rows: list[Row] = []
        lines: dict[tuple[Any, ...], int] = {}
        for number, record in self.records:
            fields = {**empty, **dict(zip(self.columns, record, strict=True))}
            if wanted(fields):
                rows.append(self._typed(number, fields))
                cell = (*metric.key(rows[-1]), *(fields[name] for name in apart))
                first = lines.setdefault(cell, number)
                if first != number:
                    raise SheetError(f"line {number}: the same cell as line {first}; delete one of them")
        return rows

    def _typed(self, number: int, fields: dict[str, str]) -> Row:
        metric = registry.get(self.file)
        try:
            row = metric.typed(fields)
        except ValueError as error:
            raise SheetError(f"line {number}: {error}") from error
        empty = [name for name in metric.all_keys if row[name] is None]
        if empty:
            raise SheetError(f"line {number}: column {empty[0]} is empty")
        return row


def read(text: str, file: str, exact: bool = False) -> Sheet:
    """The sheet in a text; SheetError names the line where it is none."""
    _no_conflict(text)
    _whole(text, file)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))  # spreadsheets write a mark at the start
    records: list[tuple[int, list[str]]] = []
    try:
        found = next(reader, [])
        (_same_columns if exact else _usable_columns)(found, file)
        columns = [registry.get(file).column(name) for name in found]
        for fields in reader:
            if len(fields) != len(found):
                raise ValueError(f"{len(fields)} fields, and there are {len(found)} columns")
            words = zip(columns, fields, strict=True)
            plain = [from_csv_text(text) if column.is_text else text for column, text in words]
            records.append((reader.line_num, plain))
    except (ValueError, csv.Error) as error:
        raise SheetError(f"line {max(reader.line_num, 1)}: {error}") from error
    return Sheet(file, tuple(found), tuple(records))


def _no_conflict(text: str) -> None:
    if not any(mark in text for mark in CONFLICT):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(CONFLICT):
            raise SheetError(
                f"line {number}: a merge conflict. Resolve it (either side is a whole file), or "
                "delete the file and export again"
            )


def _whole(text: str, file: str) -> None:
    """What a spreadsheet or a copy that broke off has made of a file; nothing is guessed of either."""
    first = text.removeprefix("\ufeff").partition("\n")[0].strip("\r")
    for letter, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.split(letter)[:2] == [column.name for column in COMMON[:2]]:
            raise SheetError(
                f"line 1: its columns are separated by {name}: a spreadsheet has saved it so, and may have changed "
                f"numbers, too. Get it back (git checkout -- {file}.csv, or dotbench export), or save it again with "
                "commas and points"
            )
    if text and not text.endswith(("\n", "\r")):
        raise SheetError(
            f"line {text.count(chr(10)) + 1}: the last line does not end: the file was cut short there. Get it back "
            f"(git checkout -- {file}.csv, or dotbench export); if only the line's end is missing, add it"
        )


def columns_of(file: str) -> list[str]:
    """The names of this version's columns, in order."""
    return list(registry.get(file).names)


def _doubled(found: list[str]) -> list[str]:
    return sorted({name for name in found if found.count(name) > 1})


def _same_columns(found: list[str], file: str) -> None:
    names = columns_of(file)
    wrong = {
        "missing": [name for name in names if name not in found],
        "unknown": [name for name in found if name not in names],
        "doubled": _doubled(found),
    }
    if found != names:
        said = "; ".join(f"{what}: {', '.join(which) or 'none'}" for what, which in wrong.items())
        raise ValueError(
            f"these are not the columns of this version ({said}; each once and in order). Update dotbench, or "
            "move the file away"
        )


def _usable_columns(found: list[str], file: str) -> None:
    """Every column known and there once, and what identifies a row is there."""
    if unknown := [name for name in found if name not in columns_of(file)]:
        raise ValueError(
            f"{_columns(unknown)} unknown in {file}.csv: a newer version of dotbench wrote it, or something else. "
            "Update dotbench, or take the column out"
        )
    if doubled := _doubled(found):
        raise ValueError(f"{_columns(doubled)} there more than once. Take out what is too much")
    if missing := [
        name for name in columns_of(file) if name in NEEDED | set(registry.get(file).all_keys) and name not in found
    ]:
        raise ValueError(f"{_columns(missing)} missing, and rows of {file}.csv cannot be told apart without")


def _columns(names: Collection[str]) -> str:
    shown = ", ".join(name or "(no name)" for name in list(names)[:5]) + (", ..." if len(names) > 5 else "")
    return f"column {shown} is" if len(names) == 1 else f"columns {shown} are"
