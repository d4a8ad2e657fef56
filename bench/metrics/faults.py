"""What is wrong with a metric, in words: its parts have to fit each other before anything is measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dotbench.bench.metrics.column import TEXT, Column
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.cdot.entry_points import Wrong, check_name

DTYPES = ("float32", "int8")


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
    if not metric.summary:
        yield f"{metric.name} has no summary"


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
        named["figure"] += [figure.column, figure.low, figure.high, figure.count, *figure.equal]
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
    if not metric.roots:
        yield f"{metric.name} has no roots: nobody could say what its figures depend on"
    if unknown := sorted(set(metric.dtypes) - set(DTYPES)):
        yield f"{metric.name} is of {', '.join(unknown)}: there are {' and '.join(DTYPES)}"
