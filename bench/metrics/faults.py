"""What is wrong with a metric, in words: its parts have to fit each other before anything is measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields

from dotbench.bench.metrics.column import TEXT, Column
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.place import Place
from dotbench.bench.record.code_hash.roots import Roots
from dotbench.cdot.entry_points import Wrong, check_name
from dotbench.formats.value_types import value_type_names

DTYPES = value_type_names()
MEASURED = ("format", "peer", "bound", "ceiling:decode", "ceiling:memcpy")  # what has roots


def faults(metric: Metric, taken: Collection[str] = ()) -> list[str]:
    """A sentence for each fault; none for a metric that can be registered. ``taken``: names of other metrics."""
    found = list(_of_name(metric, taken))
    if not all(isinstance(column, Column) for column in metric.columns):
        return [*found, f"columns of {metric.name} are no dotbench.bench.metrics.column.Column"]
    found += _of_columns(metric)
    if not metric.figures or not all(isinstance(figure, Figure) for figure in metric.figures):
        return [*found, f"{metric.name} has no figures (dotbench.bench.metrics.figure.Figure): diff compares nothing"]
    return [*found, *_of_references(metric), *_of_code(metric)]


def _of_name(metric: Metric, taken: Collection[str]) -> Iterator[str]:
    try:
        check_name(metric.name, "metric", taken)
    except Wrong as wrong:
        yield str(wrong)
    if not (isinstance(metric.summary, str) and metric.summary):
        yield f"{metric.name} has no summary"
    if not isinstance(metric.shown, int):
        yield f"shown of {metric.name} is {metric.shown!r:.80}: a whole number, the lowest is shown first"


def _of_columns(metric: Metric) -> Iterator[str]:
    doubled = sorted({name for name in metric.names if metric.names.count(name) > 1})
    if doubled:
        yield f"columns {', '.join(doubled)} are there more than once"
    for column in metric.columns:
        if not column.meaning:
            yield f"column {column.name} has no meaning"
        if column.kind is TEXT and column.unit:
            yield f"column {column.name} is text and has a unit"


def _of_references(metric: Metric) -> Iterator[str]:
    """Columns that keys, figures, axes and charts name, and that there are not."""
    named = {"key": [*metric.keys], "equal": [*metric.equal], "figure": [], "axis": [], "chart": []}
    for figure in metric.figures:
        named["figure"] += [figure.column, figure.low, figure.high, figure.count, figure.answer, *figure.equal]
    for axis in metric.axes:
        named["axis"] += [axis.column, axis.low, axis.high]
    if metric.chart:
        for strip in metric.chart.strips:
            named["chart"] += [strip.column, strip.before, strip.low, strip.high]
        named["chart"] += [*metric.chart.lines, metric.chart.beside]
    for what, columns in named.items():
        if lost := sorted({name for name in columns if name and name not in metric.names}):
            yield f"{what} {', '.join(lost)} is no column of {metric.name}"
    for figure in metric.figures:
        if figure.column in metric.names and metric.column(figure.column).is_text:
            yield f"figure {figure.column} is text: only numbers are compared"


def _of_code(metric: Metric) -> Iterator[str]:
    for name in ("cells", "measure", "constant", "seconds"):
        if not callable(getattr(metric, name)):
            yield f"{name} of {metric.name} cannot be called"
    if metric.of_passes is not None and not callable(metric.of_passes):
        yield f"of_passes of {metric.name} cannot be called"
    yield from _of_roots(metric)
    places = [field.name for field in fields(Place)]
    if unknown := [str(name) for name in metric.place if name not in places]:
        yield f"place of {metric.name} has {', '.join(unknown)}: there are {', '.join(places)}"
    if unknown := sorted(set(metric.dtypes) - set(DTYPES)):
        yield f"{metric.name} is of {', '.join(unknown)}: there are {', '.join(DTYPES)}"


def _of_roots(metric: Metric) -> Iterator[str]:
    """Whether they are roots; whether what they name is there, `dotbench.bench.metrics.trial` finds out."""
    if not metric.roots:
        yield f"{metric.name} has no roots: nobody could say what its figures depend on"
    elif not isinstance(metric.roots, Mapping):
        yield f"roots of {metric.name} are {metric.roots!r:.80}: a dictionary, by what is measured ({MEASURED[0]})"
    else:
        for what, roots in metric.roots.items():
            if what not in MEASURED:
                yield f"{metric.name} has roots of {what!r:.80}: there are {', '.join(MEASURED)}"
            if not isinstance(roots, Roots):
                yield f"roots of {metric.name} by {what} are {roots!r:.80}, no {Roots.__module__}.Roots"
                continue
            for part in ("definitions", "apart", "c_apart", "c_only", "c_files", "texts"):
                names = getattr(roots, part)
                if not (isinstance(names, tuple) and all(isinstance(name, str) for name in names)):
                    yield f"{part} of the roots of {metric.name} by {what} are {names!r:.80}: a tuple of names"
