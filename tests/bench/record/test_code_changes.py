"""A changed kernel and a changed encoder, in a copy of the checkout: only their rows change in the exported files."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dotbench.cdot import build

sys.path.insert(0, str(Path(__file__).parents[2]))

import copied

# dotbench with the shortest of timings, and without pyperf's look at the host's /sys
COMMAND = (
    "from dotbench.bench import cli\nfrom dotbench.bench.machine import describe\nfrom dotbench.bench.plan import effort\n"
    "describe.pyperf_metadata = dict\n"
    "effort.Effort.__init__.__defaults__ = (2, 2, 1, 0.05, 10.0, 32.0, 60.0)\n"
    "cli.main()"
)
FORMATS = ("csc", "im", "sham")
Lines = set[tuple[str, ...]]


class Copy:
    """A copy of the checkout's code with a home, results, and the compiled kernels of the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.results = folder, folder / "results"
        copied.code(folder)
        (folder / "home" / "build").mkdir(parents=True)
        shutil.copy2(build.build(), folder / "home" / "build")
        W = np.random.default_rng(0).integers(0, 4, (40, 30)).astype(np.float32)
        np.save(folder / "w.npy", W * (W > 1))

    def run(self) -> dict[str, Lines]:
        """Measures what is not in the journal, and exports: the lines of every file."""
        arguments = ["run", "--datasets", "w.npy", "--formats", ",".join(FORMATS), "--metrics", "space,time"]
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments, "--batch", "1", "--out", "results"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "DOTBENCH_HOME": str(self.folder / "home")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return {path.name: lines(path) for path in self.results.iterdir()}

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(path.read_text() + text)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))


def lines(path: Path) -> Lines:
    with path.open(newline="") as file:
        found = [tuple(line) for line in csv.reader(file)]
    assert len(set(found)) == len(found)
    return set(found)


def changed(before: Lines, after: Lines) -> set[str]:
    """The formats whose lines ``git diff`` would show; of a ceiling the one it belongs to."""
    return {line[4].removeprefix("format=") if line[3].startswith("ceiling:") else line[3] for line in before ^ after}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_only_the_rows_of_what_changed_change(copy: Copy) -> None:
    first = copy.run()
    assert set(first) == {"space.csv", "time.csv"} and len(first["space.csv"]) == len(FORMATS) + 1
    assert copy.run() == first  # nothing was measured anew

    copy.append("cdot/formats/sham.c", "\n/* Comments are no change. */\n")
    copy.append("formats/im.py", "\n# Nor are these.\nNOR_IS = 'what nobody uses'\n")
    assert copy.run() == first

    copy.replace("cdot/formats/sham.c", "static uint64_t sham_weight(", "static inline uint64_t sham_weight(")
    kernel = copy.run()
    assert kernel["space.csv"] == first["space.csv"]
    assert changed(first["time.csv"], kernel["time.csv"]) == {"sham"}

    copy.replace("formats/im.py", "return draft.finish()", "payload = draft.finish()\n        return payload")
    encoder = copy.run()
    assert changed(kernel["space.csv"], encoder["space.csv"]) == {"im"}
    assert changed(kernel["time.csv"], encoder["time.csv"]) == {"im"}
    assert len(encoder["time.csv"]) == len(first["time.csv"])
