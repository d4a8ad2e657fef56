"""FVP and board without either: a fake program, and pseudo-terminals."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.firmware import host, protocol
from dotbench.firmware.errors import FirmwareError, TargetFailed, TargetHung, Unavailable
from dotbench.firmware.jobs import PLACEMENTS, Job
from dotbench.firmware.measure import job_of, on_board, on_fvp
from dotbench.firmware.runners import fvp
from dotbench.firmware.runners.board import Board, read_board

TCM, SRAM = PLACEMENTS["tcm"], PLACEMENTS["sram"]


@pytest.fixture
def job() -> Job:
    return job_of(formats.get("csc").encode(np.diag([1.0, -2.0, 0.5]).astype(np.float32)), 3)


def said(job: Job, counter: str = "dwt {}") -> str:
    """What a correct target with a counter says."""
    lines = ["dotbench 1", f"job {job.identity:08x}"]
    for region, cycles in (("empty", 10), ("open", 110), ("decode", 60), ("dot", 510), ("dot", 490), ("dot", 500)):
        lines.append(f"region {region} status 00000000 {counter.format(cycles)} pmu none ticks 1")
    y = host.product(job)
    lines += ["memory workspace 0 scratch 0 vectors 24", "y 0 " + " ".join(f"{word:08x}" for word in y)]
    return "\n".join([*lines, f"sum {protocol.checksum(y):08x}", "exit 0", "\x04"])


def fake(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_fvp_counts_instructions_never_cycles(tmp_path: Path, job: Job) -> None:
    (tmp_path / "said").write_text(said(job))
    program = fake(tmp_path / "fvp", f'echo "$@" > {tmp_path}/arguments; cat {tmp_path}/said')
    found = {one.kernel: one.columns for one in on_fvp(fvp.Fvp(program), job, SRAM)}
    assert {kernel: one["instructions_fvp"] for kernel, one in found.items()} == {"open": 100, "decode": 50, "dot": 490}
    assert not any("cycles" in column for one in found.values() for column in one)
    arguments = (tmp_path / "arguments").read_text()
    assert "--data cpu0=" in arguments and "@0x21000000" in arguments and "@0x2000fff0" in arguments
    assert "-C mps3_board.uart0.shutdown_on_eot=1" in arguments


def test_an_fvp_that_ends_with_an_error_or_not_at_all(tmp_path: Path, job: Job) -> None:
    broken = fvp.Fvp(fake(tmp_path / "broken", "echo no licence >&2; exit 3"))
    with pytest.raises(TargetFailed, match="the FVP ended with exit code 3: no licence"):
        broken.run(job, TCM)
    hung = fvp.Fvp(fake(tmp_path / "hung", "echo waiting; exec sleep 60"), seconds=-9.5)
    with pytest.raises(TargetHung, match=r"did not end within 0\.5 s; it said last: "):
        hung.run(job, TCM)
    with pytest.raises(Unavailable, match="the FVP does not run"):
        fvp.Fvp(str(tmp_path / "none")).run(job, TCM)


def test_finding_the_fvp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FVP_CORSTONE300", raising=False)
    with pytest.raises(Unavailable, match="the Corstone-300 model is not there: export FVP_CORSTONE300="):
        fvp.find()
    there = fake(tmp_path / fvp.PROGRAMS[1], "")
    assert fvp.find() == there
    monkeypatch.setenv("FVP_CORSTONE300", "/none")
    with pytest.raises(Unavailable, match="/none is no program"):
        fvp.find()


class Answering(threading.Thread):
    """The other end of a pseudo-terminal: says it is ready, takes a job, answers."""

    def __init__(self, answer: bytes, greeting: bytes = b"\xff\x00dotbench 1\nready\n") -> None:
        super().__init__(daemon=True)
        self.ours, theirs = os.openpty()
        import tty

        tty.setraw(theirs)
        self.port, self.answer, self.greeting, self.got = os.ttyname(theirs), answer, greeting, b""

    def run(self) -> None:
        os.write(self.ours, self.greeting)
        while len(self.got) < 12 or len(self.got) < 12 + struct.unpack("<I", self.got[8:12])[0]:
            self.got += os.read(self.ours, 4096)
        os.write(self.ours, self.answer)


def test_a_board_measures_cycles(job: Job) -> None:
    pytest.importorskip("serial", reason="no pyserial: pip install -e '.[firmware]' brings it")
    end = Answering(said(job).encode())
    end.start()
    found = {one.kernel: one.columns for one in on_board(Board("an547", end.port, seconds=20), job, SRAM)}
    assert found == {"open": {"cycles": 100}, "decode": {"cycles": 50}, "dot": {"cycles": 490}}
    assert end.got == b"DOTJ" + struct.pack("<II", SRAM.address, len(job.pack())) + job.pack()


def test_a_board_without_a_counter(job: Job) -> None:
    pytest.importorskip("serial", reason="no pyserial: pip install -e '.[firmware]' brings it")
    end = Answering(said(job, "dwt none").encode())
    end.start()
    with pytest.raises(TargetFailed, match="an547 has no counter: neither DWT nor PMU moves while"):
        on_board(Board("an547", end.port, seconds=20), job, SRAM)


@pytest.mark.parametrize(("greeting", "words"), [(b"", "it said b''")])
def test_a_board_that_is_silent(job: Job, greeting: bytes, words: str) -> None:
    pytest.importorskip("serial", reason="no pyserial: pip install -e '.[firmware]' brings it")
    end = Answering(b"", greeting)
    end.start()
    with pytest.raises(TargetHung, match=r"did not answer within 0\.3 s.*Reset it") as found:
        Board("an547", end.port, seconds=0.3).run(job, TCM)
    assert words in str(found.value)


def test_a_board_that_sends_noise(job: Job) -> None:
    pytest.importorskip("serial", reason="no pyserial: pip install -e '.[firmware]' brings it")
    end = Answering(b"\x80noise\xff" * 30)
    end.start()
    with pytest.raises(TargetHung, match=r"did not answer within 1 s; it said b'.*noise"):
        Board("an547", end.port, seconds=1).run(job, TCM)


def test_lost_and_changed_characters(job: Job) -> None:
    text = said(job)
    first = f"{host.product(job)[0]:08x}"
    for broken, why in (
        (text.replace(first, "0" + first[1:], 1), "checksum does not fit"),
        (text.replace(first, "zz" + first[2:], 1), "noise instead of outputs"),
        (text.replace(first, first[1:], 1), "noise instead of outputs"),
        (text.replace("exit 0", ""), "did not end properly"),
        (text.replace(f"job {job.identity:08x}", "job 00000000"), "another job or none"),
        ("fault status 00000100 pc 00000123\nexit 101\n", r"faulted \(status 00000100 pc 00000123\)"),
        ("exit 104\n", "the job is damaged"),
    ):
        with pytest.raises(TargetFailed, match=why):
            protocol.read(broken, job.identity, job.m)


def test_board_files(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text('[board]\nname = "an547"\nport = "/dev/ttyUSB0"\nbaud = 9600\n')
    assert read_board(path) == Board("an547", "/dev/ttyUSB0", 9600)
    for text, why in (
        ("[board]\nname = 3\nport = ''\n", "name = 3 is of the wrong type"),
        ("[board]\nname = 'a'\n", "port must be given"),
        ("[board]\nspeed = 3\n", "no setting 'speed'"),
        ("[bord]\n", r"has no table \[board\]"),
        ("board", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(FirmwareError, match=why):
            read_board(path)
    pytest.importorskip("serial", reason="no pyserial: pip install -e '.[firmware]' brings it")
    with pytest.raises(Unavailable, match="cannot be opened"):
        Board("an547", str(tmp_path / "none")).run(job_of(formats.get("csc").encode(np.eye(2, dtype=np.float32))), TCM)
