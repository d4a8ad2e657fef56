"""Which row of one result belongs to which row of another, and why some belong to none.

Two rows belong together where matrix hash, format, parameters and the file's other keys agree, and the columns
without which figures cannot be compared (`Metric.equal`). The data set's name decides only among equals: the
same matrix may have another name elsewhere, and two twins of one name are two matrices. A matrix that could not be
read has no hash, and is the same as no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record.columns import place

Key = Callable[[Row], tuple[Any, ...]]


@dataclass(frozen=True)
class Apart:
    """A row, or two of one cell, that are shown and not compared."""

    file: str
    a: Row | None
    b: Row | None
    reason: str

    @property
    def row(self) -> Row:
        row = self.b if self.b is not None else self.a
        assert row is not None
        return row


@dataclass
class Aligned:
    """Rows of one file: pairs that can be compared, and the rest."""

    pairs: list[tuple[Row, Row]] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)


def align(file: str, a: Iterable[Row], b: Iterable[Row]) -> Aligned:
    """Pairs in b's order; what is left over in a's, then b's."""
    metric = registry.get(file)
    cell, same = metric.all_keys, metric.equal
    found = Aligned()
    left_a, left_b = _take(list(a), list(b), _by(*cell, *same), found.pairs)
    left_a, left_b = _take(left_a, left_b, _by_matrix(*cell[1:], *same), found.pairs)
    near: list[tuple[Row, Row]] = []
    for key in (_by(*cell), lambda row: place(file, row)):
        left_a, left_b = _take(left_a, left_b, key, near)
    found.apart += [Apart(file, one, other, _difference(file, one, other)) for one, other in near]
    names_a, names_b = ({row["dataset"] for row in rows} for rows in (left_a, left_b))
    found.apart += [Apart(file, row, None, _missing(row, "A", names_b)) for row in left_a]
    found.apart += [Apart(file, None, row, _missing(row, "B", names_a)) for row in left_b]
    return found


def _by(*names: str) -> Key:
    return lambda row: tuple(row[name] for name in names)


def _by_matrix(*names: str) -> Key:
    """By content, whatever the name; where that is not known the name has to do."""
    return lambda row: tuple(row[name] for name in names) + (() if row["matrix_sha256"] else (row["dataset"],))


def _take(a: list[Row], b: list[Row], key: Key, pairs: list[tuple[Row, Row]]) -> tuple[list[Row], list[Row]]:
    """Moves rows with the same key into ``pairs``; what is left of a and b."""
    waiting: dict[tuple[Any, ...], list[Row]] = {}
    for row in a:
        waiting.setdefault(key(row), []).append(row)
    left = []
    for row in b:
        same = waiting.get(key(row))
        if same:
            pairs.append((same.pop(0), row))
        else:
            left.append(row)
    return [row for rows in waiting.values() for row in rows], left


def _difference(file: str, a: Row, b: Row) -> str:
    """Why two rows of one cell are not compared."""
    for side, row in (("A", a), ("B", b)):
        if not row["matrix_sha256"]:
            return f"the matrix is not known in {side}: {row['reason'] or 'its row has no hash'}"
    if a["matrix_sha256"] != b["matrix_sha256"]:
        kinds = " and ".join(sorted({str(row["source"]) or "unknown" for row in (a, b)}))
        return f"another matrix under the same name ({kinds}): {a['matrix_sha256'][:8]} and {b['matrix_sha256'][:8]}"
    return differences(a, b, registry.get(file).equal)


def differences(a: Row, b: Row, names: Iterable[str]) -> str:
    """Which of these columns differ, and how; empty if none does."""
    return "; ".join(f"{name} differs: {_value(a[name])} and {_value(b[name])}" for name in names if a[name] != b[name])


def _value(value: object) -> str:
    """A value for people; hashes are cut."""
    text = str(value)
    return text[:8] if len(text) == 16 and set(text) <= set("0123456789abcdef") else text or "(none)"


def _missing(row: Row, side: str, others: set[Any]) -> str:
    """Why a row is alone; a twin on one side and the real matrix on the other is the usual cause."""
    name = str(row["dataset"])
    other = name.removesuffix("~twin") if name.endswith("~twin") else f"{name}~twin"
    if other in others:
        return f"only in {side}: the other has {other}, which is another matrix"
    return f"only in {side}"
