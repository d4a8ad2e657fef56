"""The energy metric: its cells, its rows with and without counters, and what an export makes of them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import datasets, formats
from dotbench.bench.energy import backends, powercap, windows
from dotbench.bench.energy.counters import NotMeasurable
from dotbench.bench.energy.meters import CounterMeter, SystemClock
from dotbench.bench.energy.perf import open_perf
from dotbench.bench.metrics import energy
from dotbench.bench.metrics import time as time_meter
from dotbench.bench.metrics.messages import Task
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import session
from dotbench.bench.targets.checked import WrongProduct

sys.path.insert(0, str(Path(__file__).parent))
from test_perf import program
from virtual_rapl import Machine, VirtualRapl

NAMES = ("csc", "sham", "im")
PLACE = Place("Some CPU x2", "x86_64", "zig-0.17.1")


# ---- a run without counters


def test_rows_of_a_machine_without_counters(matrix: Path, home: Path, tmp_path: Path) -> None:
    plan = Plan((str(matrix),), tuple(map(formats.get, NAMES)), metrics=("energy",))
    text, out = io.StringIO(), tmp_path / "results"
    assert session.run_plan(plan, home, out, Console(file=text, width=120), False) == 0
    with (out / "energy.csv").open(newline="") as file:
        rows = {row["format"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(NAMES)
    source = formats.as_source(np.load(matrix))
    for name, row in rows.items():
        assert (row["status"], row["kind"], row["batch"], row["threads"]) == ("ok", "model", "1", "1")
        assert row["reason"] == "not measured: DOTBENCH_ENERGY=none: nothing is measured"
        assert row["joules_per_dot"] == row["net_joules_per_dot"] == row["windows"] == ""
        assert row["model_pj_per_entry"] == f"{energy.model_pj_per_entry(formats.get(name), source):.8f}"


def test_a_batch_without_formula_is_unavailable(matrix: Path, home: Path, tmp_path: Path) -> None:
    plan = Plan((str(matrix),), (formats.get("csc"),), metrics=("energy",), batches=(8,))
    assert session.run_plan(plan, home, tmp_path / "results", Console(file=io.StringIO()), False) == 0
    with (tmp_path / "results" / "energy.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["model_pj_per_entry"]) == ("unavailable", "")
    assert row["reason"].endswith("nothing is measured; no modelled energy of this format and batch")


# ---- rows of a machine with counters: real payloads, virtual time


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    np.save(tmp_path / "w.npy", W * (W > 1))
    return tmp_path / "w.npy"


class Listener:
    """A wire that keeps what it is told."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.rows: dict[str, tuple[str, str, dict[str, Any]]] = {}

    def start(self, cell: Cell) -> None:
        self.started.append(cell.label)

    def done(self, cell: Cell, data: dict[str, Any], remark: str = "") -> None:
        self.rows[cell.label] = "ok", remark, data

    def lack(self, cell: Cell, status: str, reason: str, columns: dict[str, Any] | None = None) -> None:
        self.rows[cell.label] = status, reason, columns or {}

    def fail(self, cell: Cell, error: Exception) -> None:
        self.rows[cell.label] = "failed", str(error), {}


@pytest.fixture
def task(matrix: Path, home: Path, tmp_path: Path) -> Task:
    found = datasets.load(str(matrix), cache_dir=home)
    paths = {name: tmp_path / f"{name}.dbp" for name in NAMES}
    for name, path in paths.items():
        formats.get(name).encode(found.matrix).save(path)
    return Task("energy", found.matrix_sha256, tmp_path / "scratch", found.matrix.folder, paths)


def planned(wanted: int = 4) -> list[Cell]:
    detail = f"kind=rapl,seconds=1,updates=500,windows={wanted}"
    return [Cell("energy", "w", name, "", 1, 1, "", detail) for name in NAMES]


@pytest.fixture
def measured(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[VirtualRapl], Listener]:
    """Measures on a virtual machine: products are checked for real, and repeated in virtual time."""
    checked = energy.checked_run
    watts = dict(zip(NAMES, (40.0, 60.0, 50.0), strict=True))

    def go(virtual: VirtualRapl, wanted: int = 4) -> Listener:
        def checked_run(bench: time_meter.Bench, cell: Cell) -> windows.Run:
            checked(bench, cell)
            return virtual.kernel(2e-5, watts[cell.format])

        monkeypatch.setattr(energy, "checked_run", checked_run)
        meter = CounterMeter(powercap.open_powercap(virtual.class_folder), virtual)
        cells, wire = planned(wanted), Listener()
        energy.measure_with(meter, virtual, task, cells, energy.modelled(task, cells), wire)  # type: ignore[arg-type]
        return wire

    return go


