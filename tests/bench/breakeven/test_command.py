"""The verb: what it prints at 80 and 120 columns and in a pipe, its files, and clear errors for bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dotbench.bench.breakeven import measure, question, rows
from dotbench.bench.breakeven.thresholds import Threshold
from dotbench.bench.cli import command
from dotbench.bench.metrics.metric import Row
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record import export
from dotbench.bench.show.breakeven import interval, words
from dotbench.cdot import bfloat16

sys.path.insert(0, str(Path(__file__).parent))
from answers import answer

pytestmark = pytest.mark.usefixtures("home")
ROOT = Path(__file__).resolve().parents[3]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["breakeven", *arguments])


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured: csc crosses at 75.1 %, ham at 90.1 %, cser never."""
    monkeypatch.setattr(measure, "answered", lambda asked, *_, **__: answer(asked, csc=4.0, ham=10.0, cser=5000.0))


# ---- what is printed


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("width", [80, 120])
def test_a_table_fits_a_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = call("512x4096", "--batch", "1,8")
    assert done.exit_code == 0, done.output
    tables = [line for line in done.output.splitlines() if line.startswith(("format ", "csc ", "ham ", "cser "))]
    assert len(tables) == 8 and max(map(len, tables)) <= width
    assert ("at 99.9 %" in tables[0]) == (width == 120)
    assert "512 x 4096, float32, 32 values, 8 vectors at once, 1 thread" in done.output
    csc = next(line.split() for line in tables if line.startswith("csc "))
    assert csc[:8] == ["csc", "50.1", "%", "75.1", "%", "74.6", "to", "75.6"]


@pytest.mark.usefixtures("made_up")
def test_a_pipe_has_whole_lines_and_the_answer_last() -> None:
    lines = call("512x4096", "--formats", "csc,ham,cser").output.splitlines()
    assert lines[1].split()[-9:] == ["at", "80", "%", "at", "95", "%", "at", "99.9", "%"]
    assert [line.split()[0] for line in lines[2:5]] == ["csc", "ham", "cser"]  # who wins with the fewest zeros first
    assert "never below 99.9 %" in lines[4]
    assert "time over that of blas_dense, numpy's BLAS in float32 (the fastest dense product here)" in lines[5]
    assert lines[6] == "smaller than dense: csc, cser, ham from 50.1 % zeros on"
    assert lines[7] == "faster than blas_dense: csc from 75.1 % zeros on (74.6 to 75.6 %)"
    assert lines[8] == "answer: both, csc from 75.1 % zeros on (74.6 to 75.6 %)"
    assert "run --datasets w.npy --formats csc,ham,blas_dense   (" in lines[-1] and lines[-1].startswith("next: ")


def test_words() -> None:
    assert words(Threshold("always", 0, 99.9)) == "always" and words(None) == "failed"
    assert words(Threshold("never", 0, 98.4375)) == "never below 98.4375 %"
    assert interval(Threshold("always", 0, 99.9)) == interval(Threshold("never", 0, 99.9)) == ""
    assert interval(Threshold("always", 0, 99.9, high=12.0)) == "surely from 12.0 %"
    assert interval(Threshold("always", 0, 99.9, high=99.9)) == "nowhere surely"
    assert interval(Threshold("from", 0, 99.9, 50)) == "anywhere"
    assert interval(Threshold("from", 0, 99.9, 50, 40)) == "40.0 % or more"


@pytest.mark.usefixtures("made_up")
def test_the_next_step_can_be_copied() -> None:
    """Brackets are quoted for shells, and no name stands there twice."""
    last = call("512x4096", "--formats", "bsr[block=8],dense,csc", "--batch", "1,8").output.splitlines()[-1]
    assert " run --datasets w.npy --formats 'bsr[block=8],csc,dense,blas_dense' --batch 1,8   (" in last


@pytest.mark.usefixtures("made_up")
def test_the_next_step_has_batches_and_threads() -> None:
    output = call("512x4096", "--formats", "csc", "--batch", "1,8", "--threads", "2").output
    assert "run --datasets w.npy --formats csc,blas_dense --batch 1,8 --threads 2" in output


def test_nothing_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "answered", lambda asked, *_, **__: answer(asked, csc=5000.0))
    output = call("512x4096", "--formats", "csc").output
    assert "faster than blas_dense: none below 99.9 % zeros" in output
    assert "answer: keep it dense below 99.9 % zeros: no format is both" in output
    assert "--formats blas_dense " in output


def test_what_loses_precision_is_left_out_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "answered", lambda asked, *_, **__: answer(asked, csc=4.0, dense_w8=0.5))
    output = call("512x4096", "--formats", "csc,dense_w8").output
    assert "answer: both, csc from 75.1 % zeros on" in output
    assert "left out of these, for it changes the weights: dense_w8\n" in output


