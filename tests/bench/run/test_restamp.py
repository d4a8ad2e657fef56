"""Re-stamping: rows of code that was current get today's hashes, the others stay, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dotbench.bench.metrics import hashes
from dotbench.bench.record import export, identity
from dotbench.bench.record.journal import Journal
from dotbench.bench.run import restamp
from dotbench.bench.run.restamp import Asked, Shas
from dotbench.bench.run.session import current_sha

Row = dict[str, Any]
asked_in_a_folder = restamp.hashes_at


def row(format_: str, code_sha: str, **more: Any) -> Row:
    known = {
        "dataset": "d", "matrix_sha256": "a" * 64, "source": "mirror", "format": format_, "params": "", "status": "ok",
        "reason": "why, and \"so\"", "code_sha": code_sha,
    }  # fmt: skip
    return known | more


def timed(format_: str, code_sha: str, reference_sha: str, **more: Any) -> Row:
    place = {"batch": 1, "threads": 1, "cache": "warm", "reference": "csc", "reference_sha": reference_sha}
    return row(format_, code_sha, **place, time_ratio=1.2345, ns_per_dot=10.5, **more)


def old_of(asked: Iterable[Asked]) -> Shas:
    """What the code before gave: ``old`` and the format's name; of one format it knew nothing."""
    return {one: None if one[1] == "rice" else f"old {one[1]}" for one in asked}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's hashes, without another process."""
    monkeypatch.setattr(restamp, "hashes_at", lambda folder, asked: {one: hashes.code_sha(*one) for one in set(asked)})


def test_only_rows_that_were_current_get_new_hashes(tmp_path: Path) -> None:
    rows = {
        "space": [row("csc", "old csc", bytes=12), row("ham", "older ham", bytes=13), row("rice", "old rice"),
                  row("bound:h0", "old bound:h0"), row("not_installed", "old not_installed")],
        "time": [timed("sham", "old sham", "old csc"), timed("ham", "old ham", "older csc"),
                 timed("ceiling:decode", "old ceiling:decode", "old csc", params="format=ham")],
        "board": [row("ham", "old ham", kernel="dot", placement="tcm", runner="b", cycles=5)],
    }  # fmt: skip
    for file, part in rows.items():
        (tmp_path / f"{file}.csv").write_bytes(export.render(file, part))
    said: list[str] = []
    restamp.results(tmp_path, old_of, said.append)
    assert said == [
        "space.csv: 2 rows under new hashes, 0 had them, 3 left alone",
        "time.csv: 2 rows under new hashes, 0 had them, 1 left alone",
        "board.csv: 1 row under new hashes, 0 had them, 0 left alone",
    ]
    for file, part in rows.items():
        after = export.read(tmp_path / f"{file}.csv", file)
        for was, one in zip(part, after, strict=True):
            current = one["code_sha"] == current_sha(file, one)
            assert current == (was["format"] in ("csc", "bound:h0", "sham", "ceiling:decode") or file == "board")
            if not current:
                assert (one["code_sha"], one.get("reference_sha")) == (was["code_sha"], was.get("reference_sha"))
            stamps = {"code_sha", "reference_sha"}
            assert {key: one[key] for key in was.keys() - stamps} == {key: was[key] for key in was.keys() - stamps}
    again: list[str] = []
    restamp.results(tmp_path, lambda asked: {one: hashes.code_sha(*one) for one in asked}, again.append)
    assert again[1] == "time.csv: 0 rows under new hashes, 2 had them, 1 left alone"


def test_a_journals_cells_are_found_under_their_new_hashes(tmp_path: Path) -> None:
    """With their passes; another cell's are not touched."""
    cells = [("sham", "old sham"), ("ham", "older ham")]
    with Journal(tmp_path / "journal.sqlite") as journal:
        for name, sha in cells:
            known = {"metric": "time", "format": name, "code_sha": sha, "reference_sha": "old csc"}
            journal.add_pass(known, "boot", 0, {"log_ratio": 0.5})
            journal.record(known, timed(name, sha, "old csc"))
        other = {"metric": "space", "format": "csc", "code_sha": "old csc"}  # an identity without a reference
        journal.record(other, row("csc", "old csc"))
    said: list[str] = []
    restamp.journal(tmp_path / "journal.sqlite", old_of, said.append)
    assert said == ["journal: 2 cells under new hashes, 0 had them, 1 left alone"]
    sha, reference = (str(hashes.code_sha("time", name, "")) for name in ("sham", "csc"))
    fresh = {"metric": "time", "format": "sham", "code_sha": sha, "reference_sha": reference}
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert len(journal.rows()) == 3
        assert journal.finished(fresh) == timed("sham", sha, reference)
        assert journal.passes(fresh, "boot") == [{"log_ratio": 0.5}]
        assert journal.finished(other | {"code_sha": hashes.code_sha("space", "csc", "")})
        left = {"metric": "time", "format": "ham", "code_sha": "older ham", "reference_sha": "old csc"}
        assert journal.finished(left) == timed("ham", "older ham", "old csc") and journal.passes(left, "boot")


def test_a_folders_own_code_is_asked(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").touch()
    (tmp_path / "bench" / "identity.py").write_text("def code_sha(*what): return '-'.join(what) if what[2] else None\n")
    asked = [("time", "im", "a=1"), ("space", "csc", ""), ("time", "im", "a=1")]
    assert asked_in_a_folder(tmp_path, asked) == {("time", "im", "a=1"): "time-im-a=1", ("space", "csc", ""): None}


def test_the_command_asks_the_code_of_the_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a folder that it names; where there is no journal none is made."""
    (tmp_path / "space.csv").write_bytes(export.render("space", [row("csc", "old csc")]))
    asked: list[str] = []
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))

    @contextmanager
    def checked_out(revision: str) -> Iterator[Path]:
        asked.append(revision)
        yield tmp_path / "there"

    def hashes_at(folder: Path, wanted: Iterable[Asked]) -> Shas:
        there = folder == tmp_path / "there"
        return old_of(wanted) if there else {one: hashes.code_sha(*one) for one in wanted}

    monkeypatch.setattr(restamp, "checked_out", checked_out)
    monkeypatch.setattr(restamp, "hashes_at", hashes_at)
    done = CliRunner().invoke(restamp.main, ["v1", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert asked == ["v1"] and "space.csv: 1 row under new hashes" in done.output and "journal" not in done.output
    (found,) = export.read(tmp_path / "space.csv", "space")
    assert found["code_sha"] == hashes.code_sha("space", "csc", "")


def test_parameters_that_a_library_of_this_version_lacks() -> None:
    """Nobody here can say whether such a row is current: it is kept."""
    assert identity.is_lacking("zstd", "window=3") and not identity.is_lacking("csc", "")
