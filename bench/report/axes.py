"""Which columns can be an axis of the plot, and what tells the rows of a file apart.

An axis is offered where a file has a figure for it; a metric without axes is still in the report's table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Metric, Row
from dotbench.bench.metrics.plots import Axis


def axes() -> Iterator[tuple[Metric, Axis]]:
    """All axes with their metrics, in the order in which they are offered."""
    found = [(metric, axis) for metric in registry.shown() for axis in metric.axes]
    yield from sorted(found, key=lambda one: one[1].place)


def usual() -> list[list[str]]:
    """File and column of what every plot has at first, the README's too: it is what the tables say.

    >>> usual()
    [['space', 'bytes'], ['time', 'time_ratio']]
    """
    return [[metric.name, axis.column] for metric, axis in axes() if axis.usual]


def there(results: Results) -> list[dict[str, Any]]:
    """The axes that some row which went well has a figure for."""
    return [
        {"file": metric.name, **asdict(axis)}
        for metric, axis in axes()
        if _has(results.rows.get(metric.name, []), axis)
    ]


def _has(rows: list[Row], axis: Axis) -> bool:
    return any(row["status"] == "ok" and row[axis.column] is not None for row in rows)


def splits(file: str, rows: list[Row]) -> list[str]:
    """The columns that a reader has to choose a value of, so that a cell is one row: the file's own keys, and
    others (``isa``, ``machine``) only where the same cell is there with several values. A name that follows from
    the matrix (its ``layer``) is no choice."""
    metric = registry.get(file)
    seen: dict[tuple[Any, ...], Row] = {}
    more: set[str] = set()
    for row in rows:
        first = seen.setdefault(tuple(row[name] for name in metric.all_keys), row)
        more |= {name for name in metric.equal if row[name] != first[name]}
    own = [name for name in metric.keys if metric.is_count(name) or not _follows(name, rows)]
    return [*own, *(name for name in metric.equal if name in more)]


def _follows(name: str, rows: list[Row]) -> bool:
    """Whether each matrix has one value of a column, and not all of them the same."""
    pairs = {(row["matrix_sha256"], row[name]) for row in rows}
    return len(pairs) == len({sha for sha, _ in pairs}) and len({value for _, value in pairs}) > 1
