"""Meters: one module a quantity, named as its CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from bench.plan import Cell, Plan
    from bench.worker import Wire


@dataclass(frozen=True)
class Place:
    """Where a run measures: machine, instruction set and compiler as rows carry them."""

    machine: str
    isa: str
    compiler: str


class Meter(Protocol):
    """What a module of this package has.

    ``SOURCES``: files below the checkout that its figures depend on, besides the format's own.
    ``KERNELS``: they depend on decoders, multipliers and the driver too. ``PLACE``: the names of `Place`
    that a finished cell is found by.
    """

    SOURCES: tuple[str, ...]
    KERNELS: bool
    PLACE: tuple[str, ...]

    def cells(self, plan: Plan, dataset: str) -> Iterator[Cell]:
        """The cells of one matrix."""

    def constant(self, cell: Cell, place: Place) -> dict[str, Any]:
        """The columns of its row that are known before anything is measured."""

    def measure(self, task: dict[str, Any], cells: list[Cell], wire: Wire) -> None:
        """The worker's job: each cell's ``wire.start``, then ``done``, ``lack`` or ``fail``."""


def meter(metric: str) -> Meter:
    """The meter of a metric's name."""
    return cast(Meter, import_module(f"bench.meters.{metric}"))
