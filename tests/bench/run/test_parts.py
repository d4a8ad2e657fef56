"""Parts of the harness, each against figures worked out apart from it."""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.counting import bounds
from dotbench.bench.metrics import hashes, space
from dotbench.bench.metrics.messages import Task
from dotbench.bench.pages import readme
from dotbench.bench.plan import plan
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.record import identity
from dotbench.bench.run import expand, processes
from dotbench.bench.show import grid
from dotbench.bench.targets import checked, peers
from dotbench.bench.timing import pairs
from dotbench.bench.trust import selftest
from dotbench.formats.sources.source import as_source


def test_bounds_by_hand() -> None:
    """Four rows, three columns: 7 zeros, 2.0 three times, 1.0 and -3.0 once; gaps 1 2 2 2 3."""
    W = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)
    found = bounds.bounds(as_source(W))
    entries = -(7 * math.log2(7 / 12) + 3 * math.log2(3 / 12) + 2 * math.log2(1 / 12))
    gaps = -(3 * math.log2(3 / 5) + 2 * math.log2(1 / 5))
    values = gaps
    assert bounds.gap_counts(as_source(W)).tolist() == [0, 1, 3, 1, 0]
    assert found.entropy == pytest.approx(entries)
    assert found.positions_values == pytest.approx(gaps + values)
    # lengths 1, 2, 3, 3 for 7, 3, 1 and 1 of 12 entries
    assert found.huffman == 7 * 1 + 3 * 2 + 2 * 3 and found.bits("h0") == found.entropy
    empty = bounds.bounds(as_source(np.zeros((0, 3), np.float32)))
    assert (empty.entropy, empty.huffman, empty.positions_values) == (0, 0, 0)


@pytest.mark.real_data("all")
@pytest.mark.parametrize(
    ("name", "values", "gaps"), [("orsreg_1", 4.79, 3.77), ("SiNa", 5.89, 5.83), ("vgg19/90-0-32", 2.36, 3.89)]
)
def test_bounds_as_specified(mirror: Path, tmp_path: Path, name: str, values: float, gaps: float) -> None:
    """Bits per nonzero of values and of gaps, formats.md section 3."""
    from dotbench import datasets

    source = datasets.load(name, cache_dir=tmp_path).matrix
    histogram = source.histogram()
    found = (
        bounds.entropy_bits(histogram.counts) / histogram.nnz,
        bounds.entropy_bits(bounds.gap_counts(source)) / histogram.nnz,
    )
    assert found == (pytest.approx(values, abs=0.006), pytest.approx(gaps, abs=0.006))


# ---- pairs


def test_interval_by_hand() -> None:
    """Eight passes: Student's t for 7 degrees of freedom at 99 % is 3.4995."""
    logs = [0.01, 0.03, 0.02, 0.02, 0.00, 0.04, 0.01, 0.03]
    mean, spread = 0.02, math.sqrt(sum((log - 0.02) ** 2 for log in logs) / 7 / 8)
    found = pairs.estimate(logs)
    assert math.log(found.ratio) == pytest.approx(mean)
    assert math.log(found.high) - mean == pytest.approx(3.4995 * spread, rel=1e-4)
    assert found.half_width == pytest.approx(math.exp(3.4995 * spread) - 1, rel=1e-4) and found.passes == 8


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.02, 1.05, "slower"), (0.90, 0.95, "faster"), (0.995, 1.005, "same"), (0.98, 1.005, "unsure"),
     (1.005, 1.03, "unsure")],
)  # fmt: skip
def test_verdicts(low: float, high: float, verdict: str) -> None:
    assert pairs.Estimate(math.sqrt(low * high), low, high, 8).verdict == verdict


def test_a_pass_is_balanced_and_paired() -> None:
    """Virtual kernels: the machine slows down steadily, the ratio stays what it is."""
    clock, order = [1.0], []

    def kernel(name: str, cost: float) -> pairs.Run:
        def run(repeat: int) -> int:
            clock[0] *= 1.001
            order.append(name)
            return round(repeat * cost * clock[0])

        return run

    found = pairs.measure(kernel("a", 1200), kernel("b", 1000), 8, 100_000, random.Random(1), one_thread=False)
    assert math.exp(found.log_ratio) == pytest.approx(1.2, rel=1e-3)
    rounds = ["".join(order[-32:][i : i + 4]) for i in range(0, 32, 4)]
    assert sorted(rounds) == ["abba"] * 4 + ["baab"] * 4 and len(found.rounds) == 8


def test_repeats_fill_a_sample() -> None:
    assert pairs.repeats(lambda repeat: repeat * 1000, 5_000_000) == 5000
    assert pairs.repeats(lambda repeat: repeat * 20_000_000, 5_000_000) == 1


