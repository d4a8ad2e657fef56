"""Files and folders with names that nobody else has, with the modes that the umask asks for.

`tempfile` makes what only its owner may read, which is wrong in a folder that a group shares, and changing that
afterwards is wrong where the umask is strict. What a process that was killed has left is swept by the next one.
"""

from __future__ import annotations

import errno
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

DAY_SECONDS = 24 * 3600


def new_path(path: Path) -> Path:
    """A name beside ``path``: ``.w.dbp.`` and 12 hex digits."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}")


def new_file(path: Path) -> tuple[IO[bytes], Path]:
    """An open, empty file beside ``path`` and its name."""
    made = new_path(path)
    return made.open("xb"), made


def check_replaceable(path: Path) -> None:
    """OSError where ``path`` is a device or a pipe, which nothing should take the place of."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is a device or a pipe, no file", str(path))


def new_folder(place: Path, prefix: str) -> Path:
    """An empty folder in ``place``."""
    made = place / f"{prefix}{secrets.token_hex(6)}"
    made.mkdir()
    return made


def sweep(place: Path, pattern: str) -> None:
    """Removes what matches and nobody has touched for a day: it was left by processes that were killed."""
    for left in place.glob(pattern):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > DAY_SECONDS:
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()
