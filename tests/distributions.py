"""Packages of others beside the checkout: installed as pip leaves them, and what Python says with them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dotbench.cdot import build

ROOT = Path(__file__).resolve().parent.parent


def install(site: Path, name: str, text: str, points: str) -> None:
    """A distribution: a module, and metadata with entry points, which may be no UTF-8."""
    (site / f"{name}.py").write_text(text)
    info = site / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1\n")
    (info / "entry_points.txt").write_bytes(points.encode("latin-1"))


def call(site: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Python with the checkout and these packages, in the folder that ``site`` is in, whose state folder is in it; the
    kernels are those of the checkout."""
    home = site.parent / "home"
    home.mkdir(exist_ok=True)
    if not (home / "build").exists():
        (home / "build").symlink_to(build.build().parent)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]),
        "DOTBENCH_HOME": str(home),
        "COLUMNS": "300",
    }
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=200, cwd=site.parent
    )
