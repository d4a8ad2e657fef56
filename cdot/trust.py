"""May a library be loaded? Only if nobody but its user, the system's administrator and the user's own groups can have
written it: what is loaded runs with the user's rights."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

CURE = "Set DOTBENCH_HOME to a folder of your own"


class Untrusted(RuntimeError):
    """A library that others may have written; the message says who, and what to do."""


def owned(path: Path) -> bool:
    """Whether a file or folder is its user's or the administrator's."""
    return path.stat().st_uid in (0, os.geteuid())


def check(path: Path) -> None:
    """Untrusted where the file, its folder or the folder above may have been written by a stranger."""
    for one in (path, path.parent):
        if not owned(one):
            raise Untrusted(f"{one} belongs to {_name(one.stat().st_uid)}, and code of others is not run. {CURE}")
    for one in (path, path.parent, path.parent.parent):
        mode = one.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise Untrusted(f"anybody may write to {one}, so what it holds is not run. chmod o-w {one}, or: {CURE}")
        if mode & stat.S_IWGRP and one.stat().st_gid not in (os.getegid(), *os.getgroups()):
            raise Untrusted(f"a group that is not yours may write to {one}. chmod g-w {one}, or: {CURE}")


def _name(number: int) -> str:
    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"the user number {number}"
