"""Limits: goals and their verdicts, one measurement of a small matrix, and the page that is made from it."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from dotbench import datasets, formats
from dotbench.bench.goals import goals, race
from dotbench.bench.goals.goals import COUNTED, GOALS, RANDOM, Goal, product
from dotbench.bench.metrics.messages import Task
from dotbench.bench.pages import limits as show
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.run import payloads, processes
from dotbench.bench.timing.pairs import Estimate

FAST = Effort(passes=2, rounds=2, sample_ms=0.2, cell_timeout=60.0)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def matrix(tmp_path: Path) -> str:
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    path = tmp_path / "w.npy"
    np.save(path, W * (W > 1))
    return str(path)


def measured(
    home: Path, matrix: str, *chosen: Goal, counted: tuple[str, ...] = ()
) -> tuple[list[race.Result], list[race.Counted]]:
    work = race.Limits(home, chosen, [(matrix, label) for label in counted], FAST)
    return work.run(lambda words: None)


def test_goals_name_what_there_is(tmp_path: Path) -> None:
    known = {*formats.names(), "blas_dense", "scipy_csc", "probe"}
    for goal in GOALS:
        assert goal.cell.dataset in (*datasets.names(), RANDOM)
        assert {goal.cell.format, goal.cell.details().get("against", "csc")} <= known
        assert goal.what and (goal.limit is None) == (goal.words == "")
    assert len({goal.cell for goal in GOALS}) == len(GOALS) == 24
    assert {(dataset, label) for dataset, label in COUNTED} >= {(RANDOM, label) for label in ("csc", "sham", "ham")}
    assert [goal.what for goal in GOALS if goal.limit is None] == [f"ham against blas_dense, {RANDOM}, batch 32"]


def test_verdicts() -> None:
    most, least = product("sham", "csc", "w", 1, 2.0), goals.threads("csc")
    low, middle, high = (Estimate(ratio, ratio - 0.1, ratio + 0.1, 8) for ratio in (0.7, 0.95, 1.2))
    assert [least.verdict(one) for one in (low, middle, high)] == ["not met", "unsure", "met"]
    low, middle, high = (Estimate(ratio, ratio - 0.1, ratio + 0.1, 8) for ratio in (1.8, 1.95, 2.2))
    assert [most.verdict(one) for one in (low, middle, high)] == ["met", "unsure", "not met"]
    assert product("sham", "csc", "w", 1, None).verdict(Estimate(1, 1, 1, 8)) == ""
    assert (most.words, least.words) == ("at most 2x", "at least 0.93x")


def test_encoding_has_megabytes_a_second_or_milliseconds() -> None:
    seconds = Estimate(0.2, 0.1, 0.4, 8)
    assert goals.encoding("ham", "w", 400, "MB/s").in_its_unit(seconds, 80_000_000) == Estimate(400, 200, 800, 8)
    assert goals.encoding("ham", "w", 50, "ms").in_its_unit(seconds, 1) == Estimate(200, 100, 400, 8)
    assert product("ham", "csc", "w", 1, 1).in_its_unit(seconds, 1) == seconds


def test_a_measurement(matrix: str, home: Path) -> None:
    chosen = (
        product("sham", "scipy_csc", matrix, 8, 1.0),
        Goal(Cell("races", matrix, "ham", "", 1, 2, "warm", "against=probe"), 0.93, "x", True),
        goals.encoding("sham", matrix, 400, "MB/s"),
    )
    results, counted = measured(home, matrix, *chosen, counted=("sham", "csc"))
    assert [one.goal for one in results] == list(chosen) and not [one.reason for one in results if one.reason]
    for one in results:
        assert one.found and one.found.passes == 2 and one.found.low <= one.found.ratio <= one.found.high
        assert one.verdict in ("met", "not met", "unsure")
    sham, csc = counted
    W = np.load(matrix)
    assert (sham.nonzeros, sham.entries) == (np.count_nonzero(W), W.size)
    assert (sham.bytes, csc.bytes) == tuple(formats.get(name).encode(W).nbytes for name in ("sham", "csc"))
    assert sham.ns and csc.ns and sham.memcpy and csc.memcpy and sham.decode and csc.decode is None


def test_instructions_are_those_of_runs(matrix: str, home: Path, valgrind: None) -> None:
    (csc,) = measured(home, matrix, counted=("csc",))[1]
    assert csc.instructions and csc.instructions > csc.nonzeros


def test_a_kernel_that_is_wrong_fails_its_goal_alone(matrix: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in sham's place: its worker says that it is damaged, and ham's goes on."""
    chosen = product("sham", "csc", matrix, 1, 1.0), product("ham", "csc", matrix, 1, 1.0)
    real = processes.run

    def damaged(task: Task, *others: Any) -> None:
        if "sham" in task.paths and task.job == "races":
            task.paths["sham"].write_bytes(b"nothing")
        real(task, *others)

    monkeypatch.setattr(processes, "run", damaged)
    sham, ham = measured(home, matrix, *chosen)[0]
    assert (sham.verdict, sham.found) == ("failed", None) and "PayloadError" in sham.reason
    assert ham.found and ham.found.ratio > 0


