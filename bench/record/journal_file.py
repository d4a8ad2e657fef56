"""The journal's file: opened, brought to this version's schema, and mended where it is damaged.

Opening looks at everything: SQLite's own check, and each row's digest. Where something does not fit, the rows that
are whole go into a new file, the damaged one stays beside it, and one line says so.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dotbench.bench.record.journal_mending import LOG, aside_of, can_be_mended, mend, words_of
from dotbench.bench.record.journal_records import (
    APPLICATION,
    SCHEMA,
    TABLES,
    insert,
    is_whole,
    looks_whole,
    say_schema,
    sealed,
    statements,
)
from dotbench.bench.record.journal_salvage import PAGE, Found, salvage
from dotbench.cdot.fresh import sweep


class NewerJournal(RuntimeError):
    """A journal that a newer version wrote."""


class _Damaged(sqlite3.DatabaseError):
    """What opening has found."""


@dataclass(frozen=True)
class Opened:
    """An open journal. As long as it is open, nobody puts another file in its place."""

    db: sqlite3.Connection
    lock: int | None

    def close(self) -> None:
        self.db.close()
        if self.lock is not None:
            os.close(self.lock)


def opened(path: Path, patience: float) -> Opened:
    """The journal, made where there is none; sqlite3.Error where it cannot be used. ``patience``: seconds."""
    sweep(path.parent, f".{path.name}.*")
    lock = _lock_of(path)
    try:
        return Opened(_connected_or_mended(path, patience, lock), lock)
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise


def _lock_of(path: Path) -> int | None:
    """Shared by all that have the journal open. None in a folder that cannot be written: SQLite says so."""
    try:
        lock = os.open(path.with_name(f"{path.name}-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return None
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _connected_or_mended(path: Path, patience: float, lock: int | None) -> sqlite3.Connection:
    from_log = _rows_of_log(path, lock)
    try:
        db = _connected(path, patience)
    except sqlite3.DatabaseError as error:
        if lock is None or not can_be_mended(path, error):
            raise
        _wait_for_others(path, lock, patience, error)
        db, from_log = _mended(path, patience, from_log), {}
    _read_back(path, db, from_log)
    if lock is not None:
        fcntl.flock(lock, fcntl.LOCK_SH)
    return db


def _rows_of_log(path: Path, lock: int | None) -> Found:
    """What a run that was killed has left in the log, before SQLite, which takes it up to its first damaged page,
    empties it. Nothing where the log is another run's and in use."""
    log = path.with_name(f"{path.name}-wal")
    if lock is None or not log.is_file() or not log.stat().st_size:
        return {}
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)
        return {}
    return salvage(path, log_only=True)


def _mended(path: Path, patience: float, from_log: Found) -> sqlite3.Connection:
    try:
        return _connected(path, patience)  # another process may have mended it in the meantime
    except sqlite3.DatabaseError as error:
        mend(path, error, from_log)
        return _connected(path, patience)


def _read_back(path: Path, db: sqlite3.Connection, found: Found) -> None:
    count = 0
    for table, rows in found.items():
        key = TABLES[table][1]
        where = " AND ".join(f"{name} = ?" for name in key)
        for at, (number, values) in rows.items():
            known = db.execute(f"SELECT rowid FROM {table} WHERE {where}", at).fetchone()
            if known is None or known[0] < number:
                insert(db, table, [values])
                count += 1
    if count:
        LOG.warning(
            "the journal %s: its log was damaged (%s-wal); %d rows were read back from it", path, path.name, count
        )


def _wait_for_others(path: Path, lock: int, patience: float, why: Exception) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise sqlite3.OperationalError(f"{why}, and another process has it open, so it stays locked") from None
            time.sleep(0.05)


def _connected(path: Path, patience: float) -> sqlite3.Connection:
    with suppress(OSError):  # by the umask, so that a group may share a home; SQLite would leave the group out
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
    db = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        _prepare_patiently(path, db, patience)
    except UnicodeDecodeError as error:  # what SQLite says holds a name of the file
        db.close()
        raise _Damaged("a name in it is no text") from error
    except BaseException:
        db.close()
        raise
    return db


def _prepare_patiently(path: Path, db: sqlite3.Connection, patience: float) -> None:
    """Switching to the log does not wait for a lock by itself."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return _prepare(path, db)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _prepare(path: Path, db: sqlite3.Connection) -> None:
    version = _schema(path, db)
    new = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if new and not version:
        db.execute(f"PRAGMA page_size={PAGE}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    if version == 1:
        _check(db)
        _migrate(path, db)
    elif not version:
        if not new:
            raise _Damaged("it has tables, and no version")
        db.executescript(statements())
        say_schema(db)
    else:
        _check(db)
        _check_rows(db)
        db.execute(f"PRAGMA user_version={SCHEMA}")  # whether it can be written is seen here


def _schema(path: Path, db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    if (version, application) in ((0, 0), (1, 0), (SCHEMA, APPLICATION)):
        return int(version)
    if version > SCHEMA and application in (0, APPLICATION - SCHEMA + version):
        raise NewerJournal(
            f"{path} is a journal of schema {version}, and this version knows {SCHEMA}: "
            "update dotbench, or move the file away to measure anew"
        )
    raise _Damaged("its header says two versions")


def _check(db: sqlite3.Connection) -> None:
    """SQLite's own look at pages, trees and indices."""
    (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise _Damaged(" ".join(str(found).split()))


def _check_rows(db: sqlite3.Connection) -> None:
    for table in TABLES:
        for row in db.execute(f"SELECT * FROM {table}"):
            if not is_whole(table, row):
                raise _Damaged("digests that do not fit")


# ---- from schema 1


def _migrate(path: Path, db: sqlite3.Connection) -> None:
    """The same rows with digests, in their order, in one step; what cannot be what was written is left out."""
    lost = 0
    db.execute("BEGIN IMMEDIATE")
    try:
        for table, (columns, _) in TABLES.items():
            rows = db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid").fetchall()
            db.execute(f"DROP TABLE {table}")
            good = [sealed(table, row) for row in rows if looks_whole(table, row)]
            lost += len(rows) - len(good)
            for statement in statements().split(";\n"):
                db.execute(statement)
            insert(db, table, good)
        say_schema(db)
        if lost:
            aside = aside_of(path)
            shutil.copyfile(path, aside)
            LOG.warning(words_of(path, lost, "rows that are no JSON", aside))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
