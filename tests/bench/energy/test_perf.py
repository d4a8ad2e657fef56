"""perf's power events, through a program that behaves like perf: its fields, its control pipes, its words."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.energy import perf, perf_cpus, windows
from dotbench.bench.energy.counters import CounterLost, NotMeasurable
from dotbench.bench.energy.meters import SystemClock
from dotbench.bench.energy.perf import PerfMeter, open_perf, parse
from dotbench.bench.energy.windows import Effort

PROGRAM = """#!{python}
import json, os, signal, sys
from pathlib import Path
known = json.loads((Path(__file__).parent / "known.json").read_text())
words = sys.argv[1:]
assert words[:3] == ["stat", "-a", "-x,"] and os.environ["LC_ALL"] == "C"
events = [words[i + 1] for i, word in enumerate(words) if word == "-e"]
for event in events:
    if event not in known["events"]:
        sys.stderr.write(known["words"])
        sys.exit(129)
def say(*_):
    for event in events:
        sys.stderr.write(known["events"][event] + "\\n")
    sys.exit(0)
if "--" in words:
    say()
if not known["control"]:
    sys.stderr.write("Error: unknown option `control'\\n Usage: perf stat [<options>]\\n")
    sys.exit(129)
assert words[words.index("-D") + 1] == "-1"
control, answer = map(int, words[words.index("--control") + 1].removeprefix("fd:").split(","))
signal.signal(signal.SIGINT, say)
for word in os.fdopen(control):
    if word.strip() in known["control"]:
        os.write(answer, b"ack\\n\\0")
"""
PKG, RAM = "power/energy-pkg/", "power/energy-ram/"
LINES = {PKG: "12.50,Joules,power/energy-pkg/,1000123,100.00,,", RAM: "3.25,Joules,power/energy-ram/,1000123,100.00,,"}
NO_PMU = "event syntax error: 'power/energy-pkg/'\n \\___ Cannot find PMU `power'. Missing kernel support?\n"


def program(tmp_path: Path, **known: Any) -> str:
    """The path of such a perf."""
    path = tmp_path / "perf"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    usual = {"events": LINES, "words": NO_PMU, "control": ["enable", "disable"]}
    (tmp_path / "known.json").write_text(json.dumps(usual | known))
    return str(path)


def opened(tmp_path: Path, paranoid: str = "0", **known: Any) -> PerfMeter:
    (tmp_path / "paranoid").write_text(f"{paranoid}\n")
    return open_perf(SystemClock(), program(tmp_path, **known), tmp_path / "paranoid")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_window(tmp_path: Path) -> None:
    meter = opened(tmp_path)
    assert (meter.kind, meter.source, meter.period) == ("perf", "perf", 0.001)
    for _ in range(2):
        meter.start()
        meter.sample()
        reading = meter.stop()
        assert reading.joules == {"package": 12.5, "dram": 3.25} and reading.problem == ""
        assert 0 < reading.seconds < 60


def test_no_file_stays_open(tmp_path: Path) -> None:
    meter = opened(tmp_path)
    before = open_files()
    meter.start()
    meter.stop()
    meter.start()
    meter.close()
    meter.close()
    assert open_files() == before


def test_no_dram_event(tmp_path: Path) -> None:
    meter = opened(tmp_path, events={PKG: LINES[PKG]})
    meter.start()
    assert meter.stop().joules == {"package": 12.5}
    unsupported = {PKG: LINES[PKG], RAM: "<not supported>,Joules,power/energy-ram/,0,100.00,,"}
    meter = opened(tmp_path, events=unsupported)
    meter.start()
    assert meter.stop().joules == {"package": 12.5}


def test_windows_of_a_kernel(tmp_path: Path) -> None:
    """The same windows as with counters, 12.5 J each; lengths are the machine's, so none is asserted."""

    def run(repeat: int) -> int:
        return repeat * 1_000_000

    meter, clock = opened(tmp_path), SystemClock()
    window = windows.kernel_window(meter, run, 40)
    assert (window.products, window.busy, window.joules["package"]) == (40, 0.04, 12.5)
    idle = windows.idle_window(meter, clock, 0.01)
    assert idle.products == 0 and idle.seconds >= 0.01
    sampling = windows.measure(meter, clock, {"kernel": run}, Effort(0.01, 10, 1), random.Random(0))
    assert len(sampling.idle) == len(sampling.kernels["kernel"]) >= 1


def test_without_power_events(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable) as error:
        opened(tmp_path, events={}, paranoid="4")
    assert (error.value.reason, error.value.cure) == ("perf has no power events here", "")


@pytest.mark.parametrize("field", ["<not supported>", "<not counted>", "-1.5", "nan", "1e999,Watts"])
def test_figures_that_are_none(tmp_path: Path, field: str) -> None:
    line = f"{field},Joules,{PKG},0,100.00,," if "," not in field else f"{field},{PKG},0,100.00,,"
    with pytest.raises(NotMeasurable, match="perf says"):
        opened(tmp_path, events={PKG: line})