def test_rows_of_a_machine_with_counters(measured: Callable[..., Listener], tmp_path: Path, matrix: Path) -> None:
    machine = Machine(("package-0", "package-1"), dram=True, psys=True, jitter=0.1, noise=0.01)
    wire = measured(VirtualRapl(tmp_path / "sys", machine))
    source = formats.as_source(np.load(matrix))
    for name, watts in zip(NAMES, (40.0, 60.0, 50.0), strict=True):
        status, reason, columns = wire.rows[name]
        assert (status, reason, columns["kind"], columns["windows"]) == ("ok", "", "rapl", 4)
        assert columns["joules_per_dot"] == pytest.approx(2 * watts * 2e-5, rel=2e-3)
        assert columns["joules_low"] <= columns["joules_per_dot"] <= columns["joules_high"]
        assert columns["net_joules_per_dot"] == pytest.approx(2 * (watts - 20.0) * 2e-5, rel=2e-2)
        assert columns["dram_joules_per_dot"] == pytest.approx(0.4 * watts * 2e-5, rel=2e-3)
        assert columns["psys_joules_per_dot"] == pytest.approx(1.7 * watts * 2e-5, rel=2e-3)
        assert columns["model_pj_per_entry"] == energy.model_pj_per_entry(formats.get(name), source)
    assert len(wire.started) == 3 + 3 * 4  # a sign of life before each window


def test_net_below_noise_is_a_remark(measured: Callable[..., Listener], tmp_path: Path) -> None:
    wire = measured(VirtualRapl(tmp_path / "sys", Machine(idle_watts=55.0, noise=0.001)))
    status, reason, columns = wire.rows["csc"]  # 40 W where idle takes 55
    assert status == "ok" and reason.startswith("net below noise: ") and columns["net_joules_per_dot"] is None
    assert columns["joules_per_dot"] > 0 and columns["dram_joules_per_dot"] is None
    assert wire.rows["sham"][2]["net_joules_per_dot"] > 0


def test_a_counter_that_vanishes(measured: Callable[..., Listener], tmp_path: Path) -> None:
    virtual = VirtualRapl(tmp_path / "sys", Machine(("package-0", "package-1")))

    def disturb(seconds: float) -> tuple[float, float]:
        if virtual.time > 5 and virtual.registers[0].folder.name == "intel-rapl:0":
            virtual.vanish()
        return seconds, 0.0

    virtual.disturb = disturb
    wire = measured(virtual)
    assert {status for status, _, _ in wire.rows.values()} == {"unavailable"} and set(wire.rows) == set(NAMES)
    for _, reason, columns in wire.rows.values():
        assert reason.startswith("not measured: ") and "can no longer be read: No such file or directory" in reason
        assert set(columns) == {"model_pj_per_entry"} and columns["model_pj_per_entry"] > 0


def test_too_few_windows(measured: Callable[..., Listener], tmp_path: Path) -> None:
    wire = measured(VirtualRapl(tmp_path / "sys", Machine(bits=16, range_known=False)))
    assert wire.rows["im"][0] == "unavailable"
    assert wire.rows["im"][1].startswith("not measured: 0 of 4 windows usable (8 of 8 windows dropped: package-0 went")


def test_a_wrong_product_is_not_measured(
    measured: Callable[..., Listener], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = time_meter.Bench.target

    def wrong(bench: time_meter.Bench, cell: Cell) -> Any:
        found = target(bench, cell)
        if cell.format == "im":
            product = found.product
            found.product = lambda: product() + 1
        return found

    monkeypatch.setattr(time_meter.Bench, "target", wrong)
    wire = measured(VirtualRapl(tmp_path / "sys", Machine()))
    assert wire.rows["im"][0] == "failed" and wire.rows["im"][1].startswith("wrong product: 48 of 48 entries")
    assert {wire.rows[name][0] for name in ("csc", "sham")} == {"ok"}


def test_real_kernels_between_perfs_pipes(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`measure` as a worker calls it; lengths are this machine's, so none is held against another."""
    (tmp_path / "perf_bin").mkdir()
    path = program(tmp_path / "perf_bin")
    monkeypatch.setattr(windows, "LENGTH_OFF", float("inf"))
    monkeypatch.setattr(backends, "open_meter", lambda: open_perf(SystemClock(), path, tmp_path / "none"))
    cells, wire = [Cell("energy", "w", "sham", "", 1, 1, "", "kind=perf,seconds=1e-9,updates=0,windows=2")], Listener()
    energy.measure(task, cells, wire)  # type: ignore[arg-type]
    status, reason, columns = wire.rows["sham"]
    assert status == "ok" and columns["kind"] == "perf" and columns["windows"] >= 2, reason
    assert 0 < columns["joules_per_dot"] < 12.5 and 0 < columns["dram_joules_per_dot"] < 3.25
    assert columns["model_pj_per_entry"] > 0


def test_a_wrong_product_says_so(task: Task) -> None:
    bench = time_meter.Bench(task.paths, task.sha256, task.folder)
    run = energy.checked_run(bench, planned()[1])
    assert run(3) > 0
    bench.reference("sham", 1).Y[0, 0] += 1
    with pytest.raises(WrongProduct):
        energy.checked_run(bench, planned()[1])


def test_no_counters_in_the_worker(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise NotMeasurable("/sys/x is readable by root only", "sudo chmod a+r /sys/x")

    monkeypatch.setattr(backends, "open_meter", refused)
    wire = Listener()
    energy.measure(task, planned(), wire)  # type: ignore[arg-type]
    assert wire.rows["csc"][:2] == ("ok", "not measured: /sys/x is readable by root only: sudo chmod a+r /sys/x")
