"""What is said of a machine. Nothing here reads the host's /sys."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench import doctor, machine
from cdot import build


def test_names(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t:  Some  CPU @ 3 GHz\nflags : fpu avx2\n")
    assert machine.cpu_model(info) == "Some CPU @ 3 GHz"
    assert machine.machine_id(info).startswith("Some CPU @ 3 GHz x")
    assert machine.cpu_model(tmp_path / "none") == machine.platform.machine()
    (tmp_path / "boot").write_text("1234\n")
    assert machine.boot_id(tmp_path / "boot") == "1234"
    assert machine.boot_id(tmp_path / "none").isdigit()


def test_blas_and_libraries() -> None:
    known = machine.blas()
    assert known and {"internal_api", "version", "architecture", "num_threads"} <= set(known[0])
    assert machine._version("numpy") and machine._version("no-such-package") is None


def test_metadata_without_pyperf(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise machine.subprocess.TimeoutExpired("pyperf", 60)

    monkeypatch.setattr(machine.subprocess, "run", fails)
    known = machine.metadata()
    assert known["memory_bytes"] > 0 and known["libraries"]["ziglang"] == "0.17.1"


def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **more: object) -> dict[str, doctor.Check]:
    arguments = {
        "home": tmp_path / "home",
        "build_kernels": lambda: Path("cdot-test.so"),
        "powercap": tmp_path / "powercap",
        "paranoid": tmp_path / "paranoid",
        **more,
    }
    return {check.name: check for check in doctor.checks(**arguments)}


def test_doctor_where_nothing_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "gone"))
    monkeypatch.delenv("FVP_CORSTONE300", raising=False)
    known = found(monkeypatch, tmp_path)
    assert known["RAPL"].ok is None and "no energy counters" in known["RAPL"].found
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
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path))
    monkeypatch.setenv("FVP_CORSTONE300", "/opt/fvp")
    known = found(monkeypatch, tmp_path)
    assert known["valgrind"].found.startswith("valgrind-9.9")
    assert known["perf"].cure == "sudo sysctl kernel.perf_event_paranoid=0"
    assert "1 counters, readable" in known["RAPL"].found and known["FVP"].found.startswith("/opt/fvp")
    assert known["data mirror"].ok
    (zone / "energy_uj").unlink()
    (zone / "energy_uj").mkdir()  # cannot be read, even by root
    assert found(monkeypatch, tmp_path)["RAPL"].cure == f"sudo chmod a+r {tmp_path / 'powercap'}/*/energy_uj"


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
