"""Rows of several threads are of the threads that a user's call takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.metrics import time as time_meter
from dotbench.bench.plan.cell import Cell
from dotbench.bench.targets import ours
from dotbench.formats.payloads import parallel
from dotbench.formats.sources.source import matrix_sha256


@pytest.fixture
def bench(tmp_path: Path) -> time_meter.Bench:
    W = np.random.default_rng(0).integers(0, 3, (60, 90)).astype(np.float32)
    payload = formats.get("csc").encode(W)
    payload.save(tmp_path / "csc.dbp")
    return time_meter.Bench({"csc": str(tmp_path / "csc.dbp")}, matrix_sha256(payload), tmp_path)


@pytest.mark.parametrize(("enough", "taken"), [(parallel.ENOUGH, 1), (1, 2)])
def test_a_row_is_of_the_threads_that_dot_takes(
    bench: time_meter.Bench, monkeypatch: pytest.MonkeyPatch, enough: int, taken: int
) -> None:
    monkeypatch.setattr(parallel, "ENOUGH", enough)
    monkeypatch.setattr(parallel, "cores", lambda: 4)
    target = bench.target(Cell("time", "w", "csc", "", 8, 2, "warm"))
    assert isinstance(target, ours.FormatTarget)
    assert (target.pool.threads if target.pool else 1) == taken
    assert bench.target(Cell("time", "w", "csc", "", 8, 1, "warm")).pool is None  # type: ignore[attr-defined]
    assert bench.reference("csc", 8).error(target.product()) < 1e-5
    if target.pool:
        target.pool.close()
