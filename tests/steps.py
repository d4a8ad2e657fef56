"""The steps of CONTRIBUTING.md, followed in a copy of the code: files are written, lines added, commands run."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import copied
import numpy as np

from dotbench.cdot import build

BLOCK = re.compile(r"(?:<!-- ([^:\n]+)(?:: ([^\n]+))? -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
# Rows of every kind: none of their hashes may change by what is added.
SHAS = """
from dotbench.bench.metrics.hashes import code_sha
rows = ("space", "sham", ""), ("space", "zstd", ""), ("space", "bound:h0", ""), ("time", "scipy_csc", ""), ("time", "ham", "")
rows += ("time", "ceiling:decode", "format=ham"), ("cycles", "rice", ""), ("levels", "nested", ""), ("energy", "csc", "")
print(*[code_sha(*row) for row in rows])
"""


class Copy:
    """A copy of the code."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root.parent / "home"
        self.home.mkdir(parents=True)
        (self.home / "build").symlink_to(build.build().parent)  # kernels have the hash of their sources in their names
        copied.code(root, "CONTRIBUTING.md", "docs", "examples", "results", "tests", "pyproject.toml")
        np.save(root / "w.npy", np.eye(64, 48, dtype=np.float32))

    def follow(self, heading: str) -> list[str]:
        """Takes the steps of a section in order; the files that were written or changed."""
        text = (self.root / "CONTRIBUTING.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
        before = self.files()
        for what, name, language, block in BLOCK.findall(text):
            if what == "file":
                (self.root / name).write_text(block)
            elif what == "lines":
                self.add(name, block)
            elif language == "bash":
                self.bash(block)
        return sorted(name for name, content in self.files().items() if before.get(name) != content)

    def files(self) -> dict[str, str]:
        """Sources of the rooms, by path."""
        rooms = (self.root / room for room in copied.ROOMS)
        paths = (path for room in rooms for suffix in ("py", "c", "h") for path in room.rglob(f"*.{suffix}"))
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in paths}

    def add(self, name: str, lines: str) -> None:
        """The lines that begin with ``+``, each behind the one before it."""
        path = self.root / name
        text, before = path.read_text(), ""
        for line in lines.splitlines():
            if line.startswith("+"):
                assert text.count(f"\n{before}\n") == 1, before
                text = text.replace(f"\n{before}\n", f"\n{before}\n{line[1:]}\n")
            before = line[1:]
        path.write_text(text)

    def bash(self, commands: str) -> str:
        """What commands print; all have to succeed."""
        return self._run("bash", "-euc", commands)

    def python(self, *arguments: str) -> str:
        """What Python prints."""
        return self._run(sys.executable, *arguments)

    def _run(self, *command: str) -> str:
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "DOTBENCH_HOME": str(self.home),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, file: str) -> list[dict[str, str]]:
        """Of out/FILE.csv."""
        return list(csv.DictReader((self.root / "out" / f"{file}.csv").read_text().splitlines()))
