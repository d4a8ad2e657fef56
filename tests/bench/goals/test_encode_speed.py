"""The table of encoding: figures of fresh processes, and words where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.bench.goals import encode_speed, encoding
from dotbench.bench.metrics.messages import Task
from dotbench.bench.run import processes
from dotbench.datasets.cache import CachedSource, write_cache
from dotbench.formats import as_source, get


def saved(tmp_path: Path, n: int = 900, m: int = 1000) -> str:
    W = np.where(np.random.default_rng(0).random((n, m)) < 0.1, 1.5, 0).astype(np.float32)
    np.save(tmp_path / "w.npy", W)
    return str(tmp_path / "w.npy")


@pytest.mark.parametrize("array", [False, True])
def test_figures_of_fresh_processes(tmp_path: Path, home: Path, array: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process a format; no journal stays, and no payload is made."""
    tasks: list[Task] = []
    real = processes.run

    def counted(task: Task, *others: Any) -> None:
        tasks.append(task)
        real(task, *others)

    monkeypatch.setattr(processes, "run", counted)
    said: list[str] = []
    name = saved(tmp_path)
    dense, csc = encode_speed.table(name, ["dense", "csc"], said.append, 2, array, 60)
    assert [task.job for task in tasks] == ["encoding"] * 2
    assert dense.trouble == "" and dense.payload_bytes == 32 + 900 * 1000 * 4, dense
    assert csc.payload_bytes == get("csc").encode(np.load(name)).nbytes
    assert dense.seconds > 0 and dense.peak_bytes > dense.payload_bytes
    assert said[0].startswith(f"{name}: 900 x 1000, ") and said[0].endswith("2 thread(s)")
    assert ("from an array in row order" in said[0]) == array
    assert said[1].split() == [
        "format",
        "seconds",
        "CPU",
        "s",
        "MB/s",
        "payload",
        "MiB",
        "peak",
        "MiB",
        "above",
        "payload",
    ]
    assert said[2] == dense.row(3_600_000).rstrip() and len(said[2].split()) == 7
    assert said[4].startswith("all of them: ") and len(said) == 5
    assert not list(home.glob("encode_speed*")) and not list(home.glob("payloads/*/*.dbp"))


def test_what_is_refused_dies_or_hangs_has_words(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, said = saved(tmp_path, 20, 30), list[str]()
    (hung,) = encode_speed.table(name, ["ham"], said.append, timeout=0.01)
    assert hung.trouble == "not finished after 0 s" and said[2].endswith("not finished after 0 s")
    monkeypatch.setattr(processes.sys, "executable", "/bin/false")
    (died,) = encode_speed.table(name, ["ham"], said.append)
    assert died.trouble == "the measuring process ended with status 1"
    monkeypatch.undo()
    refused = encode_speed.Encoding("x", trouble="refused: too large")
    assert refused.row(1).endswith("refused: too large")


def test_the_array_is_the_matrix(tmp_path: Path) -> None:
    W = np.load(saved(tmp_path))
    source = CachedSource(write_cache(as_source(W), tmp_path / "matrix").folder)
    array = encoding.as_array(source)
    assert array.shape == (900, 1000) and array.flags.c_contiguous
    assert np.array_equal(get("csc").encode(array).data, get("csc").encode(source).data)
