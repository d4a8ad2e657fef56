"""The journal: everything that was measured, on disk at once, in one SQLite file.

SQLite's write-ahead log survives kill -9 and lets two runs work side by side. Results are exported from
here; a run that goes on reads nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dotbench.bench.record import journal_file
from dotbench.bench.record.journal_mending import LOG
from dotbench.bench.record.journal_records import cell_key, is_whole, sealed

Identity = dict[str, Any]
Row = dict[str, Any]

WAIT_SECONDS = 60  # for another process that writes
# what failed, timed out or was not available is tried again; what a format refused it would refuse again
FINISHED = ("ok", "skipped")
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Journal:
    """An open journal; use it in a ``with``.

    What a call wrote is there after kill -9 once the call has returned. A power cut may lose the last
    calls, never the file. Every row carries a digest; what is damaged is said in one line, and is as if it had never
    been measured. JournalError: the file or its folder cannot be used, or is of a newer version.
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
            self._open = journal_file.opened(path, WAIT_SECONDS)
            self._db = self._open.db

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except journal_file.NewerJournal as error:
            raise JournalError(str(error)) from error
        except sqlite3.OperationalError as error:
            cure = next((cure for word, cure in CURES.items() if word in str(error)), CURES["open"])
            name = getattr(error, "sqlite_errorname", "")  # Python's own errors of this kind have none
            kind = JournalFull if name.startswith(NO_ROOM) else JournalError
            raise kind(f"the journal {self._path} cannot be used ({error}): {cure}") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise JournalError(
                f"{self._path} is damaged or no journal ({error}): move it away, and dotbench measures anew"
            ) from error

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * (len(values) + 1))
        with self._clear_errors():
            self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", sealed(table, values))

    def _read(self, table: str, condition: str = "", *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a table without their digests; those that have been damaged while the journal was open are not
        there."""
        with self._clear_errors():
            found = self._db.execute(f"SELECT * FROM {table} {condition}", values).fetchall()
        whole = [row[:-1] for row in found if is_whole(table, row)]
        if len(whole) < len(found):
            lost = f"{len(found) - len(whole)} of its rows were damaged while it was open, and are measured again"
            LOG.warning("the journal %s: %s", self._path, lost)
        return whole

    # ---- cells

    def finished(self, identity: Identity) -> Row | None:
        """The row of a cell that is finished, else None."""
        found = self._read("cells", "WHERE key = ?", cell_key(identity))
        return json.loads(found[0][3]) if found and found[0][2] in FINISHED else None

    def record(self, identity: Identity, row: Row) -> None:
        """A cell's row; its passes are kept, for the raw values in them."""
        known = json.dumps(identity, sort_keys=True)
        self._write("cells", cell_key(identity), known, row["status"], json.dumps(row), _now())

    def rows(self) -> list[tuple[Identity, Row]]:
        """All finished cells, the one recorded last at the end."""
        found = self._read("cells", "ORDER BY rowid")  # clocks may step back
        return [(json.loads(known), json.loads(row)) for _, known, status, row, _ in found if status in FINISHED]

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
        self._write("passes", cell_key(identity), boot, number, json.dumps(data))

    def next_pass(self, identity: Identity, boot: str) -> int:
        """The number of a cell's next pass: behind all that are there, for one between may have been lost."""
        found = self._read("passes", "WHERE key = ? AND boot = ?", cell_key(identity), boot)
        return max((number for _, _, number, _ in found), default=-1) + 1

    def passes(self, identity: Identity, boot: str) -> list[dict[str, Any]]:
        """The passes of a cell since this machine was started; those of another boot do not count."""
        found = self._read("passes", "WHERE key = ? AND boot = ? ORDER BY number", cell_key(identity), boot)
        return [json.loads(data) for _, _, _, data in found]

    def finished_passes(self) -> list[tuple[Identity, Row, list[dict[str, Any]]]]:
        """Every finished cell with the passes of its last boot, those that its row was made from."""
        by_boot: dict[str, dict[str, dict[int, Any]]] = {}
        for key, boot, number, data in self._read("passes", "ORDER BY rowid"):
            boots = by_boot.setdefault(key, {})
            boots[boot] = boots.pop(boot, {}) | {number: json.loads(data)}  # the boot of the last pass at the end
        return [
            (json.loads(known), json.loads(row), [one for _, one in sorted([*by_boot[key].values()][-1].items())])
            for key, known, status, row, _ in self._read("cells", "ORDER BY rowid")
            if status in FINISHED and key in by_boot
        ]

    # ---- where figures come from

    def record_machine(self, machine: str, metadata: dict[str, Any]) -> None:
        """What is known of a machine; the latest run's words count."""
        self._write("machines", machine, json.dumps(metadata), _now())

    def machines(self) -> dict[str, dict[str, Any]]:
        """Metadata by machine."""
        return {machine: json.loads(metadata) for machine, metadata, _ in self._read("machines")}

    def record_input(self, matrix_sha256: str, dataset: str, source: str, file_sha256: str) -> None:
        """Which file a matrix was read from."""
        self._write("inputs", matrix_sha256, dataset, source, file_sha256)

    def inputs(self) -> list[tuple[str, str, str, str]]:
        """(matrix_sha256, dataset, source, file_sha256) of every matrix that was read."""
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in self._read("inputs", "ORDER BY dataset, source")]

    def matrices_now(self) -> dict[str, str]:
        """By data set the hash of the matrix that was read last under its name."""
        return {dataset: sha256 for sha256, dataset, _, _ in self._read("inputs", "ORDER BY rowid")}
