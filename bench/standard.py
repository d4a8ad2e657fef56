"""The share of a full run that each matrix has: what all are measured by would take a day.

- the matrices of `small`: as there, batches of 8 with the spine's formats;
- covtype, census and imagenet (or their twins): passes of one round, batches of 8 with the spine's formats, ceilings
  with one vector, no levels: a sub-network of a table of features is none;
- layers of published int8 networks (`zoo`): space and cycles, and of those in `zoo.TIMED` time with one vector;
- all others: one vector, and no pass beyond the least.

Ceilings are the spine's.
"""

from __future__ import annotations

from dataclasses import replace

import datasets
from bench.plan import Plan

LARGE = ("covtype", "census", "imagenet")


def is_large(name: str) -> bool:
    """Whether a matrix is one of the three large ones, or the twin of one.

    >>> is_large("imagenet~twin"), is_large("covtype-38pct")
    (True, False)
    """
    return name.removesuffix(datasets.TWIN) in LARGE


def share(plan: Plan, name: str) -> Plan:
    """The plan of one matrix; the plan itself where it is none of a full run."""
    if not plan.full or name.removesuffix(datasets.TWIN) in datasets.SMALL:
        return plan
    effort = replace(plan.effort, most_passes=plan.effort.passes)
    if name in datasets.zoo.entries():
        wanted = ("space", "cycles", "time") if name in datasets.zoo.TIMED else ("space", "cycles")
        metrics = tuple(metric for metric in plan.metrics if metric in wanted)
        return replace(plan, effort=effort, metrics=metrics, batches=plan.batches[:1], ceilings=False)
    if not is_large(name):
        return replace(plan, effort=effort, batches=plan.batches[:1], ceilings=False)
    metrics = tuple(metric for metric in plan.metrics if metric != "levels")
    effort = replace(effort, rounds=1)
    return replace(plan, effort=effort, metrics=metrics, ceiling_batches=plan.batches[:1])
