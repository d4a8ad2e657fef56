"""The journal's tables, and the digest that each of their rows carries: damage is seen when a row is read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

SCHEMA = 2  # 1 had no digests
APPLICATION = 0x446F7400 + SCHEMA  # says again, elsewhere in the file, which schema it has
# Columns before the digest, and how many of them are the primary key.
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cells": (("key", "identity", "status", "row", "finished_at"), ("key",)),
    "passes": (("key", "boot", "number", "data"), ("key", "boot", "number")),
    "machines": (("machine", "metadata", "seen_at"), ("machine",)),
    "inputs": (("matrix_sha256", "dataset", "source", "file_sha256"), ("matrix_sha256", "dataset", "source")),
}
DIGEST_LETTERS = 32

Values = tuple[Any, ...]


def statements() -> str:
    """What makes the tables."""
    return "".join(_statement(table) for table in TABLES)


def _statement(table: str) -> str:
    columns, key = TABLES[table]
    typed = ", ".join(f"{name} {'INTEGER' if name == 'number' else 'TEXT'}" for name in (*columns, "digest"))
    return f"CREATE TABLE IF NOT EXISTS {table} ({typed}, PRIMARY KEY ({', '.join(key)}));\n"


def digest(table: str, values: Sequence[Any]) -> str:
    """Of a row's table and values, in order."""
    return hashlib.sha256(json.dumps([table, *values]).encode()).hexdigest()[:DIGEST_LETTERS]


def sealed(table: str, values: Sequence[Any]) -> Values:
    """A row with its digest at the end."""
    return (*values, digest(table, values))


def is_whole(table: str, values: Sequence[Any]) -> bool:
    """Whether a row (its digest is the last value) is what was written."""
    columns = TABLES[table][0]
    if len(values) != len(columns) + 1 or not all(isinstance(one, str | int) for one in values):
        return False
    return bool(digest(table, values[:-1]) == values[-1])


def key_of(table: str, values: Sequence[Any]) -> Values:
    """The primary key's part of a row."""
    return tuple(values[: len(TABLES[table][1])])


def looks_whole(table: str, values: Sequence[Any]) -> bool:
    """Whether a row of schema 1, which has no digest, can be what was written: its key is the identity's, its JSON
    is whole."""
    columns = TABLES[table][0]
    if len(values) != len(columns) or not all(isinstance(one, str | int) for one in values):
        return False
    fields = dict(zip(columns, values, strict=True))
    try:
        parsed = {name: json.loads(fields[name]) for name in ("identity", "row", "data", "metadata") if name in fields}
    except (ValueError, TypeError):
        return False
    if not all(isinstance(one, dict) for one in parsed.values()):
        return False
    if table == "cells":
        known = cell_key(parsed["identity"]), parsed["row"].get("status")
        return known == (fields["key"], fields["status"])
    return True


def cell_key(identity: dict[str, Any]) -> str:
    """SHA-256 of an identity, whatever the order of its items."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def insert(db: sqlite3.Connection, table: str, rows: list[Values]) -> None:
    """Rows with their digests."""
    marks = ", ".join("?" * (len(TABLES[table][0]) + 1))
    db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)


def say_schema(db: sqlite3.Connection) -> None:
    """In both places of the file's header."""
    db.execute(f"PRAGMA user_version={SCHEMA}")
    db.execute(f"PRAGMA application_id={APPLICATION}")
