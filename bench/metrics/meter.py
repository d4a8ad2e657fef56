"""Meters: one module a quantity, named as its CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.plan.cell import Cell
    from dotbench.bench.plan.plan import Plan
    from dotbench.bench.record.code_hash.roots import Roots


@dataclass(frozen=True)
class Place:
    """Where a run measures: machine, instruction set and compiler as rows carry them."""

    machine: str
    isa: str
    compiler: str


class Meter(Protocol):
    """What a module of this package has.

    ``ROOTS``: what its figures depend on besides a row's own format or peer, by the kind of what is measured:
    ``format``, ``peer``, ``bound`` or ceiling. ``PLACE``: the names of `Place` that a finished cell is found by.
    """

    ROOTS: Mapping[str, Roots]
    PLACE: tuple[str, ...]

    def cells(self, plan: Plan, dataset: str) -> Iterator[Cell]:
        """The cells of one matrix."""

    def constant(self, cell: Cell, place: Place) -> dict[str, Any]:
        """The columns of its row that are known before anything is measured."""

    def measure(self, task: dict[str, Any], cells: list[Cell], wire: Wire) -> None:
        """The worker's job: each cell's ``wire.start``, then ``done``, ``lack`` or ``fail``."""


def meter(metric: str) -> Meter:
    """The meter of a metric's name."""
    return cast(Meter, import_module(f"dotbench.bench.metrics.{metric}"))
