"""What is said of a machine. pyperf itself reads the system's files, so here it is replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.machine import describe

PYPERF_METADATA = describe.pyperf_metadata


@pytest.fixture
def real_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function that tests/conftest.py keeps from running."""
    monkeypatch.setattr(describe, "pyperf_metadata", PYPERF_METADATA)


def test_pyperf_is_asked_and_the_host_name_left_out(monkeypatch: pytest.MonkeyPatch, real_metadata: None) -> None:
    def collects(command: list[str], **_: Any) -> None:
        assert command[1:5] == ["-m", "pyperf", "collect_metadata", "--output"]
        known = {"cpu_count": 2, "hostname": "secret", "load_avg_1min": 0.5}
        Path(command[5]).write_text(json.dumps({"metadata": known}))

    monkeypatch.setattr(subprocess, "run", collects)
    assert describe.pyperf_metadata() == {"cpu_count": 2, "load_avg_1min": 0.5}


def test_pyperf_has_that_command() -> None:
    command = [sys.executable, "-m", "pyperf", "collect_metadata", "--help"]
    assert "--output" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_why_pyperf_did_not_run_is_kept(monkeypatch: pytest.MonkeyPatch, real_metadata: None) -> None:
    def fails(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(2, command)

    monkeypatch.setattr(subprocess, "run", fails)
    assert "returned non-zero exit status 2" in describe.pyperf_metadata()["pyperf_error"]


def test_names(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t:  Some  CPU @ 3 GHz\nflags : fpu avx2\n")
    assert describe.cpu_model(info) == "Some CPU @ 3 GHz"
    assert describe.machine_id(info).startswith("Some CPU @ 3 GHz x")
    assert describe.cpu_model(tmp_path / "none") == describe.platform.machine()
    (tmp_path / "boot").write_text("1234\n")
    assert describe.boot_id(tmp_path / "boot") == "1234"
    assert describe.boot_id(tmp_path / "none").isdigit()


def test_blas_and_libraries() -> None:
    known = describe.blas()
    assert known and {"internal_api", "version", "architecture", "num_threads"} <= set(known[0])
    assert describe._version("numpy") and describe._version("no-such-package") is None


def test_metadata() -> None:
    known = describe.metadata()
    assert known["memory_bytes"] > 0 and known["libraries"]["ziglang"] == "0.17.1" and known["blas"]
