"""``dotbench log``: names of cells, and their series over commits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dotbench.bench.cli import command
from dotbench.bench.compare import history
from dotbench.bench.compare.cells import Cells, name_of, parse
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.metrics import registry
from dotbench.bench.record.columns import as_text
from dotbench.bench.record.csv_file import columns_of

Row = dict[str, Any]
Make = Callable[..., Row]
Checkout = Any  # of tests/bench/conftest.py


# ---- names


@pytest.mark.parametrize(
    ("text", "files", "dataset", "label", "extra"),
    [
        ("space:vgg19/90-0-32:sham", ("space",), "vgg19/90-0-32", "sham", ()),
        ("SiNa:sham", registry.names(), "SiNa", "sham", ()),
        ("space:SiNa", ("space",), "SiNa", "*", ()),
        ("*:csc", registry.names(), "*", "csc", ()),
        ("time:SiNa:sham:batch=8", ("time",), "SiNa", "sham", (("batch", "8"),)),
        ("SiNa:sham:batch=8", ("time", "instructions", "energy", "breakeven"), "SiNa", "sham", (("batch", "8"),)),
        ("time:SiNa:ceiling:decode[format=ham]", ("time",), "SiNa", "ceiling:decode[format=ham]", ()),
        ("space:SiNa:bound:h0", ("space",), "SiNa", "bound:h0", ()),
        ("space:d:x[a=1,b=2]", ("space",), "d", "x[a=1,b=2]", ()),
        ("systolic:d:x:array=8x8,word_cycles=1", ("systolic",), "d", "x", (("array", "8x8"), ("word_cycles", "1"))),
    ],
)
def test_what_a_name_means(
    text: str, files: tuple[str, ...], dataset: str, label: str, extra: tuple[tuple[str, str], ...]
) -> None:
    assert parse(text) == Cells(files, dataset, label, extra)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' names no cell: write FILE:DATASET:FORMAT, as in space:vgg19/90-0-32:sham"),
        ("space", "names no cell"),
        ("space::sham", "names no cell"),
        ("space:d:sham:batch=8", "no such key in that file; there are array, batch, cache"),
        ("d:sham:batch=8,threads", "'threads' is not of the form batch=8"),
    ],
)
def test_names_that_are_none(text: str, words: str) -> None:
    with pytest.raises(CompareError) as error:
        parse(text)
    assert words in str(error.value)


@pytest.mark.parametrize("file", registry.names())
def test_a_cells_name_finds_it(row: Make, file: str) -> None:
    for more in ({}, {"params": "a=1,b=[2]"}, {"format": "ceiling:decode", "params": "format=ham"}):
        one = row(file, **more)
        cells = parse(name_of(file, one))
        assert cells.files == (file,)
        fields = dict(zip(columns_of(file), as_text(file, one), strict=True))
        assert cells.has(fields) and not cells.has(fields | {"format": "other"})


def test_globs_and_brackets() -> None:
    fields = {"dataset": "vgg19/90-0-32", "format": "column_combined", "params": "alpha=8,gamma=0.5"}
    for name, there in (
        ("space:vgg19/*:column_combined[*]", True),
        ("space:*:column_combined[alpha=?,gamma=0.5]", True),
        ("space:vgg19*:*", True),
        ("space:*:column_combined", False),
        ("space:vgg:*", False),
        ("space:v[a-z]g19*:*", False),
    ):
        assert parse(name).has(fields) is there, name


# ---- series


@pytest.fixture
def past(row: Make, checkout: Checkout) -> Checkout:
    """Six commits, one of them damaged, one that touches nothing of the cell, and a working tree."""
    other = row(dataset="other", bytes=7)
    checkout.commit("first", 1, space=[row(bytes=100), other], time=[row("time")])
    checkout.commit("smaller", 2, space=[row(bytes=90), other])
    checkout.commit("the other one", 3, space=[row(bytes=90), other | {"bytes": 8}])
    (checkout.results / "space.csv").write_text("<<<<<<< HEAD\n")
    checkout.commit("damaged", 4, time=[row("time", time_ratio=1.5)])
    checkout.commit("taken out", 5, space=[other])
    checkout.commit("back, and another matrix", 6, space=[row(bytes=70, matrix_sha256="b" * 64), other])
    checkout.write(space=[row(bytes=80, matrix_sha256="b" * 64), other], time=[row("time", reference_sha="f" * 16)])
    return checkout


def series(checkout: Checkout, name: str, column: str | None = None) -> history.History:
    return history.history(checkout.results, parse(name), column, name)


def said(entry: history.Entry) -> str:
    return entry.change if isinstance(entry.change, str) else f"{entry.change.verdict} {entry.change.ratio:.2f}"


def test_a_series(past: Checkout) -> None:
    found = series(past, "space:d:sham")
    (one,) = found.series
    assert [(entry.commit.subject, entry.commit.date[:10]) for entry in one.entries] == [
        ("first", "2026-01-01"), ("smaller", "2026-01-02"), ("taken out", "2026-01-05"),
        ("back, and another matrix", "2026-01-06"), ("not committed", ""),
    ]  # fmt: skip
    assert one.values() == [100, 90, None, 70, 80]
    assert [said(entry) for entry in one.entries] == [
        "", "smaller 0.90", "the row was taken out",
        "not compared: another matrix under the same name (mirror): aaaaaaaa and bbbbbbbb", "larger 1.14",
    ]  # fmt: skip
    damaged = past.git("log", "--format=%h", "--abbrev=9", "--grep=damaged")
    assert found.notes == [
        f"space.csv of {damaged} could not be read: line 1: a merge conflict. Resolve it (either side is a whole "
        "file), or delete the file and export again"
    ]


def test_time_is_called_by_its_interval_and_its_reference(past: Checkout) -> None:
    (one,) = series(past, "time:d:sham").series
    assert [said(entry) for entry in one.entries] == [
        "", "slower 1.50", "not compared: reference_sha differs: 01234567 and ffffffff",
    ]  # fmt: skip


def test_other_columns(past: Checkout) -> None:
    (one,) = series(past, "space:d:sham", "scratch_bytes").series
    assert one.figure.column == "scratch_bytes" and one.values() == [1, 1, None, 1, 1]
    (one,) = series(past, "d:sham", "ns_per_dot").series  # only time.csv has it
    assert one.file == "time"
    with pytest.raises(CompareError, match="no figure 'byte' in space: did you mean bytes"):
        series(past, "space:d:sham", "byte")


def test_merges_count_once(row: Make, checkout: Checkout) -> None:
    checkout.commit("first", 1, space=[row(bytes=100)])
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit("one", 2, space=[row(bytes=90)])
    checkout.commit("two", 3, space=[row(bytes=80)])
    checkout.git("switch", "--quiet", "main")
    checkout.commit("unrelated", 4)
    checkout.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    (one,) = series(checkout, "space:d:sham").series
    assert [(entry.commit.subject, value) for entry, value in zip(one.entries, one.values(), strict=True)] == [
        ("first", 100), ("merge", 80),
    ]  # fmt: skip


def test_a_file_that_was_deleted(row: Make, checkout: Checkout) -> None:
    checkout.commit("first", 1, space=[row()])
    (checkout.results / "space.csv").unlink()
    checkout.commit("gone", 2)
    (one,) = series(checkout, "space:d:sham").series
    assert [said(entry) for entry in one.entries] == ["", "the row was taken out"]


def test_failed_cells(row: Make, checkout: Checkout) -> None:
    failed = row(status="failed", reason="a wrong product", bytes=None)
    checkout.commit("first", 1, space=[failed])
    checkout.commit("second", 2, space=[row()])
    (one,) = series(checkout, "space:d:sham").series
    assert [said(entry) for entry in one.entries] == ["a wrong product", "failed, then ok"]


def test_a_shallow_clone_is_said(past: Checkout, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    past.git("clone", "--quiet", "--depth=2", f"file://{past.folder}", str(clone))
    found = history.history(clone / "results", parse("space:d:sham"), None, "x")
    assert found.notes == ["this clone is shallow: older commits are not here (git fetch --unshallow)"]
    assert len(found.series[0].entries) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("space:D:sham", "no cell space:D:sham: no data set 'D' in these files: did you mean d?"),
        ("space:d:cham", "no format 'cham' there: did you mean sham?"),
        ("time:d:sham:batch=3", "no cell time:d:sham:batch=3: there are time:d:sham:batch=1"),
        ("energy:d:sham", "no data set 'd' in these files"),
    ],
)
def test_unknown_cells_are_answered_with_the_nearest(past: Checkout, name: str, words: str) -> None:
    with pytest.raises(CompareError) as error:
        series(past, name)
    assert words in str(error.value)


def test_no_commits(checkout: Checkout) -> None:
    with pytest.raises(CompareError, match="Nothing is committed here"):
        series(checkout, "space:d:sham")


# ---- the command


def call(*arguments: object, width: int = 100) -> Result:
    return CliRunner().invoke(command, ["log", *(str(one) for one in arguments)], env={"COLUMNS": str(width)})


def test_the_table(past: Checkout) -> None:
    result = call("space:d:sham", "--results", past.results)
    lines = result.output.splitlines()
    assert result.exit_code == 0 and lines[0] == "space:d:sham"
    cut = [line.split() for line in lines[2:4]]
    assert [part[:1] + part[2:] for part in cut] == [
        ["2026-01-01", "100", "██████████", "first"],
        ["2026-01-02", "90", "-10.0", "%", "█████████", "✓", "smaller", "smaller"],
    ]
    assert "working tree" in result.output and "a merge conflict" in result.output


def test_a_narrow_terminal(past: Checkout) -> None:
    text, _, last = call("d:sham", "--results", past.results, width=80).output.rpartition("next: ")
    assert re.search(r" diff (\w+)\^ \1 ", last)
    assert "subject" not in text and max(map(len, text.splitlines())) <= 80 and "time:d:sham:batch=1" in text


def test_many_cells(row: Make, checkout: Checkout) -> None:
    checkout.commit("first", 1, space=[row(dataset=f"d{i}") for i in range(13)])
    text = call("space:*:sham", "--results", checkout.results).output
    assert text.count("space:d") == 10 and "and 3 cells more" in text
    assert call("space:*:sham", "--all", "--results", checkout.results).output.count("space:d") == 13


def test_json(past: Checkout) -> None:
    found = json.loads(call("time:d:sham", "--json", "--results", past.results).output)
    (one,) = found["series"]
    assert (one["cell"], one["figure"]) == ("time:d:sham:batch=1", "time_ratio")
    second = one["entries"][1]
    assert second["commit"] == past.git("log", "--format=%H", "--grep=damaged")
    assert {name: second[name] for name in ("date", "subject", "status", "value", "verdict", "why")} == {
        "date": "2026-01-04T12:00:00+00:00", "subject": "damaged", "status": "ok", "value": 1.5, "verdict": "slower",
        "why": None,
    }  # fmt: skip
    assert second["low"] < 1.5 < second["high"] and one["entries"][2]["commit"] is None


def test_errors(past: Checkout) -> None:
    result = call("space:d:cham", "--results", past.results)
    assert result.exit_code == 2 and "did you mean sham" in result.output and "Traceback" not in result.output


def test_instructions_stand_beside_times_that_cannot_be_compared(row: Make, checkout: Checkout) -> None:
    """They are exact: another reference kernel is no matter to them. What is not compared is marked shortly."""
    for day, (kernel, count) in enumerate([("a", 2000), ("b", 1000), ("c", 1000)], 1):
        time = row("time", dataset="SiNa", reference_sha=kernel * 16, time_ratio=float(day), batch=1)
        counted = row("instructions", dataset="SiNa", instructions_per_dot=count, batch=1)
        other = row("instructions", dataset="SiNa", instructions_per_dot=7, batch=8)
        checkout.commit(f"commit {day}", day, time=[time], instructions=[counted, other])
    text = call("time:SiNa:sham:batch=1", "--results", checkout.results, width=120).output
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[1].split() == ["date", "commit", "time", "change", "instructions", "change", "subject"]
    assert re.search(r"≠ reference +1 000 +-50.0 % +commit 2$", lines[3])
    assert re.search(r"≠ reference +1 000 +=? +commit 3$", lines[4])
    assert "not compared with the line above" in text and "reference_sha differs" not in text and " 7 " not in text
    known = json.loads(call("time:SiNa:sham:batch=1", "--results", checkout.results, "--json").output)
    assert [one["instructions"] for one in known["series"][0]["entries"]] == [2000, 1000, 1000]
    assert known["series"][0]["entries"][1]["why"].startswith("not compared: reference_sha differs: ")


def test_a_folder_that_is_in_no_repository(write: Callable[..., Path], row: Make, tmp_path: Path) -> None:
    folder = write("results", space=[row()])
    with pytest.raises(
        CompareError, match="not a git repository.* A history is one of commits: it is found in a clone"
    ):
        history.history(folder, parse("space:vgg19/90-0-32:sham"), None, "space:vgg19/90-0-32:sham")
