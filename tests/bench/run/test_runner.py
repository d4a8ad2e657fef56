"""A run from end to end on small files: rows, resuming, kills, crashes, wrong products, exit statuses."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.identity import definitions_sha
from dotbench.bench.record.journal import Journal
from dotbench.bench.record.sealed import write_sealed
from dotbench.bench.run import outcome, processes, session
from dotbench.bench.targets import peers

ROOT = Path(__file__).resolve().parents[3]
FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    path = tmp_path / "w.npy"
    np.save(path, W * (W > 1))
    return path


def plan(*names: Path | str, **more: object) -> Plan:
    settings: dict[str, object] = {
        "datasets": tuple(map(str, names)),
        "formats": tuple(formats.get(name) for name in ("csc", "sham", "im")),
        "peers": tuple(map(peers.parse, ("blas_dense", "scipy_csc"))),
        "metrics": ("space", "time"),
        "effort": FAST,
        **more,
    }
    return Plan(**settings)  # type: ignore[arg-type]


def rows(out: Path, file: str) -> list[dict[str, str]]:
    with (out / f"{file}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def run(plan_: Plan, home: Path, out: Path, terminal: bool = False) -> tuple[int, str]:
    text = io.StringIO()
    status = session.run_plan(plan_, home, out, Console(file=text, width=120, force_terminal=terminal), False)
    return status, text.getvalue()


def test_a_run_measures_everything_and_resumes(
    matrix: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results"
    status, text = run(plan(matrix), home, out)
    assert status == 0 and "every product checked" in text and "23 of 23 cells ok" in text
    space, timed = rows(out, "space"), rows(out, "time")
    assert [(row["format"], row["status"], row["bytes"]) for row in space] == [
        (name, "ok", str(formats.get(name).encode(np.load(matrix)).nbytes)) for name in ("csc", "im", "sham")
    ]
    assert {row["source"] for row in space} == {"file"} and {row["dataset"] for row in space} == {str(matrix)}
    labels = {(row["format"], row["params"]) for row in timed}
    assert labels == {
        ("csc", ""), ("sham", ""), ("im", ""), ("blas_dense", ""), ("scipy_csc", ""),
        ("ceiling:memcpy", "format=csc"), ("ceiling:memcpy", "format=sham"), ("ceiling:memcpy", "format=im"),
        ("ceiling:decode", "format=sham"), ("ceiling:decode", "format=im"),
    }  # fmt: skip
    assert {row["batch"] for row in timed} == {"1", "8"} and {row["passes"] for row in timed} == {"2"}
    for row in timed:
        assert row["status"] == "ok" and float(row["ratio_low"]) <= float(row["time_ratio"]) <= float(row["ratio_high"])
        assert (row["call_ns"] != "") == (row["format"] in ("blas_dense", "scipy_csc"))
        assert (row["product_error"] == "") == row["format"].startswith("ceiling:")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(processes, "run", never)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(plan(matrix), home, out, terminal=True)[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_changed_reference_is_measured_again(
    matrix: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ratios to another csc are other figures: none is taken from the journal, and exported ones are dropped."""
    from dotbench.bench.run import rows as rows_of_run

    chosen = plan(matrix, batches=(1,), peers=(), metrics=("time",), ceilings=False)
    assert run(chosen, home, tmp_path / "results")[0] == 0
    before = rows(tmp_path / "results", "time")
    assert session.current_sha("time", dict(before[1])) == before[1]["code_sha"]
    assert session.current_sha("time", {**before[1], "reference_sha": "of another csc"}) == "another reference"
    monkeypatch.setattr(rows_of_run.MatrixRows, "_reference", staticmethod(lambda cell: {"reference_sha": "newer"}))
    assert run(chosen, home, tmp_path / "other")[0] == 0
    after = rows(tmp_path / "other", "time")
    assert {row["reference_sha"] for row in after} == {"newer"}
    assert all(a["ns_per_dot"] != b["ns_per_dot"] for a, b in zip(before, after, strict=True))


def test_threads_and_cold_caches(matrix: Path, home: Path, tmp_path: Path) -> None:
    chosen = plan(
        matrix, formats=(formats.get("sham"),), batches=(1,), threads=(1, 2), caches=("warm", "cold"), metrics=("time",)
    )
    status, _ = run(chosen, home, tmp_path / "results")
    timed = rows(tmp_path / "results", "time")
    assert status == 0 and not (tmp_path / "results" / "space.csv").exists()
    assert {(row["threads"], row["cache"]) for row in timed} == {
        (threads, cache) for threads in "12" for cache in ("warm", "cold")
    }
    for row in timed:
        assert row["status"] == "ok", row["reason"]
        assert (row["speedup"] != "") == (row["probe_speedup"] != "") == (row["threads"] == "2")


