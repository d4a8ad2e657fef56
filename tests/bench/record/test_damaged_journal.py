"""Bits flipped in a journal, and journals cut short: no wrong figure, no traceback, everything undamaged kept.

The numbers here take seconds; ``nox -s faults`` sets DOTBENCH_FAULT_FLIPS and DOTBENCH_FAULT_CUTS for the campaign;
DOTBENCH_FAULT_SEED is another choice of bits.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.record.journal import Journal, JournalError
from dotbench.bench.record.journal_records import TABLES, cell_key

FLIPS = int(os.environ.get("DOTBENCH_FAULT_FLIPS", "0")) or 24
SEED = int(os.environ.get("DOTBENCH_FAULT_SEED", "5"))
CUTS = int(os.environ.get("DOTBENCH_FAULT_CUTS", "0")) or 10


@dataclass
class Truth:
    """What was written, and what can be read of it."""

    cells: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    passes: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    inputs: set[tuple[str, str, str, str]] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.cells) + len(self.passes) + len(self.machines) + len(self.inputs)


def identity(number: int) -> dict[str, Any]:
    return {"metric": "time", "dataset": f"matrix/{number % 7}", "format": "sham", "batch": number, "code_sha": "c0de"}


def written(path: Path, cells: int = 60) -> tuple[Journal, Truth]:
    """A journal with short rows and rows of many pages, still open, and what is in it."""
    chance, truth = random.Random(1), Truth()
    journal = Journal(path)
    for number in range(cells):
        known = identity(number)
        for one in range(3):
            data = {"log_ratio": chance.random(), "rounds": [chance.random()] * (600 if number % 9 == 0 else 12)}
            journal.add_pass(known, "boot", one, data)
            truth.passes[cell_key(known), one] = data
        journal.record(known, {"status": "failed", "reason": "measured again"})  # an older row, which is replaced
        row = {"status": "ok", "time_ratio": chance.random(), "reason": "x" * (9000 if number % 13 == 0 else 300)}
        journal.record(known, row)
        truth.cells[cell_key(known)] = known, row
    for number in range(4):
        journal.record_machine(f"machine {number}", {"load": number})
        truth.machines[f"machine {number}"] = {"load": number}
        journal.record_input(f"{number:064x}", f"matrix/{number}", "mirror", "f" * 64)
        truth.inputs.add((f"{number:064x}", f"matrix/{number}", "mirror", "f" * 64))
    return journal, truth


def read(path: Path, truth: Truth) -> Truth:
    """All that a journal gives, each by every way to it; whatever comes is what was written."""
    found = Truth()
    with Journal(path) as journal:
        for known, row in journal.rows():
            assert truth.cells[cell_key(known)] == (known, row)
            found.cells[cell_key(known)] = known, row
        for known, row in truth.cells.values():
            assert journal.finished(known) in ((row,) if cell_key(known) in found.cells else (None,))
            mine = {number: truth.passes[cell_key(known), number] for number in range(3)}
            for data in journal.passes(known, "boot"):
                (number,) = [number for number, kept in mine.items() if kept == data]
                found.passes[cell_key(known), number] = data
        for known, row, passes in journal.finished_passes():
            assert truth.cells[cell_key(known)] == (known, row)
            assert all(one in [truth.passes[cell_key(known), number] for number in range(3)] for one in passes)
        found.machines, found.inputs = journal.machines(), set(journal.inputs())
    assert found.machines.items() <= truth.machines.items() and found.inputs <= truth.inputs
    return found


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    path = tmp_path_factory.mktemp("closed") / "journal.sqlite"
    journal, truth = written(path)
    journal.close()
    return path, truth


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """As kill -9 leaves it: much of it is in the write-ahead log."""
    path = tmp_path_factory.mktemp("killed") / "journal.sqlite"
    journal, truth = written(tmp_path_factory.mktemp("open") / "journal.sqlite", 20)
    for end in ("", "-wal"):
        shutil.copy(journal._path.with_name(f"journal.sqlite{end}"), path.with_name(f"journal.sqlite{end}"))
    journal.close()
    return path, truth


def damaged(
    source: tuple[Path, Truth],
    place: Path,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[bytearray], None],
    end: str = "",
) -> tuple[int, list[str]]:
    """How many rows are missing after a change to the file, and what was said."""
    place.mkdir()
    path, truth = source
    for one in path.parent.glob("journal.sqlite*"):
        if not one.name.endswith("-lock"):
            shutil.copy(one, place / one.name)
    data = bytearray((place / f"journal.sqlite{end}").read_bytes())
    change(data)
    (place / f"journal.sqlite{end}").write_bytes(data)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        missing = truth.count - read(place / "journal.sqlite", truth).count
    said = [record.getMessage() for record in caplog.records]
    assert read(place / "journal.sqlite", truth).count == truth.count - missing  # mended: nothing more to say
    shutil.rmtree(place)
    return missing, said


def flip(chance: random.Random) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)

    return change


def test_flipped_bits(closed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bit is in one row at most: all others are there, and one line says what happened."""
    chance, lost, lines = random.Random(SEED), 0, 0
    for number in range(FLIPS):
        missing, said = damaged(closed, tmp_path / str(number), caplog, flip(chance))
        assert missing <= 1 and len(said) <= 1 and (not missing or said), (number, missing, said)
        assert all("was damaged (" in line and "kept as journal.sqlite.damaged-" in line for line in said)
        lost, lines = lost + missing, lines + len(said)
    assert lost and lines >= lost
    print(f"journal: {FLIPS} flips, {lines} of them seen and said, {lost} rows measured again")


