"""pyRAPL's sensors on fake machines, and each of its known faults with what we do about it.

pyRAPL's paths are fixed to /sys, so a fake file system stands in for it.
"""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pyfakefs import helpers
from pyfakefs.fake_filesystem import FakeFilesystem

from dotbench.bench.energy import backends, powercap
from dotbench.bench.energy.counters import CounterLost, NotMeasurable
from dotbench.bench.energy.meters import CounterMeter
from dotbench.bench.energy.sensors import open_pyrapl, quiet

sys.path.insert(0, str(Path(__file__).parent))
from virtual_rapl import Machine, VirtualRapl

with quiet():
    import pyRAPL

SYS = Path("/sys")
UNIT = 61.03515625e-6


def machine(machine: Machine, sockets: int | None = None, cpus: int = 4) -> VirtualRapl:
    """A fake /sys with a powercap tree and the topology of ``sockets`` (default: one a package)."""
    sockets = sockets or len(machine.packages)
    folder = SYS / "devices" / "system" / "cpu"
    for cpu in range(cpus):
        topology = folder / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{cpu * sockets // cpus}\n")
    (folder / "present").write_text(f"0-{cpus - 1}\n")
    return VirtualRapl(SYS, machine, random.Random(7), poll=100e-6)


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (Machine(), ["package-0"]),
        (Machine(dram=True, core=True, mmio=True), ["package-0", "package-0 dram"]),
        (
            Machine(("package-0", "package-1"), dram=True),
            ["package-0", "package-1", "package-0 dram", "package-1 dram"],
        ),
        (Machine(("package-1", "package-0")), ["package-0", "package-1"]),
        (Machine(psys=True), ["package-0"]),  # psys is the powercap reader's alone
    ],
)
def test_raw_counters(fs: FakeFilesystem, one: Machine, names: list[str]) -> None:
    virtual = machine(one)
    counters = open_pyrapl()
    assert [domain.name for domain in counters.domains] == names
    assert {domain.range_uj for domain in counters.domains} == {virtual.range_uj}
    tree = powercap.open_powercap()
    for _ in range(3):
        by_name = {domain.name: value for domain, value in zip(tree.domains, tree.read(), strict=True)}
        assert counters.read() == tuple(by_name[name] for name in names)
        virtual.advance(0.5, 30.0)
    counters.close()


def test_fault_no_dram(fs: FakeFilesystem) -> None:
    """Its measureit(number=...) divides a list of DRAM that is not there. We take packages and count ourselves."""
    virtual = machine(Machine())
    with quiet():
        pyRAPL.setup()
    with pytest.raises(TypeError):
        pyRAPL.measureit(number=2)(lambda: None)()
    meter = CounterMeter(open_pyrapl(), virtual)
    meter.start()
    virtual.advance(1.0, 80.0)
    reading = meter.stop()
    assert set(reading.joules) == {"package"} and reading.joules["package"] == pytest.approx(80.0, rel=2e-3)
    meter.close()
    close_all(pyRAPL._sensor)


def test_fault_wraps(fs: FakeFilesystem) -> None:
    """Its difference over a wrap is large and negative, or None. Ours is right."""
    virtual = machine(Machine(("package-0", "package-1"), bits=20))
    with quiet():
        pyRAPL.setup()
    virtual.begin_at((2**20 - 8192) * UNIT)  # half a joule before they wrap
    meter = CounterMeter(open_pyrapl(), virtual)
    theirs = pyRAPL.Measurement("wrap")
    theirs.begin()
    meter.start()
    virtual.advance(0.5, 60.0)
    reading = meter.stop()
    theirs.end()
    assert theirs.result.pkg is None or min(theirs.result.pkg) < -1e6
    assert reading.problem == ""
    assert reading.joules["package"] == pytest.approx(2 * 60.0 * 0.5, rel=5e-3)
    meter.close()
    close_all(pyRAPL._sensor)


