"""Tables of formats against other libraries: who is held against whom, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.pages import rivals
from dotbench.bench.record import export


def row(format_: str, ratio: float, **more: Any) -> dict[str, Any]:
    """A row of time.csv with an interval of 10 % on both sides."""
    return {
        "dataset": "w", "format": format_, "params": "", "status": "ok", "batch": 1, "threads": 1, "cache": "warm",
        "time_ratio": ratio, "ratio_low": 0.9 * ratio, "ratio_high": 1.1 * ratio,
        "machine": "a machine", "isa": "x86_64_v3", "compiler": "zig-1", **more,
    }  # fmt: skip


ROWS = [
    row("csc", 1.0), row("csc_min", 0.8), row("ham", 5.0), row("mkl_csr", 1.6), row("scipy_csc", 2.0),
    row("ceiling:memcpy", 0.1), row("column_combined", 0.01), row("zstd", 50.0),
    row("csc", 1.0, batch=8), row("mkl_csr", 0.5, batch=8), row("torch_csr", 0.7, batch=8),
    row("csc", 1.0, dataset="not raced"), row("blas_dense", 0.1, dataset="not raced"),
    row("cells", 0.1, status="skipped"),
]  # fmt: skip


def test_the_worst_line_is_the_first() -> None:
    text = rivals.tables(ROWS)
    assert (
        "than the fastest library on 1 of 2 lines of 1 thread (surely less on 1, surely longer on 1), the" in text
        and "a machine, x86_64_v3, zig-1" in text
    )
    first, worst = (part.splitlines()[2:] for part in text.split("\n\n") if part.startswith("|"))
    assert first == [
        "| w | 8 | 1 | `mkl_csr` | `csc` | 2.00 (1.64 to 2.44) | 2.00 |",
        "| w | 1 | 1 | `mkl_csr` | `csc_min` | 0.50 (0.41 to 0.61) | 0.62 |",
    ]
    assert worst[0] == "| w | 1 | 1 | `mkl_csr` | `ham` | 3.12 (2.56 to 3.82) |"
    assert [line.split("`")[3] for line in worst] == ["ham", "csc", "csc", "csc_min"]  # lossy ones are not among them


def test_lines_of_two_threads_come_after_those_of_one() -> None:
    text = rivals.tables([*ROWS, row("csc", 1.0, threads=2), row("mkl_csr", 0.1, threads=2)])
    assert (
        "on 1 of 2 lines of 1 thread (surely less on 1, surely longer on 1), and on 0 of 1 lines of 2 threads" in text
    )
    first = next(part.splitlines()[2:] for part in text.split("\n\n") if part.startswith("|"))
    assert [line.split(" | ")[2] for line in first] == ["1", "1", "2"]


def test_nothing_raced_is_said() -> None:
    assert rivals.tables([row("csc", 1.0), row("blas_dense", 0.1)]) == rivals.NOT_YET


def test_the_page_has_a_place_for_them(tmp_path: Path) -> None:
    page = tmp_path / "limits.md"
    page.write_text(rivals.PAGE.read_text())
    rivals.main(page, rivals.FILE)
    assert rivals.tables(export.read(rivals.FILE, "time")) in page.read_text()
    with pytest.raises(ValueError, match="no place between <!-- rivals -->"):
        rivals.page("", ROWS)
