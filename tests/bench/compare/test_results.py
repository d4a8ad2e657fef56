"""Where results are found: revisions, folders, files; and what is said where there are none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.compare import results
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.repository import Repository

Make = Callable[..., dict[str, Any]]
Write = Callable[..., Path]
Checkout = Any  # of tests/bench/conftest.py


def fails(name: str, folder: Path) -> str:
    with pytest.raises(CompareError) as error:
        results.find(name, folder)
    return str(error.value)


# ---- revisions


def test_revisions(row: Make, checkout: Checkout) -> None:
    first = checkout.commit("one", 1, space=[row(bytes=1)])
    checkout.git("tag", "v1")
    checkout.commit("two", 2, space=[row(bytes=2)], time=[row("time")])
    checkout.write(space=[row(bytes=3)])
    for name, size, label in (("v1", 1, "v1"), ("HEAD", 2, "HEAD"), ("HEAD~1", 1, "HEAD~1"), ("main", 2, "main")):
        found = results.find(name, checkout.results)
        assert found.rows["space"][0]["bytes"] == size and found.label.startswith(f"{label} (")
    assert results.find(first, checkout.results).label == f"{first[:9]} (2026-01-01)"
    assert list(results.find("v1", checkout.results).rows) == ["space"]
    assert list(results.find("HEAD", checkout.results).rows) == ["space", "time"]


def test_a_folder_that_is_gone_from_the_working_tree_is_still_in_revisions(row: Make, checkout: Checkout) -> None:
    checkout.commit("one", space=[row()])
    shutil.rmtree(checkout.results)
    assert results.find("HEAD", checkout.results).rows["space"] == [row()]


def test_results_at_the_root_of_a_repository(row: Make, checkout: Checkout, write: Write) -> None:
    checkout.commit("one")
    write(checkout.folder, space=[row()])
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "-m", "two")
    assert results.find("HEAD", checkout.folder).rows["space"] == [row()]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mian", "no revision 'mian' (and no such file or folder): did you mean main?"),
        ("v9", "no revision 'v9' (and no such file or folder)"),
        ("--output=x", "no revision '--output=x'"),
        ("a\nb", "no revision 'a\\nb'"),
        ("", "no revision ''"),
        ("HEAD~1..HEAD", "'HEAD~1..HEAD' is a range: write its two ends apart"),
        ("HEAD:results", "no revision 'HEAD:results'"),
    ],
)
def test_a_revision_that_does_not_exist(row: Make, checkout: Checkout, name: str, words: str) -> None:
    checkout.commit("one", space=[row()])
    assert fails(name, checkout.results).startswith(words)
    assert not (checkout.folder / "x").exists()


def test_a_shallow_clone_is_told_from_an_unknown_revision(row: Make, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit("one", 1, space=[row()])
    checkout.commit("two", 2, space=[row(bytes=2)])
    clone = tmp_path / "clone"
    checkout.git("clone", "--quiet", "--depth=1", f"file://{checkout.folder}", str(clone))
    words = fails("HEAD~1", clone / "results")
    assert "this clone is shallow" in words and "git fetch --unshallow" in words and "fetch-depth: 0" in words
    assert results.find("HEAD", clone / "results").rows["space"][0]["bytes"] == 2


def test_a_revision_without_results(row: Make, checkout: Checkout) -> None:
    checkout.commit("none")
    assert fails("HEAD", checkout.results).startswith("no results in results at HEAD: none of space.csv, time.csv")


def test_a_damaged_file_of_a_revision(row: Make, checkout: Checkout) -> None:
    (checkout.results / "space.csv").write_text("<<<<<<< HEAD\n")
    checkout.commit("bad")
    words = fails("HEAD", checkout.results)
    assert words.startswith("results/space.csv at HEAD, line 1: a merge conflict")


def test_no_repository(row: Make, write: Write, tmp_path: Path) -> None:
    folder = write("results", space=[row()])
    words = fails("HEAD", folder)
    assert "not a git repository" in words and "Compare folders or files instead" in words


def test_no_git(row: Make, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("results", space=[row()])
    monkeypatch.setenv("PATH", "")
    assert "git cannot be run" in fails("HEAD", folder)
    assert results.find(str(folder), folder).rows["space"] == [row()]


def test_variables_of_a_hook_do_not_lead_elsewhere(
    row: Make, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.commit("one", space=[row()])
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert Repository(checkout.results).prefix == "results"


# ---- folders and files


def test_folders_and_files(row: Make, write: Write) -> None:
    folder = write("a", space=[row()], time=[row("time")])
    assert list(results.find(str(folder), folder).rows) == ["space", "time"]
    found = results.find(str(folder / "time.csv"), folder)
    assert list(found.rows) == ["time"] and found.alone


@pytest.mark.parametrize("file", ["space", "time", "instructions", "energy", "systolic", "levels"])
def test_a_file_of_any_name_is_known_by_its_columns(row: Make, write: Write, file: str) -> None:
    folder = write("a", **{file: [row(file)]})
    theirs = (folder / f"{file}.csv").rename(folder / "theirs.csv")
    assert list(results.find(str(theirs), folder).rows) == [file]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "is no results file: its first line has the columns of none"),
        ("", "is no results file"),
        ("<<<<<<< HEAD\ndataset\n", "line 1: a merge conflict"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    assert words in fails(str(path), tmp_path)


def test_what_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "space.csv").write_bytes(b"dataset\xff")
    assert "space.csv, byte 7: this is not text in UTF-8" in fails(str(tmp_path), tmp_path)


def test_an_empty_folder(tmp_path: Path) -> None:
    assert fails(str(tmp_path), tmp_path).startswith(f"no results in {tmp_path}: none of space.csv")


def test_files_of_another_version_are_told(row: Make, write: Write) -> None:
    folder = write("a", space=[row()])
    (folder / "later.csv").write_text("what,ever\n")
    assert results.find(str(folder), folder).notes == [
        f"{folder}: later.csv is not read, this version does not know it"
    ]


def test_a_file_without_its_figure_is_an_error(row: Make, write: Write) -> None:
    """Else a gate on bytes would hold where the bytes are gone."""
    path = write("b", space=[row(bytes=1)]) / "space.csv"
    head, _, rest = path.read_text().partition("\n")
    at = head.split(",").index("bytes")
    lines = [line.split(",") for line in (head, *rest.splitlines())]
    path.write_text("".join(",".join(fields[:at] + fields[at + 1 :]) + "\n" for fields in lines))
    assert fails(str(path.parent), path.parent) == (
        f"{path}, line 1: column bytes is missing, and without it space.csv has no figures"
    )


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    for name in ("nothing.csv", "./nothing", "/nonexistent/x", "folder/"):
        assert fails(name, tmp_path) == f"there is no file or folder {name}"


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "space.csv").mkdir()
    assert "space.csv cannot be read: Is a directory" in fails(str(tmp_path), tmp_path)


def test_a_path_that_is_a_revision_too(
    row: Make, checkout: Checkout, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.commit("one", space=[row()])
    write(checkout.folder / "main", space=[row(bytes=9)])
    monkeypatch.chdir(checkout.folder)
    assert fails("main", checkout.results) == (
        "main is a path and a revision: write ./main for the path, main^0 for the revision"
    )
    assert results.find("./main", checkout.results).rows["space"][0]["bytes"] == 9
    assert results.find("main^0", checkout.results).rows["space"][0]["bytes"] == 1
