"""The committed results as a folder that ``asv publish`` turns into pages (airspeed velocity 0.6).

One benchmark a figure (``space.bytes``), its parameters the data set, the format and the file's other keys;
one results file for each commit and each set of columns that have to agree (machine, instruction set, compiler,
reference kernel), so that asv draws no line through figures that cannot be compared.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from dotbench.bench.compare.cells import label
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.history import NO_HISTORY, versions
from dotbench.bench.compare.repository import Commit, Repository
from dotbench.bench.compare.results import text_of
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import csv_file
from dotbench.bench.record.columns import extra_keys
from dotbench.bench.record.export import write_whole
from dotbench.bench.record.matrix_names import matrix_of, names

PROJECT = "dotbench"
ANY_MACHINE = "any-machine"  # of exact figures
ENVIRONMENT = "dotbench"

Axes = dict[str, list[str]]
Rows = dict[str, list[Row]]


def write(results: Path, folder: Path) -> tuple[int, list[str]]:
    """Writes the folder from the history of ``results``; how many commits, and what could not be read.

    CompareError: no history, or a folder with something else in it.
    """
    _check(folder)
    repository = Repository(results, NO_HISTORY)
    states, notes = _states(repository)
    if not states:
        raise CompareError(f"no results are committed in {results}. {'; '.join(notes)}".rstrip(". "))
    axes = {file: _axes(file, (rows[file] for _, rows in states if file in rows)) for file in registry.names()}
    _json(folder / "asv.conf.json", _configuration(repository))
    _json(folder / "results" / "benchmarks.json", {"version": 2, **dict(_benchmarks(axes))})
    for commit, rows in states:
        _write_commit(folder / "results", commit, rows, axes)
    return len(states), notes


def _check(folder: Path) -> None:
    known = folder / "asv.conf.json"
    if folder.exists() and any(folder.iterdir()) and (not known.exists() or PROJECT not in known.read_text()):
        raise CompareError(f"{folder} has something else in it: choose an empty folder, or one that is not there yet")


def _json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def _configuration(repository: Repository) -> dict[str, Any]:
    return {
        "version": 1,
        "project": PROJECT,
        "repo": str(repository.top),
        "branches": [repository.branch],
        "results_dir": "results",
        "html_dir": "html",
    }


def _states(repository: Repository) -> tuple[list[tuple[Commit, Rows]], list[str]]:
    """The rows of all files after each commit that changed some, the oldest first."""
    now: Rows = {}
    states: list[tuple[Commit, Rows]] = []
    notes: list[str] = []
    for commit, file, data in versions(repository, registry.names()):
        if not commit.sha:
            continue  # asv knows nothing but commits
        try:
            now[file] = [] if data is None else csv_file.read(text_of(data), file).rows()
        except ValueError as error:
            notes.append(f"{file}.csv of {commit.short} could not be read: {error}")
        if states and states[-1][0] == commit:
            states.pop()
        states.append((commit, dict(now)))
    return _told_apart(states), notes


def _told_apart(states: list[tuple[Commit, Rows]]) -> list[tuple[Commit, Rows]]:
    """The same with a name a matrix, so that no line is drawn from one matrix to another of its name."""
    named = names(row for _, rows in states for found in rows.values() for row in found)
    return [
        (commit, {file: [{**row, "dataset": named[matrix_of(row)]} for row in found] for file, found in rows.items()})
        for commit, rows in states
    ]


# ---- benchmarks


def _axes(file: str, versions_: Iterator[list[Row]]) -> Axes:
    """The parameters of a file's benchmarks with all their values, in the order of keys."""
    values: dict[str, dict[Any, None]] = {name: {} for name in ("dataset", "format", *extra_keys(file))}
    for row in itertools.chain.from_iterable(versions_):
        for name, value in zip(values, _place(file, row), strict=True):
            values[name][value] = None
    return {name: sorted(found, key=_order) for name, found in values.items()}


def _place(file: str, row: Row) -> tuple[str, ...]:
    """Where a row stands on the axes; asv has the values as Python prints them."""
    return repr(str(row["dataset"])), repr(label(row)), *(repr(row[name]) for name in extra_keys(file))


def _order(value: str) -> tuple[int, float, str]:
    return (0, float(value), "") if re.fullmatch(r"\d+", value) else (1, 0.0, value)


def _benchmarks(axes: dict[str, Axes]) -> Iterator[tuple[str, dict[str, Any]]]:
    for file, figure, name in _names():
        if axes[file]["dataset"]:
            about = {
                "code": f"{figure.column} of {file}.csv",
                "name": name,
                "param_names": list(axes[file]),
                "params": list(axes[file].values()),
                "pretty_name": f"{file}: {figure.title}",
                "type": "track",
                "unit": registry.get(file).column(figure.column).unit or figure.column.replace("_", " "),
                "version": "1",
            }
            yield name, about


def _names() -> Iterator[tuple[str, Figure, str]]:
    for metric in registry.shown():
        for figure in metric.figures:
            yield metric.name, figure, f"{metric.name}.{figure.column}"


# ---- results


def _write_commit(folder: Path, commit: Commit, rows: Rows, axes: dict[str, Axes]) -> None:
    groups: dict[tuple[tuple[str, str], ...], Rows] = {}
    for file, found in rows.items():
        for row in found:
            if row["status"] == "ok":
                groups.setdefault(_surroundings(file, row), {}).setdefault(file, []).append(row)
    for around, part in groups.items():
        parameters = dict(around)
        machine = folder / parameters["machine"]
        _json(machine / "machine.json", {**_machine(parameters["machine"]), "version": 1})
        name = "-".join([commit.sha[:8], ENVIRONMENT, *(_slug(value) for _, value in around[1:])])
        _json(machine / f"{name}.json", _results(commit, parameters, part, axes))


def _surroundings(file: str, row: Row) -> tuple[tuple[str, str], ...]:
    """The machine, and the columns that have to agree."""
    machine = _slug(str(row.get("machine") or "")) or ANY_MACHINE
    return ("machine", machine), *((name, str(row[name])) for name in registry.get(file).equal if name != "machine")


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")


def _machine(name: str) -> dict[str, str]:
    cpu, _, count = name.rpartition("-x")
    return {"machine": name, "cpu": cpu or name, "num_cpu": count, "os": "", "arch": "", "ram": ""}


def _results(commit: Commit, parameters: dict[str, str], rows: Rows, axes: dict[str, Axes]) -> dict[str, Any]:
    found = {}
    for file, figure, name in _names():
        if any(row[figure.column] is not None for row in rows.get(file, [])):
            found[name] = _values(file, figure, rows[file], axes[file])
    return {
        "version": 2,
        "commit_hash": commit.sha,
        "date": round(datetime.fromisoformat(commit.date).timestamp() * 1000),
        "env_name": "-".join([ENVIRONMENT, *(_slug(value) for value in list(parameters.values())[1:])]),
        "env_vars": {},
        "params": parameters,
        "python": "",
        "requirements": {},
        "result_columns": ["result", "params", "version", "stats_ci_99_a", "stats_ci_99_b"],
        "results": found,
        "durations": {},
    }


def _values(file: str, figure: Figure, rows: list[Row], axes: Axes) -> list[Any]:
    """Result, parameters, version, and the interval if there is one: a value for each point of the axes."""
    at = {_place(file, row): row for row in rows}
    points = [at.get(point) for point in itertools.product(*axes.values())]
    names = [name for name in (figure.column, figure.low, figure.high) if name]
    columns = [[None if row is None else row[name] for row in points] for name in names]
    return [columns[0], list(axes.values()), "1", *columns[1:]]
