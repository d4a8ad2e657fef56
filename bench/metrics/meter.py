"""Meters: one module a quantity, named as its CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from dotbench.bench.metrics.place import Place as Place

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task
    from dotbench.bench.plan.cell import Cell
    from dotbench.bench.plan.plan import Plan
    from dotbench.bench.record.code_hash.roots import Roots


class Meter(Protocol):
    """What a module of this package has.

    ``ROOTS``: what its figures depend on besides a row's own format or peer, by the kind of what is measured:
    ``format``, ``peer``, ``bound`` or ceiling. ``PLACE``: the names of `Place` that a finished cell is found by.
    ``READS_PAYLOADS``, if it is there, is False: nothing has to be encoded before. ``ALONE``: a process a cell.
    """

    ROOTS: Mapping[str, Roots]
    PLACE: tuple[str, ...]

    def cells(self, plan: Plan, dataset: str) -> Iterator[Cell]:
        """The cells of one matrix."""

    def constant(self, cell: Cell, place: Place) -> dict[str, Any]:
        """The columns of its row that are known before anything is measured."""

    def measure(self, task: Task, cells: list[Cell], wire: Wire) -> None:
        """The worker's job: each cell's ``wire.start``, then ``done``, ``lack`` or ``fail``."""

    def of_passes(
        self, cell: Cell, passes: Sequence[dict[str, Any]], nnz: int, encode_seconds: float | None, stop: str
    ) -> dict[str, Any]:
        """Only of what is measured in passes: the columns of a row from what ``done`` said in each, of which
        ``log_ratio`` and ``sampling_seconds`` are needed by all. ``stop``: why there are no more passes."""


# Jobs that are measured as metrics are, and have no file of results.
ELSEWHERE = {
    "races": "dotbench.bench.timing.pairwise",
    "trials": "dotbench.bench.trust.trials",
    "encoding": "dotbench.bench.goals.encoding",
    "firmware": "dotbench.bench.microcontroller.targets",
}


def meter(metric: str) -> Meter:
    """The meter of a metric's name."""
    return cast(Meter, import_module(ELSEWHERE.get(metric, f"dotbench.bench.metrics.{metric}")))


def in_passes(metric: str) -> bool:
    """Whether it is measured in passes, each in a fresh process, until its interval is narrow."""
    return hasattr(meter(metric), "of_passes")


def is_alone(metric: str) -> bool:
    """Whether each of its cells has a process of its own."""
    return getattr(meter(metric), "ALONE", False)


def reads_payloads(metric: str) -> bool:
    """Whether formats have to be encoded before it is measured."""
    return getattr(meter(metric), "READS_PAYLOADS", True)
