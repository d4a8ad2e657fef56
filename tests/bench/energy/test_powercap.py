"""The powercap tree: which zones count, and what is said of trees that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfakefs import helpers
from pyfakefs.fake_filesystem import FakeFilesystem

from dotbench.bench.energy import powercap
from dotbench.bench.energy.counters import CounterLost, Domain, NotMeasurable, spent

sys.path.insert(0, str(Path(__file__).parent))
from virtual_rapl import Machine, VirtualRapl

EVERYTHING = Machine(("package-0", "package-1"), dram=True, psys=True, core=True, mmio=True)


@pytest.mark.parametrize(
    ("machine", "names"),
    [
        (Machine(), ["package-0"]),
        (Machine(core=True), ["package-0"]),
        (Machine(dram=True, mmio=True), ["package-0", "package-0 dram"]),
        (Machine(psys=True), ["package-0", "psys"]),
        (
            Machine(("package-0-die-0", "package-0-die-1", "package-1-die-0", "package-1-die-1")),
            ["package-0-die-0", "package-0-die-1", "package-1-die-0", "package-1-die-1"],
        ),
        (EVERYTHING, ["package-0", "package-1", "package-0 dram", "package-1 dram", "psys"]),
    ],
)
def test_zones(tmp_path: Path, machine: Machine, names: list[str]) -> None:
    zones = powercap.zones(VirtualRapl(tmp_path, machine).class_folder)
    assert [zone.name for zone in zones] == names
    assert not any(zone.folder.name.startswith("intel-rapl-mmio") for zone in zones)


def test_a_machine_with_nothing_but_mmio(tmp_path: Path) -> None:
    folder = VirtualRapl(tmp_path, Machine(mmio=True, dram=True)).class_folder
    for link in folder.glob("intel-rapl*"):
        if not link.name.startswith(powercap.MMIO):
            link.unlink()
    assert [zone.folder.name for zone in powercap.zones(folder)] == ["intel-rapl-mmio:0", "intel-rapl-mmio:0:0"]


def test_a_tree_without_flat_links(tmp_path: Path) -> None:
    """Only the control type's folder, as pyRAPL knows it."""
    folder = VirtualRapl(tmp_path, EVERYTHING).class_folder
    for link in folder.glob("*:*"):
        link.unlink()
    zones = powercap.zones(folder)
    assert [zone.name for zone in zones] == ["package-0", "package-1", "package-0 dram", "package-1 dram", "psys"]


def test_readings_and_ranges(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, EVERYTHING)
    counters = powercap.open_powercap(virtual.class_folder)
    assert {domain.range_uj for domain in counters.domains} == {262143999938}
    before = counters.read()
    virtual.advance(2.0, 50.0)
    joules = [round((after - first) / 1e6, 1) for first, after in zip(before, counters.read(), strict=True)]
    assert joules == [100.0, 100.0, 20.0, 20.0, 170.0]
    assert counters.first() == counters.read()[0]


@pytest.mark.parametrize("text", ["", "0\n", "-5\n", "much\n"])
def test_an_unknown_range(tmp_path: Path, text: str) -> None:
    virtual = VirtualRapl(tmp_path, Machine(range_known=False))
    (virtual.package().folder / "max_energy_range_uj").write_text(text)
    assert powercap.open_powercap(virtual.class_folder).domains == (Domain("package", "package-0", None),)


@given(st.integers(1, 2**40), st.data())
def test_wraps_are_undone(range_uj: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, range_uj - 1))
    delta = data.draw(st.integers(0, range_uj - 1))
    assert spent(Domain("package", "package-0", range_uj), before, (before + delta) % range_uj) == delta


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_what_an_unknown_range_hides(before: int, after: int) -> None:
    delta = spent(Domain("package", "package-0", None), before, after)
    assert delta == (after - before if after >= before else None)


def test_a_reading_beyond_the_range_is_no_wrap() -> None:
    assert spent(Domain("package", "package-0", 1000), 1500, 20) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("-12\n", "b'-12\\n'"), ("", "b''"), ("many\n", "b'many\\n'"), ("1.5\n", "b'1.5\\n'")],
)
def test_what_no_counter_holds(tmp_path: Path, text: str, words: str) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    counters = powercap.open_powercap(virtual.class_folder)
    path = virtual.class_folder / "intel-rapl:0" / "energy_uj"
    path.write_text(text)
    with pytest.raises(CounterLost) as error:
        counters.read()
    assert str(error.value) == f"{path} holds {words}, and a counter holds a number from 0 on"
    with pytest.raises(NotMeasurable, match="and a counter holds a number from 0 on"):
        powercap.open_powercap(virtual.class_folder)


def test_a_file_that_vanishes(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    counters = powercap.open_powercap(virtual.class_folder)
    virtual.vanish()
    with pytest.raises(CounterLost, match="energy_uj can no longer be read: No such file or directory"):
        counters.first()


def test_no_tree_and_no_package(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable) as error:
        powercap.open_powercap(tmp_path / "none")
    assert (error.value.reason, error.value.cure) == (f"no powercap tree ({tmp_path}/none)", "")
    for name in ("psys", "core", "package", "package-x", "package-0-die"):
        zone = tmp_path / name / "intel-rapl:0"
        zone.mkdir(parents=True)
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text("1\n")
        with pytest.raises(NotMeasurable, match="has no package zone"):
            powercap.open_powercap(tmp_path / name)


def test_zones_without_counter_or_name(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine(("package-0", "package-1")))
    (virtual.class_folder / "intel-rapl:1" / "energy_uj").unlink()
    (virtual.class_folder / "dtpm:0").mkdir()
    assert [zone.name for zone in powercap.zones(virtual.class_folder)] == ["package-0"]


@pytest.fixture
def ordinary_user(fs: FakeFilesystem) -> Iterator[FakeFilesystem]:
    """A fake file system that keeps permissions, which root's tests otherwise ignore."""
    helpers.set_uid(1000)
    yield fs
    helpers.reset_ids()


def test_root_only(ordinary_user: FakeFilesystem) -> None:
    helpers.set_uid(0)
    virtual = VirtualRapl(Path("/sys"), Machine(dram=True))
    counter = virtual.package().folder / "energy_uj"
    counter.chmod(0o400)
    helpers.set_uid(1000)
    with pytest.raises(NotMeasurable) as error:
        powercap.open_powercap(Path("/sys/class/powercap"))
    assert error.value.reason == "/sys/class/powercap/intel-rapl:0/energy_uj is readable by root only"
    assert error.value.cure == "sudo chmod a+r /sys/class/powercap/*/energy_uj"
    helpers.set_uid(0)
    for path in Path("/sys/class/powercap").glob("*/energy_uj"):  # the cure cures
        path.chmod(path.stat().st_mode | 0o444)
    helpers.set_uid(1000)
    assert len(powercap.open_powercap(Path("/sys/class/powercap")).domains) == 2


def test_permission_taken_away_while_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    counters = powercap.open_powercap(virtual.class_folder)

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(powercap, "_content", refused)
    with pytest.raises(CounterLost, match="can no longer be read: Permission denied"):
        counters.read()


def test_another_trouble_than_permission(tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path, Machine())
    counter = virtual.package().folder / "energy_uj"
    counter.unlink()
    counter.mkdir()
    with pytest.raises(NotMeasurable, match=r"energy_uj cannot be read \(Is a directory\)"):
        powercap.open_powercap(virtual.class_folder)


def test_the_rule_for_every_boot() -> None:
    assert powercap.rule() == (
        'echo \'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r %S%p/energy_uj"\''
        " | sudo tee /etc/udev/rules.d/99-rapl.rules"
    )
