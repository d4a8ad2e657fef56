"""Names that people type: whether there is a file of that name, and how a strange one is shown."""

from __future__ import annotations

import os
from pathlib import Path

from dotbench.datasets.errors import UnknownDataset

LONGEST_SHOWN = 120


def shown(name: str) -> str:
    """A name for an error: of what cannot be printed the code, and no more of it than a line or two.

    >>> shown("w.npy"), shown("w" * 5000)[-10:]
    ('w.npy', '0 letters)')
    """
    plain = name if name.isprintable() else ascii(name)[1:-1]
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}... ({len(name)} letters)"


def check(name: str) -> None:
    """UnknownDataset for a name that no result could be written with."""
    try:
        name.encode()
    except UnicodeEncodeError:
        why = "is no UTF-8, in which results are written: rename the file"
        if _is_plain(os.fsencode(name)):
            why = "cannot be read under this locale, which is ASCII: set LC_ALL=C.UTF-8"
        raise UnknownDataset(f"{shown(name)}: this name {why}") from None


def _is_plain(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_file(name: str) -> bool:
    """Whether there is a file of that name; of names that no system can have there is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def is_folder(name: str) -> bool:
    """Whether there is a folder of that name."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False
