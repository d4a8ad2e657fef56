"""Rows of any results file, folders of them, and git repositories that hold them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import WHOLE
from dotbench.bench.record import export

Row = dict[str, Any]
WORDS = {
    "dataset": "d", "matrix_sha256": "a" * 64, "source": "mirror", "format": "sham", "params": "", "status": "ok",
    "reason": "", "code_sha": "c0de", "dtype": "float32", "cache": "warm", "isa": "x86_64_v3", "compiler": "zig-1",
    "reference": "csc", "reference_sha": "0123456789abcdef", "stop": "8 passes", "machine": "M x2", "kind": "rapl",
    "array": "32x32", "columns_share": "1",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, but the compiled kernels of the checkout."""
    from dotbench.cdot import build

    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "build").symlink_to(build.build().parent)
    monkeypatch.setenv("DOTBENCH_HOME", str(folder))
    return folder


def make(file: str = "space", **more: Any) -> Row:
    """A row of a file, every column filled; an interval of 1 % around a measured figure."""
    row: Row = {}
    for column in registry.get(file).all_columns:
        row[column.name] = WORDS.get(column.name, 1 if column.kind is WHOLE else 1.0)
    row |= {name: True for name in row if name == "lossless"} | {name: 8 for name in row if name == "passes"} | more
    for value, low, high in (
        ("time_ratio", "ratio_low", "ratio_high"),
        ("joules_per_dot", "joules_low", "joules_high"),
        ("prefix_ratio", "prefix_low", "prefix_high"),
    ):
        if row.get(value) is not None and low not in more:
            row |= {name: row[value] * factor for name, factor in ((low, 1 / 1.01), (high, 1.01)) if name in row}
    return row


@pytest.fixture
def row() -> Callable[..., Row]:
    return make


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("a", space=[...], time=[...])``: a results folder below tmp_path."""

    def into(name: str | Path, **files: list[Row]) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, rows in files.items():
            (folder / f"{file}.csv").write_bytes(export.render(file, rows))
        return folder

    return into


class Checkout:
    """A repository with results/ in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.results = folder, folder / "results"
        self.results.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], capture_output=True, text=True, env=os.environ | environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files: list[Row]) -> None:
        for file, rows in files.items():
            (self.results / f"{file}.csv").write_bytes(export.render(file, rows))

    def commit(self, subject: str, day: int = 1, **files: list[Row]) -> str:
        """Commits results; the commit's hash."""
        self.write(**files)
        self.git("add", "--all")
        date = f"2026-01-{day:02d}T12:00:00+00:00"
        self.git("commit", "--quiet", "--allow-empty", "-m", subject, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A fresh repository; git sees nobody's configuration."""
    if shutil.which("git") is None:
        pytest.skip("no git: apt-get install git brings it")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "n")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "n@example.org")
    return Checkout(tmp_path / "checkout")
