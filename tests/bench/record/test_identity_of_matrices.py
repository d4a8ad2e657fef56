"""A result's identity is its matrix: a name that stands for another one now mixes no figures."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import bench
from dotbench.bench.compare import diff
from dotbench.bench.compare.results import Results, of_folder
from dotbench.bench.metrics import registry
from dotbench.bench.record import export, matrix_names
from dotbench.bench.record.columns import key
from dotbench.bench.report.matrices import matrices
from dotbench.bench.run import session
from dotbench.bench.show.table import document, print_tables

Row = dict[str, Any]
Make = Callable[..., Row]
A, B = "a" * 64, "b" * 64


def unchanged(_: str, row: Row) -> str:
    return str(row["code_sha"])


def into(folder: Path, file: str, *rows: Row) -> list[str]:
    return export.export({file: list(rows)}, folder, {file: {key(file, row) for row in rows}}, unchanged).lines()


@pytest.mark.parametrize("file", registry.names())
def test_rows_of_another_matrix_are_dropped_with_a_line(tmp_path: Path, row: Make, file: str) -> None:
    """In every file, whatever formats the new run had; other data sets' rows stay."""
    kept = row(file, dataset="other", matrix_sha256=A)
    into(tmp_path, file, row(file, dataset="w.npy", format="sham"), row(file, dataset="w.npy", format="csc"), kept)
    new = row(file, dataset="w.npy", format="csc", matrix_sha256=B)
    said = into(tmp_path, file, new)
    assert said == [f"{file}.csv: 2 rows of w.npy dropped: the name stands for another matrix now"]
    found = [
        (one["dataset"], one["format"], one["matrix_sha256"]) for one in export.read(tmp_path / f"{file}.csv", file)
    ]
    assert found == [("other", "sham", A), ("w.npy", "csc", B)]
    assert into(tmp_path, file, new) == []


def test_rows_in_other_files_go_too(tmp_path: Path, row: Make) -> None:
    into(tmp_path, "time", row("time", dataset="w.npy"), row("time", dataset="v.npy"))
    (tmp_path / "levels.csv").write_text("not ours\n")
    said = into(tmp_path, "space", row("space", dataset="w.npy", matrix_sha256=B))
    assert said == ["time.csv: 1 row of w.npy dropped: the name stands for another matrix now"]
    assert [one["dataset"] for one in export.read(tmp_path / "time.csv", "time")] == ["v.npy"]
    assert (tmp_path / "levels.csv").read_text() == "not ours\n"


def test_a_measured_row_of_another_matrix_is_never_kept_for_one_that_was_not(tmp_path: Path, row: Make) -> None:
    into(tmp_path, "space", row("space"))
    into(tmp_path, "space", row("space", matrix_sha256=B, status="skipped"))
    assert [(one["matrix_sha256"], one["status"]) for one in export.read(tmp_path / "space.csv", "space")] == [(B, "skipped")]  # fmt: skip


def test_rows_whose_matrix_is_not_known_do_not_multiply(tmp_path: Path, row: Make) -> None:
    unknown = row("space", matrix_sha256="", status="failed", reason="cannot be read")
    into(tmp_path, "space", unknown)
    into(tmp_path, "space", unknown)
    assert len(export.read(tmp_path / "space.csv", "space")) == 1
    into(tmp_path, "space", row("space"))
    assert [one["matrix_sha256"] for one in export.read(tmp_path / "space.csv", "space")] == [A]
    into(tmp_path, "space", unknown)  # a failure is shown, as ever
    assert [one["status"] for one in export.read(tmp_path / "space.csv", "space")] == ["failed"]
    into(tmp_path, "space", row("space"))
    into(tmp_path, "space", unknown | {"status": "skipped"})  # and what was not measured gives way
    assert [one["status"] for one in export.read(tmp_path / "space.csv", "space")] == ["ok"]


def two_matrices(row: Make) -> dict[str, list[Row]]:
    """What an older version wrote: one name, two matrices."""
    return {
        "space": [
            row("space", dataset="w.npy", format="csc", bytes=1000, matrix_sha256=A),
            row("space", dataset="w.npy", format="csc", bytes=10, matrix_sha256=B),
            row("space", dataset="w.npy", format="sham", bytes=100, matrix_sha256=A),
            row("space", dataset="w.npy", format="ham", bytes=0, matrix_sha256="", status="failed"),
        ],
        "time": [row("time", dataset="w.npy", format="csc", matrix_sha256=B)],
    }


def test_tables_tell_two_matrices_apart(row: Make, capsys: pytest.CaptureFixture[str]) -> None:
    found = matrix_names.by_matrix(two_matrices(row))
    assert {name: [one["bytes"] for one in rows["space"]] for name, rows in found.items()} == {
        "w.npy (matrix aaaaaaaa)": [1000, 100], "w.npy (matrix bbbbbbbb)": [10], "w.npy (matrix not known)": [0],
    }  # fmt: skip
    text = document(two_matrices(row), "markdown")
    first, second = text.index("### w.npy (matrix aaaaaaaa)"), text.index("### w.npy (matrix bbbbbbbb)")
    assert "1 000" in text[first:second] and "sham" in text[first:second] and "sham" not in text[second:]
    out = io.StringIO()
    print_tables(two_matrices(row), ["w.*"], "terminal", Console(file=out, width=120))
    assert out.getvalue().count("w.npy (matrix ") == 3


def test_a_row_without_a_matrix_is_with_the_only_one_of_its_name(row: Make) -> None:
    rows = {"space": [row("space"), row("space", format="ham", matrix_sha256="", status="failed")]}
    assert {name: len(found["space"]) for name, found in matrix_names.by_matrix(rows).items()} == {"d": 2}