@pytest.mark.parametrize("end", ["", "-wal"])
def test_flipped_bits_after_a_kill(
    killed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    """What was acknowledged is there, but for the row that was hit: a log is read behind its damaged place, too."""
    chance = random.Random(6)
    for number in range(FLIPS // 4):
        missing, said = damaged(killed, tmp_path / str(number), caplog, flip(chance), end)
        assert missing <= 1 and len(said) <= 1, (number, missing, said)
        assert not missing or said or end == "-wal", (
            number
        )  # a row that was hit in the log: never acknowledged, or lost


def cut(at: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        del data[at:]

    return change


def test_cut_short(closed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chance, kept = random.Random(7), []
    size = closed[0].stat().st_size
    for number in range(CUTS):
        at = chance.randrange(1, size)
        missing, said = damaged(closed, tmp_path / str(number), caplog, cut(at))
        assert len(said) == 1, (number, at, said)
        kept.append((closed[1].count - missing, at / size))
    assert max(count for count, _ in kept) > closed[1].count / 2
    # what is missing was in the part that is gone, or in pages that were left half
    assert all(count >= closed[1].count * (share - 0.35) for count, share in kept), kept


def test_all_pages_but_the_first_overwritten(
    closed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def change(data: bytearray) -> None:
        data[4096:] = b"\xee" * (len(data) - 4096)

    missing, said = damaged(closed, tmp_path / "a", caplog, change)
    assert missing == closed[1].count
    (line,) = said
    assert "0 cells and 0 passes were read from it, what is missing is measured again" in line


def test_the_damaged_file_is_kept(closed: tuple[Path, Truth], tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    data = bytearray(closed[0].read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    assert read(path, closed[1]).count == closed[1].count
    (aside,) = tmp_path.glob("journal.sqlite.damaged-*")
    assert aside.read_bytes() == data


def test_a_damaged_journal_that_another_run_has_open(
    closed: tuple[Path, Truth], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    shutil.copy(closed[0], path)
    monkeypatch.setattr("dotbench.bench.record.journal.WAIT_SECONDS", 0.1)
    with Journal(path):
        data = bytearray(path.read_bytes())
        data[-2000:] = bytes(2000)
        path.write_bytes(data)
        with pytest.raises(JournalError, match="another process has it open"):
            Journal(path)
    assert list(tmp_path.glob("*.damaged-*")) == []


# ---- schema 1


def schema_1(path: Path, truth: Truth) -> None:
    """The same rows as an older version wrote them."""
    db = sqlite3.connect(path)
    db.executescript(
        "CREATE TABLE cells (key TEXT PRIMARY KEY, identity TEXT, status TEXT, row TEXT, finished_at TEXT);"
        "CREATE TABLE passes (key TEXT, boot TEXT, number INTEGER, data TEXT, PRIMARY KEY (key, boot, number));"
        "CREATE TABLE machines (machine TEXT PRIMARY KEY, metadata TEXT, seen_at TEXT);"
        "CREATE TABLE inputs (matrix_sha256 TEXT, dataset TEXT, source TEXT, file_sha256 TEXT,"
        " PRIMARY KEY (matrix_sha256, dataset, source));"
        "PRAGMA user_version=1;"
    )
    import json

    for known, row in truth.cells.values():
        one = cell_key(known), json.dumps(known, sort_keys=True), row["status"], json.dumps(row), "2026-01-01"
        db.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?)", one)
    for (key, number), data in truth.passes.items():
        db.execute("INSERT INTO passes VALUES (?, ?, ?, ?)", (key, "boot", number, json.dumps(data)))
    for machine, metadata in truth.machines.items():
        db.execute("INSERT INTO machines VALUES (?, ?, ?)", (machine, json.dumps(metadata), "2026-01-01"))
    db.executemany("INSERT INTO inputs VALUES (?, ?, ?, ?)", sorted(truth.inputs))
    db.commit()
    db.close()


def test_a_journal_of_schema_1_loses_nothing(
    closed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite"
    schema_1(path, closed[1])
    found = read(path, closed[1])
    assert found == closed[1] and not caplog.records
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == set(TABLES)
    db.close()
    assert [one.name for one in tmp_path.iterdir() if "damaged" in one.name] == []


def test_a_row_of_schema_1_that_cannot_be_what_was_written(
    closed: tuple[Path, Truth], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite"
    schema_1(path, closed[1])
    db = sqlite3.connect(path)
    db.execute("UPDATE cells SET row = substr(row, 2) WHERE rowid = 3")
    db.execute("UPDATE cells SET identity = replace(identity, 'sham', 'shom') WHERE rowid = 4")
    db.commit()
    db.close()
    with caplog.at_level(logging.WARNING):
        assert len(read(path, closed[1]).cells) == len(closed[1].cells) - 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert "2 rows could not be read, what is missing is measured again" in line
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1
