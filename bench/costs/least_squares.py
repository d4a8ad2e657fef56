"""Nanoseconds a step from measured products: least squares of relative errors, no step below zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dotbench.bench.costs.observed import Observation
from dotbench.bench.costs.work import kinds, steps

TURNS = 3  # of weighting anew by the errors of the fit before
LARGE = 0.2  # a relative error from which on a product counts less, as 0.2 over its error: few are far off
USUALLY = 0.8  # share of the products whose error a format's is
RIDGE = 1e-4  # pulls on steps that always come together, so that the answer is one and the same everywhere


def fit(observations: Sequence[Observation]) -> dict[str, float]:
    """Nanoseconds a step of products of one format, one type and one batch; steps that take nothing left out.

    Errors are relative: rows are divided by their nanoseconds. ValueError where there are none.

    >>> from dotbench.bench.costs.work import Counts
    >>> sizes = ((8, 64), (64, 8), (64, 64), (512, 64), (64, 512), (512, 512), (1024, 256))
    >>> made = [Counts(n, m, n * m, 9, "float32", 4 * n * m) for n, m in sizes]
    >>> found = fit([Observation("w", "w", "dense", 1, 1, one, 50 + 0.1 * one.entries) for one in made])
    >>> round(found["product"]), round(found["entry"], 2)
    (50, 0.1)
    """
    from scipy.optimize import nnls  # slow to import

    if not observations:
        raise ValueError("nothing was measured that steps could be fitted to")
    names = kinds(observations[0].label)
    counted = [steps(one.label, one.counts, one.batch) for one in observations]
    ns = np.array([one.ns for one in observations])
    shares = np.array([[each.get(name, 0.0) for name in names] for each in counted]) / ns[:, None]
    given = np.sqrt(np.array([one.weight for one in observations]))
    size = np.sqrt((shares**2).mean(axis=0))
    size[size == 0] = 1
    scaled, weights = shares / size, given
    pull = np.eye(len(names)) * np.sqrt(RIDGE)
    for _ in range(TURNS):
        rows = np.vstack([scaled * weights[:, None], pull])
        found, _norm = nnls(rows, np.concatenate([weights, np.zeros(len(names))]))
        errors = np.abs(scaled @ found - 1)
        weights = given * np.sqrt(np.minimum(1, LARGE / np.maximum(errors, 1e-12)))
    return {name: float(value) for name, value in zip(names, found / size, strict=True) if value > 0}


def spread(fitted: dict[str, float], observations: Sequence[Observation]) -> float:
    """The relative error that four of five products stay below."""
    errors = [abs(cost(fitted, one) / one.ns - 1) for one in observations]
    return float(np.quantile(errors, USUALLY))


def cost(fitted: dict[str, float], one: Observation) -> float:
    """Nanoseconds that the steps of a product add up to."""
    counted = steps(one.label, one.counts, one.batch)
    return sum(fitted.get(name, 0.0) * count for name, count in counted.items())
