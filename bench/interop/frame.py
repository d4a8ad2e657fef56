"""Results as one pandas frame: `bench.load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.bench.compare.results import Results, find
from dotbench.bench.machine.extras import missing
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import COMMON
from dotbench.bench.metrics.metric import Row
from dotbench.cdot.places import results_folder

if TYPE_CHECKING:
    import pandas as pd

TIDY = {"figure": "string", "value": "float64", "low": "float64", "high": "float64"}


def load(path: str | Path) -> pd.DataFrame:
    """Of a results folder, one CSV file, or a revision: see `bench.load`. ImportError without pandas."""
    try:
        import pandas as pd  # an optional package, slow to import
    except ImportError as error:
        raise ImportError(missing(("report",), "dotbench.bench.load")) from error
    results = find(str(path), results_folder())
    types = _types(results)
    rows = [{"metric": file, **row, **_tidy(file, row)} for file, found in results.rows.items() for row in found]
    columns = {name: [row.get(name) for row in rows] for name in types}
    return pd.DataFrame({name: pd.array(values, dtype=types[name]) for name, values in columns.items()})


def _types(results: Results) -> dict[str, Any]:
    """Column names with their pandas types, in order: what all files have, tidy columns, then file by file."""
    names = ("metric", *(column.name for column in COMMON))
    known: dict[str, Any] = {**dict.fromkeys(names, "string"), **TIDY}
    for file in results.rows:
        for column in registry.get(file).all_columns:
            known.setdefault(column.name, column.kind.pandas)
    return known


def _tidy(file: str, row: Row) -> dict[str, Any]:
    """The headline of the row's file."""
    figure = registry.get(file).headline
    low, high = (row[name] if name else None for name in (figure.low, figure.high))
    return {"figure": figure.column, "value": row[figure.column], "low": low, "high": high}
