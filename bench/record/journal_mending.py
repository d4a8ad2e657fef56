"""A damaged journal is mended: what is whole of it goes into a new file, and the damaged one stays beside that."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from dotbench.bench.record.journal_records import insert, say_schema, statements
from dotbench.bench.record.journal_salvage import PAGE, Found, salvage
from dotbench.bench.show.plural import counted
from dotbench.cdot.fresh import new_path

LOG = logging.getLogger("dotbench")
MAGIC = b"SQLite format 3\0"


def can_be_mended(path: Path, error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that is wrong, and it is a journal."""
    elsewhere = ("locked", "full", "unable to open", "disk I/O")
    if any(word in str(error) for word in elsewhere) or not path.is_file() or not os.access(path, os.W_OK):
        return False
    if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error) and not _odd_header(path):
        return False
    with path.open("rb") as file:
        begins = file.read(len(MAGIC))
    near = sum(a != b for a, b in zip(begins, MAGIC, strict=False)) <= 1 and len(begins) == len(MAGIC)
    return near or any(salvage(path).values())


def _odd_header(path: Path) -> bool:
    """Whether the file says of itself that only a later SQLite may write it (1: no log, 2: with one)."""
    with path.open("rb") as file:
        return not set(file.read(20)[18:20]) <= {1, 2}


def mend(path: Path, error: sqlite3.DatabaseError, from_log: Found) -> None:
    """A new file with all rows that are whole in the damaged one's place."""
    found = salvage(path)
    for table, rows in from_log.items():
        for key, row in rows.items():
            found[table][key] = max(row, found[table].get(key, row), key=lambda one: one[0])
    made = new_path(path)
    try:
        with closing(sqlite3.connect(made, isolation_level=None)) as db:
            _fill(db, found)
        _onto_disk(made)
        aside = aside_of(path)
        shutil.copyfile(path, aside)
        log = path.with_name(f"{path.name}-wal")
        if log.exists():
            log.replace(aside.with_name(f"{aside.name}-wal"))
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    LOG.warning(words_of(path, None, str(error), aside, found))


def _fill(db: sqlite3.Connection, found: Found) -> None:
    db.execute(f"PRAGMA page_size={PAGE}")
    db.execute("PRAGMA synchronous=OFF")  # nobody sees it before it is on the disk
    db.execute("BEGIN")
    for statement in statements().split(";\n"):
        db.execute(statement)
    for table, rows in found.items():
        insert(db, table, [values for _, values in rows.values()])
    db.execute("COMMIT")
    say_schema(db)


def _onto_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def aside_of(path: Path) -> Path:
    """A name for the damaged file that none has."""
    day = time.strftime("%Y-%m-%d")
    numbers = (f"{path.name}.damaged-{day}{f'-{number}' if number else ''}" for number in range(10**6))
    return next(one for one in map(path.with_name, numbers) if not one.exists())


def words_of(path: Path, lost: int | None, why: str, aside: Path, found: Found | None = None) -> str:
    """The line that says what happened: how many rows are ``lost``, or what was ``found``."""
    kept = f"{len(found['cells'])} cells and {len(found['passes'])} passes were read from it" if found else ""
    gone = f"{counted(lost, 'row')} could not be read" if lost is not None else kept or "none of its rows could be read"
    return (
        f"the journal {path} was damaged ({why}): {gone}, what is missing is measured again; the damaged file is kept "
        f"as {aside.name}"
    )
