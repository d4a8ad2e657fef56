"""Answers as rows of breakeven.csv, and the file that they go to: rows of other questions stay in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dotbench.bench.breakeven.measure import Answer, Curve, Size
from dotbench.bench.breakeven.thresholds import Threshold
from dotbench.bench.metrics import breakeven
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import export
from dotbench.bench.record.columns import key
from dotbench.bench.record.csv_file import columns_of
from dotbench.bench.record.identity import code_sha
from dotbench.bench.run.session import current_sha
from dotbench.cdot.fresh import check_replaceable, new_file
from dotbench.formats.errors import is_refusal
from dotbench.formats.format import Format

FILE = "breakeven"


def rows_of(found: Answer) -> list[Row]:
    """A row for each format, rival and batch."""
    return [_row(found, *which, curve) for which, curve in found.curves.items()]


def _row(found: Answer, one: Format, rival: str, batch: int, curve: Curve) -> Row:
    asked, size, place = found.question, found.sizes[one], found.place
    known = curve.threshold()
    reason = size.reason or curve.reason
    row: Row = dict.fromkeys(columns_of(FILE))
    row |= {
        "dataset": found.name,
        "matrix_sha256": found.matrix_sha256,
        "source": "seed",
        "format": one.name,
        "params": one.params,
        "status": ("skipped" if is_refusal(reason) else "failed") if reason else "ok",
        "reason": reason,
        "code_sha": code_sha(breakeven.METRIC, one.name, one.params) or "",
        "n": asked.shape[0],
        "m": asked.shape[1],
        "distinct": asked.values,
        "dtype": asked.dtype,
        "rival": rival,
        "batch": batch,
        "threads": asked.threads,
        "zeros_begin": asked.zeros[0],
        "zeros_end": asked.zeros[-1],
        "bytes_answer": size.threshold.answer if size.threshold else "",
        "bytes_percent": size.threshold.zeros if size.threshold else None,
        "bytes_zeros": size.zeros,
        "time_answer": known.answer if known else "",
        "curve": curve_text(curve, size, asked.dense_bytes),
        "isa": place.isa,
        "compiler": place.compiler,
        "machine": place.machine,
    }
    if known:
        row |= {"time_percent": known.zeros, "percent_low": known.low, "percent_high": known.high}
        row["passes"] = found.passes
    return row


def curve_text(curve: Curve, size: Size, dense_bytes: int) -> str:
    """The measured points: ``zeros:ratio(low,high)bytes``, the last where it is known, separated by blanks."""
    said = []
    for point in curve.points:
        ratio = point.ratio
        share = f"{size.bytes[point.zeros] / dense_bytes:.4f}" if point.zeros in size.bytes else ""
        said.append(f"{point.zeros:g}:{ratio.ratio:.4f}({ratio.low:.4f},{ratio.high:.4f}){share}")
    return " ".join(said)


def threshold_of(row: Row, which: str) -> Threshold | None:
    """The threshold of a row again; ``which``: ``bytes`` or ``time``. None where it has none."""
    if not row[f"{which}_answer"]:
        return None
    ends = ("bytes_percent", "bytes_percent") if which == "bytes" else ("percent_low", "percent_high")
    low, high = (row[name] for name in ends)
    return Threshold(row[f"{which}_answer"], row["zeros_begin"], row["zeros_end"], row[f"{which}_percent"], low, high)


def check_writable(path: Path) -> None:
    """ExportError, before anything is measured, where a file cannot be written there."""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        check_replaceable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        file, made = new_file(path)
        file.close()
        made.unlink()
    except OSError as error:
        raise export.ExportError(
            f"{path} cannot be written: {error.strerror}. Nothing was measured yet: choose another file"
        ) from error


def read(path: Path) -> list[Row]:
    """The rows of a file; none where there is no file. ExportError where it is something else."""
    return export.read(path, FILE) if path.exists() else []


def write(new: Iterable[Row], path: Path, again: str) -> list[str]:
    """Merges rows into a file as exports do, written whole; sentences about rows that were dropped or kept.

    ``again``: the command that makes them once more.
    """
    rows, report = list(new), export.ExportReport()
    merged = export.merge(FILE, rows, read(path), {key(FILE, row) for row in rows}, current_sha, report)
    export.write_whole(path, export.render(FILE, merged), again)
    return report.lines()


def is_answered(row: Row) -> bool:
    """Whether a row was measured by the code of this checkout."""
    return row["status"] == "ok" and current_sha(FILE, row) in (None, row["code_sha"])
