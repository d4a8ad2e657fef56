"""Peers that need an environment of their own: what is said where it is not there, is broken, or answers wrongly.

Where they are installed, which the session `peers` says by DOTBENCH_PEERS=1, `test_peers` has held them against their
conformance class, and none may be lacking.
"""

from __future__ import annotations

import csv
import gc
import io
import os
import random
import shutil
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record import export, identity
from dotbench.bench.run import session
from dotbench.bench.targets import peers
from dotbench.bench.targets.mkl_sparse import MklTarget, library_file
from dotbench.cdot import build

NAMES = ("mkl_csr", "torch_csr", "torch_dense", "graphblas_csr")
LINES = {
    "mkl_csr": "mkl is not installed: python -m pip install -e '.[mkl]'",
    "torch_csr": "torch is not installed: python -m pip install -e '.[torch]'",
    "torch_dense": "torch is not installed: python -m pip install -e '.[torch]'",
    "graphblas_csr": "suitesparse-graphblas is not installed: python -m pip install -e '.[graphblas]'",
}
FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)
FAKE_TORCH = """
import numpy as np
class Wrong:
    def numpy(self): return np.ones((1, 48), np.float32)
def inference_mode(): return lambda call: call
def from_numpy(array): return array
def mm(x, w): return Wrong()
"""


def measured(names: tuple[str, ...], tmp_path: Path) -> tuple[int, dict[str, dict[str, str]], str]:
    """A run of a small matrix: its status, time rows by name, and what it said."""
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    np.save(tmp_path / "w.npy", W * (W > 1))
    plan = Plan(
        (str(tmp_path / "w.npy"),),
        (formats.get("csc"),),
        tuple(map(peers.parse, names)),
        metrics=("time",),
        batches=(1,),
        ceilings=False,
        effort=FAST,
    )
    text = io.StringIO()
    status = session.run_plan(plan, tmp_path / "home", tmp_path / "out", Console(file=text, width=200), False)
    with (tmp_path / "out" / "time.csv").open(newline="") as stream:
        return status, {row["format"]: row for row in csv.DictReader(stream)}, text.getvalue()


def fake_mkl(folder: Path) -> Path:
    """A distribution that says it is mkl; where its library has to be."""
    about = folder / "mkl-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mkl\nVersion: 1.0\n")
    (about / "RECORD").write_text("libmkl_rt.so.2,,\n")
    return folder / "libmkl_rt.so.2"


def installed(name: str) -> bool:
    return not peers.parse(name).lack


