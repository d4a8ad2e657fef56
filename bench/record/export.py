"""From rows to results/*.csv: merged with what is there, written whole and atomically.

An export replaces the rows of the cells in its plan. Other rows stay while their code is still this
checkout's. A row that says "not measured" never replaces one that was measured by the same code.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotbench.bench.metrics import registry, row_faults
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.record import csv_file
from dotbench.bench.record.columns import extra_keys, key, place
from dotbench.bench.show.escape import csv_text
from dotbench.cdot.fresh import check_replaceable, new_file, sweep

Row = dict[str, Any]
ShaNow = Callable[[str, Row], str | None]

AGAIN = "dotbench export"
GIVES_WAY = ("skipped", "unavailable", "timeout")


class ExportError(RuntimeError):
    """A results file that cannot be read or written; it was left as it is."""


@dataclass
class ExportReport:
    """What happened to rows that an export did not bring; counts by file.

    ``written``: rows that are in the file now. ``replaced``: rows of another matrix than the one that has the name
    now, by file and data set.
    """

    written: dict[str, int] = field(default_factory=dict)
    kept_ok: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    replaced: dict[tuple[str, str], int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """In words."""
        out = [f"kept the measured row of {label}: this run had none" for label in self.kept_ok]
        for file, count in self.dropped.items():
            out.append(f"{file}.csv: {rows_of(count)} dropped, measured by code that has changed since")
        for (file, dataset), count in self.replaced.items():
            out.append(f"{file}.csv: {rows_of(count)} of {dataset} dropped: the name stands for another matrix now")
        for file, count in self.unknown.items():
            out.append(f"{file}.csv: {rows_of(count)} kept of formats or libraries that are not installed here")
        return out


def rows_of(count: int) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count} row" + ("" if count == 1 else "s")


def read(path: Path, file: str) -> list[Row]:
    """The rows of a results file; ExportError names the line where it is not one."""
    try:
        return csv_file.read(path.read_text(encoding="utf-8"), file, exact=True).rows()
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read: {error}. Nothing was changed") from error
    except csv_file.SheetError as error:
        raise ExportError(f"{path}, {error}. Nothing was changed") from error


def merge(
    file: str,
    new: Iterable[Row],
    old: Iterable[Row],
    planned: set[tuple[Any, ...]],
    sha_now: ShaNow,
    report: ExportReport,
) -> list[Row]:
    """The rows of the file after the export, sorted: of each data set in ``new`` those of one matrix."""
    new, old = list(new), list(old)
    now_named = matrices_now(new)
    rows = {key(file, row): row for row in new if _is_of(now_named, row)}
    fresh_at = {place(file, row): row for row in rows.values()}
    _kept(file, new, now_named, report)
    for row in _kept(file, old, now_named, report):
        at = key(file, row)
        fresh = fresh_at.get(place(file, row)) if row["dataset"] in now_named else rows.get(at)
        if fresh is not None:
            same_code = fresh["code_sha"] == row["code_sha"] or sha_now(file, row) is None
            if is_measured(row) and same_code and gives_way(fresh):
                rows.pop(key(file, fresh), None)  # of the same matrix, or of one that could not be read
                rows[at] = row
                report.kept_ok.append(_label(file, row))
            continue
        now = sha_now(file, row)
        if now is None:
            report.unknown[file] = report.unknown.get(file, 0) + 1
        if now in (None, row["code_sha"]):
            rows[at] = row
            if at in planned and row["status"] == "ok":
                report.kept_ok.append(_label(file, row))
        else:
            report.dropped[file] = report.dropped.get(file, 0) + 1
    return [rows[at] for at in sorted(rows)]


@dataclass
class LeftOut:
    """Rows that can stand in no file, by file and by what is wrong with them."""

    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def takes(self, file: str, row: Row, identity: dict[str, Any] | None = None) -> bool:
        """Whether a row is one of these; ``identity``: of its cell in the journal."""
        fault = fault_of(file, row, identity)
        if fault:
            self.rows.setdefault((file, fault), []).append(row)
        return bool(fault)

    def lines(self) -> list[str]:
        """In words: a line for each fault of a file."""
        out = []
        for (file, fault), rows in self.rows.items():
            params = f"[{rows[0]['params']}]" if rows[0].get("params") else ""
            label = f"{rows[0].get('dataset')} {rows[0].get('format')}{params}"
            which = f"the row of {label} is" if len(rows) == 1 else f"{len(rows)} rows ({label} the first) are"
            out.append(f"{file}.csv: {which} left out: {fault}")
        return out


def fault_of(file: str, row: Row, identity: dict[str, Any] | None = None) -> str:
    """Why a row cannot stand in a file, in words, empty where it can; ``identity``: of its cell in the journal."""
    if not registry.is_known(file):
        return "no metric that is installed here has such rows"
    return row_faults.of_row(registry.get(file), row, identity)


def matrices_now(new: Iterable[Row]) -> dict[str, str]:
    """The matrix that each data set of these rows is now, by name; of several the last. Empty: not known."""
    found: dict[str, str] = {}
    for row in new:
        found[str(row["dataset"])] = str(row["matrix_sha256"]) or found.get(str(row["dataset"]), "")
    return found


def _is_of(now_named: dict[str, str], row: Row) -> bool:
    """Whether a row may be of the matrix that has its name now."""
    known = now_named.get(str(row["dataset"]), "")
    return not known or row["matrix_sha256"] in ("", known)


def _kept(file: str, rows: Iterable[Row], now_named: dict[str, str], report: ExportReport) -> list[Row]:
    """Rows without those of matrices that have lost their name, which are counted."""
    kept = []
    for row in rows:
        if _is_of(now_named, row):
            kept.append(row)
        else:
            at = file, str(row["dataset"])
            report.replaced[at] = report.replaced.get(at, 0) + 1
    return kept


def is_measured(row: Row) -> bool:
    """Whether a row holds a figure of its machine, or one that needs none."""
    return row["status"] == "ok" and row.get("kind") != "model"


def gives_way(row: Row) -> bool:
    """Whether a row says that this run has no figure: an energy that is only modelled, too."""
    return row["status"] in GIVES_WAY or row.get("kind") == "model"


def _label(file: str, row: Row) -> str:
    """A cell for people: ``time.csv: vgg19/90-0-32 sham, batch 8, threads 1, cache warm``."""
    params = f"[{row['params']}]" if row["params"] else ""
    more = "".join(f", {name} {row[name]}" for name in extra_keys(file))
    return f"{file}.csv: {row['dataset']} {row['format']}{params}{more}"


def render(file: str, rows: Iterable[Row]) -> bytes:
    """The file's bytes: the same for the same rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    metric = registry.get(file)
    writer.writerow(metric.names)
    writer.writerows(_fields(metric, row) for row in rows)
    return out.getvalue().encode()


