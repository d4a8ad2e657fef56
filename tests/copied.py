"""The project's code in another folder, where tests may change it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bench", "cdot", "datasets", "firmware", "formats")


def code(folder: Path, *more: str) -> None:
    """The package with its rooms, links as links, and ``more`` files and folders of the checkout."""
    for name in ("dotbench", *ROOMS, *more):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored, symlinks=True)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
