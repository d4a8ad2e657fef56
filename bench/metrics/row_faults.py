"""What is wrong with a row: its metric gave columns that are not its own, or values that its columns cannot hold.

A row that passes is printed and read back; one that does not would make its file unreadable, or be another cell's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dotbench.bench.metrics.metric import STATUSES, Metric, Row

IDENTITY = ("dataset", "matrix_sha256", "format", "params", "code_sha")  # a row's, and its cell's in the journal


def of_constant(metric: Metric, known: Any) -> str:
    """What is wrong with the columns that ``constant`` gave; empty where nothing is."""
    if not isinstance(known, dict):
        return f"constant of {metric.name} gives {known!r:.80}, no dictionary of columns"
    lost = [name for name in metric.keys if known.get(name) is None]
    return _first(_of_given(metric, known, ()), (f"constant of {metric.name} gives no {name}" for name in lost))


def of_data(metric: Metric, data: Any, known: Mapping[str, Any]) -> str:
    """What is wrong with the columns that were measured; ``known``: those that the cell had before."""
    if not isinstance(data, dict):
        return f"{metric.name} gives {data!r:.80}, no dictionary of columns"
    fixed = [name for name in (*metric.keys, "reference_sha") if name in known]
    moved = (
        f"{metric.name} gives {name} {data[name]!r:.80} for the cell with {name} {known[name]!r:.80}"
        for name in fixed
        if data.get(name, known[name]) != known[name]
    )
    return _first(_of_given(metric, data, metric.kept), moved)


def _of_given(metric: Metric, given: Mapping[str, Any], besides: Collection[str]) -> Iterator[str]:
    own = {column.name: column for column in metric.columns}
    if unknown := [str(name) for name in given if name not in own and name not in besides]:
        columns = f"column{'' if len(unknown) == 1 else 's'} {', '.join(unknown):.200}"
        yield f"{metric.name} gives {columns}, which it does not declare as its own"
    for name, value in given.items():
        if name in own and (fault := own[name].fault(value)):
            yield f"{metric.name} gives what does not fit: {fault}"


def of_row(metric: Metric, row: Row, identity: Mapping[str, Any] | None = None) -> str:
    """What is wrong with a whole row; ``identity``: of the cell that the journal has it under."""
    return _first(_of_row(metric, row, identity or {}))


def _of_row(metric: Metric, row: Row, identity: Mapping[str, Any]) -> Iterator[str]:
    for name in IDENTITY:
        if name in identity and row.get(name) != identity[name]:
            yield f"column {name} is {row.get(name)!r:.80}, and its cell's is {identity[name]!r:.80}"
    for name in (*IDENTITY, "status", *metric.keys):
        if row.get(name) is None:
            yield f"column {name} is empty"
    for column in metric.all_columns:
        if fault := column.fault(row.get(column.name)):
            yield fault
    if row["status"] not in STATUSES:
        yield f"column status: {row['status']!r:.80} is none of {', '.join(STATUSES)}"


def of_pass(metric: Metric, data: Mapping[str, Any]) -> str:
    """What is wrong with what was told of one pass: whether there are more of them depends on two numbers in it."""
    for name in ("log_ratio", "sampling_seconds"):
        if data.get(name) is None:
            return f"{metric.name} is measured in passes, and gives no {name} of one"
        if not isinstance(data[name], int | float) or isinstance(data[name], bool) or not abs(data[name]) < 1e9:
            return f"{metric.name} gives {name} {data[name]!r:.80} of a pass: no finite number"
    return ""


def _first(*faults: Iterator[str]) -> str:
    return next((fault for part in faults for fault in part), "")