def test_a_wrong_product_fails_its_cell_loudly_and_the_run_goes_on(matrix: Path, home: Path, tmp_path: Path) -> None:
    run(plan(matrix, metrics=("space",)), home, tmp_path / "other")
    (reference,) = (home / "payloads").iterdir()
    X = np.ones((1, 64), np.float32)
    Y = (X.astype(np.float64) @ np.load(matrix)) + np.eye(1, 48, 17)
    arrays = io.BytesIO()
    np.savez(arrays, X=X, Y=Y, scale=np.abs(Y))
    name = f"products-1-{definitions_sha('dotbench.bench.targets.checked.reference')}.sealed"
    write_sealed(reference / name, arrays.getvalue())
    status, text = run(plan(matrix), home, tmp_path / "results")
    timed = rows(tmp_path / "results", "time")
    wrong = [row for row in timed if row["batch"] == "1" and not row["format"].startswith("ceiling:")]
    assert status == 1 and "cells failed; their rows say why" in text
    assert {row["status"] for row in wrong} == {"failed"} and len(wrong) == 5
    assert "WrongProduct: wrong product: 1 of 48 entries; the worst is vector 0, column 17" in wrong[0]["reason"]
    assert {row["status"] for row in timed if row not in wrong} == {"ok"}
    assert all(row["time_ratio"] == "" for row in wrong)


def test_what_cannot_be_read_is_named_and_the_rest_is_measured(matrix: Path, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.npy"
    np.save(bad, np.array([[np.nan]], np.float32))
    status, text = run(plan(bad, matrix, metrics=("space",)), home, tmp_path / "results")
    assert status == 1 and "nan at row 0, column 0" in text and len(rows(tmp_path / "results", "space")) == 3


# dotbench without pyperf's look at the host's /sys
COMMAND = "from dotbench.bench import cli; from dotbench.bench.machine import describe as d; d.pyperf_metadata = dict; cli.main()"


def command(matrix: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-c", COMMAND, "run", "--datasets", str(matrix), "--formats", "csc,sham,im,ham,dense",
        "--out", str(out), "--batch", "1",
    ]  # fmt: skip


def start(matrix: Path, home: Path, out: Path) -> subprocess.Popen[str]:
    """A real run in a process of its own, returned when its first passes are in the journal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOTBENCH_HOME": str(home)}
    process = subprocess.Popen(
        command(matrix, out), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    journal = home / "journal.sqlite"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if journal.exists():
            with Journal(journal) as opened:
                if len(opened._read("passes")) > 5:
                    return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"no passes: {process.communicate()[0]}")


def passes_of(home: Path) -> int:
    with Journal(home / "journal.sqlite") as journal:
        return len(journal._read("passes"))


def test_kill_minus_nine_loses_no_pass_and_writes_no_half_file(matrix: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    process = start(matrix, home, out)
    process.kill()
    process.communicate()
    kept = passes_of(home)
    assert kept > 5 and not out.exists()
    time.sleep(0.3)  # a worker ends with its parent
    chosen = plan(matrix, formats=tuple(formats.get(name) for name in ("csc", "sham", "im", "ham", "dense")), peers=())
    status, _ = run(Plan(**{**chosen.__dict__, "batches": (1,)}), home, out)
    assert status == 0 and passes_of(home) >= kept
    assert {row["status"] for row in rows(out, "time")} == {"ok"} and len(rows(out, "space")) == 5


def test_control_c(matrix: Path, home: Path, tmp_path: Path) -> None:
    process = start(matrix, home, tmp_path / "results")
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=240)
    assert process.returncode == 130 and "goes on from here" in text and "Traceback" not in text
    assert {row["status"] for row in rows(tmp_path / "results", "space")} == {"ok"} and passes_of(home) > 5


def test_the_live_screen(matrix: Path, home: Path, tmp_path: Path) -> None:
    status, text = run(plan(matrix, batches=(1,)), home, tmp_path / "results", terminal=True)
    assert status == 0 and "pass 1" in text and "encoding" in text and "libraries" in text


def test_twins_are_told(home: Path, tmp_path: Path) -> None:
    chosen: Callable[..., Plan] = plan
    status, text = run(chosen("deepdta/80-0-16~twin", metrics=("space",)), home, tmp_path / "results")
    assert status == 0 and "twins, not the real matrices: deepdta/80-0-16~twin" in text
    assert {row["source"] for row in rows(tmp_path / "results", "space")} == {"twin"}
    assert outcome.Outcome().failed() == []
