"""A full run: the share of each matrix, large ones format by format, and what is left of them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import datasets, formats
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.messages import Task
from dotbench.bench.plan import full_run
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.expected_time import Work
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import expand, processes, session
from dotbench.bench.targets import peers

FAST = Effort(passes=2, most_passes=4, rounds=2, sample_ms=0.2)
FORMATS = ("csc", "sham", "im", "eie", "nested", "column_combined")


def plan(*names: str, **more: object) -> Plan:
    settings: dict[str, object] = {
        "datasets": names,
        "formats": tuple(map(formats.parse, FORMATS)),
        "peers": tuple(map(peers.parse, ("blas_dense", "scipy_csr", "zstd"))),
        "bounds": True,
        "later_batches": (1,),
        "later_ceilings": False,
        "effort": FAST,
        "full": True,
        **more,
    }
    return Plan(**settings)  # type: ignore[arg-type]


def times(cells: list[Cell]) -> set[tuple[str, int]]:
    return {(cell.label, cell.batch) for cell in cells if cell.metric == "time"}


def test_each_matrix_has_its_share() -> None:
    whole = plan("w")
    assert full_run.share(plan("w", full=False), "imagenet") == plan("w", full=False)
    for name in (*datasets.SMALL, "orsreg_1~twin"):
        assert full_run.share(whole, name) == whole
    layer = full_run.share(whole, "vgg19/95-0-32")
    assert times(expand.cells(layer, "vgg19/95-0-32")) == {
        (label, 1) for label in (*FORMATS, "blas_dense", "scipy_csr", "zstd")
    }
    assert (layer.effort.passes, layer.effort.most_passes, layer.effort.rounds) == (2, 2, 2)
    large = full_run.share(whole, "census~twin")
    assert (large.effort.passes, large.effort.most_passes, large.effort.rounds) == (2, 2, 1)
    assert times(expand.cells(large, "census~twin")) == {
        *((label, batch) for label in ("csc", "sham", "im", "blas_dense") for batch in (1, 8)),
        *((label, 1) for label in ("eie", "nested", "column_combined", "zstd")),
    }
    assert {cell.metric for cell in expand.cells(large, "census~twin")} == {
        "space",
        "systolic",
        "instructions",
        "time",
        "energy",
    }


def test_layers_of_the_zoo_have_space_and_ten_of_them_time() -> None:
    whole = replace(plan("w"), standard=True)
    cells = {name: expand.cells(full_run.share(whole, name), name, "int8") for name in datasets.zoo.entries()}
    measured = {name: {cell.metric for cell in found} for name, found in cells.items()}
    timed = [name for name, metrics in measured.items() if "time" in metrics]
    assert sorted(timed) == sorted(datasets.zoo.TIMED) and len(timed) == 10
    assert all("space" in metrics for metrics in measured.values())
    assert all(metrics <= {"space", "cycles"} for name, metrics in measured.items() if name not in timed)


@pytest.fixture
def tiny_census(monkeypatch: pytest.MonkeyPatch) -> str:
    """The twin of census, some rows of it."""
    from dotbench.datasets import twins

    real = twins.make
    fitted = {**twins.statistics()["census"], "shape": [200, 68]}
    monkeypatch.setattr(twins, "make", lambda name: twins.tree(fitted) if name == "census" else real(name))
    return "census~twin"


def run(plan_: Plan, home: Path, out: Path) -> tuple[int, str]:
    text = io.StringIO()
    status = session.run_plan(plan_, home, out, Console(file=text, width=120), False)
    return status, text.getvalue()


def test_a_large_matrix_goes_format_by_format_and_leaves_no_payloads(
    tiny_census: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = plan(tiny_census, metrics=("space", "systolic", "levels", "time"))
    there: list[set[str]] = []
    real = processes.run

    def watched(task: Task, *arguments: Any) -> None:
        real(task, *arguments)
        there.append({path.name.partition("-")[0] for path in task.folder.glob("*.dbp")})

    monkeypatch.setattr(processes, "run", watched)
    monkeypatch.setattr(full_run, "ROOM", 1)
    status, text = run(chosen, home, tmp_path / "results")
    assert status == 0, text
    assert max(map(len, there)) == 2 and all("csc" in names for names in there)
    assert set().union(*there) == set(FORMATS)
    assert not list((home / "payloads").iterdir()) and len(list((home / "matrices").iterdir())) == 1

    rows = {
        name: (tmp_path / "results" / f"{name}.csv").read_text().splitlines()[1:]
        for name in registry.names()
        if (tmp_path / "results" / f"{name}.csv").exists()
    }
    cells = expand.cells(full_run.share(chosen, tiny_census), tiny_census)
    assert {name: len(found) for name, found in rows.items()} == {
        name: sum(cell.metric == name for cell in cells) for name in ("space", "systolic", "time")
    }
    assert sum("zstd" in line and "unavailable" in line for line in rows["space"] + rows["time"]) == 2

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured or encoded again")

    monkeypatch.setattr(processes, "run", never)
    assert run(chosen, home, tmp_path / "results")[0] == 0


def test_parts_are_as_large_as_there_is_room_for() -> None:
    cells = expand.cells(full_run.share(plan("w"), "census"), "census")
    for room, sizes in ((1, [1] * 8), (4 << 30, [6, 2]), (1 << 40, [8])):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(full_run, "ROOM", room)
            found = list(full_run.parts(cells, 4 * 2_458_285 * 68))
        labels = [{cell.about for cell in part if not cell.format.startswith("bound:")} for part in found]
        assert [len(part) for part in labels] == sizes and len(set().union(*labels)) == 8
        assert sorted(map(repr, cells)) == sorted(repr(cell) for part in found for cell in part)


def test_a_new_format_of_a_large_matrix_brings_the_reference_back(tiny_census: str, home: Path, tmp_path: Path) -> None:
    """The reference's rows are finished and its payload is gone: it is encoded anew, and nothing else is."""
    first = plan(tiny_census, formats=(formats.parse("sham"),), peers=(), metrics=("space", "time"))
    assert run(first, home, tmp_path / "results")[0] == 0
    more = plan(tiny_census, formats=(formats.parse("sham"), formats.parse("ham")), peers=(), metrics=("space", "time"))
    status, text = run(more, home, tmp_path / "results")
    assert status == 0, text
    timed = (tmp_path / "results" / "time.csv").read_text()
    assert timed.count(",ham,,ok") == 2 and timed.count(",sham,,ok") == 2


