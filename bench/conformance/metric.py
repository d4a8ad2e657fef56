"""What every metric has to do, as tests: subclass it, say which metric, and pytest runs it.

from dotbench.bench.conformance.metric import MetricConformance

class TestPeakRss(MetricConformance):
    metric = METRIC
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotbench.bench.metrics.column import ERROR, JOULES, TEXT, TRUTH, WHOLE, Column
from dotbench.bench.metrics.faults import faults
from dotbench.bench.metrics.metric import MATRIX, Metric, Row
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.expected_time import Work
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.roots import Roots
from dotbench.formats import standard_of_all

COMMON = {
    "dataset": "w.npy", "matrix_sha256": "a" * 64, "source": "file", "format": "csc", "params": "", "status": "ok",
    "reason": "", "code_sha": "0123456789abcdef",
}  # fmt: skip


def value_of(column: Column) -> Any:
    """Some value that a column can hold, and that it prints in full."""
    if column.name in COMMON:
        return COMMON[column.name]
    return {TEXT: f"some {column.name}", TRUTH: True, WHOLE: 7, ERROR: 1.5e-07, JOULES: 2.5e-06}.get(column.kind, 2.5)


def row_of(metric: Metric, **more: Any) -> Row:
    """A row with a value in every column."""
    return {column.name: value_of(column) for column in metric.all_columns} | more


class MetricConformance:
    """Tests of one metric: ``metric`` names it, ``dataset`` a matrix that it has cells of."""

    metric: Metric
    dataset = "w.npy"

    def plan(self, dtype: str) -> Plan:
        """A plan that asks for everything; one vector, one thread."""
        return Plan((self.dataset,), standard_of_all(), bounds=True, batches=(1,), dtype=dtype).of(dtype)

    def cells(self) -> list[Cell]:
        """Its cells of a matrix of each dtype that it measures."""
        return [cell for dtype in self.metric.dtypes for cell in self.metric.cells(self.plan(dtype), self.dataset)]

    def test_its_parts_fit_each_other(self) -> None:
        """Columns are there once and documented, keys, figures, axes and charts name some, it has code and roots."""
        assert faults(self.metric) == []

    def test_its_roots_are_found(self) -> None:
        """Each root names a definition: else nobody could say what its figures depend on."""
        for what, roots in self.metric.roots.items():
            assert isinstance(roots, Roots), what
            assert identity.of_metric(self.metric).python(roots).texts, what

    def test_cells_are_of_it_and_differ(self) -> None:
        """Every cell has its name and a row of its own, and costs time."""
        work = Work(10**6, 10**5, Effort())
        for dtype in self.metric.dtypes:
            found = list(self.metric.cells(self.plan(dtype), self.dataset))
            assert len(set(found)) == len(found)
        assert self.cells() or not self.metric.in_runs
        for cell in self.cells():
            assert (cell.metric, cell.dataset) == (self.metric.name, self.dataset)
            assert 0 < self.metric.seconds(cell, work) < 1e6

    def test_constants_are_columns_and_hold_the_keys(self) -> None:
        """What is known before measuring stands in columns, and it tells cells apart where nothing was measured."""
        place = Place("machine", "x86_64", "compiler")
        for cell in self.cells():
            known = self.metric.constant(cell, place)
            assert known.keys() <= set(self.metric.names)
            assert set(self.metric.keys) <= known.keys()

    def test_a_row_prints_and_reads_back(self) -> None:
        """Values survive the CSV, and printing what was read changes nothing."""
        row = row_of(self.metric)
        texts = self.metric.as_text(row)
        again = self.metric.typed(dict(zip(self.metric.names, texts, strict=True)))
        assert again == row and self.metric.as_text(again) == texts

    def test_a_row_without_figures_reads_back(self) -> None:
        """One that could not be measured has its keys and empty cells."""
        bare = {name: row_of(self.metric)[name] for name in (*COMMON, *self.metric.keys)}
        again = self.metric.typed(dict(zip(self.metric.names, self.metric.as_text(bare), strict=True)))
        assert {name: value for name, value in again.items() if value not in (None, "")} == {
            name: value for name, value in bare.items() if value != ""
        }

    def test_keys_tell_rows_apart(self) -> None:
        """Another value of a key is another cell, another measurement is the same."""
        row = row_of(self.metric)
        for name in self.metric.all_keys:
            other = row | {name: row[name] + 1 if self.metric.is_count(name) else f"{row[name]}2"}
            assert self.metric.key(other) != self.metric.key(row)
            assert (self.metric.position(other) == self.metric.position(row)) == (name == MATRIX[1])
        assert self.metric.key(row | {"code_sha": "f" * 16}) == self.metric.key(row)

    def test_files_and_figures(self, tmp_path: Path) -> None:
        """An export reads back, and diff compares each figure in it."""
        # of the harness, not of a metric: imported here, so that this module asks for no registry
        from dotbench.bench.compare import diff
        from dotbench.bench.compare.results import of_folder
        from dotbench.bench.record.export import render

        row = row_of(self.metric)
        found = []
        for name, one in (("a", row), ("b", row | self._changed(row))):
            folder = tmp_path / name
            folder.mkdir()
            (folder / f"{self.metric.name}.csv").write_bytes(render(self.metric.name, [one]))
            found.append(of_folder(folder, name))
        assert found[0].rows == {self.metric.name: [row]}
        changes = {one.figure.column: one for one in diff.compare(found[0], found[1], {}).changes}
        assert changes.keys() == {figure.column for figure in self.metric.figures}
        for figure in self.metric.figures:
            assert not figure.exact or changes[figure.column].verdict == figure.words[1]

    def _changed(self, row: Row) -> Row:
        """Exact figures that are larger."""
        return {figure.column: row[figure.column] * 2 for figure in self.metric.figures if figure.exact}
