"""Widths of nested levels: hand cases, every choice tried, general solvers, the published cases, refusals."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.datasets.training.widths import BudgetError, Chain, DsCnn, Network, read_case, solve
from dotbench.datasets.training.widths.general import Answer, Model, cp_sat, highs, model_of

ORTOOLS = pytest.mark.skipif(
    importlib.util.find_spec("ortools") is None, reason="no OR-Tools: pip install -e '.[solvers]' brings it"
)
SOLVERS = [highs, pytest.param(cp_sat, marks=ORTOOLS)]


def falling(rng: np.random.Generator, count: int, most: int = 1000) -> list[int]:
    return sorted(rng.integers(0, most, count).tolist(), reverse=True)


def chain(seed: int, *units: int) -> Chain:
    rng = np.random.default_rng(seed)
    return Chain([falling(rng, count) for count in units], rng.integers(1, 30, len(units)).tolist(), outputs=5)


def ds_cnn(seed: int, *units: int) -> DsCnn:
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(units))
    kernels = [rng.integers(0, 200, (after, before)) for before, after in pairs]
    return DsCnn(falling(rng, units[0]), [falling(rng, before) for before, _ in pairs], kernels, (40, 9, 2), 30)


def every_choice(network: Network, lower: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(low, most + 1) for low, most in zip(lower, network.units, strict=True)))


# ---- what widths cost and keep


def test_a_chain_by_hand() -> None:
    """4 inputs, layers of 3 and 2, 5 outputs."""
    network = Chain([[5, 3, 1], [4, 2]], [4, 3], outputs=5, value_bytes=1)
    assert network.multiplications((2, 1)) == 2 * 4 + 1 * 3
    assert network.true_multiplications((2, 1)) == 4 * 2 + 2 * 1 + 1 * 5
    assert network.importance((2, 1)) == 5 + 3 + 4
    assert network.peak_bytes((2, 1)) == 4 + 2 and network.peak_bytes((2, 1), together=False) == 4
    assert network.budgets() == [round(18 * share) for share in (0.25, 0.5, 0.75)] == [4, 9, 14]


def test_a_ds_cnn_by_hand() -> None:
    """One block: 2 filters, 3 outputs, 10 positions, so that maps have 10 values a channel."""
    network = DsCnn([7, 4], [[6, 3]], [[[1, 2], [10, 20], [100, 200]]], (400, 90, 10), input_values=50)
    assert network.units == (2, 3)
    assert network.multiplications((2, 3)) == network.true_multiplications((2, 3)) == 2 * 400 + 2 * 90 + 6 * 10
    assert network.importance((2, 3)) == 7 + 4 + 6 + 3 + 333
    assert network.importance((1, 2)) == 7 + 6 + 1 + 10  # kernels of input 0 and of outputs 0 and 1
    assert network.peak_bytes((2, 1)) == 4 * (50 + 20) and network.peak_bytes((1, 3)) == 4 * 60
    assert network.peak_bytes((2, 3)) == 4 * 70 and network.peak_bytes((2, 3), together=False) == 4 * 50
    wide = DsCnn([7, 4], [[6, 3]], [[[1, 2], [10, 20], [100, 200]]], (400, 90, 10))
    assert wide.peak_bytes((2, 3)) == 4 * 50 and wide.peak_bytes((2, 1)) == 4 * 40  # depthwise in and out


# ---- the exact solver against every choice


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(chain, (5,)), (chain, (4, 6)), (chain, (3, 5, 4)), (ds_cnn, (4, 5)), (ds_cnn, (3, 4, 2, 4))]),
    st.sampled_from([None, True, False]),
    st.integers(30, 100),
)
def test_exact_against_every_choice(
    seed: int, kind: tuple[Callable[..., Network], tuple[int, ...]], together: bool | None, percent: int
) -> None:
    """The best importance, the cheapest way to it, bottom-up, under a budget of memory or without one."""
    network = kind[0](seed, *kind[1])
    peak = None
    if together is not None:
        peak = max(
            network.peak_bytes(network.units, together) * percent // 100,
            network.peak_bytes([1] * len(network.units), together),
        )
    least = network.multiplications([1] * len(network.units))
    budgets = [max(budget, least) for budget in network.budgets((20, 45, 70, 100))]
    lower = (1,) * len(network.units)
    for level in solve(network, budgets, minimum=1, peak_bytes=peak, together=bool(together)):
        fitting = [
            (network.importance(widths), -network.multiplications(widths))
            for widths in every_choice(network, lower)
            if network.multiplications(widths) <= level.budget
            and (peak is None or network.peak_bytes(widths, bool(together)) <= peak)
        ]
        assert (level.importance, -level.multiplications) == max(fitting)
        assert network.importance(level.widths) == level.importance
        assert network.multiplications(level.widths) == level.multiplications
        assert all(low <= width for low, width in zip(lower, level.widths, strict=True))
        lower = level.widths


def test_importances_may_be_no_integers() -> None:
    network = Chain([[0.5, 0.25, 0.125], [0.4, 0.3]], [2, 3])
    (level,) = solve(network, [10], minimum=1)
    assert level.widths == (2, 2) and level.importance == pytest.approx(1.45)


def test_minimum_widths_are_those_of_the_papers() -> None:
    assert solve(chain(0, 4, 4), [10**6])[0].widths == (4, 4)
    network = Chain([[9, 1, 1], [100, 90, 80]], [1, 1])
    assert solve(network, [5])[0].widths == (2, 3) and solve(network, [4], minimum=1)[0].widths == (1, 3)
    assert solve(ds_cnn(0, 3, 3), [40 + 9 + 2])[0].widths == (1, 1)


# ---- general solvers


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "network", [chain(1, 8, 9, 7), ds_cnn(2, 5, 4), ds_cnn(3, 4, 5, 6)], ids=["chain", "block", "blocks"]
)
def test_general_solvers_agree(solver: Callable[[Model], Answer], network: Network) -> None:
    lower = (network.minimum,) * len(network.units)
    for level in solve(network, network.budgets((40, 60, 80))):
        answer = solver(model_of(network, level.budget, lower))
        assert answer.importance == level.importance and answer.bound == pytest.approx(level.importance)
        lower = level.widths


@pytest.mark.parametrize("solver", SOLVERS)
def test_general_solvers_say_what_they_cannot(solver: Callable[[Model], Answer]) -> None:
    with pytest.raises(RuntimeError, match="found nothing"):
        solver(model_of(chain(1, 3, 3), 1, (2, 2)))
    with pytest.raises(ValueError, match="an importance of 0.5: general solvers take integers"):
        model_of(Chain([[0.5, 0.25]], [1]), 1, (1,))
    with pytest.raises(TypeError, match="no model of a int"):
        model_of(3, 1, (2,))  # type: ignore[arg-type]


def test_without_ortools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(ImportError, match="OR-Tools is not installed: python -m pip install"):
        cp_sat(model_of(chain(1, 3, 3), 100, (2, 2)))


# ---- the published cases

DNN_S = [(6, 74, 50), (50, 107, 75), (112, 122, 87)]
DNN_S_IMPORTANCE = [186236616, 274200779, 343122631]
DS_CNN_S = [(63, 18, 30, 2, 20), (64, 63, 34, 7, 20), (64, 63, 62, 41, 20)]
DS_CNN_S_IMPORTANCE = [26118903, 39480524, 47868858]


@pytest.mark.real_data("reds")
def test_dnn_s(mirror: Path) -> None:
    """Budgets as published, and what they are: 25, 50, 75 % of 77 472 are 7.9, 33.8, 67.3 % of 79 200."""
    network, budgets = read_case(mirror / "reds" / "reds_dnn_s_case.json", outputs=12)
    assert network.multiplications(network.units) == 77472 and network.true_multiplications(network.units) == 79200
    assert budgets == network.budgets() == [19368, 38736, 58104]
    levels = solve(network, budgets)
    assert [level.widths for level in levels] == DNN_S
    assert [level.importance for level in levels] == DNN_S_IMPORTANCE
    shares = [100 * network.true_multiplications(level.widths) / 79200 for level in levels]
    assert [round(share, 1) for share in shares] == [7.9, 33.8, 67.3]


@pytest.mark.real_data("reds")
@pytest.mark.parametrize("solver", SOLVERS)
def test_general_solvers_on_dnn_s(mirror: Path, solver: Callable[[Model], Answer]) -> None:
    network, budgets = read_case(mirror / "reds" / "reds_dnn_s_case.json")
    lower = (2, 2, 2)
    for budget, importance, widths in zip(budgets, DNN_S_IMPORTANCE, DNN_S, strict=True):
        answer = solver(model_of(network, budget, lower))
        assert answer.importance == importance and answer.bound == pytest.approx(importance, rel=1e-9)
        lower = widths


@pytest.mark.real_data("reds")
def test_ds_cnn_s(mirror: Path) -> None:
    network, budgets = read_case(mirror / "reds" / "reds_ds_cnn_s_case.json")
    assert network.units == (64,) * 5 and network.multiplications(network.units) == 2656000
    assert budgets == network.budgets() == [664000, 1328000, 1992000]
    levels = solve(network, budgets)
    assert [level.widths for level in levels] == DS_CNN_S
    assert [level.importance for level in levels] == DS_CNN_S_IMPORTANCE


@pytest.mark.real_data("reds")
def test_ds_cnn_s_by_multiplications_left(mirror: Path) -> None:
    """Another way to the same optimum: the best for every number of multiplications, in units of 125."""
    network, budgets = read_case(mirror / "reds" / "reds_ds_cnn_s_case.json")
    lower = (1,) * 5
    for budget, known, widths in zip(budgets, DS_CNN_S_IMPORTANCE, DS_CNN_S, strict=True):
        room = budget // 125
        best = {0: np.where(np.arange(room + 1) >= 0, 0, 0)}
        for step, low in zip(network.steps, lower, strict=True):
            after = {}
            for width in range(low, 65):
                row = np.full(room + 1, -1)
                for before, kept in best.items():
                    cost = int(step.multiplications[before, width]) // 125
                    if cost <= room:
                        moved = np.where(kept >= 0, kept + step.importance[before, width], -1)
                        np.maximum(row[cost:], moved[: room + 1 - cost], out=row[cost:])
                after[width] = row
            best = after
        assert max(int(row.max()) for row in best.values()) == known
        lower = widths


# ---- refusals


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([[3, 2]], [4, 5]), "importances of 1 layers, and multiplications a unit of 2"),
        (([], []), "importances of 0 layers"),
        (([[3, 2], [1]], [4, 0]), r"multiplications a unit are \[4, 0\]: all are at least 1"),
        (([[2, 3]], [4]), "the importance of layer 0 rises at unit 1: sort the units"),
        (([[3, np.nan]], [4]), "the importance of layer 0 has nan in it"),
        (([[3, -1]], [4]), "the importance of layer 0 has -1 in it"),
        (([[[3, 1]]], [4]), r"the importance of layer 0 is int64 of shape \(1, 2\): 1-dimensional numbers"),
        (([[]], [4]), "1-dimensional numbers are needed"),
        (([["a"]], [4]), "1-dimensional numbers are needed"),
    ],
)
def test_chains_that_are_none(arguments: tuple[Any, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Chain(*arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([2, 1], [[3, 2]], [], (4, 2, 1)), "importances of 1 depthwise and 0 pointwise layers"),
        (([2, 1], [[3, 2, 1]], [[[1, 1]]], (4, 2, 1)), r"depthwise layer of block 1 is of shape \(3,\): 2 importances"),
        (([2, 1], [[3, 2]], [[[1, 1, 1]]], (4, 2, 1)), r"pointwise layer of block 1 is of shape \(1, 3\): any by 2"),
        (([2, 1], [[3, 2]], [[[1, 1]]], (4, 0, 1)), r"multiplications are \[4, 0, 1\]"),
    ],
)
def test_ds_cnns_that_are_none(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DsCnn(*arguments)


def test_budgets_that_cannot_be_met() -> None:
    """The error says the smallest budget that can; that one is met."""
    network = chain(4, 5, 6)
    smallest = network.multiplications((2, 2))
    with pytest.raises(
        BudgetError,
        match=rf"{smallest - 1} multiplications cannot be met: widths \(2, 2\) are the least, and take {smallest}$",
    ):
        solve(network, [smallest - 1])
    assert solve(network, [smallest])[0].widths == (2, 2)
    least = network.peak_bytes((2, 2))
    with pytest.raises(
        BudgetError, match=rf"{least - 1} bytes of activations cannot be met: widths \(2, 2\) take {least}$"
    ):
        solve(network, [10**6], peak_bytes=least - 1)
    with pytest.raises(ValueError, match="out of order"):
        solve(network, [100, 90])
    for minimum in (0, 6):
        with pytest.raises(ValueError, match=rf"at least {minimum} units a layer: this network has layers of \(5, 6\)"):
            solve(network, [100], minimum=minimum)
    with pytest.raises(ValueError, match=r"widths \(5, 7\) are none of this network: at most \(5, 6\)"):
        network.importance((5, 7))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "has neither of importance_sorted and kernel_importance"),
        ("[1", "w.json: Expecting"),
        ('{"importance_sorted": [[2, 1]], "budgets": [4]}', "w.json lacks 'macs_per_unit'"),
        ('{"importance_sorted": [[2, 1]], "macs_per_unit": [1, 2], "budgets": [4]}', "w.json: importances of 1 layers"),
        ('{"importance_sorted": [[2, 1]], "macs_per_unit": [1], "budgets": null}', "w.json: "),
        (
            '{"importance_sorted": [[[2], [1]], [2]], "macs_per_unit": [1, 1], "budgets": []}',
            "w.json: the importance of",
        ),
    ],
)
def test_cases_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "w.json").write_text(text)
    with pytest.raises(ValueError, match=says):
        read_case(tmp_path / "w.json")


def test_cases(tmp_path: Path) -> None:
    case = {"importance_sorted": [[3, 2]], "macs_per_unit": [7], "budgets": [7.0, 14], "outputs": 3}
    (tmp_path / "w.json").write_text(json.dumps(case))
    network, budgets = read_case(tmp_path / "w.json")
    assert budgets == [7, 14] and network.true_multiplications((2,)) == 2 * 7 + 2 * 3
