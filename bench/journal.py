"""The journal: everything that was measured, on disk at once, in one SQLite file.

SQLite's write-ahead log survives kill -9 and lets two runs work side by side. Results are exported from
here; a run that goes on reads nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Identity = dict[str, Any]
Row = dict[str, Any]

SCHEMA = 1
WAIT_SECONDS = 60  # for another process that writes
# what failed, timed out or was not available is tried again; what a format refused it would refuse again
FINISHED = ("ok", "skipped")
TABLES = """
CREATE TABLE IF NOT EXISTS cells
    (key TEXT PRIMARY KEY, identity TEXT, status TEXT, row TEXT, finished_at TEXT);
CREATE TABLE IF NOT EXISTS passes
    (key TEXT, boot TEXT, number INTEGER, data TEXT, PRIMARY KEY (key, boot, number));
CREATE TABLE IF NOT EXISTS machines (machine TEXT PRIMARY KEY, metadata TEXT, seen_at TEXT);
CREATE TABLE IF NOT EXISTS inputs
    (matrix_sha256 TEXT, dataset TEXT, source TEXT, file_sha256 TEXT,
     PRIMARY KEY (matrix_sha256, dataset, source));
"""
# What to do, by a word of SQLite's message.
CURES = {
    "readonly": "it is read-only: set DOTBENCH_HOME to a folder that can be written",
    "full": "free some room and start again; what is finished is kept",
    "I/O": "look at the disk and the room on it, and start again; what is finished is kept",
    "locked": "another process has held it for a minute: end that, or wait, and start again",
    "open": "set DOTBENCH_HOME to a folder that can be written",
}
NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR")  # SQLite's names of what a full disk does


class JournalError(RuntimeError):
    """The journal cannot be read or written; the message names the file and what to do."""


class JournalFull(JournalError):
    """There is no room for what was to be written, or the disk did not take it; what was there before is kept."""


def cell_key(identity: Identity) -> str:
    """SHA-256 of an identity, whatever the order of its items."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Journal:
    """An open journal; use it in a ``with``.

    What a call wrote is there after kill -9 once the call has returned. A power cut may lose the last
    calls, never the file. JournalError: the file or its folder cannot be used, or is of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._clear_errors():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise JournalError(
                    f"the journal's folder {path.parent} cannot be made: {error.strerror}. "
                    "Set DOTBENCH_HOME to a folder that can be written"
                ) from error
            self._db = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
            try:
                self._prepare_patiently()
            except BaseException:
                self._db.close()
                raise

    def _prepare_patiently(self) -> None:
        """Two runs may make the file at once; switching to the log does not wait for a lock by itself."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self._prepare()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _prepare(self) -> None:
        self._check_schema()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(TABLES)
        self._db.execute(f"PRAGMA user_version={SCHEMA}")

    def _check_schema(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise JournalError(
                f"{self._path} is a journal of schema {version}, and this version knows {SCHEMA}: "
                "update dotbench, or move the file away to measure anew"
            )

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            cure = next((cure for word, cure in CURES.items() if word in str(error)), CURES["open"])
            kind = JournalFull if error.sqlite_errorname.startswith(NO_ROOM) else JournalError
            raise kind(f"the journal {self._path} cannot be used ({error}): {cure}") from error
        except sqlite3.DatabaseError as error:
            raise JournalError(
                f"{self._path} is damaged or no journal ({error}): move it away, and dotbench measures anew"
            ) from error

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, statement: str, *values: Any) -> None:
        with self._clear_errors():
            self._db.execute(statement, values)

    def _read(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._clear_errors():
            return self._db.execute(statement, values).fetchall()

    # ---- cells

    def finished(self, identity: Identity) -> Row | None:
        """The row of a cell that is finished, else None."""
        found = self._read("SELECT status, row FROM cells WHERE key = ?", cell_key(identity))
        return json.loads(found[0][1]) if found and found[0][0] in FINISHED else None

    def record(self, identity: Identity, row: Row) -> None:
        """A cell's row; its passes are kept, for the raw values in them."""
        self._write(
            "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)",
            cell_key(identity),
            json.dumps(identity, sort_keys=True),
            row["status"],
            json.dumps(row),
            _now(),
        )

    def rows(self) -> list[tuple[Identity, Row]]:
        """All finished cells, the one recorded last at the end."""
        found = self._read("SELECT identity, row, status FROM cells ORDER BY rowid")  # clocks may step back
        return [(json.loads(known), json.loads(row)) for known, row, status in found if status in FINISHED]

    def rename(self, identity: Identity, new: Identity, row: Row) -> None:
        """Records a cell under another identity, with its passes, and forgets the old one; all or nothing."""
        old = cell_key(identity)
        with self._clear_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                statement = "SELECT boot FROM passes WHERE key = ? GROUP BY boot ORDER BY MAX(rowid)"
                for (boot,) in self._db.execute(statement, (old,)).fetchall():
                    for number, data in enumerate(self.passes(identity, boot)):
                        self.add_pass(new, boot, number, data)
                self.record(new, row)
                for table in ("cells", "passes") if cell_key(new) != old else ():
                    self._db.execute(f"DELETE FROM {table} WHERE key = ?", (old,))
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    # ---- passes

    def add_pass(self, identity: Identity, boot: str, number: int, data: dict[str, Any]) -> None:
        """One pass of a cell: its log median and raw values."""
        statement = "INSERT OR REPLACE INTO passes VALUES (?, ?, ?, ?)"
        self._write(statement, cell_key(identity), boot, number, json.dumps(data))

    def passes(self, identity: Identity, boot: str) -> list[dict[str, Any]]:
        """The passes of a cell since this machine was started; those of another boot do not count."""
        statement = "SELECT data FROM passes WHERE key = ? AND boot = ? ORDER BY number"
        return [json.loads(data) for (data,) in self._read(statement, cell_key(identity), boot)]

    def finished_passes(self) -> list[tuple[Identity, Row, list[dict[str, Any]]]]:
        """Every finished cell with the passes of its last boot, those that its row was made from."""
        statement = (
            "SELECT cells.identity, cells.row, cells.status, passes.data FROM cells JOIN passes USING (key) "
            "WHERE boot = (SELECT boot FROM passes AS p WHERE p.key = cells.key ORDER BY p.rowid DESC LIMIT 1) "
            "ORDER BY cells.rowid, passes.number"
        )
        found: dict[str, tuple[Identity, Row, list[dict[str, Any]]]] = {}
        for identity, row, status, data in self._read(statement):
            if status in FINISHED:
                cell = found.setdefault(identity, (json.loads(identity), json.loads(row), []))
                cell[2].append(json.loads(data))
        return list(found.values())

    # ---- where figures come from

    def record_machine(self, machine: str, metadata: dict[str, Any]) -> None:
        """What is known of a machine; the latest run's words count."""
        self._write("INSERT OR REPLACE INTO machines VALUES (?, ?, ?)", machine, json.dumps(metadata), _now())

    def machines(self) -> dict[str, dict[str, Any]]:
        """Metadata by machine."""
        found = self._read("SELECT machine, metadata FROM machines")
        return {machine: json.loads(metadata) for machine, metadata in found}

    def record_input(self, matrix_sha256: str, dataset: str, source: str, file_sha256: str) -> None:
        """Which file a matrix was read from."""
        statement = "INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?)"
        self._write(statement, matrix_sha256, dataset, source, file_sha256)

    def inputs(self) -> list[tuple[str, str, str, str]]:
        """(matrix_sha256, dataset, source, file_sha256) of every matrix that was read."""
        statement = "SELECT matrix_sha256, dataset, source, file_sha256 FROM inputs ORDER BY 2, 3"
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in self._read(statement)]
