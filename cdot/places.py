"""Where things lie: in a checkout beside the code, in an installed package in the user's folders."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent  # holds the rooms: the checkout, or the folder of the installed package
CHECKOUT = (ROOT / "dotbench" / "__init__.py").is_file()  # where the package holds links to its rooms
IMPORTED_FROM = ROOT if CHECKOUT else ROOT.parent  # what PYTHONPATH needs for this very code


def home() -> Path:
    """Where caches, builds and the journal live: ``DOTBENCH_HOME``, .dotbench in a checkout, or dotbench in the
    user's cache folder (``XDG_CACHE_HOME``, ~/.cache); never in site-packages. Absolute, for some of what is started
    works in another folder."""
    if named := os.environ.get("DOTBENCH_HOME"):
        return Path(named).absolute()
    if CHECKOUT:
        return ROOT / ".dotbench"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "dotbench"


def results_folder() -> Path:
    """Where results go and are looked for: results/ of the checkout, else of the folder that one works in."""
    return ROOT / "results" if CHECKOUT else Path.cwd() / "results"


def brings(*extras: str) -> str:
    """The line that installs extras here; a checkout that runs kernels needs the compiler, too.

    >>> brings("run").startswith("python -m pip install")
    True
    """
    if not CHECKOUT:
        return f"python -m pip install 'dotbench[{','.join(extras)}]'"
    wanted = ("compiler", *extras) if "run" in extras else extras
    folder = "." if Path.cwd() == ROOT else str(ROOT)
    return f"python -m pip install -e '{folder}[{','.join(wanted)}]'"