def without(name: str) -> None:
    """The test is of an environment that has not got a library: that of nox -s tests."""
    if installed(name):
        pytest.skip(f"{name} is installed here: nox -s tests has an environment without it")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that this process and those that measure import from."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def test_none_is_in_a_standard_run() -> None:
    assert not set(NAMES) & {peer.name for peer in peers.standard()}
    assert set(NAMES) < set(peers.kinds()) and {peer.name for peer in peers.standard()} > {"blas_dense", "scipy_csc"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_installed_says_the_line_that_brings_it(name: str) -> None:
    if os.environ.get("DOTBENCH_PEERS"):
        assert installed(name), f"the session peers installs it: {peers.parse(name).lack}"
    without(name)
    assert peers.parse(name).lack == LINES[name]


def test_rows_of_what_is_not_installed_and_the_run_goes_on(tmp_path: Path) -> None:
    for name in NAMES:
        without(name)
    status, rows, said = measured(NAMES, tmp_path)
    assert status == 0 and rows["csc"]["status"] == "ok"
    for name in NAMES:
        assert (rows[name]["status"], rows[name]["reason"]) == ("unavailable", LINES[name])
        assert said.count(f": unavailable: {LINES[name]}") == 1  # two are of one library


def test_measured_rows_outlive_a_run_without_the_library() -> None:
    """Nothing drops or replaces them: whether they are of today's code, nobody can say there."""
    without("mkl_csr")
    columns = {"dataset": "w", "matrix_sha256": "a", "format": "mkl_csr", "params": "", "batch": 1, "threads": 1}
    old = columns | {"cache": "warm", "status": "ok", "code_sha": "of another day", "time_ratio": 0.5}
    new = old | {"status": "unavailable", "code_sha": "of today", "time_ratio": None}
    assert session.current_sha("time", {**old, "reference": "csc", "reference_sha": "gone"}) is None
    for fresh in ([], [new]):
        report = export.ExportReport()
        kept = export.merge("time", fresh, [old], {export.key("time", old)}, lambda file, row: None, report)
        assert kept == [old] and not report.dropped
    assert identity.is_lacking("mkl_csr", "")


def test_a_library_that_cannot_be_loaded_fails_its_row(tmp_path: Path, site: Path) -> None:
    without("mkl_csr")
    fake_mkl(site).write_text("no library")
    status, rows, _ = measured(("mkl_csr", "blas_dense"), tmp_path)
    assert status == 1 and rows["blas_dense"]["status"] == "ok"
    assert rows["mkl_csr"]["status"] == "failed" and "libmkl_rt.so.2" in rows["mkl_csr"]["reason"]


def test_a_library_of_another_version_fails_its_row(tmp_path: Path, site: Path) -> None:
    without("mkl_csr")
    shutil.copy(build.build(), fake_mkl(site))  # a library, but without one of MKL's functions
    status, rows, _ = measured(("mkl_csr", "blas_dense"), tmp_path)
    assert status == 1 and rows["blas_dense"]["status"] == "ok"
    assert "mkl_sparse_s_create_csr" in rows["mkl_csr"]["reason"]


def test_a_library_that_answers_wrongly_fails_its_row(tmp_path: Path, site: Path) -> None:
    without("torch_dense")
    (site / "torch.py").write_text(FAKE_TORCH)
    status, rows, _ = measured(("torch_dense", "blas_dense"), tmp_path)
    assert status == 1 and rows["blas_dense"]["status"] == "ok"
    assert rows["torch_dense"]["status"] == "failed" and "wrong product: 48 of 48" in rows["torch_dense"]["reason"]


def test_what_mkl_reads_lives_as_long_as_its_target() -> None:
    """MKL may go on reading the arrays that its handle was made of."""
    if not installed("mkl_csr"):
        pytest.skip(f"{LINES['mkl_csr']}: nox -s peers brings it")
    payload = formats.get("csc").encode(np.eye(40, dtype=np.float32))
    target = peers.parse("mkl_csr").target(payload, None, np.ones((1, 40), np.float32), False)
    gc.collect()
    assert isinstance(target, MklTarget) and target.product() is not None
    arrays = [weakref.ref(array) for array in target.handle.arrays]
    assert all(array() is not None for array in arrays)
    del target
    gc.collect()
    assert all(array() is None for array in arrays)


def test_where_mkl_is(site: Path) -> None:
    without("mkl_csr")
    assert library_file() is None
    assert fake_mkl(site) == library_file()


def test_a_peer_without_a_product_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be checked has no time; ceilings have no product, and are no peers."""
    from dotbench.bench.metrics import time
    from dotbench.bench.plan.cell import Cell
    from dotbench.bench.targets.checked import WrongProduct
    from dotbench.bench.targets.scipy_sparse import ScipyCsc

    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    path = tmp_path / "csc.dbp"
    formats.get("csc").encode(np.eye(8, dtype=np.float32)).save(path)
    bench = time.Bench({"csc": path}, "0" * 64, tmp_path)
    real = ScipyCsc.target

    def silent(*words: object) -> object:
        target = real(*words)  # type: ignore[arg-type]
        monkeypatch.setattr(target, "product", lambda: None)
        return target

    monkeypatch.setattr(ScipyCsc, "target", silent)
    with pytest.raises(WrongProduct, match="scipy_csc gives no product"):
        time.measure_cell(bench, Cell("time", "w", "scipy_csc"), FAST, random.Random(0))
