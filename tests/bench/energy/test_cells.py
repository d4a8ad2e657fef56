"""Which energy cells a plan has, and what an export makes of rows that are only modelled."""

from __future__ import annotations

from typing import Any

import pytest

from dotbench import datasets, formats
from dotbench.bench.energy import backends, windows
from dotbench.bench.metrics import energy
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.export import ExportReport, merge

PLACE = Place("Some CPU x2", "x86_64", "zig-0.17.1")


@pytest.fixture
def rapl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "outlook", lambda asked: ("rapl", ""))


def all_formats() -> tuple[formats.Format, ...]:
    return tuple(formats.get(name) for name in formats.names("float32"))


def test_a_standard_run_takes_three_matrices(rapl: None) -> None:
    plan = Plan(datasets.SMALL, all_formats(), standard=True)
    found = [cell for name in datasets.SMALL for cell in energy.cells(plan, name)]
    assert {cell.dataset for cell in found} == {"orsreg_1", "SiNa", "vgg19/90-0-32"}
    assert {cell.format for cell in found} >= {"dense", "csc", "csc_min", "im", "ham", "sham"}
    assert {cell.format for cell in found} <= {"dense", "csc", "csc_min", "im", "ham", "sham", "cser"}
    assert {(cell.batch, cell.threads) for cell in found} == {(1, 1)}
    assert {cell.detail for cell in found} == {"kind=rapl,seconds=0.2,updates=100,windows=10"}
    assert list(energy.cells(plan, "SiNa~twin")) and not list(energy.cells(plan, "vgg19/60-0-256~twin"))


def test_other_runs_take_what_they_are_told(rapl: None) -> None:
    plan = Plan(("w.npy",), all_formats(), batches=(8, 4), threads=(1, 2), energy=windows.Effort())
    found = list(energy.cells(plan, "w.npy"))
    assert {(cell.format, cell.threads) for cell in found} == {
        (name, t) for name in formats.names("float32") for t in (1, 2)
    }
    assert {cell.batch for cell in found} == {4}
    assert energy.effort_of(found[0]) == windows.Effort(1.0, 500, 30)


def test_a_cell_knows_whether_it_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a machine whose counters are opened measures, and takes no modelled cell for finished; the same
    where the reason is another."""
    plan = Plan(("w.npy",), (formats.get("csc"),))
    (modelled,) = energy.cells(plan, "w.npy")
    monkeypatch.setattr(backends, "outlook", lambda asked: ("rapl", ""))
    (measured,) = energy.cells(plan, "w.npy")
    assert (
        modelled.detail == "kind=model,why=f47c8f08"
        and measured.detail.startswith("kind=rapl,")
        and modelled != measured
    )
    monkeypatch.setattr(backends, "outlook", lambda asked: ("model", "perf is not installed"))
    (other,) = energy.cells(plan, "w.npy")
    assert other.detail.startswith("kind=model,why=") and other != modelled
    assert energy.effort_of(modelled) == windows.SMALL
    assert energy.constant(modelled, PLACE) == {"batch": 1, "threads": 1, "kind": "model", "machine": "Some CPU x2"}


def row(kind: str, status: str = "ok", joules: float | None = None, sha: str = "a") -> dict[str, Any]:
    cell = {"dataset": "d", "matrix_sha256": "0" * 64, "format": "csc", "params": "", "batch": 1, "threads": 1}
    return {**cell, "status": status, "kind": kind, "joules_per_dot": joules, "code_sha": sha}


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (row("rapl", joules=1.0), row("model"), True),
        (row("perf", joules=1.0), row("model", "unavailable"), True),
        (row("rapl", joules=1.0), row("rapl", joules=2.0), False),
        (row("rapl", joules=1.0), row("model", sha="b"), False),  # measured by other code
        (row("model"), row("rapl", joules=2.0), False),
        (row("model"), row("model"), False),
        (row("rapl", "failed"), row("model"), False),
    ],
)
def test_a_modelled_row_never_replaces_a_measured_one(old: Any, new: Any, kept: bool) -> None:
    report = ExportReport()
    (found,) = merge("energy", [new], [old], set(), lambda *_: "a", report)
    assert found is (old if kept else new)
    assert report.kept_ok == (["energy.csv: d csc, batch 1, threads 1"] if kept else [])
