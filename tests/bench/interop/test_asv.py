"""The history as a folder for asv: what is in it, and that ``asv publish`` makes pages of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dotbench.bench.cli import command
from dotbench.bench.commands import export
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.interop import asv

Row = dict[str, Any]
Make = Callable[..., Row]
Checkout = Any  # of tests/bench/conftest.py


@pytest.fixture
def past(row: Make, checkout: Checkout) -> Checkout:
    """Three commits: bytes shrink, a format comes, the reference kernel changes, one file is damaged."""
    times = [row("time", batch=batch) for batch in (1, 8)]
    checkout.commit("one", 1, space=[row(bytes=100), row(bytes=120, format="ham")], time=times)
    checkout.commit("two", 2, space=[row(bytes=90), row(bytes=120, format="ham"), row(format="im", bytes=5)])
    other = [
        one | {"reference_sha": "f" * 16, "time_ratio": 1.25, "ratio_low": 1.2, "ratio_high": 1.3} for one in times
    ]
    checkout.commit("three", 3, time=other)
    (checkout.results / "space.csv").write_text("<<<<<<< HEAD\n")
    checkout.commit("damaged", 4)
    return checkout


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def result(path: Path, name: str) -> dict[str, Any]:
    found = read(path)
    return dict(zip(found["result_columns"], found["results"][name], strict=False))


def test_what_is_written(past: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "asv"
    commits, notes = asv.write(past.results, folder)
    assert commits == 4 and len(notes) == 1 and "a merge conflict" in notes[0]
    assert read(folder / "asv.conf.json") == {
        "version": 1, "project": "dotbench", "repo": str(past.folder), "branches": ["main"], "results_dir": "results",
        "html_dir": "html",
    }  # fmt: skip
    benchmarks = read(folder / "results" / "benchmarks.json")
    assert benchmarks["version"] == 2 and benchmarks["time.time_ratio"]["param_names"] == [
        "dataset", "format", "batch", "threads", "cache",
    ]  # fmt: skip
    assert benchmarks["space.bytes"]["params"] == [["'d'"], ["'ham'", "'im'", "'sham'"]]
    assert benchmarks["time.time_ratio"]["params"][2] == ["1", "8"]
    first, second = (past.git("log", "--format=%H", f"--grep={name}") for name in ("one", "two"))
    path = folder / "results" / "any-machine" / f"{first[:8]}-dotbench.json"
    assert read(path)["commit_hash"] == first and read(path)["date"] == 1767268800000
    assert result(path, "space.bytes")["result"] == [120, None, 100]
    path = folder / "results" / "any-machine" / f"{second[:8]}-dotbench.json"
    assert result(path, "space.bytes")["result"] == [120, 5, 90]


def test_times_of_two_reference_kernels_are_two_lines_with_intervals(past: Checkout, tmp_path: Path) -> None:
    asv.write(past.results, tmp_path / "asv")
    machine = tmp_path / "asv" / "results" / "M-x2"
    assert read(machine / "machine.json") == {
        "machine": "M-x2", "cpu": "M", "num_cpu": "2", "os": "", "arch": "", "ram": "", "version": 1,
    }  # fmt: skip
    third = past.git("log", "--format=%h", "--abbrev=8", "--grep=three")
    (path,) = machine.glob(f"{third}-*.json")
    assert read(path)["params"] == {
        "machine": "M-x2", "isa": "x86_64_v3", "compiler": "zig-1", "reference": "csc", "reference_sha": "f" * 16,
    }  # fmt: skip
    found = result(path, "time.time_ratio")
    assert found["result"] == [1.25, 1.25] and (found["stats_ci_99_a"], found["stats_ci_99_b"]) == (
        [1.2] * 2,
        [1.3] * 2,
    )
    assert len({read(one)["env_name"] for one in machine.glob("*-*.json")}) == 2


def test_it_can_be_written_again_and_not_over_something_else(past: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "asv"
    asv.write(past.results, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    asv.write(past.results, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before
    with pytest.raises(CompareError, match="has something else in it"):
        asv.write(past.results, past.folder)


def test_from_the_command_line(past: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "RESULTS", past.results)
    result = CliRunner().invoke(command, ["export", "--asv", str(tmp_path / "asv")])
    assert result.exit_code == 0 and f"4 commits in {tmp_path / 'asv'}" in result.output
    assert "a merge conflict" in result.stderr and (tmp_path / "asv" / "asv.conf.json").exists()
    result = CliRunner().invoke(command, ["export", "--asv", str(past.folder)])
    assert result.exit_code == 2 and "something else in it" in result.output


def test_no_history(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit("nothing")
    with pytest.raises(CompareError, match="no results are committed in"):
        asv.write(checkout.results, tmp_path / "asv")
    assert not (tmp_path / "asv").exists()


@pytest.mark.skipif(find_spec("asv") is None, reason="no asv: pip install -e '.[asv]' brings it")
def test_asv_publishes_it(past: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "asv"
    asv.write(past.results, folder)
    environment = {**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "asv", "publish", "--no-pull"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Couldn't find" not in done.stdout + done.stderr
    index = read(folder / "html" / "index.json")
    assert {"space.bytes", "time.time_ratio"} <= set(index["benchmarks"]) and len(index["revision_to_hash"]) == 4
    assert index["params"]["reference_sha"] == ["0123456789abcdef", None, "f" * 16]
    (graph,) = [path for path in (folder / "html" / "graphs").rglob("space.bytes.json") if "summary" not in path.parts]
    values = [value for _, value in json.loads(graph.read_text())]
    assert values[0] == [120, None, 100] and values[1] == [120, 5, 90]
    shutil.rmtree(folder)
