"""Writes the report: results are found, the page is made, the file is replaced in one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.results import Results, find
from dotbench.bench.metrics import registry
from dotbench.bench.pick import record
from dotbench.bench.record.export import ExportError, write_whole
from dotbench.bench.report.origin import origin
from dotbench.bench.report.page import page, plotly
from dotbench.bench.run.session import journal_path


@dataclass(frozen=True)
class Written:
    """Bytes of the file, and of plotly's script in it; ``notes``: what was left out, and why."""

    path: Path
    size: int
    plotly: int
    notes: tuple[str, ...]


def with_pictures(results: Results) -> Results:
    """The results without files of which the page has neither a plot nor a matrix: no run has made them."""
    files = [file for file in results.rows if (of := registry.get(file)).in_runs or of.axes or of.chart]
    columns = {file: results.columns[file] for file in files if file in results.columns}
    return replace(results, rows={file: results.rows[file] for file in files}, columns=columns)


def write(name: str, out: Path, folder: Path, home: Path, made: str) -> Written:
    """The report of a folder, file or revision; ``folder`` is where revisions hold their results.

    CompareError: there are no results, they cannot be read, or the file cannot be written.
    """
    found = find(name, folder)
    results = with_pictures(found)
    if any(found.rows.values()) and not any(results.rows.values()):
        files = " and ".join(f"{file}.csv" for file in found.rows)
        raise CompareError(
            f"{files} of {name}: the page has no plot of such rows (dotbench breakeven --plot draws them)"
        )
    if not any(results.rows.values()):
        raise CompareError(f"no results in {name}: its files have no rows. dotbench run small measures some")
    known = origin(results, name, folder, journal_path(home, quick=False))
    picked = Path(name) / record.NAME
    data = page(results, known, made, record.read(picked) if picked.is_file() else ()).encode()
    try:
        write_whole(out, data)
    except ExportError as error:
        raise CompareError(f"{out} cannot be written: {error.__cause__}. Choose another file with --out") from error
    return Written(out, len(data), len(plotly().encode()), tuple(known.notes))
