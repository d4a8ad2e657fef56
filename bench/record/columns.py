"""Rows of the results files, by the names of these: what identifies them, and how they are read and printed.

What columns a file has, its metric says (`dotbench.bench.metrics.registry`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row


def key(file: str, row: Row) -> tuple[Any, ...]:
    """What identifies a row in its file, and the order of rows: names as text, counts as numbers."""
    return registry.get(file).key(row)


def place(file: str, row: Row) -> tuple[Any, ...]:
    """The same without the matrix's hash: where a row of the matrix that has the name now, or of another, stands."""
    return registry.get(file).position(row)


def extra_keys(file: str) -> tuple[str, ...]:
    """What tells a file's cells apart besides matrix, format and parameters."""
    return registry.get(file).keys


def as_text(file: str, row: Row) -> list[str]:
    """A row's fields for the CSV, in the file's order; None and what is missing are empty."""
    return registry.get(file).as_text(row)


def typed(file: str, fields: Mapping[str, str]) -> Row:
    """A row with values from a CSV's text; ValueError names the column that does not fit."""
    return registry.get(file).typed(fields)
