"""A disk that is full while a matrix is cached or encoded: a clear error, and nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dotbench.bench.record.sealed import read_sealed

ROOM = 100_000  # bytes that a file may have
CHILD = """
import json, resource, sys
from pathlib import Path
import numpy as np
import dotbench.datasets.cache as cache
from dotbench.bench.metrics import space
from dotbench.bench.plan.cell import Cell
from dotbench.bench.metrics.events import Wire
from dotbench.bench.metrics.messages import Task
from dotbench.datasets.errors import NoRoom
from dotbench.formats import as_source

place, room = Path(sys.argv[1]), int(sys.argv[2])
W = np.random.default_rng(0).standard_normal((300, 300)).astype(np.float32)
source = cache.write_cache(as_source(W), place / "matrix")
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
try:
    cache.write_cache(as_source(W + 10), place / "other")
except NoRoom as error:
    print(json.dumps(str(error)))
labels = ["csc", "ham", "dense", "zstd"]
task = Task("space", source.matrix_sha256, place / "payloads", place / "matrix",
            {label: place / "payloads" / label for label in labels})
space.measure(task, [Cell("space", "w", label, "") for label in labels], Wire(sys.stdout))
"""


def test_neither_cache_nor_payload_stays_half_written(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path), str(ROOM)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    refused, *lines = map(json.loads, done.stdout.splitlines())
    assert "cannot be cached" in refused and "nothing half-written stays" in refused
    failed = [event for event in lines if event["event"] == "failed"]
    assert [event["cell"]["format"] for event in failed] == ["csc", "ham", "dense", "zstd"]
    assert all("cannot be written: File too large. Free some room" in event["reason"] for event in failed), failed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["matrix", "payloads"]
    (whole,) = (tmp_path / "payloads").iterdir()  # small enough to have been written
    assert whole.name.startswith("bounds-") and read_sealed(whole)
