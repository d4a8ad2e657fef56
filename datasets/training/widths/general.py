"""The same choice put to general solvers, unit by unit as the papers do: a cross-check of `exact`.

A unit is a variable of 0 or 1, and so is a 1x1 kernel, which is kept if both its ends are. SciPy's HiGHS is
always there; OR-Tools' CP-SAT is the extra ``solvers``. What runs out of time returns what it has, and a bound
on what there may be: so both end on DS-CNN S at 25 % after 40 s, with bounds 7 and 36 % above the optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dotbench.datasets.training.widths.networks import Chain, DsCnn, Network

Integers = npt.NDArray[np.int64]


@dataclass
class Model:
    """Maximise the sum of ``value`` over chosen variables, that of ``cost`` at most ``budget``.

    ``fixed``: variables that are chosen anyway. ``implies``: pairs (a, b), a only with b. ``both``: triples
    (k, a, b), k if a and b are chosen.
    """

    value: list[int] = field(default_factory=list)
    cost: list[int] = field(default_factory=list)
    fixed: list[int] = field(default_factory=list)
    implies: list[tuple[int, int]] = field(default_factory=list)
    both: list[tuple[int, int, int]] = field(default_factory=list)
    budget: int = 0

    def add(self, value: int, cost: int) -> int:
        """A new variable's number; ValueError for an importance that is no integer, which CP-SAT cannot take."""
        if value != int(value):
            raise ValueError(
                f"an importance of {value}: general solvers take integers, so scale and round (1e5 is usual)"
            )
        self.value.append(int(value))
        self.cost.append(int(cost))
        return len(self.value) - 1

    def add_units(self, values: Sequence[int], cost: int, kept: int) -> list[int]:
        """A variable for each unit of a layer, each only with the one before it; the first ``kept`` are chosen."""
        units = [self.add(value, cost) for value in values]
        self.fixed += units[:kept]
        self.implies += list(zip(units[1:], units[:-1], strict=True))
        return units


@dataclass(frozen=True)
class Answer:
    """``importance`` of the best choice that was found, and the ``bound`` that no choice exceeds."""

    importance: int
    bound: float


def model_of(network: Network, budget: int, lower: Sequence[int]) -> Model:
    """The choice of units for a budget, with at least ``lower`` of each layer; importances are integers."""
    model = Model(budget=budget)
    if isinstance(network, Chain):
        for values, cost, kept in zip(network.unit_importance, network.unit_multiplications, lower, strict=True):
            model.add_units(values.tolist(), cost, kept)
    elif isinstance(network, DsCnn):
        _add_blocks(model, network, lower)
    else:
        raise TypeError(f"no model of a {type(network).__name__}: there are those of Chain and DsCnn")
    return model


def _add_blocks(model: Model, network: DsCnn, lower: Sequence[int]) -> None:
    """Units, each with the depthwise filter behind it, and the 1x1 kernels between those that are kept."""
    first, depthwise, kernel = network.unit_multiplications
    layers = [network.convolution.tolist(), *([0] * len(kernels) for kernels in network.kernels)]
    before: list[int] = []
    for layer, (values, kept) in enumerate(zip(layers, lower, strict=True)):
        after = network.depthwise[layer].tolist() if layer < len(network.depthwise) else [0] * len(values)
        cost = (first if layer == 0 else 0) + (depthwise if layer < len(network.depthwise) else 0)
        units = model.add_units([a + b for a, b in zip(values, after, strict=True)], cost, kept)
        for t, source in enumerate(before):
            for f, target in enumerate(units):
                one = model.add(network.kernels[layer - 1][f, t], kernel)
                model.implies += [(one, source), (one, target)]
                model.both.append((one, source, target))
        before = units


def highs(model: Model, seconds: float = 60.0) -> Answer:
    """By SciPy's HiGHS."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    count = len(model.value)
    rows = [
        [(variable, cost) for variable, cost in enumerate(model.cost)],
        *([(a, 1), (b, -1)] for a, b in model.implies),
        *([(a, 1), (b, 1), (k, -1)] for k, a, b in model.both),
    ]
    upper = [model.budget, *[0] * len(model.implies), *[1] * len(model.both)]
    row_of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    columns, weights = np.array([pair for row in rows for pair in row]).T
    matrix = coo_array((weights, (row_of, columns)), shape=(len(rows), count)).tocsr()
    least = np.zeros(count)
    least[model.fixed] = 1
    found = milp(
        -np.array(model.value, np.float64),
        integrality=np.ones(count, np.int64),
        bounds=Bounds(least, 1),
        constraints=LinearConstraint(matrix, ub=upper),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise RuntimeError(f"HiGHS found nothing in {seconds:.0f} s: {found.message}")
    return Answer(_value(model, np.flatnonzero(np.round(found.x)).tolist()), -found.mip_dual_bound)


def cp_sat(model: Model, seconds: float = 60.0) -> Answer:
    """By OR-Tools' CP-SAT, one thread; ImportError that names the extra where it is not installed."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise ImportError("OR-Tools is not installed: python -m pip install 'ortools>=9.14'") from error
    asked = cp_model.CpModel()
    variables = [asked.new_bool_var(f"unit {i}") for i in range(len(model.value))]
    asked.add(cp_model.LinearExpr.weighted_sum(variables, model.cost) <= model.budget)
    for variable in model.fixed:
        asked.add(variables[variable] == 1)
    for a, b in model.implies:
        asked.add_implication(variables[a], variables[b])
    for k, a, b in model.both:
        asked.add_bool_or(variables[k], variables[a].negated(), variables[b].negated())
    asked.maximize(cp_model.LinearExpr.weighted_sum(variables, model.value))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_time_in_seconds = 1, seconds
    status = solver.solve(asked)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError(f"CP-SAT found nothing in {seconds:.0f} s: {solver.status_name(status)}")
    chosen = [i for i, variable in enumerate(variables) if solver.boolean_value(variable)]
    return Answer(_value(model, chosen), solver.best_objective_bound)


def _value(model: Model, chosen: list[int]) -> int:
    """The importance of a choice, in integers, after a look at the budget: solvers round."""
    cost = sum(model.cost[i] for i in chosen)
    if cost > model.budget or not set(model.fixed) <= set(chosen):
        raise ArithmeticError(f"the solver's choice takes {cost} multiplications of {model.budget}, or lacks units")
    return sum(model.value[i] for i in chosen)