def test_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """perf_event_paranoid keeps machine-wide counts from everybody but root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    words = "Error:\nAccess to performance monitoring and observability operations is limited.\n"
    with pytest.raises(NotMeasurable) as error:
        opened(tmp_path, events={}, words=words, paranoid="4")
    assert error.value.reason == "perf may not count for the whole machine"
    assert error.value.cure == "sudo sysctl kernel.perf_event_paranoid=0"
    with pytest.raises(NotMeasurable, match=r"perf counts nothing \(Error:\)"):
        opened(tmp_path, events={}, words=words, paranoid="0")
    with pytest.raises(NotMeasurable, match="perf counts nothing"):
        opened(tmp_path, events={}, words=words, paranoid="unreadable")


def test_not_installed_and_broken(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable) as error:
        open_perf(SystemClock(), str(tmp_path / "none"), tmp_path / "none")
    assert (error.value.reason, error.value.cure) == ("perf is not installed", "sudo apt-get install linux-perf")
    (tmp_path / "perf").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "perf").chmod(0o755)
    with pytest.raises(NotMeasurable, match="perf does not run"):
        open_perf(SystemClock(), str(tmp_path / "perf"), tmp_path / "none")


def test_a_perf_without_control(tmp_path: Path) -> None:
    meter = opened(tmp_path, control=[])
    with pytest.raises(CounterLost, match=r"this perf has no --control \(Linux 5.10 brought it\)"):
        meter.start()


def test_a_perf_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = opened(tmp_path, control=["enable"])
    meter.start()
    monkeypatch.setattr(perf, "PATIENCE", 0.2)
    with pytest.raises(CounterLost, match="perf gave no answer for 0 s"):
        meter.stop()
    meter.close()


def test_fields(tmp_path: Path) -> None:
    text = f"Events disabled\n# note\n{LINES[RAM]}\n0.03,Joules,{PKG},1,100.00,,\n"
    assert parse(text, PKG) == 0.03 and parse(text, RAM) == 3.25
    with pytest.raises(NotMeasurable, match=r"perf counts nothing \(Events disabled\)"):
        parse(text, "power/energy-cores/")
    with pytest.raises(NotMeasurable, match=r"perf counts nothing \(no words\)"):
        parse("\n", PKG)


# ---- a register shown once a CCD


def machine(tmp_path: Path, maker: str = "AuthenticAMD", sockets: tuple[int, ...] = (0, 0)) -> perf_cpus.Machine:
    """Processors 0, 8, ... of these sockets."""
    for number, socket in enumerate(sockets):
        folder = tmp_path / "cpu" / f"cpu{8 * number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{socket}\n")
    (tmp_path / "cpuinfo").write_text(f"vendor_id\t: {maker}\n")
    return perf_cpus.Machine(tmp_path / "cpu", tmp_path / "cpuinfo")


def lines(*joules: str) -> dict[str, str]:
    each = (f"CPU{8 * i},{one},Joules,power/energy-pkg/,1000123,100.00,," for i, one in enumerate(joules))
    return {PKG: "\n".join(each)}


@pytest.mark.parametrize(
    ("joules", "maker", "sockets", "sum_"),
    [
        (("2.00",) * 8, "AuthenticAMD", (0,) * 8, 2.0),
        (("2.00", "2.01", "1.00", "1.00"), "AuthenticAMD", (0, 0, 1, 1), 3.0),
        (("2.00", "2.00"), "AuthenticAMD", (0, 1), 4.0),  # two sockets
        (("2.00", "2.30"), "AuthenticAMD", (0, 0), 4.3),  # two registers
        (("2.00", "2.00"), "GenuineIntel", (0, 0), 4.0),  # dies with a register each, at the same load
        (("2.00", "2.00"), "AuthenticAMD", (), 4.0),  # sockets are not known
    ],
)
def test_a_register_that_perf_counts_once_a_ccd(
    tmp_path: Path, joules: tuple[str, ...], maker: str, sockets: tuple[int, ...], sum_: float
) -> None:
    known = machine(tmp_path, maker, sockets)
    path = program(tmp_path, events=lines(*joules))
    meter = open_perf(SystemClock(), path, tmp_path / "none", known)
    meter.start()
    assert meter.stop().joules == {"package": pytest.approx(sum_)}
    assert bool(meter.remark) == (sum_ < sum(map(float, joules)))
    assert meter.resolution == {2.0: 0.005}.get(sum_, 0.01)  # each figure of the sum is rounded for itself
    if meter.remark:
        assert meter.remark.startswith("perf shows the register of CPU0 at CPU8 again: counted once")


def test_figures_have_to_agree_in_each_count(tmp_path: Path) -> None:
    known = machine(tmp_path)
    same, other = {"CPU0": 2.0, "CPU8": 2.0}, {"CPU0": 2.0, "CPU8": 2.2}
    assert perf_cpus.repeats([same] * 6, known, 0.001) == {"CPU8": "CPU0"}
    assert perf_cpus.repeats([same] * 5 + [other], known, 0.001) == {}
    assert perf_cpus.repeats([same] * 5 + [{"CPU0": 2.0}], known, 0.001) == {}
    assert perf_cpus.repeats([], known, 0.001) == {}
    assert perf_cpus.repeats([same] * 6, perf_cpus.Machine(tmp_path / "no", tmp_path / "no"), 0.001) == {}