def test_fault_packages_named_by_die(fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses them, without a word. We say so, and the powercap tree is read instead."""
    virtual = machine(Machine(("package-0-die-0", "package-0-die-1")), sockets=1)
    with pytest.raises(pyRAPL.PyRAPLException, match="^$"):
        pyRAPL.Sensor()
    with pytest.raises(NotMeasurable) as error:
        open_pyrapl()
    assert error.value.reason == "pyRAPL finds no counters that it can read (it knows no packages named by die)"
    monkeypatch.delenv(backends.VARIABLE)
    meter = backends.open_meter({name: backends.OPENERS[name] for name in ("pyrapl", "powercap")}, virtual)
    assert (meter.kind, meter.source) == ("rapl", "powercap")


def test_fault_an_exception_without_words(fs: FakeFilesystem) -> None:
    virtual = machine(Machine())
    for link in virtual.class_folder.iterdir():
        link.unlink()
    with pytest.raises(pyRAPL.PyRAPLException, match="^$"):
        pyRAPL.Sensor()
    with pytest.raises(NotMeasurable) as error:
        open_pyrapl()
    assert error.value.reason == "/sys/class/powercap has no package zone"


def test_fault_a_bare_permission_error(fs: FakeFilesystem) -> None:
    virtual = machine(Machine())
    (virtual.package().folder / "energy_uj").chmod(0o400)
    helpers.set_uid(1000)
    try:
        with pytest.raises(PermissionError):
            pyRAPL.Sensor()
        with pytest.raises(NotMeasurable) as error:
            open_pyrapl()
    finally:
        helpers.reset_ids()
    assert error.value.cure == "sudo chmod a+r /sys/class/powercap/*/energy_uj"
    assert "is readable by root only" in error.value.reason


@pytest.mark.skipif(
    importlib.util.find_spec("pymongo") is not None, reason="with pymongo there is no warning: pip uninstall pymongo"
)
def test_fault_a_warning_at_import() -> None:
    """It logs that pymongo is missing, and by that sets up logging for the whole process."""
    plain = "import logging, pyRAPL; print(len(logging.getLogger().handlers))"
    ours = (
        "import logging; from dotbench.bench.energy.sensors import quiet\n"
        "with quiet():\n    import pyRAPL\n"
        "print(len(logging.getLogger().handlers), logging.getLogger().manager.disable)"
    )
    theirs = subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, check=True)
    assert "pymongo" in theirs.stderr and theirs.stdout == "1\n"
    quietly = subprocess.run([sys.executable, "-W", "error", "-c", ours], capture_output=True, text=True, check=True)
    assert quietly.stderr == "" and quietly.stdout == "0 0\n"


def test_counters_that_it_does_not_open(fs: FakeFilesystem) -> None:
    """With DRAM at one of two packages it drops DRAM altogether: then the tree knows more."""
    virtual = machine(Machine(("package-0", "package-1"), dram=True))
    shutil.rmtree(virtual.package(1).folder / "intel-rapl:1:0")
    with pytest.raises(NotMeasurable, match="pyRAPL opens 2 counters where the tree has 3"):
        open_pyrapl()


def test_a_topology_it_cannot_read(fs: FakeFilesystem) -> None:
    machine(Machine())
    (SYS / "devices" / "system" / "cpu" / "present").unlink()
    with pytest.raises(NotMeasurable, match="pyRAPL cannot read this machine's topology"):
        open_pyrapl()


def test_a_package_without_number(fs: FakeFilesystem) -> None:
    virtual = machine(Machine(psys=True))
    (virtual.class_folder / "intel-rapl:1" / "name").write_text("package-x\n")
    with pytest.raises(NotMeasurable, match="cannot read this machine's topology .invalid literal"):
        open_pyrapl()


@pytest.mark.parametrize(("text", "words"), [("", "could not convert"), ("-3\n", "pyRAPL reads -3, and a counter")])
def test_counters_that_make_no_sense(fs: FakeFilesystem, text: str, words: str) -> None:
    virtual = machine(Machine())
    counters = open_pyrapl()
    (virtual.package().folder / "energy_uj").write_text(text)
    with pytest.raises(CounterLost, match=words):
        counters.read()
    counters.close()


def test_not_installed(fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(Machine())
    monkeypatch.setitem(sys.modules, "pyRAPL", None)
    with pytest.raises(NotMeasurable) as error:
        open_pyrapl()
    assert (error.value.reason, error.value.cure) == (
        "pyRAPL is not installed",
        "python -m pip install pyRAPL==0.2.3.1",
    )


def close_all(sensor: pyRAPL.Sensor) -> None:
    """What pyRAPL itself leaves open."""
    for api in sensor._device_api.values():
        for file in api._sys_files:
            file.close()
