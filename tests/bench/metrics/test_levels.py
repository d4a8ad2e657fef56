"""levels.csv: its columns by hand, its products checked, its rows from a run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.metrics import hashes, levels
from dotbench.bench.metrics.messages import Task
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run import processes, session
from dotbench.bench.targets import checked
from dotbench.cdot.nested import LevelKernel
from dotbench.datasets.cache import write_cache
from dotbench.formats.nested import Nested
from dotbench.formats.payloads.nested_matrix import NestedMatrix
from dotbench.formats.sources.source import as_source, matrix_sha256

FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.1)
# Sums of |w|: rows 2, 3, 7 (order 2 1 0); columns 5, 7 (order 1 0). Of 12 in all, the levels have 3 and 10.
HAND = np.array([[1, -1], [0, 3], [-4, 3]], np.float32)


def matrix() -> NestedMatrix:
    return NestedMatrix(Nested().encode_with(HAND, widths=[(1, 1), (2, 2)]))


def test_columns_by_hand() -> None:
    """Squares: 36 in all; 9 of them in the entry of level 0, 34 in the four of level 1."""
    expected = [
        (1, 1, 1, 3, 4, 1.0, 8, 3 / 12, False, (27 / 36) ** 0.5),
        (2, 2, 4, 6, 16, 5 / 4, 16, 10 / 12, False, (2 / 36) ** 0.5),
        (3, 2, 6, 6, 24, 11 / 6, 20, 1.0, True, 0.0),
    ]
    for level, figures in enumerate(expected):
        found = levels.exact(matrix(), level)
        assert list(found) == [
            "rows", "columns", "multiplications", "multiplications_paper", "active_bytes", "sharing_gain",
            "peak_activation_bytes", "importance_kept", "lossless", "error",
        ]  # fmt: skip
        assert tuple(found.values()) == pytest.approx(figures)


def test_a_level_that_keeps_all_nonzeros_is_lossless() -> None:
    W = np.zeros((6, 4), np.float32)
    W[2:4, 1] = 0.1, 0.7
    found = levels.exact(NestedMatrix(Nested("none").encode_with(W, widths=[(1, 1), (2, 1)])), 1)
    assert found["lossless"] is True and found["error"] == 0 and found["importance_kept"] == 1


def test_levels_and_matrices_of_nothing() -> None:
    empty = levels.exact(NestedMatrix(Nested("25").encode(np.ones((1, 1), np.float32))), 0)
    assert (empty["rows"], empty["sharing_gain"], empty["importance_kept"], empty["error"]) == (0, None, 0, 1)
    zero = levels.exact(NestedMatrix(Nested("25").encode(np.zeros((4, 4), np.float32))), 0)
    assert (zero["rows"], zero["importance_kept"], zero["lossless"], zero["error"]) == (2, None, True, 0)


def test_sums_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = levels._sums(HAND)
    monkeypatch.setattr(levels, "CHUNK", 2)
    assert levels._sums(HAND) == whole == (12, 36, 5)


def test_the_masked_product() -> None:
    """A vector that is zero outside the level, through the source itself: nothing of the payload's but the order."""
    known = levels.masked(matrix(), 1, as_source(HAND), 7)
    x = known.X[0].astype(np.float64)
    assert x.shape == (2,) and np.allclose(known.Y[0], [3 * x[0] + 3 * x[1], -4 * x[0]])
    assert np.allclose(known.scale[0], [3 * abs(x[0]) + 3 * abs(x[1]), 4 * abs(x[0])])
    other = matrix()
    other.weights[0, 1] = 4
    with pytest.raises(checked.WrongProduct, match="1 of 2 entries; the worst is vector 0, column 0"):
        known.error(other.dot(known.X, 1))


def test_a_compact_copy_is_the_level_on_its_own() -> None:
    W = np.random.default_rng(0).integers(1, 9, (30, 20)).astype(np.float32)
    nested = NestedMatrix(Nested("50").encode(W))
    nested.adapt(0)
    kernel = LevelKernel(levels.compact(nested))
    rows, columns = nested.levels[0]
    X, Y = np.random.default_rng(1).random((1, rows), np.float32), np.zeros((1, columns), np.float32)
    kernel.dot(X, Y, (0, columns), None, kernel.scratch(1, 1))
    assert kernel.shape == (rows, columns) and np.array_equal(Y, nested.dot(X))