def test_a_round_that_waited_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, used = [0], [0]
    monkeypatch.setattr(pairs.time, "perf_counter_ns", lambda: wall[0])
    monkeypatch.setattr(pairs.time, "thread_time_ns", lambda: used[0])
    calls = [0]

    def run(repeat: int) -> int:
        calls[0] += 1
        late = 10_000_000 if calls[0] == 8 else 0
        wall[0] += repeat * 1000 + late
        used[0] += repeat * 1000
        return repeat * 1000 + late

    found = pairs.measure(run, run, 2, 1_000_000, random.Random(0))
    assert found.log_ratio == 0 and len(found.rounds) == 2


def test_products_of_seconds_run_no_more_often_than_they_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A B B A and no more where both are known to fill a sample; a round of seconds is not repeated for waiting."""
    wall, used, calls = [0], [0], [0]
    monkeypatch.setattr(pairs.time, "perf_counter_ns", lambda: wall[0])
    monkeypatch.setattr(pairs.time, "thread_time_ns", lambda: used[0])

    def run(repeat: int) -> int:
        calls[0] += 1
        wall[0] += 1_000_000_000
        used[0] += 900_000_000
        return 1_000_000_000

    assert pairs.measure(run, run, 1, 5e6, random.Random(0), True, 1, 1).rounds == ((1e9, 1e9),) and calls == [4]
    calls[0] = 0
    assert pairs.repeats(run, 5e6) == 1 and calls == [1]


# ---- products


def test_reference_products() -> None:
    W = np.random.default_rng(0).integers(0, 3, (50, 40)).astype(np.float32)
    known = checked.reference(as_source(W), 3, 1)
    assert known.X.shape == (3, 50) and np.allclose(known.Y, known.X.astype(float) @ W, rtol=1e-14)
    assert known.error(known.Y.astype(np.float32)) < 1e-6
    wrong = known.Y.astype(np.float32)
    wrong[1, 7] += 1e-3 * known.scale[1, 7]
    with pytest.raises(checked.WrongProduct, match="1 of 120 entries; the worst is vector 1, column 7"):
        known.error(wrong)
    wrong[2, 3] = np.nan
    with pytest.raises(checked.WrongProduct, match="vector 2, column 3: nan"):
        known.error(wrong)
    with pytest.raises(checked.WrongProduct, match="shape"):
        known.error(wrong[:2])


def test_a_column_of_zeros_has_to_give_zero() -> None:
    known = checked.reference(as_source(np.zeros((5, 2), np.float32)), 1, 1)
    assert known.error(np.zeros((1, 2), np.float32)) == 0
    with pytest.raises(checked.WrongProduct, match="column 1"):
        known.error(np.array([[0, 1e-3]], np.float32))


def test_references_are_cached_and_made_anew_if_damaged(tmp_path: Path) -> None:
    source = as_source(np.eye(4, dtype=np.float32))
    first = checked.cached_reference(source, "ab" * 32, 2, tmp_path)
    (file,) = tmp_path.iterdir()
    assert re.fullmatch("products-2-[0-9a-f]{16}.sealed", file.name)
    file.write_bytes(b"broken")
    again = checked.cached_reference(source, "ab" * 32, 2, tmp_path)
    assert np.array_equal(first.Y, again.Y) and np.array_equal(first.X, checked.cached_reference(
        source, "ab" * 32, 2, tmp_path).X)  # fmt: skip


def test_space_verifies_what_it_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    source = as_source(np.eye(4, dtype=np.float32))
    with pytest.raises(space.LostSomething, match="csc is lossless"):
        space.encode(formats.get("csc"), source, "0" * 64)
    monkeypatch.setattr(formats.kinds()["csc"], "lossless", False)
    other = as_source(np.diag(np.float32([1, 1, 1, 3])))
    payload = formats.get("csc").encode(other)
    assert space.frobenius_error(payload, source) == pytest.approx(1.0)  # |diag(0,0,0,2)| / |eye(4)|


# ---- identity


def test_code_hashes_of_rows() -> None:
    shas = [
        hashes.code_sha("space", "sham", ""),
        hashes.code_sha("time", "sham", ""),
        hashes.code_sha("time", "ceiling:decode", "format=sham"),
        hashes.code_sha("time", "scipy_csc", ""),
        hashes.code_sha("space", "ham", ""),
    ]
    assert len(set(shas)) == 5 and all(sha and len(sha) == 16 for sha in shas)
    assert hashes.code_sha("space", "no_such_format", "") is None
    assert identity.library_versions("no-such-package") == ["no-such-package none"]


# ---- plan


def test_plan_of_a_matrix() -> None:
    two, both = (formats.get("csc"), formats.get("sham")), (peers.parse("blas_dense"), peers.parse("scipy_csr"))
    chosen = plan.Plan(("w",), two, both, bounds=True, threads=(1, 2))
    cells = expand.cells(chosen, "w")
    timed = [cell for cell in cells if cell.metric == "time"]
    space = [cell for cell in cells if cell.metric == "space"]
    # 2 formats and 3 bounds; per batch: 2 formats and 2 peers on 1 and 2 threads; 2 copies and 1 decoding on one
    assert len(space) == 5 and len(timed) == 2 * (4 * 2 + 3)
    fewer = expand.cells(plan.Plan(("w",), two, both, later_batches=(1,)), "w")
    assert [cell.batch for cell in fewer if cell.format == "scipy_csr"] == [1]
    assert [cell.batch for cell in fewer if cell.format == "blas_dense"] == [1, 8]
    assert Cell("time", "w", "ceiling:decode", "format=sham", 1, 1, "warm").label == "ceiling:decode[format=sham]"
    with pytest.raises(formats.UnknownFormat, match="did you mean csc"):
        plan.choose_formats(["cscc"])
    assert plan.choose_formats(["csc", "blas_dense", "csc"]) == ((formats.get("csc"),), (peers.parse("blas_dense"),))
    cell = Cell("systolic", "w", "csc", detail="array=32x32,input_length=1")
    assert cell.details() == {"array": "32x32", "input_length": "1"} and cell.about == "csc"


# ---- selftest


def estimates(ratios: list[float]) -> list[pairs.Estimate]:
    return [pairs.Estimate(ratio, ratio * 0.99, ratio * 1.01, 8) for ratio in ratios]


@pytest.mark.parametrize(
    ("same", "slower", "good"),
    [([1.0] * 24, [1.1] * 24, True), ([1.0] * 23 + [1.05], [1.1] * 22 + [1.0] * 2, True),
     ([1.0] * 22 + [0.95] * 2, [1.1] * 24, False), ([1.0] * 24, [1.1] * 21 + [1.0] * 3, False)],
)  # fmt: skip
def test_judging(same: list[float], slower: list[float], good: bool) -> None:
    found = {"identical": estimates(same), "10 % more work": estimates(slower)}
    judged = selftest.judge("test", found, selftest.QUIET, Console(quiet=True))
    assert judged.status == (0 if good else 3) and len(judged.short) == (not good)


def test_judging_small_differences() -> None:
    most, few = [1.03] * 22 + [1.0] * 2, [1.03] * 21 + [1.0] * 3
    wide = [pairs.Estimate(1.03, 1.005, 1.06, 8)] * 24
    for found, good in ((estimates(most), True), (estimates(few), False), (wide, False)):
        judged = selftest.judge_fine({"3 % more work": found}, Console(quiet=True))
        assert judged.status == (0 if good else 3)


def test_selftest_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With short samples and few passes; what it says of this machine is not asked."""
    short = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.1)
    monkeypatch.setattr(selftest, "Effort", lambda: short)
    monkeypatch.setattr(selftest, "FINE", short)
    assert selftest.main(1, True, True, False, Console(quiet=True)) in (0, 3)


