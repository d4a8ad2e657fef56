"""SHA-256 of files, remembered as long as a file's stamp stays."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotbench.cdot.fresh import new_file, sweep
from dotbench.datasets.errors import DataError, NoRoom
from dotbench.datasets.stamps import Stamp, is_certain, stamp_of

LOG = logging.getLogger("dotbench")


def file_sha256(path: Path, cache_dir: Path) -> str:
    """SHA-256 of a file, from the index of known files where it has not changed."""
    stamp, index = _stamp(path), cache_dir / "files.json"
    known, name = _known(index), str(path.resolve())
    if known.get(name, [])[:-1] == stamp:
        return str(known[name][-1])
    certain = is_certain(stamp)  # before the file is read, which may take long
    sha = sha256(path)
    if _stamp(path) != stamp:
        raise DataError(f"{path} was changed while it was read: wait until it is written, and start again")
    if certain:
        _remember(index, {**known, name: [*stamp, sha]})
    return sha


@contextmanager
def unchanged(paths: list[Path]) -> Iterator[None]:
    """DataError where one of the files is replaced inside: what was read would be called by its old hash."""
    before = [_stamp(path) for path in paths]
    yield
    for path, stamp in zip(paths, before, strict=True):
        if _stamp(path) != stamp:
            raise DataError(f"{path} was changed while it was read: wait until it is written, and start again")


def _stamp(path: Path) -> Stamp:
    try:
        return stamp_of(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _known(index: Path) -> dict[str, list[Any]]:
    """The index; nothing of one that is damaged, which is said, and what it had is found again."""
    try:
        text = index.read_text()
    except OSError:
        return {}
    except UnicodeDecodeError:
        text = ""
    try:
        known = json.loads(text)
        if _digest(known["files"]) == known["digest"]:
            return dict(known["files"])
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError):
        pass
    LOG.warning("%s was damaged, or an older version's: files are read again, and it is made anew", index)
    return {}


def _digest(files: object) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _remember(index: Path, known: dict[str, list[Any]]) -> None:
    made = None
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        sweep(index.parent, f".{index.name}.*")
        file, made = new_file(index)
        with file:
            file.write(json.dumps({"digest": _digest(known), "files": known}).encode())
        made.replace(index)
    except OSError as error:
        raise NoRoom(f"{index} cannot be written", error) from error
    finally:
        if made:  # else it has become the index
            made.unlink(missing_ok=True)
