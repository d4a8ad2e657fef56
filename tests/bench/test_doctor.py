"""What the doctor says where things are half there; the rest is in test_machine_and_doctor.py."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from bench import doctor
from bench.doctor import Check


def test_a_program_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "valgrind").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "valgrind").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = doctor.program("valgrind", "valgrind", "instruction counts")
    assert found == Check(
        "valgrind",
        None,
        f"{tmp_path}/valgrind does not run; instruction counts are not measured by this version yet",
        "sudo apt-get install --reinstall valgrind",
    )


def test_fvp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FVP_CORSTONE300", raising=False)
    assert doctor.fvp().found.startswith("Corstone-300 model not found")
    second = tmp_path / "VHT_MPS3_Corstone_SSE-300"
    second.write_text("")
    second.chmod(0o755)
    assert doctor.fvp().found.startswith(f"{second}; ")
    monkeypatch.setenv("FVP_CORSTONE300", str(tmp_path / "gone"))
    assert "is no program" in doctor.fvp().found
    assert doctor.fvp().cure.startswith("export FVP_CORSTONE300=")


def test_asks_no_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the doctor asked a host")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOTBENCH_OFFLINE")
    known = doctor.checks(tmp_path, lambda: tmp_path / "cdot.so", tmp_path / "none", tmp_path / "none")
    assert [check.ok for check in known if check.name == "network"] == [True]


def test_cures_are_one_line_each_and_nothing_is_coloured_off_a_terminal() -> None:
    out = io.StringIO()
    cure = "sudo chmod a+r /sys/class/powercap/*/energy_uj" + " #" * 40
    found = [Check("RAPL", None, "counters [of] root " * 8, cure), Check("python", True, "3.11.7")]
    doctor.render(found, Console(file=out, width=80))
    assert f"\n  RAPL: {cure}\n" in out.getvalue()  # to be copied whole
    assert "[of]" in out.getvalue() and "\x1b" not in out.getvalue()
