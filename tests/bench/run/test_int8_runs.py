"""Runs over int8 layers: which cells they have, exact products, times against dense_s8."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import datasets, formats
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import expand, session
from dotbench.bench.targets import peer, peers
from dotbench.bench.targets.checked import WrongProduct, reference
from dotbench.bench.targets.mlw import Mlw, compress
from dotbench.datasets.models import stand_in
from dotbench.formats.sources.source import as_source

TWIN = "tflite/vww_96_int8#16_conv1x1~twin"
FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)


def plan(**more: object) -> Plan:
    settings: dict[str, object] = {"datasets": (TWIN,), "formats": formats.standard_of_all(), "effort": FAST, **more}
    return Plan(**settings)  # type: ignore[arg-type]


def run(plan_: Plan, home: Path, out: Path) -> tuple[int, str]:
    text = io.StringIO()
    status = session.run_plan(plan_, home, out, Console(file=text, width=120), False)
    return status, text.getvalue()


def rows(out: Path, file: str) -> list[dict[str, str]]:
    with (out / f"{file}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_value_type_has_its_own_formats_and_peers() -> None:
    chosen = plan(peers=tuple(kind() for kind in peers.ALL), metrics=("space", "time", "energy"), batches=(1,))
    wide, narrow = expand.cells(chosen, "w.npy"), expand.cells(chosen, TWIN, "int8")
    assert {cell.format for cell in narrow if cell.metric == "space"} == {*formats.names("int8"), "mlw"}
    assert {cell.metric for cell in narrow} == {"space", "time"}
    assert not {"dense", "csc", "blas_dense", "zstd"} & {cell.format for cell in narrow}
    assert not {"dense_s8", "rice", "mlw"} & {cell.format for cell in wide}
    assert {cell.reference for cell in narrow if cell.metric == "time"} == {"dense_s8"}
    assert {cell.reference for cell in wide} == {"csc"} and {cell.detail for cell in wide if cell.metric == "time"} == {
        ""
    }
    assert "mlw" not in {cell.format for cell in narrow if cell.metric == "time"}


def test_standard_runs_time_few_layers_of_the_zoo() -> None:
    chosen = plan(standard=True)
    assert {cell.metric for cell in expand.cells(chosen, datasets.zoo.SMALL[0], "int8")} == {"space", "cycles"}
    assert {cell.metric for cell in expand.cells(chosen, datasets.zoo.TIMED[0], "int8")} == {
        "space", "instructions", "cycles", "time",
    }  # fmt: skip


def test_a_run_over_a_layer(home: Path, tmp_path: Path) -> None:
    chosen = plan(
        formats=tuple(map(formats.get, ("csc", "rice", "bitmap"))), metrics=("space", "time"), batches=(1, 8),
    )  # fmt: skip
    status, text = run(chosen, home, tmp_path / "out")
    assert status == 0 and "time/dense_s8 b1" in text
    space, timed = rows(tmp_path / "out", "space"), rows(tmp_path / "out", "time")
    W = stand_in.make(TWIN.removesuffix("~twin"))
    assert [(row["format"], row["bytes"], row["dtype"], row["lossless"]) for row in space] == [
        (name, str(formats.get(name).encode(W).nbytes), "int8", "true") for name in ("bitmap", "rice")
    ]
    assert {(row["format"], row["batch"]) for row in timed if not row["format"].startswith("ceiling")} == {
        (name, batch) for name in ("bitmap", "rice") for batch in "18"
    }
    for row in timed:
        assert (row["status"], row["reference"], row["source"]) == ("ok", "dense_s8", "twin")
        assert row["product_error"] == ("" if row["format"].startswith("ceiling") else "0")
        assert row["reference_sha"] == session.current_sha("time", {"format": "dense_s8", "params": ""})


def test_formats_that_store_none_of_it_are_no_cells_and_that_is_said(home: Path, tmp_path: Path) -> None:
    status, text = run(plan(formats=(formats.get("csc"),), metrics=("space",)), home, tmp_path / "out")
    assert status == 1 and "nothing of what was asked for takes int8" in " ".join(text.split())
    assert not (tmp_path / "out" / "space.csv").exists()


@pytest.mark.usefixtures("valgrind")
def test_instructions_of_int8_products(home: Path, tmp_path: Path) -> None:
    chosen = plan(formats=tuple(map(formats.get, ("dense_s8", "csr16"))), metrics=("instructions",))
    assert run(chosen, home, tmp_path / "out")[0] == 0
    for row in rows(tmp_path / "out", "instructions"):
        assert row["status"] == "ok" and row["columns_counted"] == "128"
        parts = int(row["decode_instructions_per_dot"]) + int(row["multiply_instructions_per_dot"])
        assert int(row["instructions_per_dot"]) == parts > 1000


def test_a_product_of_int8_is_right_or_wrong() -> None:
    source = as_source(np.arange(-6, 6).reshape(4, 3).astype(np.int8), np.int8)
    known = reference(source, 2, 7)
    right = known.X.astype(np.int32) @ np.arange(-6, 6).reshape(4, 3)
    assert known.X.dtype == np.int8 and known.error(right.astype(np.int32)) == 0
    right[1, 2] += 1
    with pytest.raises(WrongProduct, match="wrong product: 1 of 6 entries; the worst is vector 1, column 2"):
        known.error(right.astype(np.int32))


def test_mlw_where_vela_is_not_installed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "find_spec", lambda name: None)
    assert Mlw().lack == "ethos-u-vela is not installed: python -m pip install 'ethos-u-vela==5.2.0'"
    cell = next(one for one in expand.cells(plan(peers=(Mlw(),)), TWIN, "int8") if one.format == "mlw")
    assert cell == Cell("space", TWIN, "mlw")


def test_mlw_gives_back_what_it_was_given() -> None:
    pytest.importorskip("ethosu", reason="no Vela: pip install -e '.[vela]' brings it")
    source = as_source(stand_in.make("tflite/vww_96_int8#16_conv1x1"), np.int8)
    assert len(compress(source)) < 128 * 128 / 5
