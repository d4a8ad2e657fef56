"""`bench.load`: one frame, every column of its type."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench import bench
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.metrics.column import COMMON
from dotbench.bench.record import export

SPACE = {
    "dataset": "d", "matrix_sha256": "ab", "source": "file", "format": "sham", "params": "", "status": "ok",
    "reason": "", "code_sha": "cd", "n": 4, "m": 5, "nnz": 6, "distinct": 3, "dtype": "float32", "lossless": True,
    "error": 0.0, "bytes": 108, "ratio": 0.75,
}  # fmt: skip
TIME = {name: SPACE[name] for name in [column.name for column in COMMON]} | {
    "batch": 8, "threads": 1, "cache": "warm", "isa": "x", "compiler": "y", "reference": "csc", "reference_sha": "ef",
    "time_ratio": 1.5, "ratio_low": 1.4, "ratio_high": 1.6, "ns_per_dot": 12.5, "passes": 8, "stop": "", "machine": "M",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    failed = SPACE | {"format": "ham", "status": "failed", "bytes": None, "lossless": None}
    (tmp_path / "space.csv").write_bytes(export.render("space", [SPACE, failed]))
    (tmp_path / "time.csv").write_bytes(export.render("time", [TIME]))
    return tmp_path


def test_a_folder(folder: Path) -> None:
    frame = bench.load(folder)
    assert list(frame.columns[:13]) == ["metric", *[column.name for column in COMMON], "figure", "value", "low", "high"]
    assert list(frame.metric) == ["space", "space", "time"]
    assert list(frame.figure) == ["bytes", "bytes", "time_ratio"]
    assert frame.value.tolist()[::2] == [108.0, 1.5] and frame.low.tolist()[2] == 1.4 and frame.high.tolist()[2] == 1.6
    types = {name: str(frame.dtypes[name]) for name in ("dataset", "dtype", "bytes", "ratio", "lossless", "value")}
    assert types == {
        "dataset": "string", "dtype": "string", "bytes": "Int64", "ratio": "float64", "lossless": "boolean",
        "value": "float64",
    }  # fmt: skip
    missing = frame.isna()
    assert missing.bytes.tolist() == [False, True, True] and missing.value.tolist() == [False, True, False]
    assert missing.batch.tolist() == [True, True, False] and missing.lossless.tolist() == [False, True, True]
    assert frame.set_index(["metric", "format"]).loc[("time", "sham"), "batch"] == 8


def test_a_file_and_its_string_path(folder: Path) -> None:
    frame = bench.load(str(folder / "time.csv"))
    assert list(frame.metric) == ["time"] and "bytes" not in frame.columns and frame.passes.sum() == 8


def test_no_rows_have_their_types_too(tmp_path: Path) -> None:
    (tmp_path / "space.csv").write_bytes(export.render("space", []))
    frame = bench.load(tmp_path)
    assert len(frame) == 0 and str(frame.dtypes["bytes"]) == "Int64"


def test_a_pivot_as_documented(folder: Path) -> None:
    frame = bench.load(folder)
    table = frame[frame.metric == "space"].pivot(index="dataset", columns=["format", "params"], values="value")
    assert table.loc["d", ("sham", "")] == 108


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(CompareError, match="no results in"):
        bench.load(tmp_path)
    (tmp_path / "space.csv").write_text("a\n")
    with pytest.raises(CompareError, match=r"space.csv, line 1: column a is unknown"):
        bench.load(tmp_path)
