"""The journal: what was acknowledged is there, whatever happens to the process that wrote it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.record import journal as journals
from dotbench.bench.record.journal import Journal, JournalError

ROOT = Path(__file__).resolve().parents[3]
CELL = {"metric": "time", "dataset": "d", "format": "csc", "params": "", "batch": 1, "code_sha": "a"}
OK = {"status": "ok", "bytes": 5, "ratio": 0.1 + 0.2, "reason": None}


def start(code: str, *arguments: Any) -> subprocess.Popen[str]:
    """A process that runs ``code`` with the journal imported."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\nfrom dotbench.bench.record.journal import *\n" + code,
        ]
        + [str(one) for one in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_finished_cell_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "journal.sqlite"
    with Journal(path) as journal:
        assert journal.finished(CELL) is None
        journal.record(CELL, OK)
    with Journal(path) as journal:
        assert journal.finished(dict(reversed(CELL.items()))) == OK
        assert journal.rows() == [(CELL, OK)]
        for name in CELL:
            assert journal.finished(CELL | {name: "other"}) is None


def test_the_key_of_a_cell_stays() -> None:
    assert journals.cell_key({"b": 1, "a": "x"}) == journals.cell_key({"a": "x", "b": 1})
    # sha256sum of {"a": "x"}; a change of this figure makes every journal out there forget its cells
    assert journals.cell_key({"a": "x"}) == "79b5877ce299ab9924715b0da3453ee5575bb730b6a90f39762ffea7013aedc9"


@pytest.mark.parametrize("status", ["failed", "timeout", "unavailable"])
def test_what_is_not_ok_is_tried_again(tmp_path: Path, status: str) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.record(CELL, {"status": status})
        assert journal.finished(CELL) is None and journal.rows() == []
        journal.record(CELL, OK)
        assert journal.finished(CELL) == OK


def test_what_was_refused_is_not_tried_again(tmp_path: Path) -> None:
    """A format that finds a matrix too much work would find it so again, with the same code."""
    refused = {"status": "skipped", "reason": "too much work"}
    with Journal(tmp_path / "j") as journal:
        journal.record(CELL, refused)
        assert journal.finished(CELL) == refused and journal.finished(CELL | {"code_sha": "other"}) is None


def test_rows_come_in_the_order_of_recording(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        for sha in ("a", "b", "a"):
            journal.record(CELL | {"code_sha": sha}, OK | {"code_sha": sha})
        assert [row["code_sha"] for _, row in journal.rows()] == ["b", "a"]


def test_passes_belong_to_a_cell_and_a_boot(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.add_pass(CELL, "boot1", 1, {"log_ratio": 0.5, "seed": 7, "ns": [1.5, 2.5]})
        journal.add_pass(CELL, "boot1", 0, {"log_ratio": 0.25})
        journal.add_pass(CELL, "boot2", 0, {"log_ratio": 9.0})
        journal.add_pass(CELL | {"batch": 8}, "boot1", 0, {"log_ratio": 8.0})
        kept = [{"log_ratio": 0.25}, {"log_ratio": 0.5, "seed": 7, "ns": [1.5, 2.5]}]
        assert journal.passes(CELL, "boot1") == kept
        assert journal.passes(CELL, "boot3") == []
        assert journal.passes(CELL, "boot2") == [{"log_ratio": 9.0}]
        assert journal.passes(CELL | {"batch": 8}, "boot1") == [{"log_ratio": 8.0}]


def test_machines_and_inputs(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.record_machine("AMD EPYC x2", {"load": 1})
        journal.record_machine("AMD EPYC x2", {"load": 2})
        journal.record_input("ab", "d", "mirror", "12")
        journal.record_input("ab", "d", "mirror", "34")
        journal.record_input("ab", "d", "url", "56")
        assert journal.machines() == {"AMD EPYC x2": {"load": 2}}
        assert journal.inputs() == [("ab", "d", "mirror", "34"), ("ab", "d", "url", "56")]


WRITER = """
with Journal(Path(sys.argv[1])) as journal:
    for number in range(10**9):
        journal.add_pass({"cell": sys.argv[2]}, "boot", number, {"log_ratio": number / 7, "ns": [number] * 50})
        print(number, flush=True)
"""


def count_of(path: Path) -> int:
    """Passes of all trials so far."""
    if not path.exists():
        return 0
    with Journal(path) as journal:
        return len(journal._read("passes"))


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    chance = random.Random(2)
    for trial in range(4):
        before = count_of(path)
        writer = start(WRITER, path, trial)
        while count_of(path) == before:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        said, _ = writer.communicate(timeout=30)
        assert writer.returncode == -signal.SIGKILL
        acknowledged = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
        with Journal(path) as journal:
            found = journal.passes({"cell": str(trial)}, "boot")
        # one more may be there: written, and killed before it could say so
        assert len(found) - len(acknowledged) in (0, 1) and len(acknowledged) >= 1
        assert found == [{"log_ratio": i / 7, "ns": [i] * 50} for i in range(len(found))]
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


TWO = """
with Journal(Path(sys.argv[1])) as journal:
    for number in range(60):
        journal.record({"cell": number, "by": sys.argv[2]}, {"status": "ok", "by": sys.argv[2]})
"""


def test_two_runs_write_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writers = [start(TWO, path, name) for name in "ab"]  # both make the file and its tables
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert (writer.returncode, said) == (0, "")
    with Journal(path) as journal:
        rows = journal.rows()
    assert sorted(row["by"] for _, row in rows) == ["a"] * 60 + ["b"] * 60


# ---- files that cannot be used


def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=3")
    database.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"j is a journal of schema 3, and this version knows 2: update"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="is damaged or no journal .*: move it away, and dotbench measures"):
        Journal(path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"folder .*file/home cannot be made: .*Set DOTBENCH_HOME"):
        Journal(tmp_path / "file" / "home" / "j")


def test_a_journal_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="unable to open database file.*set DOTBENCH_HOME to a folder"):
        Journal(tmp_path)


def test_a_read_only_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.record(CELL, OK)
    connect = sqlite3.connect

    def read_only(where: Path, **options: Any) -> sqlite3.Connection:
        return connect(f"file:{where}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with pytest.raises(JournalError, match=r"j cannot be used \(.*readonly.*it is read-only: set DOTBENCH_HOME"):
        Journal(path)


FULL = """
import resource
path = Path(sys.argv[1])
with Journal(path) as journal:
    journal.record({"cell": 1}, {"status": "ok"})
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        for number in range(10_000):
            journal.record({"cell": number}, {"status": "ok", "text": "x" * 1000})
    except JournalError as error:
        print(number, error)
"""


def test_a_full_disk_says_so_and_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    writer = start(FULL, path)
    said, wrong = writer.communicate(timeout=60)
    assert (writer.returncode, wrong) == (0, "")
    number, _, message = said.partition(" ")
    assert message.startswith(f"the journal {path} cannot be used (") and "start again; what is finished" in message
    with Journal(path) as journal:
        cells = {known["cell"] for known, _ in journal.rows()}
    assert cells >= set(range(int(number))) and int(number) >= 5


def test_a_journal_held_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal._db.execute("PRAGMA busy_timeout=10")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked.*another process has held it"):
            journal.record(CELL, OK)
        other.close()
        journal.record(CELL, OK)
        assert journal.finished(CELL) == OK


def test_the_next_pass_is_behind_all_that_are_there(tmp_path: Path) -> None:
    """One between the others may have been lost: a number that is there already would replace a pass for ever."""
    with Journal(tmp_path / "j") as journal:
        assert journal.next_pass(CELL, "boot") == 0
        for number in (0, 1, 3):
            journal.add_pass(CELL, "boot", number, {"log_ratio": float(number)})
        assert journal.next_pass(CELL, "boot") == 4 and journal.next_pass(CELL, "other") == 0
        journal.add_pass(CELL, "boot", journal.next_pass(CELL, "boot"), {"log_ratio": 4.0})
        assert [one["log_ratio"] for one in journal.passes(CELL, "boot")] == [0.0, 1.0, 3.0, 4.0]