def test_a_small_one_is_really_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = Effort(passes=2, rounds=2, sample_ms=0.05, cell_timeout=60.0)
    monkeypatch.setattr(measure, "answered", partial(measure.answered, effort=fast))
    done = call("24x20", "--formats", "csc", "--zeros", "0,60,95", "--values", "4", "--out", str(tmp_path / "b.csv"))
    assert done.exit_code == 0, done.output
    found = rows.read(tmp_path / "b.csv")
    assert {row["rival"] for row in found} >= {"blas_dense"} and len(found) <= 2  # the fastest may be another
    for row in found:
        assert (row["n"], row["m"], row["bytes_zeros"], row["zeros_end"], row["passes"]) == (24, 20, 255, 95.0, 2)


# ---- files


@pytest.mark.usefixtures("made_up")
def test_a_file_keeps_rows_of_other_shapes(tmp_path: Path) -> None:
    out = tmp_path / "folder" / "b.csv"
    assert call("64x32", "--formats", "csc", "--dtype", "float32,float16", "--out", str(out)).exit_code == 0
    first = rows.read(out)
    assert [(row["dataset"], row["dtype"]) for row in first] == [
        ("random/64x32-32-float16", "float16"), ("random/64x32-32-float32", "float32"),
    ]  # fmt: skip
    assert call("512x4096", "--formats", "csc,ham", "--batch", "1,8", "--out", str(out)).exit_code == 0
    both = rows.read(out)
    assert len(both) == 6 and all(row in both for row in first)
    row = next(row for row in both if row["format"] == "csc" and row["n"] == 512)
    assert row["time_percent"] == pytest.approx(75.1, abs=1e-3) and row["bytes_percent"] == 50.1
    assert rows.threshold_of(row, "bytes") == Threshold("from", 0.0, 99.9, 50.1, 50.1, 50.1)
    before = out.read_bytes()
    assert call("512x4096", "--formats", "csc,ham", "--batch", "1,8", "--out", str(out)).exit_code == 0
    assert out.read_bytes() == before  # the same rows, no more of them
    assert [path.name for path in out.parent.iterdir()] == ["b.csv"]


def test_a_row_that_failed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(asked: question.Question, *_: object, **__: object) -> measure.Answer:
        found = answer(asked)
        for curve in found.curves.values():
            curve.add(50.0, "WrongProduct: wrong product: 3 of 8 entries")
        return found

    monkeypatch.setattr(measure, "answered", failing)
    done = call("512x4096", "--formats", "csc", "--out", str(tmp_path / "b.csv"))
    assert done.exit_code == 1 and "csc failed: WrongProduct: wrong product: 3 of 8 entries" in done.output
    (row,) = rows.read(tmp_path / "b.csv")
    assert (row["status"], row["time_answer"], row["time_percent"]) == ("failed", "", None)


@pytest.mark.usefixtures("made_up")
def test_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="no matplotlib: pip install -e '.[docs]' brings it")
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in (first, second):
        done = call("512x4096", "--formats", "csc,ham,cser", "--batch", "1,8", "--plot", str(path))
        assert done.exit_code == 0 and f"plot: {path}" in done.output, done.output
    text = first.read_text()
    assert text.startswith("<?xml") and text == second.read_text() and "<dc:date>" not in text
    assert text.count('<g id="axes_') == 3  # sizes, one vector, eight


# ---- bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0x5",), "0x5 has no rows: a product needs at least 1x1"),
        (("5x0",), "5x0 has no columns"),
        (("5x",), "'5x' is no shape: write inputs x outputs, as 512x4096"),
        (("5",), "'5' is no shape"),
        (("ax5",), "'ax5' is no shape"),
        (("5x5x5",), "'5x5x5' is no shape"),
        (("1.5x4",), "'1.5x4' is no shape"),
        (("3000000000x2",), "3000000000x2 is too large: at most 2147483647 rows and columns"),
        (("2000000000x2000000000",), "GiB of memory (40 bytes an entry)"),
        (("1x1",), "1x1 has one entry"),
        (("64x64", "--values", "1"), "--values 1: a matrix has two distinct nonzero values at least"),
        (("64x64", "--values", "-3"), "--values -3: a matrix has two"),
        (("64x64", "--values", "300", "--dtype", "int8"), "--values 300: int8 has 255 distinct nonzero values"),
        (("5x6",), "--values 32: 5x6 has 30 entries, each of one value: --values 30 or fewer"),
        (("64x64", "--dtype", ""), "--dtype names no value type: one or more of float32"),
        (("64x64", "--zeros", "99.99981,99.99982"), "--zeros 99.99981: percentages have up to 4 decimals"),
        (("64x64", "--values", "many"), "'many' is not a valid integer"),
        (("64x64", "--zeros", "50,100"), "--zeros 100: 64x64 would be all zeros, and every product 0: at most 99.975"),
        (("64x64", "--zeros", "100,100"), "--zeros: two percentages at least"),
        (("8x8", "--zeros", "50,99.9"), "--zeros 99.9: 8x8 would be all zeros"),
        (("64x64", "--zeros", "50,120"), "--zeros 120: percentages go from 0 to below 100"),
        (("64x64", "--zeros=-1,50"), "--zeros -1: percentages go from 0"),
        (("64x64", "--zeros", "50,nan"), "--zeros nan: percentages go from 0"),
        (("64x64", "--zeros", "few"), "--zeros few: write percentages as 0,50,80,95,99.9"),
        (("64x64", "--batch", "0"), "0 is too small: at least 1"),
        (("64x64", "--batch", "x"), "'x' is not a list of whole numbers"),
        (("64x64", "--threads", "0"), "0 is not in the range"),
        (("64x64", "--formats", "cham"), "no format 'cham': did you mean ham"),
        (("64x64", "--formats", "sham[alpha=1]"), "sham has no parameter 'alpha'"),
        (("64x64", "--formats", "scipy_csc"), "scipy_csc is a library"),
        (("64x64", "--formats", "csr16"), "csr16 stores int8, and float32 was asked for: add --dtype int8"),
        (("64x64", "--formats", "csc", "--dtype", "float32,int8"), "none of csc stores int8: leave it out of --dtype"),
        (("64x64", "--dtype", "fp9"), "no value type 'fp9' here: there are float32, int8, float16"),
        (("64x64", "--plot", "w.pdf"), "--plot w.pdf: plots are SVG files"),
    ],
)  # fmt: skip
def test_bad_input(arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "answered", lambda *_, **__: pytest.fail("it was measured"))
    done = call(*arguments)
    assert done.exit_code == 2 and said in " ".join(done.output.split()), done.output
    assert "Traceback" not in done.output


