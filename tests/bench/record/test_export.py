"""Exported CSV files: exact bytes, the rules of merging, and files that cannot be read or written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.metrics import registry
from dotbench.bench.record import export
from dotbench.bench.record.columns import key

ROOT = Path(__file__).resolve().parents[3]

Row = dict[str, Any]

HEADER = ",".join(registry.get("space").names)
CSC_LINE = "orsreg_1,ab12,mirror,csc,,ok,,c0de,4,5,6,3,float32,true,0,108,32,0,43.20000000,144.00000000,0.7407,,,"


def space(format_: str = "csc", **more: Any) -> Row:
    row: Row = {
        "dataset": "orsreg_1",
        "matrix_sha256": "ab12",
        "source": "mirror",
        "format": format_,
        "params": "",
        "status": "ok",
        "reason": "",
        "code_sha": "c0de",
        "n": 4,
        "m": 5,
        "nnz": 6,
        "distinct": 3,
        "dtype": "float32",
        "lossless": True,
        "error": 0.0,
        "bytes": 108,
        "header_bytes": 32,
        "scratch_bytes": 0,
        "bits_per_entry": 43.2,
        "bits_per_nonzero": 144.0,
        "ratio": 80 / 108,
    }
    return row | more


def timed(batch: int = 1, **more: Any) -> Row:
    return space() | {"batch": batch, "threads": 1, "cache": "warm", "time_ratio": 1.0} | more


def unchanged(_: str, row: Row) -> str:
    """Every row's code is the checkout's."""
    return str(row["code_sha"])


def into(
    folder: Path,
    *new: Row,
    now: Callable[[str, Row], str | None] = unchanged,
    planned: set[tuple[Any, ...]] | None = None,
) -> export.ExportReport:
    planned = {key("space", row) for row in new} if planned is None else planned
    return export.export({"space": list(new)}, folder, {"space": planned}, now)


def cells(folder: Path, file: str = "space") -> list[tuple[str, ...]]:
    """(format, status, code_sha) of every row of the file."""
    return [(row["format"], row["status"], row["code_sha"]) for row in export.read(folder / f"{file}.csv", file)]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_exact_bytes(tmp_path: Path) -> None:
    lossy = space("pruned", params="alpha=8,gamma=0.5", status="failed", reason='a "b", c\nd', lossless=False)
    report = into(tmp_path / "new" / "results", lossy | {"error": 0.0125, "bytes": None}, space())
    assert (tmp_path / "new" / "results" / "space.csv").read_bytes().decode() == (
        f"{HEADER}\n{CSC_LINE}\n"
        'orsreg_1,ab12,mirror,pruned,"alpha=8,gamma=0.5",failed,"a ""b"", c d",c0de,4,5,6,3,float32,false,'
        "1.250e-02,,32,0,43.20000000,144.00000000,0.7407,,,\n"
    )
    assert report.written == {"space": 2} and report.lines() == []


def test_same_bytes_whatever_the_order_and_however_often(tmp_path: Path) -> None:
    rows = [space(name, dataset=data) for data in ("b", "a") for name in ("sham", "csc", "ham")]
    into(tmp_path / "one", *rows)
    into(tmp_path / "two", *reversed(rows))
    first = (tmp_path / "one" / "space.csv").read_bytes()
    assert first == (tmp_path / "two" / "space.csv").read_bytes()
    into(tmp_path / "one", *rows)
    into(tmp_path / "one")
    assert first == (tmp_path / "one" / "space.csv").read_bytes()


def test_batches_sort_as_numbers(tmp_path: Path) -> None:
    export.export({"time": [timed(16), timed(8), timed(1)]}, tmp_path, {}, unchanged)
    assert [row["batch"] for row in export.read(tmp_path / "time.csv", "time")] == [1, 8, 16]


def test_a_cell_of_the_plan_is_replaced_whatever_changed(tmp_path: Path) -> None:
    old = timed(isa="x86_64", machine="a", compiler="gcc", matrix_sha256="old", code_sha="old")
    export.export({"time": [old]}, tmp_path, {}, unchanged)
    new = timed(isa="x86_64_v3", machine="b", compiler="zig", matrix_sha256="new", code_sha="new")
    export.export({"time": [new, timed(8, matrix_sha256="new")]}, tmp_path, {}, unchanged)
    rows = export.read(tmp_path / "time.csv", "time")
    assert [(row["batch"], row["machine"], row["code_sha"]) for row in rows] == [(1, "b", "new"), (8, "", "c0de")]


def test_rows_outside_the_plan_stay_while_their_code_does(tmp_path: Path) -> None:
    into(tmp_path, space("csc"), space("ham", code_sha="old"), space("gone", code_sha="old"))
    now = {"csc": "c0de", "ham": "new", "gone": None, "sham": "c0de"}
    report = into(tmp_path, space("sham"), now=lambda file, row: now[row["format"]])
    assert cells(tmp_path) == [("csc", "ok", "c0de"), ("gone", "ok", "old"), ("sham", "ok", "c0de")]
    assert report.lines() == [
        "space.csv: 1 row dropped, measured by code that has changed since",
        "space.csv: 1 row kept of formats or libraries that are not installed here",
    ]


@pytest.mark.parametrize("status", ["skipped", "unavailable", "timeout"])
def test_what_was_not_measured_gives_way_to_what_was(tmp_path: Path, status: str) -> None:
    into(tmp_path, space())
    report = into(tmp_path, space(status=status))
    assert cells(tmp_path) == [("csc", "ok", "c0de")]
    assert report.lines() == ["kept the measured row of space.csv: orsreg_1 csc: this run had none"]
    into(tmp_path, space(status=status, code_sha="new"))
    assert cells(tmp_path) == [("csc", status, "new")]  # other code: the old figure says nothing about it
    into(tmp_path, space(status="ok", code_sha="new"))
    assert cells(tmp_path) == [("csc", "ok", "new")]


def test_a_failed_row_is_shown(tmp_path: Path) -> None:
    into(tmp_path, space())
    into(tmp_path, space(status="failed"))
    assert cells(tmp_path) == [("csc", "failed", "c0de")]


def test_kept_rows_are_named_by_cell(tmp_path: Path) -> None:
    export.export({"time": [timed(1, params="k=2"), timed(8, params="k=2")]}, tmp_path, {}, unchanged)
    report = export.export({"time": [timed(8, params="k=2", status="timeout")]}, tmp_path, {}, unchanged)
    assert report.kept_ok == ["time.csv: orsreg_1 csc[k=2], batch 8, threads 1, cache warm"]


def test_a_planned_cell_without_a_row_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    into(tmp_path, space())
    report = into(tmp_path, planned={key("space", space())})
    assert cells(tmp_path) == [("csc", "ok", "c0de")] and len(report.kept_ok) == 1
    into(tmp_path, planned={key("space", space())}, now=lambda file, row: "new")
    assert cells(tmp_path) == []


DAMAGED = {
    "conflict": (
        f"{HEADER}\n<<<<<<< HEAD\n{CSC_LINE}\n=======\n{CSC_LINE}\n>>>>>>> b\n",
        "line 2: a merge conflict",
    ),
    "missing column": (HEADER.replace(",nnz", "") + "\n", "line 1: these are not the columns of this version"),
    "newer column": (f"{HEADER},joules\n", "unknown: joules; doubled: none"),
    "doubled column": (f"{HEADER},n\n", "doubled: n; each once and in order"),
    "other order": (
        ",".join(reversed(HEADER.split(","))) + "\n",
        "missing: none; unknown: none; doubled: none; each once",
    ),
    "empty": ("", "line 1: these are not the columns"),
    "short row": (f"{HEADER}\n{CSC_LINE}\na,b\n", "line 3: 2 fields, and there are 24 columns"),
    "blank line": (f"{HEADER}\n\n", "line 2: 0 fields"),
    "no number": (f"{HEADER}\n{CSC_LINE.replace(',108,', ',many,')}\n", "line 2: column bytes"),
    "doubled row": (f"{HEADER}\n{CSC_LINE}\n{CSC_LINE}\n", "line 3: the same cell as line 2"),
    "stray quote": (f'{HEADER}\n"{"a" * 200_000}\n', "line 2: field larger than"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, damage: str) -> None:
    text, words = DAMAGED[damage]
    path = tmp_path / "space.csv"
    path.write_text(text)
    with pytest.raises(export.ExportError) as error:
        into(tmp_path, space())
    assert str(path) in str(error.value) and words in str(error.value)
    assert str(error.value).endswith("Nothing was changed")
    assert path.read_text() == text and listing(tmp_path) == ["space.csv"]


def test_an_empty_batch_is_named(tmp_path: Path) -> None:
    export.export({"time": [timed()]}, tmp_path, {}, unchanged)
    path = tmp_path / "time.csv"
    path.write_text(path.read_text().replace("c0de,1,1,warm", "c0de,,1,warm"))
    with pytest.raises(export.ExportError, match="line 2: column batch is empty"):
        export.read(path, "time")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "space.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(export.ExportError, match="cannot be read"):
        into(tmp_path, space())
    (tmp_path / "time.csv").mkdir()
    with pytest.raises(export.ExportError, match="cannot be read"):
        export.export({"time": [timed()]}, tmp_path, {}, unchanged)


def test_one_damaged_file_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "time.csv").write_text("what is this?\n")
    with pytest.raises(export.ExportError):
        export.export({"space": [space()], "time": [timed()]}, tmp_path, {}, unchanged)
    assert listing(tmp_path) == ["time.csv"]


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "space.csv").write_bytes(f"{HEADER}\r\n{CSC_LINE}\r\n".encode())
    into(tmp_path)
    assert (tmp_path / "space.csv").read_bytes().decode() == f"{HEADER}\n{CSC_LINE}\n"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into(tmp_path, space())
    before = (tmp_path / "space.csv").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(export.ExportError, match="No space left on device.*make room or choose --out"):
        into(tmp_path, space("ham"))
    assert (tmp_path / "space.csv").read_bytes() == before and listing(tmp_path) == ["space.csv"]


def test_control_c_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into(tmp_path, space())

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        into(tmp_path, space("ham"))
    assert cells(tmp_path) == [("csc", "ok", "c0de")] and listing(tmp_path) == ["space.csv"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(export.ExportError, match=r"file/results cannot be written: Not a directory"):
        into(tmp_path / "file" / "results", space())


def test_two_exports_at_once_keep_each_others_rows(tmp_path: Path) -> None:
    """Eight processes, each with a row of its own."""
    code = (
        "import sys; from pathlib import Path; from dotbench.bench.record.export import export; from dotbench.bench.record.columns import key\n"
        "row = dict(dataset=sys.argv[2], matrix_sha256='a', source='file', format='csc', params='', status='ok',"
        " reason='', code_sha='now')\n"
        "export({'space': [row]}, Path(sys.argv[1]), {'space': {key('space', row)}}, lambda *_: 'now')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen([*command, name], env=environment) for name in "abcdefgh"]
    assert [process.wait(timeout=60) for process in running] == [0] * 8
    assert [row["dataset"] for row in export.read(tmp_path / "space.csv", "space")] == list("abcdefgh")


def test_names_with_several_blanks_are_the_same_cell_again(tmp_path: Path) -> None:
    """A file's name goes into a line as words do, and is found there by the next run."""
    from rich.console import Console

    from dotbench.bench.run import session

    for size in (108, 104):
        rows = {"space": [space(dataset="my  w\n.npy", source="file", bytes=size, code_sha="a")]}
        assert session.write(rows, tmp_path, Console(quiet=True)) == 1
    (found,) = export.read(tmp_path / "space.csv", "space")
    assert (found["dataset"], found["bytes"]) == ("my w .npy", 104)
