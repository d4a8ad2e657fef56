"""Instructions as a meter: its cells, slices of large matrices, rows, and what a run makes of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.counting import callgrind, column_sample
from dotbench.bench.metrics import hashes, instructions
from dotbench.bench.metrics.messages import Task
from dotbench.bench.metrics.place import Place
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import session
from dotbench.bench.targets import peers
from dotbench.bench.targets.checked import WrongProduct
from dotbench.cdot import build
from dotbench.datasets.cache import write_cache
from dotbench.formats.sources.source import as_source

PLACE = Place("some machine", "x86_64_v3", "zig-1.2.3")


def matrix(n: int = 96, m: int = 160) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.where(rng.random((n, m)) < 0.2, rng.integers(1, 9, (n, m)), 0).astype(np.float32)


class Wire:
    """Keeps what the meter says."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, Any]] = []

    def start(self, cell: Cell) -> None:
        self.said.append(("start", cell.label, None))

    def done(self, cell: Cell, data: dict[str, Any]) -> None:
        self.said.append(("done", cell.label, data))

    def lack(self, cell: Cell, status: str, reason: str) -> None:
        self.said.append((status, cell.label, reason))

    def fail(self, cell: Cell, error: Exception) -> None:
        self.said.append(("fail", cell.label, error))


def measured(folder: Path, W: np.ndarray, *names: str) -> list[tuple[str, str, Any]]:
    """What is said of each format but "start"; each is started before."""
    cached = write_cache(as_source(W), folder / "matrix")
    paths = {name: folder / f"{name}.dbp" for name in names}
    for name, path in paths.items():
        formats.parse(name).encode(W).save(path)
    wire = Wire()
    known = [formats.parse(name) for name in names]
    cells = [Cell("instructions", "w", one.name, one.params, 1) for one in known]
    task = Task("instructions", cached.matrix_sha256, folder, cached.folder, paths)
    instructions.measure(task, cells, wire)  # type: ignore[arg-type]
    assert [one[:2] for one in wire.said[::2]] == [("start", name) for name in names]
    return wire.said[1::2]


def test_cells_are_formats_with_one_vector() -> None:
    plan = Plan(("w",), (formats.get("csc"), formats.get("sham")), (peers.parse("blas_dense"),), batches=(8,))
    cells = list(instructions.cells(plan, "w"))
    assert cells == [Cell("instructions", "w", name, batch=1) for name in ("csc", "sham")]
    assert instructions.constant(cells[0], PLACE) == {"batch": 1, "isa": "x86_64_v3", "compiler": "zig-1.2.3"}


def test_every_format_computes_the_same_under_valgrind(valgrind: None, tmp_path: Path) -> None:
    """Every standard format on columns with few and many different values: emulated instructions can be wrong."""
    W = np.zeros((40, 64), np.float32)
    for j in range(64):
        values = np.arange(1, 2 + j % 12)
        W[: len(values), j] = values
        W[len(values) : len(values) + j % 20, j] = 1 + j % 3
    names = [str(one) for one in formats.standard()]
    assert [(kind, name) for kind, name, _ in measured(tmp_path, W, *names)] == [("done", name) for name in names]


def test_rows_of_a_matrix(valgrind: None, tmp_path: Path) -> None:
    W = matrix()
    nnz = np.count_nonzero(W)
    for kind, name, data in measured(tmp_path, W, "csc", "sham", "csc_palette", "eie"):
        assert (kind, data["columns_counted"], data["columns_share"]) == ("done", 160, "1"), name
        whole, decode = data["instructions_per_dot"], data["decode_instructions_per_dot"]
        assert isinstance(whole, int) and isinstance(decode, int) and 0 < decode < whole
        assert data["multiply_instructions_per_dot"] == whole - decode
        assert data["instructions_per_nonzero"] == whole / nnz
        assert (decode < 1000) == (name == "csc")  # its blocks point into the payload


def test_a_matrix_without_nonzeros(valgrind: None, tmp_path: Path) -> None:
    ((kind, _, data),) = measured(tmp_path, np.zeros((5, 7), np.float32), "csc")
    assert kind == "done" and data["instructions_per_dot"] > 0 and data["instructions_per_nonzero"] is None


