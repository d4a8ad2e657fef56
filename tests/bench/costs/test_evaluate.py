"""Predictions held against measurements: regrets that are known beforehand, and those of the committed results."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dotbench.bench.commands import options
from dotbench.bench.costs import evaluate
from dotbench.bench.costs.evaluate import FAR, NEAR, Choice, HeldOut, choices, held_out, summary
from dotbench.bench.costs.observed import Observation, observations
from dotbench.bench.costs.predict import Predicted
from dotbench.bench.costs.work import Counts
from tests.bench.costs import made

SLOWED = "made4/0.05"  # 512 x 512


def chosen(folder: Path) -> dict[str, Choice]:
    found = choices(held_out(observations(folder), 1, "float32"))
    return {one.matrix: one for one in found}


def test_where_steps_are_all_there_is_nothing_is_regretted(tmp_path: Path) -> None:
    found = chosen(made.folder(tmp_path, {}))
    assert len(found) == 24 and all(one.regret < 0.05 for one in found.values())


def test_the_regret_of_a_format_that_was_slower_than_predicted(tmp_path: Path) -> None:
    found = chosen(made.folder(tmp_path, {(SLOWED, "csc"): 9.0}))[SLOWED]
    nnz = int(0.05 * 512 * 512)
    csc, dense = (made.ns(label, made.counts(label, 512, 512, nnz)) for label in ("csc", "dense"))
    assert (found.predicted, found.best, found.ordered) == ("csc", "dense", True)
    assert found.regret == pytest.approx(9 * csc / dense - 1, rel=1e-3)


def test_a_family_is_predicted_without_its_own(tmp_path: Path) -> None:
    """What is slower in the whole family is not known to the fit."""
    slower = {(f"made4/{share:g}", "csc"): 9.0 for share in made.DENSITIES}
    assert chosen(made.folder(tmp_path, slower))[SLOWED].predicted == "csc"


def held(label: str, ns: float, said: float, size: int, lossless: bool = True) -> HeldOut:
    counts = Counts(64, 64, 400, 30, "float32", size)
    return HeldOut(Observation("w", "w", label, 1, 1, counts, ns, lossless), Predicted(label, said, size))


FOUND = [held("dense", 100, 101, 16424), held("bsr", 70, 60, 18000), held("csc", 90, 100, 3000),
         held("ham", 300, 200, 900), held("column_combined", 10, 10, 500, lossless=False),
         held("blas_dense", 60, 50, 16384)]  # fmt: skip


def test_lossy_formats_and_numpy_are_no_candidates() -> None:
    assert choices(FOUND)[0] == Choice("w", "bsr", "bsr", 0.0, True)
    assert choices(FOUND, blas=True)[0] == Choice("w", "blas_dense", "blas_dense", 0.0, True)


def test_candidates_no_larger_than_dense() -> None:
    some = [*FOUND, held("csc_min", 95, 99, 2500)]
    assert choices(some, not_larger=True)[0] == Choice("w", "csc_min", "csc", pytest.approx(95 / 90 - 1), False)


def test_a_choice_of_few_formats_does_not_count() -> None:
    assert choices(FOUND[:3]) == []


def test_the_summary_counts_regrets_and_orders() -> None:
    some = [Choice("a", "x", "x", 0.0, True), Choice("b", "x", "y", 0.1, False), Choice("c", "x", "y", 0.02, None)]
    assert summary(some) == (
        "  3 matrices: within 3 % 66.7%, within 15 % 100.0%, worst  10.0%, best two in order 1 of 2"
    )


def test_predictions_of_the_committed_results_are_as_good_as_was_asked_for() -> None:
    """One vector, real float32 matrices, formats no larger than the dense array, a family left out at a time."""
    found = held_out(observations(options.RESULTS), 1, "float32", points=False)
    regrets = [one.regret for one in choices(found, not_larger=True)]
    told = [one.ordered for one in choices(found, not_larger=True) if one.ordered is not None]
    assert len(regrets) > 50
    assert sum(one <= NEAR for one in regrets) / len(regrets) >= 0.95 and max(regrets) <= FAR
    assert sum(told) / len(told) >= 0.9


def test_the_command_says_regrets_and_the_worst(tmp_path: Path) -> None:
    results = made.folder(tmp_path, {(SLOWED, "csc"): 9.0})
    done = CliRunner().invoke(evaluate.main, ["--results", str(results), "--errors"])
    assert done.exit_code == 0, done.output
    assert "24 matrices: within 3 % 95.8%" in done.output and f"{SLOWED}: csc, where dense is best" in done.output
    assert "cells                    median" in done.output