class Wire:
    """What a worker would have sent."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def start(self, cell: Cell) -> None:
        self.events.append(("start", cell.detail))

    def done(self, cell: Cell, data: dict[str, Any]) -> None:
        self.events.append(("done", data))

    def lack(self, cell: Cell, status: str, reason: str, columns: dict[str, Any]) -> None:
        self.events.append((status, (reason, columns)))

    def fail(self, cell: Cell, error: Exception) -> None:
        self.events.append(("fail", str(error)))


@pytest.fixture
def task(tmp_path: Path) -> Task:
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    source = write_cache(as_source(W), tmp_path / "matrix")
    formats.get("nested").encode(W).save(tmp_path / "w.dbp")
    paths = {"nested": tmp_path / "w.dbp"}
    return Task("levels", matrix_sha256(source), tmp_path, tmp_path / "matrix", paths, effort=FAST, seed=5)


def cells() -> list[Cell]:
    return list(levels.cells(Plan(("w",), (formats.get("csc"), formats.get("nested"))), "w"))


def test_cells_of_a_plan() -> None:
    assert [(cell.label, cell.detail) for cell in cells()] == [("nested", f"level={level}") for level in range(4)]
    place = Place("machine", "isa", "compiler")
    assert levels.constant(cells()[2], place) == {"level": 2, "isa": "isa", "machine": "machine"}


def test_measuring(task: Task) -> None:
    wire = Wire()
    levels.measure(task, cells(), wire)  # type: ignore[arg-type]
    assert [kind for kind, _ in wire.events] == ["start", "done"] * 4
    assert sorted(detail for _, detail in wire.events[::2]) == [f"level={level}" for level in range(4)]
    for _, data in wire.events[1::2]:
        assert len(data["rounds"]) == FAST.rounds and data["sampling_seconds"] > 0
        assert data["columns"]["adapt_ns"] > 0 and data["columns"]["product_error"] < 1e-6


def test_a_row_of_passes() -> None:
    """Two passes at 1.1 and 1.21 times the copy: their middle, the worse error, the middle of two changes."""
    kept = [
        {"log_ratio": np.log(ratio), "columns": {"multiplications": 6, "product_error": error, "adapt_ns": ns}}
        for ratio, error, ns in ((1.1, 1e-8, 3.0), (1.21, 2e-8, 5.0))
    ]
    row = levels.of_passes(cells()[0], kept, 1, None, "2 passes")
    assert row["prefix_ratio"] == pytest.approx((1.1 * 1.21) ** 0.5) and row["prefix_low"] < 1.1 < row["prefix_high"]
    assert (row["product_error"], row["adapt_ns"]) == (2e-8, 4.0)
    empty = {"log_ratio": 0.0, "columns": {"multiplications": 0, "product_error": 0.0, "adapt_ns": 1.0}}
    assert "prefix_ratio" not in levels.of_passes(cells()[0], [empty, empty], 1, None, "width 2%")


def test_measuring_what_is_wrong(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payload of another matrix fails with the product; a copy that does not fit is unavailable, the rest stays."""
    other = np.random.default_rng(1).integers(0, 4, (64, 48)).astype(np.float32)
    right = task.paths["nested"].read_bytes()
    formats.get("nested").encode(other).save(task.paths["nested"])
    wire = Wire()
    levels.measure(task, cells()[:1], wire)  # type: ignore[arg-type]
    assert wire.events[1][0] == "fail" and "wrong product" in wire.events[1][1]
    task.paths["nested"].write_bytes(right)
    monkeypatch.setattr(levels.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 3000}))
    wire = Wire()
    levels.measure(task, cells()[1:2], wire)  # type: ignore[arg-type]
    kind, (reason, row) = wire.events[1]
    assert kind == "unavailable" and reason == "no room for a compact copy of 6120 bytes to time against"
    assert row["rows"] == 45 and "prefix_ratio" not in row


def test_rows_of_a_run(home: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", HAND)
    plan = Plan((str(tmp_path / "w.npy"),), (formats.get("nested"),), metrics=("space", "levels"), effort=FAST)
    assert session.run_plan(plan, home, tmp_path / "out", Console(file=io.StringIO()), False) == 0
    with (tmp_path / "out" / "levels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["level"], row["rows"], row["columns"], row["status"]) for row in rows] == [
        ("0", "1", "1", "ok"), ("1", "2", "1", "ok"), ("2", "2", "1", "ok"), ("3", "3", "2", "ok")
    ]  # fmt: skip
    assert [row["importance_kept"] for row in rows] == ["0.2500", "0.5000", "0.5000", "1.0000"]
    assert rows[0]["code_sha"] == hashes.code_sha("levels", "nested", "") != hashes.code_sha("time", "nested", "")


def test_a_resumed_run_adds_the_missing_passes(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass in a process of its own; one that died with a pass in the journal goes on with the second."""
    np.save(tmp_path / "w.npy", HAND)
    plan = Plan((str(tmp_path / "w.npy"),), (formats.get("nested"),), metrics=("space", "levels"), effort=FAST)
    asked: list[int] = []
    real = processes.run

    def dies(task: Task, cells: list[Cell], *others: Any) -> None:
        if task.job == "levels":
            asked.append(len(cells))
            if len(asked) == 2:
                raise KeyboardInterrupt
        real(task, cells, *others)

    monkeypatch.setattr(processes, "run", dies)
    assert session.run_plan(plan, home, tmp_path / "out", Console(file=io.StringIO()), False) == 130
    with Journal(home / "journal.sqlite") as journal:
        assert len(journal._read("passes")) == 4 and not [
            1 for known, _ in journal.rows() if known["metric"] == "levels"
        ]
    assert session.run_plan(plan, home, tmp_path / "out", Console(file=io.StringIO()), False) == 0
    assert asked == [4, 4, 4]
    with Journal(home / "journal.sqlite") as journal:
        assert len(journal._read("passes")) == 8
        rows = [row for known, row in journal.rows() if known["metric"] == "levels"]
    assert all(row["prefix_low"] <= row["prefix_ratio"] <= row["prefix_high"] for row in rows) and len(rows) == 4