def test_a_selftest_that_breaks_is_no_judgement(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(click.ClickException, match="a trial of the selftest failed") as raised:
        selftest.main(1, True, False, False, Console(quiet=True))
    assert raised.value.exit_code == 1


def test_trials_are_cells_of_a_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five trials of each case: two groups of processes, passes in the journal, and the work that was asked for."""
    asked: list[int] = []
    real = processes.run

    def counted(task: Task, cells: Sequence[Cell], *others: Any) -> None:
        if task.job == "trials":
            asked.append(len(cells))
        real(task, cells, *others)

    monkeypatch.setattr(processes, "run", counted)
    effort = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.1)
    with selftest.bed() as bed:
        found = bed.trials(5, effort=effort)
        finished = [row for known, row in bed.journal.rows() if known["metric"] == "trials"]
        assert len(bed.journal._read("passes")) == 20
    assert asked == [8, 8, 2, 2]
    assert {case: len(some) for case, some in found.items()} == {"identical": 5, "10 % more work": 5}
    assert sorted(row["work"] for row in finished) == [1.0] * 5 + [1.1] * 5
    assert {one.passes for some in found.values() for one in some} == {2}


# ---- pages


def test_readme_places() -> None:
    text = "a\n<!-- x -->\nold\n<!-- /x -->\nb"
    assert readme.replace_between(text, "x", "new") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb"
    with pytest.raises(ValueError, match="no place"):
        readme.replace_between(text, "y", "new")


@pytest.mark.real_data("vgg19/90-0-32")
def test_the_sizes_in_the_table_of_all_rows(mirror: Path, tmp_path: Path) -> None:
    """Times are of the machine of results/; bytes are the same everywhere, so they have to be right."""
    from dotbench import datasets

    page = (identity.ROOT / "docs" / "results.md").read_text()
    text = page.partition("<!-- table -->")[2].partition("<!-- /table -->")[0]
    source = datasets.load(readme.DATASET, cache_dir=tmp_path).matrix
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    for one in formats.standard():
        if one.name in {kind.name for kind in formats.registry.BUILT_IN}:
            size = f"{one.encode(source).nbytes:,}".replace(",", " ")
            shown = grid.short(str(one)) + ("" if one.lossless else f" {grid.LOSSY}")
            assert f" {size} " in lines[shown], shown
