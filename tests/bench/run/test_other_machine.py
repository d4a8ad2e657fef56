"""Workers that are another machine than the one that asked: rows, passes and keys are of who measured."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.machine import describe
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run import processes, session

FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.1)
WORKER = """#!{python}
import sys
from dotbench.bench.machine import describe
from dotbench.bench.metrics.place import Place
from dotbench.bench.run import worker
describe.place = lambda: Place("Other x64", "other_isa", "other-cc-1")
describe.boot_id = lambda: "other boot"
worker.main()
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring processes say that they are another machine; this one's metadata is not looked for."""
    path = tmp_path / "other-python"
    path.write_text(WORKER.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setattr(describe, "metadata", dict)
    monkeypatch.setattr(processes.sys, "executable", str(path))


def measured(home: Path, matrix: Path) -> dict[str, dict[str, Any]]:
    """The rows of a run, by metric and format; the run has to be all right."""
    plan = Plan(
        (str(matrix),), tuple(map(formats.parse, ("csc", "nested"))), batches=(1,), ceilings=False,
        metrics=("space", "levels", "time"), effort=FAST,
    )  # fmt: skip
    text = io.StringIO()
    assert session.run_plan(plan, home, home / "out", Console(file=text, width=200), False) == 0, text.getvalue()
    with Journal(home / "journal.sqlite") as journal:
        return {f"{known['metric']} {row['format']} {known['detail']}": row for known, row in journal.rows()}


def test_rows_are_of_the_machine_that_measured(
    elsewhere: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "w.npy", np.random.default_rng(0).integers(0, 4, (24, 20)).astype(np.float32))
    rows = measured(home, tmp_path / "w.npy")
    time_row, level_row = rows["time csc "], rows["levels nested level=1"]
    assert (time_row["machine"], time_row["isa"], time_row["compiler"]) == ("Other x64", "other_isa", "other-cc-1")
    assert (level_row["machine"], level_row["isa"]) == ("Other x64", "other_isa")
    with Journal(home / "journal.sqlite") as journal:
        keys = [known for known, row in journal.rows() if known["metric"] == "time"]
        assert {known["machine"] for known in keys} == {"Other x64"} and len(keys) == 2
        assert {row[1] for row in journal._read("passes")} == {"other boot"}
        assert all(len(journal.passes(known, "other boot")) == 2 for known in keys)

    monkeypatch.undo()  # this machine looks under its own name, and finds sizes, but no times
    monkeypatch.setenv("DOTBENCH_HOME", str(home))
    monkeypatch.setattr(describe, "metadata", dict)
    asked: list[str] = []
    real = processes.run

    def counted(task: Any, *others: Any) -> None:
        asked.append(task.job)
        real(task, *others)

    monkeypatch.setattr(processes, "run", counted)
    again = measured(home, tmp_path / "w.npy")
    assert again["time csc "]["machine"] == describe.machine_id() and again["space csc "] == rows["space csc "]
    assert asked == ["time", "time", "levels", "levels"]
