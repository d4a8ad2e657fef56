"""A metric, a peer and a reader are one file, its import and one line: each is added in a copy of the code and used.

What a stranger writes for that stands in CONTRIBUTING.md; here it is taken from there.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import copied

ADDED = re.compile(r"<!-- file: (\S+) -->\n```python\n(.*?)```", re.DOTALL)
LINES = re.compile(r"<!-- lines: (\S+) -->\n```diff\n(.*?)```", re.DOTALL)


class Copy:
    """A copy of the code, in which a step of CONTRIBUTING.md is followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copied.code(root, "CONTRIBUTING.md", "results")
        np.save(root / "w.npy", np.eye(64, 48, dtype=np.float32))

    def follow(self, heading: str) -> list[str]:
        """Writes the files and adds the lines of a section; what was touched."""
        text = (self.root / "CONTRIBUTING.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
        touched = []
        for name, source in ADDED.findall(text):
            (self.root / name).write_text(source)
            touched.append(name)
        for name, lines in LINES.findall(text):
            self.add(name, lines)
            touched.append(name)
        return touched

    def add(self, name: str, lines: str) -> None:
        """Lines that begin with ``+``, each behind the line before it."""
        path = self.root / name
        text, before = path.read_text(), ""
        for line in lines.splitlines():
            if line.startswith("+"):
                assert text.count(f"{before}\n") == 1, before
                text = text.replace(f"{before}\n", f"{before}\n{line[1:]}\n")
            before = line[1:]
        path.write_text(text)

    def python(self, *arguments: str) -> str:
        """What a command prints; it has to succeed."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "DOTBENCH_HOME": str(self.root.parent / "home")}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.root, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, file: str) -> list[dict[str, str]]:
        """Of out/FILE.csv."""
        return list(csv.DictReader((self.root / "out" / f"{file}.csv").open()))


SHAS = """
import json
from dotbench.bench.metrics.hashes import code_sha
rows = [("space", "sham", ""), ("space", "zstd", ""), ("time", "scipy_csc", ""), ("time", "ham", ""), ("space", "bound:h0", ""),
        ("time", "ceiling:decode", "format=ham"), ("cycles", "rice", ""), ("levels", "nested", ""), ("energy", "csc", "")]
print(json.dumps([code_sha(*row) for row in rows]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "checkout")


def test_a_metric_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    touched = copy.follow("Adding a metric")
    assert touched == ["bench/metrics/peak_rss.py", "bench/metrics/registry.py"]
    run = ("-m", "dotbench", "run", "--datasets", "w.npy", "--formats", "csc,ham", "--metrics", "peak_rss")
    copy.python(*run, "--out", "out")
    rows = copy.rows("peak_rss")
    assert [row["format"] for row in rows] == ["csc", "ham"] and {row["status"] for row in rows} == {"ok"}
    assert all(int(row["peak_rss_bytes"]) > 10_000_000 and len(row["code_sha"]) == 16 for row in rows)
    (copy.root / "out").rename(copy.root / "first")
    assert "2 of 2 cells ok" in copy.python(*run, "--out", "out")  # taken from the journal
    assert copy.rows("peak_rss") == rows
    assert "peak_rss" in copy.python("-m", "dotbench", "diff", "first", "out", "--all")
    copy.python("-m", "dotbench", "report", "out", "--out", "page.html")
    assert "peak memory of encoding" in (copy.root / "page.html").read_text()
    load = "from dotbench import bench; f = bench.load('out'); print(list(f.metric), *f.figure, f.peak_rss_bytes.dtype)"
    found = copy.python("-c", load)
    assert found == "['peak_rss', 'peak_rss'] peak_rss_bytes peak_rss_bytes Int64\n"
    copy.python("-m", "dotbench.bench.pages.columns")
    assert "| `peak_rss_bytes` | whole number | bytes |" in (copy.root / "docs" / "columns.md").read_text()
    assert copy.python("-c", SHAS) == before


def test_a_peer_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    assert copy.follow("Adding a peer") == ["bench/targets/einsum.py", "bench/targets/peers.py"]
    copy.python(
        "-m", "dotbench", "run", "--datasets", "w.npy", "--formats", "csc,einsum", "--metrics", "time", "--batch", "1",
        "--quick", "--out", "out",
    )  # fmt: skip
    (row,) = [row for row in copy.rows("time") if row["format"] == "einsum"]
    assert row["status"] == "ok" and float(row["time_ratio"]) > 0
    assert "einsum" in copy.python("-m", "dotbench", "list", "formats")
    assert copy.python("-c", SHAS) == before


def test_a_reader_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    assert copy.follow("Adding a reader") == ["datasets/kinds/tsv.py", "datasets/readers.py"]
    (copy.root / "w.tsv").write_text("1\t0\t2\n0\t0\t3\n")
    run = ("-m", "dotbench", "run", "--datasets", "w.tsv", "--formats", "csc", "--metrics", "space", "--out", "out")
    copy.python(*run)
    (row,) = copy.rows("space")
    assert (row["dataset"], row["n"], row["m"], row["nnz"], row["source"]) == ("w.tsv", "2", "3", "3", "file")
    assert copy.python("-c", SHAS) == before
