"""Which meter is found, in which order, and what is said where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dotbench.bench.energy import backends
from dotbench.bench.energy.counters import NotMeasurable
from dotbench.bench.energy.meters import Clock, CounterMeter, Meter
from dotbench.bench.energy.powercap import open_powercap

sys.path.insert(0, str(Path(__file__).parent))
from virtual_rapl import Machine, VirtualRapl


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(backends.VARIABLE, raising=False)
    monkeypatch.setattr(backends, "processor_flags", frozenset)


def lacking(reason: str, cure: str = "") -> backends.Opener:
    def opener(clock: Clock) -> Meter:
        raise NotMeasurable(reason, cure)

    return opener


def having(tmp_path: Path) -> tuple[VirtualRapl, backends.Opener]:
    virtual = VirtualRapl(tmp_path, Machine())
    return virtual, lambda clock: CounterMeter(open_powercap(virtual.class_folder), clock)


def test_the_order() -> None:
    assert list(backends.OPENERS) == ["pyrapl", "powercap", "perf"]


def test_the_first_that_opens(tmp_path: Path) -> None:
    virtual, opener = having(tmp_path)
    tried = {"pyrapl": lacking("no sensors"), "powercap": opener, "perf": lacking("never asked")}
    meter = backends.open_meter(tried, virtual)
    assert (meter.kind, meter.source) == ("rapl", "powercap") and meter.period == pytest.approx(1e-3, rel=0.06)


def test_all_reasons_once_and_the_first_cure() -> None:
    tried = {
        "pyrapl": lacking("no powercap tree"),
        "powercap": lacking("no powercap tree"),
        "perf": lacking("perf is not installed", "sudo apt-get install linux-perf"),
    }
    with pytest.raises(NotMeasurable) as error:
        backends.open_meter(tried)
    assert error.value.reason == "no powercap tree; perf is not installed"
    assert str(error.value) == "no powercap tree; perf is not installed: sudo apt-get install linux-perf"


def test_a_virtual_machine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "processor_flags", lambda: frozenset(["avx2", "hypervisor"]))
    with pytest.raises(NotMeasurable) as error:
        backends.open_meter({"powercap": lacking("no powercap tree")})
    assert str(error.value) == "a virtual machine, which mostly has no energy counters; no powercap tree"


def test_one_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual, opener = having(tmp_path)
    tried = {"pyrapl": lacking("no sensors"), "powercap": opener, "perf": lacking("perf has no power events here")}
    monkeypatch.setenv("DOTBENCH_ENERGY", "perf")
    with pytest.raises(NotMeasurable, match="^perf has no power events here$"):
        backends.open_meter(tried, virtual)
    monkeypatch.setenv("DOTBENCH_ENERGY", "auto")
    assert backends.open_meter(tried, virtual).source == "powercap"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("none", "DOTBENCH_ENERGY=none: nothing is measured"),
        ("rapl", "DOTBENCH_ENERGY=rapl: there are auto, pyrapl, powercap, perf, none"),
    ],
)
def test_none_and_unknown_names(monkeypatch: pytest.MonkeyPatch, asked: str, words: str) -> None:
    monkeypatch.setenv("DOTBENCH_ENERGY", asked)
    with pytest.raises(NotMeasurable) as error:
        backends.open_meter()
    assert str(error.value) == words


def test_the_outlook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    virtual, opener = having(tmp_path)
    backends.outlook.cache_clear()
    monkeypatch.setenv("DOTBENCH_ENERGY", "none")
    assert backends.outlook("none") == ("model", "DOTBENCH_ENERGY=none: nothing is measured")
    monkeypatch.setattr(backends, "open_meter", lambda: opener(virtual))
    assert backends.outlook("powercap") == ("rapl", "")
    backends.outlook.cache_clear()