def test_a_measurement_that_was_stopped_goes_on(matrix: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pass is kept in a journal, which goes when all is measured; the next measurement is a new one."""
    chosen = product("sham", "csc", matrix, 1, 1.0)
    asked: list[str] = []
    real = processes.run

    def stopped(task: Task, *others: Any) -> None:
        asked.append(task.job)
        if len(asked) == 2:
            raise KeyboardInterrupt
        real(task, *others)

    monkeypatch.setattr(processes, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        measured(home, matrix, chosen)
    assert (home / "limits.sqlite").exists()
    said: list[str] = []
    ((found,), _) = race.Limits(home, [chosen], [], FAST).run(said.append)
    assert asked == ["races"] * 3 and found.found and found.found.passes == 2
    assert said == [f"pass 2 of 2: {matrix}"] and not list(home.glob("limits*"))
    measured(home, matrix, chosen)
    assert asked == ["races"] * 5


def test_what_cannot_be_encoded_fails_with_its_reason(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.eye(8, dtype=np.float32))
    (result,) = measured(
        home, str(path), Goal(Cell("races", str(path), "dense_s8", "", 1, 1, "warm", "against=csc"), 1.0)
    )[0]
    assert result.verdict == "failed" and "dense_s8 cannot be encoded: TypeError: dense_s8 stores int8" in result.reason


def test_payloads_that_a_cell_reads() -> None:
    assert payloads.read_by(product("sham", "scipy_csc", "w", 1, 1).cell) == {"sham", "scipy_csc"}
    assert payloads.read_by(product("im", "csc_min", "w", 1, 1).cell) == {"im", "csc_min"}
    assert payloads.read_by(goals.threads("ham").cell) == {"ham"}
    memcpy, decode = goals.ceilings([("w", "ham")])
    assert payloads.read_by(memcpy) == payloads.read_by(decode) == {"ham"} and memcpy.label != decode.label


def test_a_missed_goal_is_told_from_one_that_broke() -> None:
    goal = product("sham", "csc", "w", 1, 2.0)
    met, missed, unsure = (race.Result(goal, Estimate(r, r - 0.1, r + 0.1, 8)) for r in (1.5, 3.0, 2.0))
    broke = race.Result(goal, None, "WrongProduct: no")
    assert [race.judgement(found).status for found in ([met, unsure], [met, missed], [missed, broke])] == [0, 3, 1]
    assert race.judgement([missed]).short == (goal.what,)
    assert race.judgement([broke]).broken == (f"{goal.what} (WrongProduct: no)",)
    assert "Exit status" in CliRunner().invoke(race.main, ["--help"]).output


KNOWN = {
    "machine": "M", "isa": "x86_64_v3", "compiler": "zig-1",
    "goals": [
        {"what": "a against b", "unit": "x", "goal": "at most 2x", "measured": 1.5, "low": 1.25, "high": 1.75, "passes": 8, "verdict": "met", "reason": ""},
        {"what": "c encoded", "unit": "MB/s", "goal": "at least 400 MB/s", "measured": None, "low": None, "high": None, "passes": None, "verdict": "failed", "reason": "WrongProduct: no"},
    ],
    "counted": [
        {"dataset": "w", "label": "csc", "nonzeros": 10, "entries": 100, "bytes": 80, "instructions": 40, "ns": 5.0, "memcpy": 0.5, "decode": None},
        {"dataset": "w", "label": "ham", "nonzeros": 0, "entries": 0, "bytes": 32, "instructions": None, "ns": None, "memcpy": None, "decode": None},
    ],
}  # fmt: skip


def test_tables_at_a_terminal() -> None:
    out = io.StringIO()
    show.render(KNOWN, Console(width=110, file=out))
    lines = [re.split(r"  +", line.strip()) for line in out.getvalue().splitlines()]
    assert ["a against b", "1.500x", "1.250 to 1.750", "at most 2x", "met"] in lines
    assert ["c encoded", "WrongProduct: no", "at least 400 MB/s", "failed"] in lines
    assert ["w", "csc", "80", "64.00", "4.00", "0.400", "0.500", "0.500"] in lines
    assert ["w", "ham", "32"] in lines


def test_the_page_keeps_its_prose(tmp_path: Path) -> None:
    before = (ROOT / "docs" / "limits.md").read_text()
    (tmp_path / "limits.md").write_text(before)
    show.save(KNOWN, tmp_path)
    after = (tmp_path / "limits.md").read_text()
    assert "| a against b | 1.500x | 1.250 to 1.750 | at most 2x | met |" in after
    assert "Measured on M, x86_64_v3, zig-1." in after
    assert "| w | csc | 80 | 64.00 | 4.00 | 0.400 | 0.500 | 0.500 |  |" in after
    tables = re.compile(r"<!-- (\w+) -->.*?<!-- /\1 -->", re.DOTALL)
    assert tables.sub("", after) == tables.sub("", before)
    assert json.loads((tmp_path / "limits.json").read_text()) == KNOWN


def test_the_committed_page_is_current() -> None:
    """Otherwise: nox -s docs."""
    text, kept = (ROOT / "docs" / "limits.md").read_text(), ROOT / "docs" / "limits.json"
    if kept.exists():
        assert show.page(text, json.loads(kept.read_text())) == text
    else:
        assert text.count("Not measured yet") == 2


@pytest.mark.parametrize(("zeros", "nnz"), [(50, 8_389_305), (99, 167_528)])
def test_seeded_matrices_of_other_densities(tmp_path: Path, zeros: int, nnz: int) -> None:
    found = datasets.load(f"random/4096-{zeros}-32", cache_dir=tmp_path)  # its hash is verified
    assert found.matrix.histogram().nnz == nnz and len(found.matrix.histogram().values) == 32


def test_the_seeded_matrix(tmp_path: Path) -> None:
    found = datasets.load(RANDOM, cache_dir=tmp_path)
    assert (found.source, found.matrix.shape, found.reason) == ("seed", (4096, 4096), "")
    histogram = found.matrix.histogram()
    assert len(histogram.values) == 32 and math.isclose(histogram.nnz / 4096**2, 0.1, rel_tol=0.002)
    assert histogram.counts.max() / histogram.counts.min() < 1.05
    assert datasets.resolve(["random/4096-*"]) == [f"random/4096-{zeros}-32" for zeros in (50, 70, 90, 95, 99)]
    assert datasets.source_now(RANDOM) == "seed"
    assert RANDOM not in datasets.FULL and RANDOM not in datasets.resolve(["*"])
