"""Raw times as pyperf JSON, read by pyperf itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyperf
import pytest
from click.testing import CliRunner

from dotbench.bench.cli import command
from dotbench.bench.interop import pyperf_runs
from dotbench.bench.record.journal import Journal
from dotbench.bench.run import session

Row = dict[str, Any]
METADATA = {
    "cpu_model_name": "AMD EPYC", "cpu_count": 2, "mem_max_rss": 5, "affinity": [0, 1], "OPENBLAS_CORETYPE": None,
    "libraries": {"numpy": "2.4"}, "python_version": "3.12 (64-bit)", "load_avg_1min": 0.5,
}  # fmt: skip


def row(**more: Any) -> Row:
    words = {name: name for name in ("dataset", "matrix_sha256", "source", "isa", "compiler", "reference", "cache")}
    return words | {
        "format": "sham", "params": "", "status": "ok", "code_sha": "now", "batch": 8, "threads": 1, "machine": "M x2",
        **more,
    }  # fmt: skip


def passed(*rounds: float) -> Row:
    return {"rounds": [[ns, 1.0] for ns in rounds], "sampling_seconds": 0.25, "repeats": 500}


def add(
    journal: Journal, one: Row, passes: list[Row], boot: str = "b", metric: str = "time", status: str = "ok"
) -> None:
    identity = {"metric": metric, **{name: one[name] for name in ("format", "params", "code_sha", "isa")}}
    for number, data in enumerate(passes):
        journal.add_pass(identity, boot, number, data)
    journal.record(identity, one | {"status": status})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(session, "current_sha", lambda file, row: "now")
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.record_machine("M x2", METADATA)
        add(journal, row(), [passed(9.0)], "an earlier boot")  # a run that was stopped
        add(journal, row(), [passed(1000.0, 1200.0), passed(1100.0, 1300.0)])
        add(journal, row(params="k=2", format="x"), [passed(5.0)])
        add(journal, row(format="old", code_sha="old"), [passed(5.0)])
        add(journal, row(format="failed"), [passed(5.0)], status="failed")
    return tmp_path


def test_runs_are_passes_and_values_are_rounds(home: Path) -> None:
    result = CliRunner().invoke(command, ["export", "--pyperf", str(home / "raw.json")])
    assert result.exit_code == 0 and result.output == f"2 benchmarks in {home / 'raw.json'}\n"
    suite = pyperf.BenchmarkSuite.load(str(home / "raw.json"))
    assert suite.get_benchmark_names() == [
        "dataset sham batch=8 threads=1 cache", "dataset x[k=2] batch=8 threads=1 cache",
    ]  # fmt: skip
    one = suite.get_benchmark("dataset sham batch=8 threads=1 cache")
    assert [run.values for run in one.get_runs()] == [(1e-6, 1.2e-6), (1.1e-6, 1.3e-6)]
    assert one.median() == pytest.approx(1.15e-6) and one.get_total_duration() == 0.5 and one.get_unit() == "second"
    known = one.get_metadata()
    assert known["cpu_model_name"] == "AMD EPYC" and known["cpu_count"] == 2 and known["loops"] == 1000
    assert known["libraries"] == '{"numpy": "2.4"}' and known["code_sha"] == "now" and known["isa"] == "isa"
    assert "mem_max_rss" not in known and "OPENBLAS_CORETYPE" not in known and "params" not in known


def test_a_cell_measured_twice_counts_once(home: Path) -> None:
    with Journal(home / "journal.sqlite") as journal:
        add(journal, row(isa="x86_64"), [passed(7.0)])
        assert pyperf_runs.write(journal, home / "raw.json", lambda file, row: "now") == 2
    suite = pyperf.BenchmarkSuite.load(str(home / "raw.json"))
    assert suite.get_benchmark("dataset sham batch=8 threads=1 cache").get_values() == (7e-9,)


def test_compressed_files_are_the_same_every_time(home: Path) -> None:
    for name in ("one.json.gz", "two.json.gz"):
        assert CliRunner().invoke(command, ["export", "--pyperf", str(home / name)]).exit_code == 0
    assert (home / "one.json.gz").read_bytes() == (home / "two.json.gz").read_bytes()
    assert len(pyperf.BenchmarkSuite.load(str(home / "one.json.gz"))) == 2


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("stats", "Number of run with values: 2"),
        ("hist", "986 ns: 1 ###"),
        ("show", "Mean +- std dev: 1.15 us +- 0.13 us"),
        ("check", ""),
    ],
)
def test_pyperfs_own_tools_read_it(home: Path, tool: str, words: str) -> None:
    CliRunner().invoke(command, ["export", "--pyperf", str(home / "raw.json")])
    arguments = [sys.executable, "-m", "pyperf", tool, str(home / "raw.json")]
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"})
    assert done.returncode == 0 and words in done.stdout, done.stdout + done.stderr


def test_nothing_measured_and_nowhere_to_write(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(command, ["export", "--pyperf", "/proc/nowhere/raw.json"])
    assert result.exit_code == 2 and "cannot be written" in result.output and "Traceback" not in result.output
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "empty"))
    result = CliRunner().invoke(command, ["export", "--pyperf", str(tmp_path / "raw2.json")])
    assert result.exit_code == 2 and "no finished cells" in result.output and not (tmp_path / "raw2.json").exists()
    result = CliRunner().invoke(command, ["export", "--pyperf", "x.json", "--asv", "y"])
    assert result.exit_code == 2 and "one at a time" in result.output
