"""Ratios of breakeven.csv as nanoseconds: what the dense product of each shape and batch took.

It is what brings the ratios of the formats nearest to what their steps say, and these are fitted to real matrices too:
it is found in turns, the steps first. Where no real matrix of a type was timed with a batch (int8: 8 and 32), a dense
product counts as long as its vectors one by one, and where none was timed at all, as long as its entries: formats are
then compared with each other, and their nanoseconds are a guess.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from dotbench.bench.costs.least_squares import cost, fit
from dotbench.bench.costs.observed import Observation

ROUNDS = 6
GUESS = 0.02  # ns an entry of a dense product
LEAST = 5  # products that steps are fitted to, at the least
# Formats whose steps are plain: a nonzero, an entry or a byte each. The others would bring their own errors in.
STEADY = ("blas_dense", "bsr", "csc", "csc_min", "csc_palette", "csr16", "dense", "dense_s8", "psr8")
Shape = tuple[int, int, int, str]


def anchored(observations: Sequence[Observation]) -> list[Observation]:
    """The same, with nanoseconds instead of ratios."""
    scales = _scales([one for one in observations if one.threads == 1 and one.label in STEADY])

    def scale(one: Observation) -> float:
        n, m, batch, dtype = _shape(one)
        return scales.get(_shape(one)) or batch * scales.get((n, m, 1, dtype), GUESS * n * m)

    return [replace(one, ns=one.ns * scale(one)) if one.is_point else one for one in observations]


def _shape(one: Observation) -> Shape:
    return one.counts.n, one.counts.m, one.batch, one.counts.dtype


def _scales(observations: Sequence[Observation]) -> dict[Shape, float]:
    groups: dict[tuple[str, str, int], list[Observation]] = {}
    for one in observations:
        groups.setdefault((one.label, one.counts.dtype, one.batch), []).append(one)
    groups = {key: some for key, some in groups.items() if sum(not one.is_point for one in some) >= LEAST}
    scales: dict[Shape, float] = {}
    for _ in range(ROUNDS):
        logs: dict[Shape, list[float]] = {}
        for some in groups.values():
            known = [one for one in some if not one.is_point or _shape(one) in scales]
            fitted = fit([replace(one, ns=one.ns * scales[_shape(one)]) if one.is_point else one for one in known])
            for one in some:
                if one.is_point and (said := cost(fitted, one)) > 0:
                    logs.setdefault(_shape(one), []).append(math.log(said / one.ns))
        scales = {shape: math.exp(statistics.median(some)) for shape, some in logs.items()}
    return scales