def test_what_a_format_refuses_as_too_much_work_is_said_of_all_its_cells_and_not_tried_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a million inputs that are all different: their pairs would take hours to compare."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "many.npy", (rng.random((500_000, 40)) < 0.2).astype(np.float32))
    name, formats_ = str(tmp_path / "many.npy"), (formats.parse("csc"), formats.parse("column_combined"))
    chosen = plan(name, formats=formats_, peers=(), metrics=("space", "systolic", "time"), full=False, bounds=False)
    status, text = run(chosen, home, tmp_path / "results")
    assert status == 0 and text.count("take a larger alpha") == 1
    for file in ("space", "systolic", "time"):
        lines = (tmp_path / "results" / f"{file}.csv").read_text().splitlines()[1:]
        combined = [line for line in lines if "column_combined" in line]
        assert combined and all(',skipped,"column combining compares every group' in line for line in combined)
        assert all(",ok," in line for line in lines if line not in combined)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured or encoded again")

    monkeypatch.setattr(processes, "run", never)
    assert run(chosen, home, tmp_path / "results")[0] == 0


def test_costs_have_sensible_proportions() -> None:
    """Large ones take longer, samples are the least of a small cell, and counting is of a slice."""
    imagenet, layer = Work(1_262_102 * 900, 352_000_000, Effort(rounds=1)), Work(192 * 1024, 20_000, Effort())

    def seconds(metric: str, work: Work, batch: int = 1) -> float:
        return registry.get(metric).seconds(Cell(metric, "w", "csc", batch=batch), work)

    assert seconds("time", layer) == pytest.approx(8 * (0.05 + 16 * 0.005 + 3 * 2.98e-5), rel=0.01)
    large = seconds("time", imagenet)
    assert 20 < large < 100 and seconds("time", imagenet, batch=8) > 3 * large
    encoded = 0.05 + 352_000_000 * 20e-9 + 1_135_891_800 * 2e-9
    assert seconds("space", imagenet) == seconds("cycles", imagenet) == pytest.approx(encoded)
    assert seconds("instructions", imagenet) < 30


def test_slices_and_bounds_of_a_large_matrix_are_counted_once(
    tiny_census: str, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dotbench.bench.counting import column_sample
    from dotbench.bench.counting.bounds import bounds
    from dotbench.bench.metrics import space
    from dotbench.formats.sources.source import as_source

    monkeypatch.setattr(column_sample, "WHOLE", 100)
    source = as_source(np.eye(640, dtype=np.float32))
    assert column_sample.cached_columns_of(source, tmp_path) == column_sample.columns_of(source)
    assert space.cached_bounds(source, tmp_path) == bounds(source)
    for module, name in ((column_sample, "columns_of"), (space, "bounds_of")):
        monkeypatch.setattr(module, name, None)
    assert column_sample.cached_columns_of(source, tmp_path) == (0, 10)
    assert space.cached_bounds(source, tmp_path) == bounds(source)
