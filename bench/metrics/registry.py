"""The metrics there are: the built-in tuple, and what other packages bring (entry points ``dotbench.metrics``)."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from dotbench.bench.metrics import (
    board,
    breakeven,
    cycles,
    energy,
    instructions,
    levels,
    space,
    systolic,
    time,
    trial,
)
from dotbench.bench.metrics.faults import faults
from dotbench.bench.metrics.metric import Metric
from dotbench.cdot.entry_points import Broken, Wrong, distribution_of, loaded

GROUP = "dotbench.metrics"
ALL: tuple[Metric, ...] = (  # in the order in which a run measures them
    space.METRIC,
    systolic.METRIC,
    levels.METRIC,
    instructions.METRIC,
    cycles.METRIC,
    board.METRIC,
    time.METRIC,
    energy.METRIC,
    breakeven.METRIC,
)
JOBS = ("races", "trials", "encoding", "firmware")  # what workers do besides (dotbench.bench.run.jobs)


def _checked(metric: Any, point: EntryPoint, found: list[Metric]) -> Metric:
    if not isinstance(metric, Metric):
        raise Wrong(f"{metric!r:.80} is no dotbench.bench.metrics.metric.Metric")
    if wrong := faults(metric, [*JOBS, *(one.name for one in (*ALL, *found))]):
        raise Wrong("; ".join(wrong))
    return metric


@cache
def _plugins() -> tuple[list[Metric], list[Broken], dict[str, str]]:
    """Metrics, those that are left out, and the distributions of the former by name."""
    distributions: dict[str, str] = {}

    def checked(metric: Any, point: EntryPoint, found: list[Metric]) -> Metric:
        good = _checked(metric, point, found)
        distributions[good.name] = distribution_of(point)
        return good

    return *loaded(GROUP, checked), distributions


@cache
def unfit() -> dict[str, Broken]:
    """The metrics of other packages that a run cannot ask, by name: their roots are not found, or what they say of
    cells is of no use. For whoever begins a run or lists what there is; it takes longer than a worker has."""
    found, _, distributions = _plugins()
    return {metric.name: Broken(distributions[metric.name], why) for metric in found if (why := trial.fault(metric))}


def distribution(name: str) -> str:
    """The distribution that a metric is of; empty for the built-in ones."""
    return _plugins()[2].get(name, "")


def broken() -> tuple[str, ...]:
    """A line for each plug-in that a run leaves out: which, and why."""
    return (*map(str, _plugins()[1]), *map(str, unfit().values()))


@cache
def _by_name() -> dict[str, Metric]:
    known = (*ALL, *_plugins()[0])
    return {metric.name: metric for metric in sorted(known, key=lambda metric: metric.shown)}


def get(name: str) -> Metric:
    """The metric of a name; KeyError where there is none.

    >>> get("space").headline.column
    'bytes'
    """
    return _by_name()[name]


def is_known(name: str) -> bool:
    """Whether there is a metric of that name.

    >>> is_known("space"), is_known("spice")
    (True, False)
    """
    return name in _by_name()


def names() -> tuple[str, ...]:
    """The names of all metrics, which are those of their files, in the order in which these are shown.

    >>> names()[:3]
    ('space', 'time', 'instructions')
    """
    return tuple(_by_name())


def shown() -> tuple[Metric, ...]:
    """All metrics in that order."""
    return tuple(_by_name().values())


def in_runs() -> tuple[Metric, ...]:
    """What a run measures, in its order.

    >>> [metric.name for metric in in_runs()][:3]
    ['space', 'systolic', 'levels']
    """
    return tuple(metric for metric in (*ALL, *_plugins()[0]) if metric.in_runs)


def names_in_runs() -> tuple[str, ...]:
    """Their names: what ``--metrics`` takes."""
    return tuple(metric.name for metric in in_runs())
