"""Two results of one commit: what is counted, and a short run of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.compare.diff import compare
from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import expand
from dotbench.bench.targets import peers
from dotbench.bench.trust import repeatability


def row(file: str, **more: object) -> Row:
    common = {
        "dataset": "w", "matrix_sha256": "m", "source": "file", "format": "ham", "params": "", "status": "ok",
        "reason": "", "code_sha": "c", "lossless": True, "error": 0.0, "batch": 1, "threads": 1, "cache": "warm",
        "isa": "i", "compiler": "z", "reference": "csc", "reference_sha": "r", "passes": 8, "machine": "x",
    }  # fmt: skip
    return {**dict.fromkeys(registry.get(file).names), **common, **more}


def timed(ratio: float, width: float, batch: int) -> Row:
    bounds = {"ratio_low": ratio / (1 + width), "ratio_high": ratio * (1 + width)}
    return row("time", time_ratio=ratio, **bounds, ns_per_dot=ratio, batch=batch)


def result(label: str, size: int, *times: Row) -> Results:
    found = Results(label, {"space": [row("space", bytes=size)], "time": list(times)})
    found.columns = {file: registry.get(file).names for file in found.rows}
    return found


def test_what_is_counted() -> None:
    """Four time rows: one the same, one slower by far, one beyond the other's interval but within 1 %, one wide."""
    first = result("a", 10, timed(2, 0.01, 1), timed(2, 0.01, 2), timed(2, 0.001, 3), timed(2, 0.2, 4))
    second = result("b", 10, timed(2.001, 0.01, 1), timed(3, 0.01, 2), timed(2.012, 0.001, 3), timed(2.2, 0.2, 4))
    found = repeatability.judge(compare(first, second, {}))
    assert (found.exact_changed, found.overlapping, found.rows) == (0, 0.5, 4)
    assert found.different == ("w ham batch 2: 2.0000, 3.0000",)
    assert found.half_width == pytest.approx(0.01)
    assert repeatability.judge(compare(first, result("b", 11, *second.rows["time"]), {})).exact_changed == 1
    assert repeatability.report(found, Console(quiet=True)).status == 3
    first.rows["time"].append(row("time", batch=5, status="unavailable"))
    second.rows["time"].append(row("time", batch=5, status="unavailable"))
    assert repeatability.judge(compare(first, second, {})) == found  # a library that is on neither
    second.rows["time"][-1]["status"] = "timeout"
    assert repeatability.judge(compare(first, second, {})).exact_changed == 1
    good = repeatability.Verdict(0, ("one",), 0.9, 0.03, 100)
    assert repeatability.report(good, Console(quiet=True)).status == 0
    for bad in ({"exact_changed": 1}, {"different": ("one", "two")}, {"overlapping": 0.89}, {"half_width": 0.031}):
        status = repeatability.report(replace(good, **bad), Console(quiet=True)).status
        assert status == (1 if "exact_changed" in bad else 3), bad  # exact figures are no matter of the machine


def test_a_short_one(tmp_path: Path) -> None:
    """Two quick results of a small twin: exact figures are the same; what times say is not asked."""
    chosen = Plan(
        ("deepdta/80-0-16~twin",), (formats.get("csc"), formats.get("sham")), (peers.parse("blas_dense"),),
        metrics=repeatability.METRICS, batches=(1,), ceilings=False,
        effort=Effort(passes=4, most_passes=4, rounds=2, sample_ms=0.2),
    )  # fmt: skip
    found = repeatability.measure(tmp_path, chosen)
    assert found.exact_changed == 0 and found.rows == 3


def test_the_plan_has_all_standard_formats() -> None:
    names = {cell.label for cell in expand.cells(repeatability.plan(), "w")}
    assert {str(one) for one in formats.standard()} <= names and "scipy_csr" in names
