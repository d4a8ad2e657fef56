"""Systolic arrays: cycles and tiles as published, utilization beside its error, rows of systolic.csv."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.counting.systolic_array import STANDARD, VECTORS, Packing, Setting
from dotbench.bench.metrics import systolic as meter
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.published.column_combining import ALPHA, GAMMA, NETWORKS
from dotbench.bench.run import session
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.sources.source import as_source

FOLDER = "column_combine"


@pytest.mark.parametrize(
    ("outputs", "inputs", "length", "word", "cycles"),
    [
        (128, 128, 1, 1, 1040),
        (128, 128, 256, 1, 5120),
        (128, 16, 1, 1, 220),
        (128, 16, 256, 1, 1240),
        (128, 16, 256, 32, 32 * 1240),
        (33, 33, 1, 1, 4 * -1 + 2 * 33 + 2 * 33 + 32),  # tiles of 32 x 32, 32 x 1, 1 x 32 and 1 x 1
        (5, 3, 10, 1, 10 + 5 + 3 - 2 + 5),
        (5, 0, 10, 1, 0),
        (0, 5, 10, 1, 0),
    ],
)
def test_cycles(outputs: int, inputs: int, length: int, word: int, cycles: int) -> None:
    assert Setting(32, 32, length, word).cycles(outputs, inputs) == cycles


def test_cycles_are_the_sum_over_tiles() -> None:
    setting = Setting(7, 5, 9, 3)
    for outputs in (1, 6, 7, 8, 30):
        for inputs in (1, 5, 11, 24):
            down, across = range(0, outputs, 7), range(0, inputs, 5)
            used = [(min(7, outputs - i), min(5, inputs - j)) for i in down for j in across]
            assert setting.tiles(outputs, inputs) == len(used)
            assert setting.cycles(outputs, inputs) == 3 * (sum(9 + r + c - 2 for r, c in used) + used[0][0])


def test_settings_are_written_and_read() -> None:
    assert [setting.detail for setting in STANDARD] == [
        "array=32x32,input_length=1,word_cycles=1",
        "array=32x32,input_length=256,word_cycles=1",
        "array=32x32,input_length=256,word_cycles=32",
    ]
    for setting in STANDARD:
        cell = Cell("systolic", "w", "column_combined", detail=setting.detail)
        assert Setting.parse(cell.details()) == setting


def test_energy() -> None:
    """A full array is the unit; at half of it arithmetic doubles and buffers do not."""
    setting = STANDARD[0]
    assert setting.rho == pytest.approx(2 * 5.0 / 32 / 4.6)
    assert setting.energy(100.0) == pytest.approx(1.0) and setting.energy(0.0) is None
    assert setting.energy(50.0) == pytest.approx((2 + setting.rho) / (1 + setting.rho))


def test_a_packing_by_hand() -> None:
    """The hand case of column combining: 9 weights in 4 by 4, 8 of them in 4 by 2; the 0.4 is lost."""
    F = np.float32([[-0.3, 0, -0.2, 0], [0, -0.7, 0, -0.8], [0, 0.1, -1.2, 0], [0.9, 0, 0.4, 0.7]])
    packing = Packing.of(as_source(F.T), ColumnCombined(2, 0.25).encode(F.T))
    row = packing.columns_of_row(Setting(2, 2, 1, 1))
    assert (row["groups"], row["utilization_before"], row["utilization_after"]) == (2, 56.25, 100.0)
    assert (row["tiles_before"], row["tiles_after"]) == (4, 2)
    assert (row["cycles_before"], row["cycles_after"]) == (4 * 3 + 2, 2 * 3 + 2)
    assert row["pruned_share"] == pytest.approx(1 / 9) and row["energy_relative"] == 1.0
    assert row["error_frobenius"] == pytest.approx(0.4 / np.sqrt((F.astype(float) ** 2).sum()), rel=1e-6)


def test_the_error_of_products_is_a_mean_over_vectors() -> None:
    W = np.random.default_rng(0).standard_normal((40, 30)).astype(np.float32)
    payload = ColumnCombined(gamma=1.0).encode(W)
    packing = Packing.of(as_source(W), payload)
    lost = W - payload.decode()
    X = np.random.default_rng(1).standard_normal((5000, 40))
    shares = np.linalg.norm(X @ lost, axis=1) / np.linalg.norm(X @ W, axis=1)
    assert VECTORS >= 16 and packing.error_product == pytest.approx(shares.mean(), abs=4 * shares.std() / VECTORS**0.5)
    assert packing == Packing.of(as_source(W), payload)  # seeded
    exact = Packing.of(as_source(W), ColumnCombined(gamma=0.0).encode(W))
    assert (exact.error_frobenius, exact.error_product) == (0.0, 0.0)


def test_unused_inputs_and_outputs() -> None:
    """Utilization counts what is used, cycles before count all inputs."""
    W = np.zeros((40, 70), np.float32)
    W[:10, :35] = 1
    row = Packing.of(as_source(W), ColumnCombined(gamma=0.0).encode(W)).columns_of_row(STANDARD[0])
    assert (row["utilization_before"], row["utilization_after"], row["groups"]) == (100.0, 100.0, 10)
    assert (row["tiles_before"], row["tiles_after"]) == (3, 3)
    assert row["cycles_before"] == 6 * -1 + 70 * 2 + 40 * 3 + 32
    nothing = np.zeros((40, 70), np.float32)
    row = Packing.of(as_source(nothing), ColumnCombined().encode(nothing)).columns_of_row(STANDARD[0])
    assert row["groups"] == row["cycles_after"] == row["utilization_after"] == row["error_product"] == 0
    assert row["energy_relative"] is None


@pytest.mark.real_data(FOLDER)
@pytest.mark.parametrize(
    "name",
    [
        "W_128x128_sp90_uniform_s3_a2_g0.5",
        "W_128x128_sp90_uniform_s3_a8_g0.0",
        "W_128x128_sp90_uniform_s3_a8_g0.5",
        "W_8x8_sp50_uniform_s7_a8_g0.0",
        "W_8x8_sp50_uniform_s7_a8_g0.5",
        "W_8x8_sp50_uniform_s7_a8_g1.75",
    ],
)
def test_published_metrics(mirror: Path, name: str) -> None:
    known = json.loads((mirror / FOLDER / f"{name}.json").read_text())
    vectors = np.load(mirror / FOLDER / f"{name}.npz")
    W = np.load(mirror / FOLDER / known["W"]).T
    payload = ColumnCombined(known["alpha"], known["gamma"]).encode(W)
    packing = Packing.of(as_source(W), payload)
    assert round(packing.utilization_before, 4) == known["util_dense_pct"]
    assert round(packing.utilization_after, 4) == known["util_packed_pct"]
    assert packing.used_outputs == known["rows_nonzero"] and packing.used_inputs == known["cols_nonzero"]
    assert abs(packing.error_frobenius - known["rel_fro_err"]) < 1e-6
    for size in (32, 64):
        row = packing.columns_of_row(Setting(size, size, 1, 1))
        assert [row["tiles_before"], row["tiles_after"]] == known[f"tiles{size}"]
    x = vectors["x"].astype(float)  # theirs is the error of this one vector
    y, packed = x @ W.astype(float), x @ payload.decode().astype(float)
    assert abs(np.linalg.norm(y - packed) / np.linalg.norm(y) - known["rel_dot_err"]) < 1e-6


def test_published_networks_are_of_the_default_parameters() -> None:
    assert formats.get("column_combined") == ColumnCombined(ALPHA, GAMMA)
    for one in NETWORKS:  # fewer tiles, more throughput, less energy, and what that cost
        assert one.tiles < 0.4 and one.energy < 0.3 and one.throughput > 2.7 and one.accuracy < one.accuracy_before


# ---- in a run


def test_cells_are_of_column_combined_alone() -> None:
    plan = Plan(("w",), tuple(map(formats.parse, ("csc", "column_combined", "column_combined[alpha=4]"))))
    cells = list(meter.cells(plan, "w"))
    assert [(cell.params, cell.detail) for cell in cells] == [
        (params, setting.detail) for params in ("", "alpha=4") for setting in STANDARD
    ]
    assert meter.constant(cells[2], Place("", "", "")) == {"array": "32x32", "input_length": 256, "word_cycles": 32}


def test_a_run_writes_systolic_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the right columns, utilization and error on the screen together, lossy products timed."""
    from dotbench.bench.plan.effort import Effort
    from dotbench.cdot import build

    home, out = tmp_path / "home", tmp_path / "results"
    home.mkdir()
    (home / "build").symlink_to(build.build().parent)
    monkeypatch.setenv("DOTBENCH_HOME", str(home))
    rng = np.random.default_rng(3)
    W = np.where(rng.random((64, 48)) < 0.2, rng.standard_normal((64, 48)), 0)
    np.save(tmp_path / "w.npy", W.astype(np.float32))
    effort = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)
    plan = Plan((str(tmp_path / "w.npy"),), tuple(map(formats.parse, ("csc", "column_combined"))), effort=effort)
    text = io.StringIO()
    status = session.run_plan(plan, home, out, Console(file=text, width=200), False)
    assert status == 0, text.getvalue()
    with (out / "systolic.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["input_length"] + " " + row["word_cycles"] for row in found] == ["1 1", "256 1", "256 32"]
    assert list(found[0]) == list(meter.METRIC.names)
    for row in found:
        assert row["status"] == "ok" and float(row["error_frobenius"]) > 0 and float(row["error_product"]) > 0
    with (out / "space.csv").open(newline="") as stream:
        space = {row["format"]: row for row in csv.DictReader(stream)}
    assert space["column_combined"]["lossless"] == "false"
    assert space["column_combined"]["error"] == found[0]["error_frobenius"]
    with (out / "time.csv").open(newline="") as stream:
        times = [row for row in csv.DictReader(stream) if row["format"] == "column_combined"]
    assert {(row["batch"], row["status"]) for row in times} == {("1", "ok"), ("8", "ok")}
    assert "column_combined on 32x32, 1 input:" in text.getvalue() and "% used; error" in text.getvalue()
