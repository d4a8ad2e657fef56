"""How a command ends: with the line that goes on from here."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def program() -> str:
    """What to write for ``dotbench`` here: that, where the shell finds it, else this Python and the module."""
    if shutil.which("dotbench"):
        return "dotbench"
    return f"{shown(Path(sys.executable))} -m dotbench"


def shown(path: Path) -> str:
    """A path as a shell takes it: from the folder one is in, if it lies below that.

    >>> shown(Path("/no such folder/results"))
    "'/no such folder/results'"
    """
    near = os.path.relpath(path)
    return shlex.quote(str(path) if near.startswith("..") else near)


def line(verb: str, why: str) -> str:
    """The last line of a command.

    >>> line("report", "plots").endswith(" report   (plots)")
    True
    """
    return f"next: {program()} {verb}   ({why})"