def test_frames_and_reports_tell_them_apart(tmp_path: Path, row: Make, write: Callable[..., Path]) -> None:
    folder = write("results", **two_matrices(row))
    frame = bench.load(folder)
    csc = frame[(frame.metric == "space") & (frame.format == "csc")]
    assert dict(zip(csc.matrix_sha256, csc.value, strict=True)) == {A: 1000, B: 10}
    assert [one.sha256 for one in matrices(of_folder(folder, "x"))] == ["", A, B]


def test_a_diff_compares_no_figures_of_two_matrices(row: Make) -> None:
    before = Results("A", {"space": [row("space", dataset="w.npy", bytes=100)]})
    after = Results("B", {"space": [row("space", dataset="w.npy", bytes=1, matrix_sha256=B)]})
    found = diff.compare(before, after, {})
    assert not found.changes and found.status == 2
    assert [one.reason for one in found.apart] == ["another matrix under the same name (mirror): aaaaaaaa and bbbbbbbb"]


def test_two_matrices_that_are_not_known_are_not_the_same(row: Make) -> None:
    lost = {"matrix_sha256": "", "status": "failed"}
    before = Results("A", {"space": [row("space", dataset="v", **lost)]})
    after = Results("B", {"space": [row("space", dataset="w", **lost)]})
    assert [one.reason for one in diff.compare(before, after, {}).apart] == ["only in A", "only in B"]
    after = Results("B", {"space": [row("space", dataset="v", reason="")]})
    (one,) = diff.compare(before, after, {}).apart
    assert one.reason == "the matrix is not known in A: its row has no hash"


# ---- from end to end


def save(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    np.save(path, (rng.integers(1, 9, (80, 60)) * (rng.random((80, 60)) < 0.02 * seed)).astype(np.float32))


def run(home: Path, out: Path, name: str, kinds: tuple[str, ...]) -> str:
    from dotbench import formats
    from dotbench.bench.plan.plan import Plan

    text = io.StringIO()
    plan = Plan((name,), tuple(formats.get(one) for one in kinds), metrics=("space",))
    assert session.run_plan(plan, home, out, Console(file=text, width=200), False) == 0
    return text.getvalue()


def test_a_file_that_is_replaced_and_put_back(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are dropped, the other's are there; both come back from the journal without measuring."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "w.npy", 1)
    run(home, tmp_path / "out", "w.npy", ("csc", "sham"))
    first = (tmp_path / "out" / "space.csv").read_bytes()
    save(tmp_path / "other.npy", 20)
    os.utime(tmp_path / "other.npy", ns=(0, (tmp_path / "w.npy").stat().st_mtime_ns))
    (tmp_path / "w.npy").rename(tmp_path / "kept.npy")
    (tmp_path / "other.npy").rename(tmp_path / "w.npy")
    said = run(home, tmp_path / "out", "w.npy", ("csc",))
    assert "space.csv: 2 rows of w.npy dropped: the name stands for another matrix now" in said
    assert [row["format"] for row in export.read(tmp_path / "out" / "space.csv", "space")] == ["csc"]
    text = io.StringIO()
    assert session.export_journal(home, tmp_path / "again", Console(file=text, width=200), False) == 0
    assert text.getvalue().splitlines()[0] == f"1 row in {tmp_path / 'again'}"
    assert (tmp_path / "again" / "space.csv").read_bytes() == (tmp_path / "out" / "space.csv").read_bytes()
    (tmp_path / "kept.npy").replace(tmp_path / "w.npy")
    run(home, tmp_path / "out", "w.npy", ("csc", "sham"))
    assert (tmp_path / "out" / "space.csv").read_bytes() == first
    assert session.export_journal(home, tmp_path / "again", Console(file=text, width=200), False) == 0
    assert (tmp_path / "again" / "space.csv").read_bytes() == first


def test_two_folders_with_a_file_of_one_name(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, folder in ((1, "one"), (20, "two")):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / "w.npy", seed)
        monkeypatch.chdir(tmp_path / folder)
        run(home, tmp_path / "out", "w.npy", ("csc", "sham"))
    rows = export.read(tmp_path / "out" / "space.csv", "space")
    assert len(rows) == 2 and len({row["matrix_sha256"] for row in rows}) == 1


# ---- advice that works


def test_export_after_a_run_of_an_own_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "w.npy", 1)
    run(home, tmp_path / "out", "w.npy", ("csc", "sham"))
    text = io.StringIO()
    assert session.export_journal(home, None, Console(file=text, width=200), False) == 0
    assert text.getvalue().splitlines()[0] == f"2 rows in {home / 'own'}"
    assert (home / "own" / "space.csv").read_bytes() == (tmp_path / "out" / "space.csv").read_bytes()


@pytest.mark.parametrize("asked", [False, True])
def test_export_after_a_quick_run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "w.npy", 1)
    run(home, tmp_path / "out", "w.npy", ("csc",))
    (home / "journal.sqlite").rename(home / "quick.sqlite")
    text = io.StringIO()
    assert session.export_journal(home, None, Console(file=text, width=200), asked) == 0
    assert f"1 row in {home / 'quick'}\n" in text.getvalue()
    assert ("only rows of quick runs" in text.getvalue()) is not asked


def test_a_failed_export_names_the_command_that_repeats_it(tmp_path: Path, row: Make) -> None:
    (tmp_path / "file").write_text("")
    for again in ("dotbench export", "dotbench export --quick"):
        with pytest.raises(export.ExportError, match=f"choose --out, then run {again}$"):
            export.export({"space": [row()]}, tmp_path / "file" / "out", {}, unchanged, again)