def _fields(metric: Metric, row: Row) -> list[str]:
    texts = zip(metric.all_columns, metric.as_text(row), strict=True)
    return [csv_text(text) if column.is_text else text for column, text in texts]


def write_whole(path: Path, data: bytes, again: str = AGAIN) -> None:
    """Replaces a file by another in one step; after a kill at any moment it is the old or the new one.

    ``again``: the command that writes it once there is room.
    """
    made = None
    try:
        check_replaceable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, f".{path.name}.*")
        file, made = new_file(path)
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror}. What was there is as it was, and what was measured "
            f"is in the journal: make room or choose --out, then run {again}"
        ) from error
    finally:
        if made:  # after an error or Ctrl-C; else it has become the file
            made.unlink(missing_ok=True)


def export(
    rows_by_file: dict[str, list[Row]],
    results: Path,
    planned: dict[str, set[tuple[Any, ...]]],
    sha_now: ShaNow,
    again: str = AGAIN,
) -> ExportReport:
    """Merges rows into the CSV files of a folder. All files are read before the first is written.

    ``sha_now(file, row)``: the code hash that a row would have in this checkout, None if unknown. ``again``: the
    command that exports the same rows, for whoever is told that it could not be done.
    """
    report = ExportReport()
    with _alone_in(results, again):
        ready = {}
        for file, new in rows_by_file.items():
            path = results / f"{file}.csv"
            old = read(path, file) if path.exists() else []
            merged = merge(file, new, old, planned.get(file, set()), sha_now, report)
            ready[path] = render(file, merged)
            report.written[file] = len(merged)
        ready |= _others(results, rows_by_file, report)
        for path, data in ready.items():
            write_whole(path, data, again)
    return report


def _others(results: Path, rows_by_file: dict[str, list[Row]], report: ExportReport) -> dict[Path, bytes]:
    """The folder's other files, where they hold rows of a matrix that has lost its name; what cannot be read stays."""
    now_named = matrices_now(row for rows in rows_by_file.values() for row in rows)
    ready = {}
    for file in set(registry.names()) - rows_by_file.keys():
        path = results / f"{file}.csv"
        try:
            old = read(path, file) if path.exists() else []
        except ExportError:
            continue
        kept = _kept(file, old, now_named, report)
        if len(kept) < len(old):
            ready[path] = render(file, kept)
    return ready


@contextmanager
def _alone_in(folder: Path, again: str) -> Iterator[None]:
    """Only one process merges into a folder at a time, so that two runs keep each other's rows."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written: {error.strerror}. What was measured is in the journal: choose --out, "
            f"then run {again}"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)  # and with it the lock
