"""The CSV files: exact bytes, what is replaced, kept and dropped, and what is refused."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from bench import export as exporting
from bench.rows import FILES, as_text, key, typed

Row = dict[str, Any]


def space(format_: str = "sham", dataset: str = "orsreg_1", **more: Any) -> Row:
    return {
        "dataset": dataset, "matrix_sha256": "ab", "source": "mirror", "format": format_, "params": "",
        "status": "ok", "reason": "", "code_sha": "now", "n": 2, "m": 3, "nnz": 4, "distinct": 2,
        "dtype": "float32", "lossless": True, "error": 0.0, "bytes": 85, "header_bytes": 32, "scratch_bytes": 0,
        "bits_per_entry": 1 / 3, "bits_per_nonzero": 170.0, "ratio": 0.28235294, "paper_bits_per_entry": 1.01491,
        "entropy_bits_per_entry": 1.5, "x_bound": None, **more,
    }  # fmt: skip


def failed(format_: str = "sham", status: str = "failed", **more: Any) -> Row:
    common = {
        name: space(format_)[name] for name in ["dataset", "matrix_sha256", "source", "format", "params", "code_sha"]
    }
    return {**common, "status": status, "reason": 'wrong product: "3",\nsecond line', **more}


def time_row(batch: int = 1, threads: int = 1, **more: Any) -> Row:
    return {
        **{name: space()[name] for name in ["dataset", "matrix_sha256", "source", "format", "params", "status", "reason", "code_sha"]},
        "batch": batch, "threads": threads, "cache": "warm", "isa": "x86_64_v3", "compiler": "zig-0.17.1",
        "reference": "csc", "reference_sha": "ref", "time_ratio": 1.23456, "ratio_low": 1.2, "ratio_high": 1.27,
        "ns_per_dot": 1234.56, "ns_per_nonzero": 0.12345, "gmac_per_s": 1.5, "encode_seconds": 0.01234,
        "open_us": 12.34, "passes": 8, "stop": "width 2%", "machine": "AMD EPYC x2", "call_ns": None,
        "product_error": 1.234567e-7, "speedup": None, "probe_speedup": None, **more,
    }  # fmt: skip


SPACE_HEAD = (
    "dataset,matrix_sha256,source,format,params,status,reason,code_sha,n,m,nnz,distinct,dtype,lossless,error,bytes,"
    "header_bytes,scratch_bytes,bits_per_entry,bits_per_nonzero,ratio,paper_bits_per_entry,entropy_bits_per_entry,"
    "x_bound"
)
TIME_HEAD = (
    "dataset,matrix_sha256,source,format,params,status,reason,code_sha,batch,threads,cache,isa,compiler,reference,"
    "reference_sha,time_ratio,ratio_low,ratio_high,ns_per_dot,ns_per_nonzero,gmac_per_s,encode_seconds,open_us,"
    "passes,stop,machine,call_ns,product_error,speedup,probe_speedup"
)


def test_columns_and_exact_bytes() -> None:
    text = exporting.render("space", [space(), failed("ham")]).decode()
    assert text == (
        f"{SPACE_HEAD}\n"
        "orsreg_1,ab,mirror,sham,,ok,,now,2,3,4,2,float32,true,0,85,32,0,0.33333333,170.00000000,0.2824,1.01491000,"
        "1.50000000,\n"
        'orsreg_1,ab,mirror,ham,,failed,"wrong product: ""3"", second line",now' + "," * 16 + "\n"
    )
    text = exporting.render("time", [time_row()]).decode()
    assert text == (
        f"{TIME_HEAD}\n"
        "orsreg_1,ab,mirror,sham,,ok,,now,1,1,warm,x86_64_v3,zig-0.17.1,csc,ref,1.2346,1.2000,1.2700,1234.6,0.1235,"
        "1.500,0.0123,12.3,8,width 2%,AMD EPYC x2,,1.235e-07,,\n"
    )


def test_what_was_written_is_read_again() -> None:
    for file, row in (("space", space()), ("time", time_row(8, 2)), ("space", failed())):
        names = [column.name for column in FILES[file]]
        again = typed(file, dict(zip(names, as_text(file, row), strict=True)))
        assert as_text(file, again) == as_text(file, row)
    with pytest.raises(ValueError, match="column bytes"):
        typed("space", dict(zip(names, as_text("space", space()), strict=True)) | {"bytes": "many"})
    with pytest.raises(ValueError, match="column lossless: 'yes'"):
        typed("space", dict(zip(names, as_text("space", space()), strict=True)) | {"lossless": "yes"})
    with pytest.raises(ValueError, match="column status: 'fine'"):
        typed("space", dict(zip(names, as_text("space", space()), strict=True)) | {"status": "fine"})


def test_keys_sort_numbers_as_numbers() -> None:
    rows = [time_row(batch) for batch in (32, 8, 1)]
    assert [row["batch"] for row in sorted(rows, key=lambda row: key("time", row))] == [1, 8, 32]
    assert key("time", time_row(isa="x86_64", machine="other", code_sha="old")) == key("time", time_row())


def now(_: str, row: Row) -> str | None:
    return None if row["format"] == "alien" else "now"


def run(folder: Path, rows: list[Row]) -> tuple[list[tuple[str, str, str]], exporting.ExportReport]:
    planned = {"space": {key("space", row) for row in rows}}
    report = exporting.export({"space": rows}, folder, planned, now)
    found = exporting.read(folder / "space.csv", "space")
    return [(row["format"], row["status"], row["code_sha"]) for row in found], report


def test_merging(tmp_path: Path) -> None:
    run(tmp_path, [space("ham"), space("im"), space("csc", code_sha="old"), space("alien", code_sha="any")])
    found, report = run(tmp_path, [space("sham"), space("ham", code_sha="new")])
    assert found == [("alien", "ok", "any"), ("ham", "ok", "new"), ("im", "ok", "now"), ("sham", "ok", "now")]
    assert report.dropped == {"space": 1} and report.unknown == {"space": 1}
    assert len(report.lines()) == 2


@pytest.mark.parametrize(
    ("status", "sha", "kept"),
    [("skipped", "now", True), ("unavailable", "now", True), ("timeout", "now", True), ("failed", "now", False),
     ("skipped", "new", False)],
)  # fmt: skip
def test_what_was_measured_stays(tmp_path: Path, status: str, sha: str, kept: bool) -> None:
    run(tmp_path, [space()])
    found, report = run(tmp_path, [failed(status=status, code_sha=sha)])
    assert found == ([("sham", "ok", "now")] if kept else [("sham", status, sha)])
    assert bool(report.kept_ok) == kept == bool(report.lines())


def test_the_same_bytes_in_any_order_and_twice(tmp_path: Path) -> None:
    rows = [space(name, data) for name in ("ham", "csc", "sham") for data in ("a", "B", "c~twin")]
    run(tmp_path, rows)
    first = (tmp_path / "space.csv").read_bytes()
    run(tmp_path, rows[::-1])
    assert (tmp_path / "space.csv").read_bytes() == first and first.count(b"\n") == 10
    assert [path.name for path in tmp_path.iterdir()] == ["space.csv"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("orsreg_1,", "<<<<<<< HEAD\norsreg_1,", 1), "line 2: a merge conflict"),
        (lambda text: text.replace("nnz,", "", 1), "missing: nnz; unknown: none"),
        (lambda text: text.replace("nnz,", "nnz,nnz,", 1), "not the columns"),
        (lambda text: text.replace("x_bound\n", "x_bound,later\n", 1), "unknown: later"),
        (lambda text: text.replace(",85,", ",many,"), "line 2: column bytes"),
        (lambda text: text.rstrip("\n") + ",more\n", "line 2"),
        (lambda text: "", "line 1: these are not the columns"),
    ],
)
def test_files_that_are_not_results(tmp_path: Path, change: Any, words: str) -> None:
    run(tmp_path, [space()])
    path = tmp_path / "space.csv"
    path.write_text(change(path.read_text()))
    before = path.read_bytes()
    with pytest.raises(exporting.ExportError, match=words) as caught:
        run(tmp_path, [space("ham")])
    assert "Nothing was changed" in str(caught.value) and path.read_bytes() == before


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "space.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(exporting.ExportError, match="cannot be read"):
        run(tmp_path, [space()])


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, [space()])
    before = (tmp_path / "space.csv").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(exporting.ExportError, match=r"No space left .* dotbench export"):
        run(tmp_path, [space("ham")])
    assert (tmp_path / "space.csv").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_results_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(exporting.ExportError, match="cannot be written"):
        exporting.export({"space": [space()]}, tmp_path / "file" / "results", {}, now)