def test_bfloat16_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bfloat16, "bfloat16_dtype", lambda: bfloat16.BITS)
    with pytest.raises(question.Unanswerable, match=r"numpy has no bfloat16 without ml_dtypes.*bf16\]"):
        question.check_dtypes(["bf16"])


def test_memory_is_asked_for_before_it_is_taken() -> None:
    with pytest.raises(question.Unanswerable, match=r"1000x1000 needs about 0.0 GiB of memory \(40 bytes an entry\)"):
        question.check_memory((1000, 1000), available=40_079_999)
    question.check_memory((1000, 1000), available=40_080_000)
    with pytest.raises(question.Unanswerable, match="1000x1000 with 5000 vectors needs about 0.4 GiB"):
        question.check_memory((1000, 1000), 5000, 100_000_000)


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_files_that_cannot_be_written(option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anything is measured, and what is there stays."""
    pytest.importorskip("matplotlib", reason="no matplotlib: pip install -e '.[docs]' brings it")
    monkeypatch.setattr(measure, "answered", lambda *_, **__: pytest.fail("it was measured"))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.svg").mkdir()
    for path, why in ((tmp_path / "file" / "b.svg", "Not a directory"), (tmp_path / "folder.svg", "it is a folder")):
        done = call("64x64", option, str(path))
        assert isinstance(done.exception, export.ExportError)
        assert f"{path} cannot be written: {why}" in str(done.exception) or "File exists" in str(done.exception)
    assert (tmp_path / "file").read_text() == "mine" and len(list(tmp_path.iterdir())) == 3  # and the state folder


def test_a_device_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "answered", lambda *_, **__: pytest.fail("it was measured"))
    done = call("64x64", "--out", "/dev/full")
    assert "/dev/full cannot be written: it is a device or a pipe, no file" in str(done.exception)


def test_a_format_that_has_no_room_for_so_many_values_is_left_out() -> None:
    done = call("30x30", "--formats", "cells,csc", "--values", "65", "--zeros", "50,80")
    assert done.exit_code == 0 and "cells is left out: TooManyValues: " in done.output, done.output
    assert "failed" not in done.output and "--formats csc" in done.output


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "answered", lambda *_, **__: pytest.fail("it was measured"))
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n")
    done = call("64x64", "--out", str(path))
    assert isinstance(done.exception, export.ExportError) and "these are not the columns" in str(done.exception)
    assert path.read_text() == "a,b\n1,2\n"


def test_a_lack_of_matplotlib_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.bench.commands import breakeven

    monkeypatch.setattr(breakeven, "find_spec", lambda name: None)
    done = call("64x64", "--plot", "w.svg")
    assert done.exit_code == 2 and "--plot needs matplotlib" in done.output and "[docs]" in done.output


@pytest.mark.usefixtures("made_up")
def test_the_report_is_of_runs(write: Callable[..., Path], row: Callable[..., Row], tmp_path: Path) -> None:
    """Its matrices are those that were measured, and not the families of break-even points."""
    folder = write("results", space=[row()])
    alone = str(folder / "breakeven.csv")
    assert call("64x32", "--formats", "csc", "--out", alone).exit_code == 0
    made = CliRunner().invoke(command, ["report", str(folder), "--out", str(tmp_path / "page.html")])
    assert made.exit_code == 0 and "random/64x32" not in (tmp_path / "page.html").read_text(), made.output
    made = CliRunner().invoke(command, ["report", alone, "--out", str(tmp_path / "alone.html")])
    assert made.exit_code == 2 and "the page has no plot of such rows" in made.output
    same = CliRunner().invoke(command, ["diff", str(folder), str(folder)])
    assert same.exit_code == 0 and "Nothing changed: 2 cells of 2 files" in same.output
