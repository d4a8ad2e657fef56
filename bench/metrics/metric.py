"""A metric: one quantity that is measured, one CSV file, one object that says all that others ask of it.

Journal, export, `diff`, `log`, report, `bench.load`, docs/columns.md and the hashes of rows read it from
`dotbench.bench.metrics.registry`. The conformance class is `dotbench.bench.conformance.metric.MetricConformance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dotbench.bench.metrics.column import COMMON, WHOLE, Column
from dotbench.bench.metrics.events import Wire
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.messages import Task
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.plots import Axis, Chart
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.expected_time import Work, encoding
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import Roots
from dotbench.formats.value_types import value_type_names

Row = dict[str, Any]
STATUSES = ("ok", "failed", "timeout", "skipped", "unavailable")
# What every file tells its rows apart by; a name is not an identity: files are replaced, twins are made anew.
MATRIX = ("dataset", "matrix_sha256")
WHOSE = (*MATRIX, "format", "params")
LAST = 1000


Cells = Callable[[Plan, str], Iterable[Cell]]
Measure = Callable[[Task, list[Cell], Wire], None]
# Cell, what `Wire.done` told in each pass, nonzeros, seconds of encoding if they are known, why there are no more
OfPasses = Callable[[Cell, Sequence[dict[str, Any]], int, float | None, str], dict[str, Any]]


def no_constant(cell: Cell, place: Place) -> dict[str, Any]:
    """Of a metric all of whose columns are measured."""
    return {}


def no_cells(plan: Plan, dataset: str) -> Iterable[Cell]:
    """Of a file whose rows no run makes."""
    return ()


def not_measured(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Of a file whose rows no run makes: there are no cells to measure."""


@dataclass(frozen=True, eq=False)
class Metric:
    """All that is known of one metric.

    ``name``: of the metric, of its CSV file without .csv, of what ``--metrics`` takes. ``summary``: a sentence.
    ``columns``: of its file behind those that all files have. ``keys``: what tells its cells apart besides matrix,
    format and parameters; numbers sort as numbers. ``figures``: what `diff` compares; the first stands for the file.
    ``equal``: columns that have to agree, besides the cell, before two figures are compared. ``kept``: what
    ``measure`` tells besides columns, for other parts of a run: the journal has it, and no file.

    ``roots``: what its figures depend on besides a row's own format or peer, by what is measured: ``format``,
    ``peer``, ``bound``, ``ceiling:decode``, ``ceiling:memcpy``. ``place``: the names of `Place` that a finished cell is
    found by. ``dtypes``: of the matrices that have it.

    ``cells(plan, dataset)``: the cells of one matrix. ``constant(cell, place)``: the columns that are known before
    anything is measured. ``measure(task, cells, wire)``: the worker's job: each cell's ``wire.start``, then ``done``,
    ``lack`` or ``fail``. ``seconds(cell, work)``: what a cell takes, roughly.

    ``of_passes``: only of what is measured in passes, each in a fresh process, until its interval is narrow: the
    columns of a row from what ``done`` told in each, of which ``log_ratio`` and ``sampling_seconds`` are needed.
    ``reads_payloads``: formats are encoded before it is measured. ``alone``: each of its cells has a process of its
    own.

    ``axes``, ``chart``: what the report draws. ``shown``: where its file stands among those that are shown, the lowest
    first. ``in_runs``: ``dotbench run`` measures it; ``made_by``: what else makes its rows, for docs/columns.md.
    """

    name: str
    summary: str
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...]
    roots: Mapping[str, Roots]
    cells: Cells
    measure: Measure
    constant: Callable[[Cell, Place], dict[str, Any]] = no_constant
    keys: tuple[str, ...] = ()
    equal: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = value_type_names()
    seconds: Callable[[Cell, Work], float] = encoding
    of_passes: OfPasses | None = None
    reads_payloads: bool = True
    alone: bool = False
    axes: tuple[Axis, ...] = ()
    chart: Chart | None = None
    shown: int = LAST
    in_runs: bool = True
    made_by: str = ""

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """The file's columns, in order."""
        return (*COMMON, *self.columns)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the file's columns, in order."""
        return tuple(column.name for column in self.all_columns)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.all_columns}

    def column(self, name: str) -> Column:
        """The column of a name; KeyError where the file has none of it."""
        return self._by_name[name]

    @property
    def module(self) -> str:
        """Where its own code is: the module that measures."""
        return self.measure.__module__

    @property
    def all_keys(self) -> tuple[str, ...]:
        """What makes a row the same cell in two exports. Code, machine and instruction set are of the measurement,
        not of the cell: measured again, or elsewhere, it is the same row."""
        return (*WHOSE, *self.keys)

    @property
    def headline(self) -> Figure:
        """The figure that stands for the file."""
        return self.figures[0]

    @property
    def has_file(self) -> bool:
        """Whether its rows are those of a file: what is measured like a metric, and is none, says what it likes."""
        return bool(self.figures)

    @property
    def is_to_a_reference(self) -> bool:
        """Whether a figure is a ratio to a reference: another reference makes another figure."""
        return "reference_sha" in self._by_name

    def is_count(self, name: str) -> bool:
        """Whether a column holds whole numbers."""
        return self.column(name).kind is WHOLE

    def key(self, row: Row) -> tuple[Any, ...]:
        """What identifies a row in the file, and the order of rows: names as text, counts as numbers."""
        return self._values(row, self.all_keys)

    def position(self, row: Row) -> tuple[Any, ...]:
        """The same without the matrix's hash: where a row of the matrix that has the name now, or of another, is."""
        return self._values(row, tuple(name for name in self.all_keys if name != "matrix_sha256"))

    def _values(self, row: Row, names: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(int(row[name]) if self.is_count(name) else str(row[name]) for name in names)

    def as_text(self, row: Row) -> list[str]:
        """A row's fields for the CSV, in the file's order; None and what is missing are empty."""
        return [column.text(row.get(column.name)) for column in self.all_columns]

    def typed(self, fields: Mapping[str, str]) -> Row:
        """A row with values from a CSV's text; ValueError names the column that does not fit."""
        row = {column.name: column.read(fields[column.name]) for column in self.all_columns}
        if row["status"] not in STATUSES:
            raise ValueError(f"column status: {row['status']!r} is none of {', '.join(STATUSES)}")
        return row


def job(name: str, summary: str, roots: Mapping[str, Roots], measure: Measure, **more: Any) -> Metric:
    """What is measured as metrics are, cell by cell as they are named, and has no file of results.

    ``more``: fields of `Metric`.
    """
    return Metric(
        name, summary, columns=(), figures=(), roots=roots, cells=no_cells, measure=measure, in_runs=False, **more
    )
