"""SHA-256 of files, remembered while size and time of a file stay."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from datasets.errors import DataError, NoRoom


def file_sha256(path: Path, cache_dir: Path) -> str:
    """SHA-256 of a file, from the index of known files where it has not changed."""
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    index = cache_dir / "files.json"
    try:
        known = json.loads(index.read_text())
    except (OSError, ValueError):
        known = {}
    stamp = [state.st_size, state.st_mtime_ns]
    name = str(path.resolve())
    if isinstance(known, dict) and known.get(name, [None])[:2] == stamp:
        return str(known[name][2])
    sha = sha256(path)
    _remember(index, {**known, name: [*stamp, sha]})
    return sha


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _remember(index: Path, known: dict[str, list[object]]) -> None:
    temporary = None
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=index.parent, delete=False) as file:
            temporary = Path(file.name)
            json.dump(known, file)
        temporary.replace(index)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise NoRoom(f"{index} cannot be written", error) from error
