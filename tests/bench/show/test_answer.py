"""How a run ends: the answer per matrix, and the line that goes on from here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from dotbench.bench.cli import command
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.front import WORTH, front_first
from dotbench.bench.show import answer, next_step

Row = dict[str, Any]


def space(format_: str, size: int, dataset: str = "w", **more: Any) -> Row:
    return {"dataset": dataset, "matrix_sha256": "a" * 64, "format": format_, "params": "", "status": "ok",
            "lossless": True, "error": 0.0, "bytes": size, "ratio": 80_000 / size, **more}  # fmt: skip


def timed(format_: str, ratio: float, dataset: str = "w", **more: Any) -> Row:
    return {"dataset": dataset, "matrix_sha256": "a" * 64, "format": format_, "params": "", "status": "ok",
            "reference": "csc", "batch": 1, "threads": 1, "cache": "warm", "time_ratio": ratio,
            "ratio_low": ratio / 1.03, "ratio_high": ratio * 1.03, **more}  # fmt: skip


ROWS = {
    "space": [space("ham", 2_000), space("sham", 4_000), space("csc", 16_000), space("dense", 80_000),
              space("column_combined", 1_000, lossless=False, error=0.3), space("bound:h0", 500)],
    "time": [timed("ham", 8.0), timed("sham", 2.0), timed("csc", 1.0), timed("dense", 1.5), timed("scipy_csc", 1.6),
             timed("column_combined", 0.1), timed("ham", 3.0, batch=8)],
}  # fmt: skip


def drawn(rows: dict[str, list[Row]], width: int = 80) -> str:
    out = io.StringIO()
    answer.print_answers(rows, Console(file=out, width=width))
    return out.getvalue()


def test_one_matrix() -> None:
    assert drawn(ROWS, 200).splitlines()[:4] == [
        "w:",
        "  smallest  ham: 2 000 bytes (40.00 x smaller), 8.00 ±3% of csc's time",
        "  fastest   csc: 16 000 bytes (5.00 x smaller), 1.00 ±3% of csc's time",
        "  between   sham: 4 000 bytes (20.00 x smaller), 2.00 ±3% of csc's time",
    ]


def test_several_matrices() -> None:
    other = {file: [row | {"dataset": "v", "matrix_sha256": "b" * 64} for row in rows] for file, rows in ROWS.items()}
    lines = drawn({file: ROWS[file] + other[file] for file in ROWS}).splitlines()
    assert lines[0].split() == ["matrix", "smallest", "bytes", "smaller", "fastest", "time", "between,", "by", "size"]
    assert [line.split() for line in lines[1:3]] == [
        [name, "ham", "2", "000", "40.00", "x", "csc", "1.00", "±3%", "sham"] for name in "wv"
    ]
    twice = {file: [row | {"matrix_sha256": "b" * 64} for row in rows] for file, rows in ROWS.items()}
    assert "w (matrix aaaaaaaa)" in drawn({file: ROWS[file] + twice[file] for file in ROWS}, 120)


def test_what_was_not_measured_is_left_out() -> None:
    assert drawn({"space": [], "time": []}) == ""
    text = drawn({"space": ROWS["space"], "time": []})
    assert "smallest  ham: 2 000 bytes" in text and "fastest" not in text and "time:" not in text
    text = drawn({"space": [], "time": ROWS["time"]})
    assert "fastest   csc: 1.00 ±3% of csc's time" in text and "smallest" not in text


def test_lines_while_it_runs() -> None:
    assert answer.sizes_line(ROWS["space"]) == (
        "  sizes: ham 2 000 bytes (40.00 x smaller), sham 4 000, csc 16 000, dense 80 000"
    )
    assert answer.times_line({"time": ROWS["time"][:3]}) == (
        "  times of csc's, one vector: csc 1.00 ±3%, sham 2.00 ±3%, ham 8.00 ±3%"
    )
    assert answer.sizes_line([]) == "" and answer.times_line({"time": []}) == ""


def test_the_front_is_timed_first() -> None:
    names = ["dense", "csc", "im", "a", "b", "c", "d", "e"]
    cells = [Cell("time", "w", name, batch=batch, threads=1) for batch in (1, 8) for name in names]
    spaces = [space(name, 1000 * (9 - at)) for at, name in enumerate(names)] + [space("bound:h0", 1)]
    first, others = front_first(cells, spaces)
    assert [cell.format for cell in first] == ["dense", "csc", "b", "c", "d", "e"] and {c.batch for c in first} == {1}
    assert sorted(map(str, first + others)) == sorted(map(str, cells))
    assert list(front_first(cells[: WORTH - 1], spaces)) == [cells[: WORTH - 1]]
    assert list(front_first([], spaces)) == [[]]


@pytest.mark.usefixtures("home")
def test_a_quick_run_ends_with_the_answer_and_the_next_step(tmp_path: Path) -> None:
    """Sizes come first, neither ceilings nor bounds are in it, and the last line opens the report."""
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    for name in ("v", "w"):
        np.save(tmp_path / f"{name}.npy", np.where((1 if name == "v" else 0) < W, W, 0))
    names = ",".join(str(tmp_path / f"{name}.npy") for name in "vw")
    arguments = ["run", "--quick", "--datasets", names, "--metrics", "space,time", "--batch", "1"]
    done = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    sizes = [at for at, line in enumerate(lines) if line.startswith("  sizes: ")]
    times = [at for at, line in enumerate(lines) if line.startswith("  times of csc's, one vector: ")]
    assert len(sizes) == len(times) == 2 and max(sizes) < min(times)
    assert "3 distinct values" in done.output and "2 distinct values" in done.output
    assert "ceilings" not in done.output and "bounds" not in done.output
    assert any(line.startswith("matrix ") and "smallest" in line and "fastest" in line for line in lines)
    assert lines[-1].startswith("next: ") and f" report {next_step.shown(tmp_path / 'out')} " in lines[-1]


def test_the_program_by_the_name_that_works_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_step.shutil, "which", lambda name: "/usr/bin/dotbench")
    assert next_step.line("report", "plots") == "next: dotbench report   (plots)"
    monkeypatch.setattr(next_step.shutil, "which", lambda name: None)
    assert " -m dotbench report " in next_step.line("report", "plots")


def test_times_of_a_batch_are_not_said_to_be_of_one_vector() -> None:
    rows = {"space": ROWS["space"], "time": [timed("ham", 3.0, batch=8), timed("csc", 1.0, batch=8)]}
    text = drawn(rows, 200)
    assert "time: 8 vectors at once, against the reference" in text and "one vector" not in text
    assert answer.times_line(rows) == "  times of csc's, 8 vectors at once: csc 1.00 ±3%, ham 3.00 ±3%"
