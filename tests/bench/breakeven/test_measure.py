"""Small matrices through the whole way: exact bytes against all counts of zeros, checked products, rows."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.breakeven import measure, rows
from dotbench.bench.breakeven.question import Question
from dotbench.bench.breakeven.thresholds import Threshold
from dotbench.bench.metrics.messages import Done, Failed
from dotbench.bench.plan.effort import Effort
from dotbench.bench.run import processes
from dotbench.bench.timing.pairs import Estimate
from dotbench.datasets.errors import NoRoom
from dotbench.datasets.thinned import Thinned, distinct_values

FAST = Effort(passes=2, rounds=2, sample_ms=0.05, cell_timeout=60.0)
pytestmark = pytest.mark.usefixtures("home")


def question(*labels: str, dtype: str = "float32", **more: object) -> Question:
    return Question((24, 20), dtype, tuple(map(formats.parse, labels)), 4, zeros=(0.0, 50.0, 95.0), **more)  # type: ignore[arg-type]


def sizes(asked: Question, tmp_path: Path) -> dict[str, measure.Size]:
    work = measure.Measurement(asked, tmp_path, lambda words: None, FAST)
    return {str(one): work._size(one) for one in asked.formats}


# ---- matrices


def test_matrices_differ_in_their_zeros_alone() -> None:
    family = Thinned((30, 40), np.float32, 5)
    before = family.matrix(1200)
    assert (before != 0).all() and len(np.unique(before)) == 5
    for nonzeros in (1199, 600, 7, 0):
        W = family.matrix(nonzeros)
        assert (W != 0).sum() == nonzeros and W.dtype == np.float32 and W.flags["C_CONTIGUOUS"]
        assert (W[W != 0] == before[W != 0]).all()
        before = W
    assert [family.nonzeros(zeros) for zeros in (0, 50, 99.9, 100)] == [1200, 600, 1, 0]


def test_matrices_are_the_same_everywhere() -> None:
    sha = {
        dtype: formats.matrix_sha256(formats.as_source(Thinned((24, 20), dtype, 4).matrix(100), dtype))[:16]
        for dtype in ("float32", "int8", "float16")
    }
    assert sha == SHA


SHA = {"float32": "92336d86c0fb5a47", "int8": "8ff3b9bef67c45f8", "float16": "0275ba250dec00c5"}


@pytest.mark.parametrize(("dtype", "count"), [("int8", 255), ("float32", 5000), ("float16", 1000), ("int8", 2)])
def test_values_are_distinct(dtype: str, count: int) -> None:
    found = distinct_values(count, dtype)
    assert found.dtype == dtype and len(np.unique(found)) == count and (found != 0).all()


@pytest.mark.parametrize(("dtype", "count"), [("int8", 256), ("float16", 60_000)])
def test_values_that_a_type_does_not_hold(dtype: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"{count}"):
        distinct_values(count, dtype)


# ---- bytes


@pytest.mark.parametrize("dtype", ["float32", "int8", "float16"])
def test_bytes_thresholds_are_those_of_all_payloads(dtype: str, tmp_path: Path) -> None:
    """Every count of zeros is encoded: the last that is not smaller, and one more, is the threshold."""
    asked = question(*("csc", "csc_min") if dtype != "int8" else ("csr16", "bitmap", "csc_palette"), dtype=dtype)
    family = Thinned(asked.shape, dtype, 4)
    for label, found in sizes(asked, tmp_path).items():
        every = [formats.parse(label).encode(family.matrix(480 - zeros)).nbytes for zeros in range(480)]
        last = max(zeros for zeros, bytes_ in enumerate(every) if bytes_ >= asked.dense_bytes)
        if last >= 456:
            assert found.threshold and found.threshold.answer == "never"
        else:
            assert found.zeros == last + 1 and found.threshold and found.threshold.zeros == 100 * (last + 1) / 480
        assert found.bytes[50.0] == every[240]


def test_csc_has_eight_bytes_a_nonzero(tmp_path: Path) -> None:
    """32 of header, 84 of pointers: 1920 bytes of a dense array leave room for 225.5 nonzeros."""
    found = sizes(question("csc"), tmp_path)["csc"]
    assert found.bytes == {0.0: 116 + 8 * 480, 50.0: 116 + 8 * 240, 95.0: 116 + 8 * 24}
    assert found.zeros == 480 - 225 and found.threshold == Threshold("from", 0.0, 95.0, 53.125, 53.125, 53.125)


def test_bytes_that_always_and_never_win(tmp_path: Path) -> None:
    found = sizes(question("im_packed", "dense"), tmp_path)
    assert found["im_packed"].threshold == Threshold("always", 0.0, 95.0) and found["im_packed"].zeros is None
    assert found["dense"].threshold == Threshold("never", 0.0, 95.0)


def test_a_payload_that_lost_something_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise measure.space.LostSomething("csc is lossless, and its payload decodes to another matrix")

    monkeypatch.setattr(measure.space, "encode", lost)
    found = sizes(question("csc"), tmp_path)["csc"]
    assert found.threshold is None and found.reason.startswith("LostSomething: csc is lossless")


# ---- times


def test_an_answer(home: Path) -> None:
    said: list[str] = []
    asked = question("csc", "ham", batches=(1, 3))
    found = measure.answered(asked, said.append, FAST)
    assert found.passes == 2 and found.name == "random/24x20-4-float32" and len(found.matrix_sha256) == 64
    assert found.rivals[1][0].name == "blas_dense" and set(found.best) == {1, 3}
    for (one, rival, batch), curve in found.curves.items():
        assert curve.reason == "" and {0.0, 50.0, 95.0} <= {point.zeros for point in curve.points}, (one, rival, batch)
        assert all(0 < point.ratio.low <= point.ratio.ratio <= point.ratio.high for point in curve.points)
    assert {(str(one), batch) for one, _, batch in found.curves} == {
        (name, batch) for name in ("csc", "ham") for batch in (1, 3)
    }
    assert "float32: bytes of csc" in said and "pass 2 of 2" in said
    assert not list(home.glob("breakeven-*"))  # payloads are gone


def test_int8_against_the_dense_kernel_of_int8() -> None:
    asked = question("csr16", dtype="int8")
    found = measure.answered(asked, effort=FAST)
    assert list(found.curves) == [(asked.formats[0], "dense_s8", 1)] and found.best == {1: "dense_s8"}
    assert len(next(iter(found.curves.values())).points) >= 3


def test_a_full_disk_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(formats.Payload, "save", full)
    with pytest.raises(NoRoom, match="payloads cannot be kept in .*No space left"):
        measure.answered(question("csc"), effort=FAST)
    assert not list(home.glob("breakeven-*"))


def test_bfloat16() -> None:
    """Two bytes an entry; products are those of float32."""
    pytest.importorskip("ml_dtypes", reason="no ml_dtypes: pip install -e '.[bf16]' brings it")
    asked = question("csc", dtype="bfloat16")
    found = measure.answered(asked, effort=FAST)
    assert asked.dense_bytes == 960 and found.name == "random/24x20-4-bfloat16"
    assert found.rivals[1][0].name == "blas_dense" and found.sizes[asked.formats[0]].bytes[0.0] > 960
    assert all(curve.reason == "" and len(curve.points) >= 3 for curve in found.curves.values())


def test_two_threads() -> None:
    found = measure.answered(question("csc", threads=2), effort=FAST)
    assert all(curve.reason == "" and len(curve.points) >= 3 for curve in found.curves.values())


def faked(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    """Workers that say of each cell what ``told`` makes of it: a log ratio, or why it failed."""

    def run_parts(parts: object, listen: object, timeout: float, threads: int = 1) -> None:
        for part in parts:  # type: ignore[attr-defined]
            for cell in part.cells:
                known = told(cell)  # type: ignore[operator]
                event = Failed(cell, known) if isinstance(known, str) else Done(cell, {"log_ratio": known})
                listen(event, None)  # type: ignore[operator]

    monkeypatch.setattr(processes, "run_parts", run_parts)


def zeros_of(cell: object) -> float:
    return float(cell.dataset.partition("@")[2])  # type: ignore[attr-defined]


def test_made_up_times_give_their_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product takes 3 times the dense one's time without zeros, and in proportion to its nonzeros."""

    def told(cell: object) -> float:
        if cell.format in ("dense", "torch_dense"):  # type: ignore[attr-defined]
            return float(np.log(1.5))
        return float(np.log(3 * (100 - zeros_of(cell)) / 100))

    faked(monkeypatch, told)
    found = measure.answered(question("csc"), effort=FAST)
    assert found.best == {1: "blas_dense"} and found.rivals[1][1].ratio == Estimate(1.5, 1.5, 1.5, 2)
    (curve,) = found.curves.values()
    assert curve.threshold() == Threshold("from", 0.0, 95.0, *[pytest.approx(66.667, abs=0.001)] * 3)
    assert [point.zeros for point in curve.points] == [0.0, 50.0, 67.0, 95.0]
    (row,) = rows.rows_of(found)
    assert row["time_answer"] == "from" and row["time_percent"] == pytest.approx(66.667, abs=0.001)
    assert row["curve"].startswith("0:3.0000(3.0000,3.0000)2.0604 50:1.5000(1.5000,1.5000)1.0604 67:0.9900(")
    assert row["bytes_zeros"] == 255 and row["rival"] == "blas_dense" and re.fullmatch("[0-9a-f]{16}", row["code_sha"])


