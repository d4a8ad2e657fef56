"""Runs over a matrix of bfloat16: which cells it has, sizes against two bytes an entry, times against dense."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.plan import full_run
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import expand, session
from dotbench.bench.targets import peers
from dotbench.cdot import bfloat16
from dotbench.datasets import seeded

FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)


def rows(out: Path, file: str) -> list[dict[str, str]]:
    with (out / f"{file}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_which_formats_and_peers_take_it() -> None:
    plan = Plan(("w.npy",), formats.standard_of_all(), tuple(kind() for kind in peers.ALL), batches=(1,))
    cells = expand.cells(plan, "w.npy", "bfloat16")
    sized = {cell.format for cell in cells if cell.metric == "space" and not cell.format.startswith("bound")}
    assert sized == {*formats.names("bfloat16"), "dense_w8"}
    timed = {cell.format for cell in cells if cell.metric == "time" and not cell.format.startswith("ceiling")}
    assert timed == {*sized, "blas_dense"}
    assert {cell.reference for cell in cells if cell.metric == "time"} == {"dense"}
    assert not {"systolic", "levels", "energy", "cycles"} & {cell.metric for cell in cells}


def test_what_a_full_run_has_of_the_seeded_layers() -> None:
    """Formats of nonzeros would take minutes, and are larger than dense; a Rice code is for files."""
    chosen = tuple(kind() for kind in peers.ALL)
    plan = Plan(seeded.FULL, formats.standard_of_all(), chosen, bounds=True, standard=True, full=True)

    def found(metric: str, dataset: str, dtype: str) -> set[str]:
        cells = expand.cells(full_run.share(plan, dataset), dataset, dtype)
        return {cell.label for cell in cells if cell.metric == metric and not cell.label.startswith("bound:")}

    bf16, f16 = seeded.FULL
    assert found("space", bf16, "bfloat16") == {"dense", "dense_w8", "rank", "rank[coding=rice]"}
    assert found("instructions", bf16, "bfloat16") == {"dense", "dense_w8", "rank"}
    assert found("time", bf16, "bfloat16") == {"dense", "dense_w8", "rank", "blas_dense"}
    assert found("space", f16, "float16") == {"dense", "dense_w8", "csc"}, "csc is what times are against"
    assert found("time", f16, "float16") == {"dense", "dense_w8", "csc", "blas_dense"}
    asked = replace(plan, standard=False)
    cells = [cell.label for cell in expand.cells(asked, bf16, "bfloat16") if cell.metric == "time"]
    assert {"csc", "csc_min", "sham", "rank[coding=rice]"} <= set(cells), "whoever names them has all"


def test_a_run(home: Path, tmp_path: Path) -> None:
    W = formats.to_bfloat16(np.random.default_rng(0).standard_normal((256, 128)))
    np.save(tmp_path / "w.npy", W)
    chosen = ("rank", "rank[coding=rice]", "dense", "dense_w8", "csc")
    plan = Plan(
        (str(tmp_path / "w.npy"),), tuple(map(formats.parse, chosen)), (peers.parse("blas_dense"),),
        metrics=("space", "time"), effort=FAST,
    )  # fmt: skip
    text = io.StringIO()
    assert session.run_plan(plan, home, tmp_path / "out", Console(file=text, width=120), False) == 0, text.getvalue()
    space = {(row["format"], row["params"]): row for row in rows(tmp_path / "out", "space")}
    assert len(space) == 5 and {row["dtype"] for row in space.values()} == {"bfloat16"}
    rank = space["rank", ""]
    assert int(rank["bytes"]) == formats.get("rank").encode(W).nbytes and rank["lossless"] == "true"
    assert float(rank["ratio"]) == pytest.approx(2 * W.size / int(rank["bytes"]), abs=1e-4)
    assert space["dense_w8", ""]["lossless"] == "false" and float(space["dense", ""]["ratio"]) < 1
    timed = [row for row in rows(tmp_path / "out", "time") if not row["format"].startswith("ceiling")]
    assert {(row["format"], row["batch"]) for row in timed} == {
        (name, batch) for name in ("rank", "dense", "dense_w8", "csc", "blas_dense") for batch in "18"
    }
    assert {(row["status"], row["reference"]) for row in timed} == {("ok", "dense")}


def ran(W: np.ndarray, chosen: tuple[str, ...], home: Path, place: Path) -> str:
    np.save(place / "w.npy", W)
    plan = Plan((str(place / "w.npy"),), tuple(map(formats.parse, chosen)), metrics=("space",), effort=FAST)
    text = io.StringIO()
    session.run_plan(plan, home, place / "out", Console(file=text, width=200), False)
    return text.getvalue()


def test_a_format_that_takes_no_matrix_is_named(home: Path, tmp_path: Path) -> None:
    said = ran(np.ones((8, 4), np.float32), ("rank", "csc", "dcsr"), home, tmp_path)
    assert "rank takes bfloat16, and no matrix here is of that: it is left out" in said
    assert "dcsr takes int8, and no matrix here is of that: it is left out" in said and "csc takes" not in said


def test_without_its_numbers_it_is_not_measured(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its products would be compared with those of its bits."""
    monkeypatch.setattr(bfloat16, "bfloat16_dtype", lambda: bfloat16.BITS)
    said = ran(formats.to_bfloat16(np.ones((8, 4))), ("rank", "csc"), home, tmp_path)
    assert "numpy has no bfloat16 without ml_dtypes, which is not installed: python -m pip install" in said
    assert not (tmp_path / "out" / "space.csv").exists()
