"""pyperf's metadata is really there; the rest of the module is in test_machine_and_doctor.py."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from bench import machine


def test_pyperf_runs_and_says_what_it_knows() -> None:
    known = machine.pyperf_metadata()
    assert "pyperf_error" not in known
    assert {"cpu_count", "load_avg_1min", "platform", "python_version", "timer"} <= set(known)
    assert "hostname" not in known


def test_why_pyperf_did_not_run_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(2, command)

    monkeypatch.setattr(subprocess, "run", fails)
    assert "returned non-zero exit status 2" in machine.pyperf_metadata()["pyperf_error"]
