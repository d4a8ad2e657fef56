"""What the doctor says of machines that have everything, something, or nothing. None of them is this one."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest
from rich.console import Console

from dotbench.bench.energy import powercap
from dotbench.bench.machine import doctor
from dotbench.bench.machine.doctor import Check
from dotbench.cdot import build


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
    nowhere = tmp_path / "none"
    known = doctor.checks(tmp_path, lambda: tmp_path / "cdot.so", nowhere, nowhere, nowhere)
    assert [check.ok for check in known if check.name == "network"] == [True]


def test_cures_are_one_line_each_and_nothing_is_coloured_off_a_terminal() -> None:
    out = io.StringIO()
    cure = "sudo chmod a+r /sys/class/powercap/*/energy_uj" + " #" * 40
    found = [Check("RAPL", None, "counters [of] root " * 8, cure), Check("python", True, "3.11.7")]
    doctor.render(found, Console(file=out, width=80))
    assert f"\n  RAPL: {cure}\n" in out.getvalue()  # to be copied whole
    assert "[of]" in out.getvalue() and "\x1b" not in out.getvalue()


def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **more: object) -> dict[str, doctor.Check]:
    arguments = {
        "home": tmp_path / "home",
        "build_kernels": lambda: Path("cdot-test.so"),
        "powercap_root": tmp_path / "powercap",
        "paranoid": tmp_path / "paranoid",
        "events": tmp_path / "events",
        **more,
    }
    return {check.name: check for check in doctor.checks(**arguments)}


def test_doctor_where_nothing_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "gone"))
    monkeypatch.delenv("FVP_CORSTONE300", raising=False)
    known = found(monkeypatch, tmp_path)
    assert known["RAPL"].ok is None and known["RAPL"].found == (
        f"no powercap tree ({tmp_path}/powercap): energy is modelled (virtual machines have no counters)"
    )
    assert known["perf"].cure == "sudo apt-get install linux-perf"
    assert known["valgrind"].cure == "sudo apt-get install valgrind"
    assert known["qemu-system-arm"].cure == "sudo apt-get install qemu-system-arm"
    assert known["data mirror"].ok is False and "is no folder" in known["data mirror"].found
    assert known["network"].ok is None and known["network"].cure == "unset DOTBENCH_OFFLINE"
    assert known["kernels"].found == "built: cdot-test.so" and known["compiler"].found == build.compiler_name()


def test_doctor_where_things_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("valgrind", "perf"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name}-9.9\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "paranoid").write_text("2\n")
    zone = tmp_path / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "energy_uj").write_text("1\n")
    (zone / "name").write_text("package-0\n")
    (tmp_path / "events").mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path))
    monkeypatch.setenv("FVP_CORSTONE300", str(tmp_path / "perf"))
    known = found(monkeypatch, tmp_path)
    assert known["valgrind"] == Check("valgrind", True, f"9.9 ({tmp_path / 'valgrind'})")
    assert known["perf"].found.endswith("no power events here") and not known["perf"].cure
    assert known["RAPL"].ok and known["RAPL"].found == "readable: package-0"
    assert known["FVP"].found.startswith(str(tmp_path / "perf"))
    assert known["data mirror"].ok
    (tmp_path / "events" / "energy-pkg").write_text("event=0x02\n")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    known = found(monkeypatch, tmp_path)
    assert known["perf"].ok is False and known["perf"].cure == "sudo sysctl kernel.perf_event_paranoid=0"
    (tmp_path / "paranoid").write_text("0\n")
    assert found(monkeypatch, tmp_path)["perf"].ok


def test_the_line_that_opens_rapl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zone = tmp_path / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "energy_uj").write_text("1\n")
    (zone / "name").write_text("package-0\n")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(powercap, "_content", refused)
    check = doctor.rapl(tmp_path / "powercap")
    assert check.ok is False and check.cure == f"sudo chmod a+r {tmp_path / 'powercap'}/*/energy_uj"
    assert "is readable by root only: energy is modelled; at every boot: echo 'SUBSYSTEM==" in check.found


def test_doctor_finds_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken() -> Path:
        raise build.BuildError("compiling failed")

    monkeypatch.setenv("DOTBENCH_ISA", "sparc")
    known = found(monkeypatch, tmp_path, build_kernels=broken)
    assert known["kernels"].ok is False and known["vector units"].cure == "unset DOTBENCH_ISA"
    monkeypatch.setattr(doctor.build, "compiler_name", broken)
    assert doctor.compiler().cure == "python -m pip install ziglang==0.17.1"


@pytest.mark.parametrize("width", [80, 120])
def test_doctor_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int) -> None:
    out = io.StringIO()
    doctor.render(list(found(monkeypatch, tmp_path).values()), Console(file=out, width=width))
    text = out.getvalue()
    assert "what would bring more:" in text
    assert max(len(line.rstrip()) for line in text.split("what would")[0].splitlines()) <= width
