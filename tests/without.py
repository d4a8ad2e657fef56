"""A Python in which some packages are not installed, as far as anybody can see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBID = """
import sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Forbidden())
"""
# What the core needs, and what these need: pycparser (cffi), pygments and markdown_it (rich)
CORE = {"dotbench", "numpy", "cffi", "_cffi_backend", "pycparser", "click", "rich", "pygments", "markdown_it", "mdurl"}


def run(code: str, *arguments: str, packages: Collection[str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A new process that runs ``code`` where none of these packages can be imported."""
    whole = FORBID.format(packages=set(packages)) + code
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", whole, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)
