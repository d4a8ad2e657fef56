"""A metric, a peer and a reader are one file and a line with its import: CONTRIBUTING's are added, and used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from steps import SHAS, Copy


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "checkout")


def test_a_metric_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    assert copy.follow("Adding a metric") == ["bench/metrics/peak_rss.py", "bench/metrics/registry.py"]
    rows = copy.rows("peak_rss")
    assert [row["format"] for row in rows] == ["csc", "ham"] and {row["status"] for row in rows} == {"ok"}
    assert all(int(row["peak_rss_bytes"]) > 10_000_000 and len(row["code_sha"]) == 16 for row in rows)
    (copy.root / "out").rename(copy.root / "first")
    run = ("-m", "dotbench", "run", "--datasets", "w.npy", "--formats", "csc,ham", "--metrics", "peak_rss")
    assert "2 of 2 cells ok" in copy.python(*run, "--out", "out")
    assert copy.rows("peak_rss") == rows  # taken from the journal
    (copy.root / "out" / "peak_rss.csv").write_text(
        (copy.root / "out" / "peak_rss.csv").read_text().replace(rows[0]["peak_rss_bytes"], "9000000000")
    )
    assert "larger" in copy.python("-m", "dotbench", "diff", "first", "out")
    copy.python("-m", "dotbench", "report", "out", "--out", "page.html")
    assert "peak memory of encoding" in (copy.root / "page.html").read_text()
    load = (
        "from dotbench import bench; f = bench.load('first'); print(list(f.metric), *f.figure, f.peak_rss_bytes.dtype)"
    )
    assert copy.python("-c", load) == "['peak_rss', 'peak_rss'] peak_rss_bytes peak_rss_bytes Int64\n"
    assert "| `peak_rss_bytes` | whole number | bytes |" in (copy.root / "docs" / "columns.md").read_text()
    assert copy.python("-c", SHAS) == before


def test_a_peer_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    assert copy.follow("Adding a peer") == ["bench/targets/einsum.py", "bench/targets/peers.py"]
    (row,) = [row for row in copy.rows("time") if row["format"] == "einsum"]
    assert row["status"] == "ok" and float(row["time_ratio"]) > 0
    assert copy.python("-c", SHAS) == before


def test_a_reader_is_one_file_and_a_line(copy: Copy) -> None:
    before = copy.python("-c", SHAS)
    assert copy.follow("Adding a reader") == ["datasets/kinds/tsv.py", "datasets/readers.py"]
    (row,) = copy.rows("space")
    assert (row["dataset"], row["n"], row["m"], row["nnz"], row["source"]) == ("w.tsv", "2", "3", "3", "file")
    assert copy.python("-c", SHAS) == before


def test_what_is_said_of_data_sets_runs(copy: Copy) -> None:
    assert copy.follow("Adding a data set") == []