def test_a_slice_of_a_large_matrix(valgrind: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    W = matrix()
    monkeypatch.setattr(column_sample, "WHOLE", W.size - 1)
    monkeypatch.setattr(column_sample, "SHARE", 5)
    begin, end = column_sample.columns_of(as_source(W))
    assert begin % 16 == 0 and end - begin == 32
    whole = measured(tmp_path, W, "sham")
    monkeypatch.setattr(column_sample, "columns_of", lambda _: (begin, end))
    (tmp_path / "part").mkdir()
    assert measured(tmp_path / "part", W, "sham") == whole
    data = whole[0][2]
    assert (data["columns_counted"], data["columns_share"]) == (32, "1/5")
    assert data["instructions_per_nonzero"] == data["instructions_per_dot"] / np.count_nonzero(W[:, begin:end])


def test_a_wrong_product_has_no_row() -> None:
    W = matrix()
    payload = formats.get("sham").encode(W)
    y = payload.dot(callgrind.vector(96))
    instructions.check(payload, 0, 160, y)
    y[40:] = 0
    instructions.check(payload, 16, 40, y)
    with pytest.raises(WrongProduct, match="wrong product: "):
        instructions.check(payload, 16, 41, y)


def test_the_vector_of_all_products() -> None:
    assert callgrind.vector(4).tolist() == [-127.5, 30.5, -67.5, 90.5]  # by hand: i 2654435761 mod 2^32, top 8 bits
    x = callgrind.vector(4096)
    assert x.dtype == np.float32 and len(np.unique(x)) == 256 and np.abs(x).min() == 0.5


def test_payloads_that_cannot_be_read_fail_alone(
    valgrind: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = formats.load

    def damaged(path: str, **more: Any) -> Any:
        if path.name.endswith("csc.dbp"):
            raise ValueError("damaged")
        return load(path, **more)

    monkeypatch.setattr(formats, "load", damaged)
    said = {name: (kind, str(what)) for kind, name, what in measured(tmp_path, matrix(), "csc", "sham")}
    assert said["csc"] == ("fail", "damaged") and said["sham"][0] == "done"


def test_without_valgrind_rows_say_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = "valgrind is not installed: sudo apt-get install valgrind"
    assert measured(tmp_path, matrix(), "csc", "sham") == [
        ("unavailable", "csc", reason),
        ("unavailable", "sham", reason),
    ]


def test_identity_is_of_what_is_counted() -> None:
    shas = {name: hashes.code_sha("instructions", name, "") for name in formats.names()}
    assert len(set(shas.values())) == len(shas) and None not in shas.values()
    assert shas["csc"] != hashes.code_sha("time", "csc", "")


# ---- a run


def run(tmp_path: Path, out: str) -> list[dict[str, str]]:
    np.save(tmp_path / "w.npy", matrix())
    chosen = tuple(map(formats.get, ("csc", "sham")))
    plan = Plan((str(tmp_path / "w.npy"),), chosen, (peers.parse("scipy_csc"),), metrics=("instructions",))
    assert session.run_plan(plan, tmp_path / "home", tmp_path / out, Console(file=io.StringIO()), False) == 0
    with (tmp_path / out / "instructions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder of its own, but the compiled kernels of the checkout."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "build").symlink_to(build.build().parent)
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))


def test_runs_agree_to_the_byte(valgrind: None, home: None, tmp_path: Path) -> None:
    rows = run(tmp_path, "first")
    assert [(row["format"], row["status"], row["batch"], row["columns_share"]) for row in rows] == [
        ("csc", "ok", "1", "1"),
        ("sham", "ok", "1", "1"),
    ]
    assert {(row["isa"], row["compiler"]) for row in rows} == {(build.chosen_isa(), build.compiler_name())}
    (tmp_path / "home" / "journal.sqlite").unlink()  # counted anew
    assert run(tmp_path, "second") == rows
    first, second = (tmp_path / out / "instructions.csv" for out in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_a_run_without_valgrind_goes_on(home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for row in run(tmp_path, "out"):
        assert row["status"] == "unavailable" and row["instructions_per_dot"] == ""
        assert row["reason"] == "valgrind is not installed: sudo apt-get install valgrind"
