"""The share of a full run that each matrix has: what all are measured by would take a day.

- the matrices of `small`: as there, batches of 8 with the spine's formats;
- covtype, census and imagenet (or their twins): passes of one round, batches of 8 with the spine's formats; of peers
  those of the spine and those that have a size;
- all others: one vector, and no pass beyond the least (of int8 layers `Plan.leaves_untimed` says which are timed).

Levels and the spine's ceilings are measured on the matrices of `small` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dotbench import datasets
from dotbench.bench.plan.cell import BOUNDS, REFERENCE, Cell
from dotbench.bench.plan.plan import SPINE, Plan

LARGE = ("covtype", "census", "imagenet")
ROOM = 4 << 30  # bytes of payloads that are cached at once besides the reference's, were they all dense


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
    if not is_large(name):
        return replace(plan, effort=effort, batches=plan.batches[:1], ceilings=False)
    peers = tuple(peer for peer in plan.peers if peer.name in SPINE or peer.stored)
    effort = replace(effort, rounds=1)
    return replace(plan, effort=effort, peers=peers, ceilings=False)


def parts(cells: Sequence[Cell], dense_bytes: int) -> Iterator[list[Cell]]:
    """The cells of a large matrix in parts: as many formats at once as there is `ROOM` for, at least one."""
    by_label: dict[str, list[Cell]] = {}
    for cell in cells:
        by_label.setdefault(REFERENCE if cell.format in BOUNDS else cell.about, []).append(cell)
    labels, step = list(by_label), max(1, ROOM // max(dense_bytes, 1))
    for begin in range(0, len(labels), step):
        yield [cell for label in labels[begin : begin + step] for cell in by_label[label]]