def test_a_dense_product_that_is_faster_is_a_rival_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(cell: object) -> float:
        dense = {"dense": 0.5, "torch_dense": 0.7}
        base = dense.get(cell.format, 3 * (100 - zeros_of(cell)) / 100)  # type: ignore[attr-defined]
        against = cell.details()["against"]  # type: ignore[attr-defined]
        return float(np.log(base / dense.get(against, 1.0)))

    faked(monkeypatch, told)
    found = measure.answered(question("csc"), effort=FAST)
    assert found.best == {1: "dense"}
    known = {rival: curve.threshold() for (_, rival, _), curve in found.curves.items()}
    assert list(known) == ["blas_dense", "dense"]
    assert known["blas_dense"] and known["blas_dense"].zeros == pytest.approx(66.667, abs=0.001)
    assert known["dense"] and known["dense"].zeros == pytest.approx(100 - 100 / 6, abs=0.01)


def test_a_wrong_product_is_named_and_has_no_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(cell: object) -> float | str:
        wrong = cell.format == "csc" and zeros_of(cell) == 50  # type: ignore[attr-defined]
        return "WrongProduct: wrong product: 1 of 20 entries" if wrong else 0.5

    faked(monkeypatch, told)
    found = measure.answered(question("csc", "ham"), effort=FAST)
    known = {row["format"]: row for row in rows.rows_of(found)}
    assert known["csc"]["status"] == "failed" and known["csc"]["reason"].startswith("WrongProduct: wrong product")
    assert known["csc"]["time_percent"] is None and known["csc"]["bytes_zeros"] == 255
    assert (known["ham"]["status"], known["ham"]["time_answer"]) == ("ok", "never")


def test_wrong_products_are_found_by_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products are compared with float64 before they are timed: a payload of another matrix is found."""
    encode = measure.space.encode

    def other(one: formats.Format, source: formats.Source, sha: str) -> object:
        made = encode(one, source, sha)
        if one.name != "ham":
            return made
        W = made.payload.decode()
        return measure.space.Encoded(one.encode(2 * W), one, 0.0, 0.0)

    monkeypatch.setattr(measure.space, "encode", other)
    found = measure.answered(question("csc", "ham"), effort=FAST)
    reasons = {str(one): curve.reason for (one, _, _), curve in found.curves.items()}
    assert reasons["csc"] == "" and "wrong product" in reasons["ham"]
