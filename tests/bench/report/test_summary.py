"""The sentences of the report, on results small enough to check by hand."""

from __future__ import annotations

from typing import Any

import pytest

from dotbench.bench.compare.results import Results
from dotbench.bench.report.matrices import Matrix, matrices
from dotbench.bench.report.summary import summary
from dotbench.bench.report.verdict import verdict
from dotbench.bench.show.grid import label

Row = dict[str, Any]

MATRIX = Matrix("w", "00", "file", 10, 100, 50)


def space(format_: str, size: int, params: str = "", **more: Any) -> Row:
    return base(format_, params) | {"lossless": True, "error": 0.0, "n": 10, "m": 100, "nnz": 50, "bytes": size,
                                    "ratio": 4000 / size} | more  # fmt: skip


def timed(format_: str, ratio: float, width: float = 1.02, params: str = "", **more: Any) -> Row:
    return base(format_, params) | {"batch": 1, "threads": 1, "cache": "warm", "reference": "csc", "time_ratio": ratio,
                                    "ratio_low": ratio / width, "ratio_high": ratio * width, "machine": "M x2"} | more  # fmt: skip


def base(format_: str, params: str) -> Row:
    return {
        "dataset": "w",
        "matrix_sha256": "00",
        "source": "file",
        "format": format_,
        "params": params,
        "status": "ok",
    }


def said(spaces: list[Row], times: list[Row]) -> tuple[str, ...]:
    return verdict(MATRIX, spaces, {label(row): row for row in times}).sentences


def test_smallest_fastest_and_what_is_between() -> None:
    spaces = [space("dense", 4000), space("csc", 800), space("sham", 400), space("ham", 100), space("im", 900)]
    times = [timed("dense", 4.0), timed("csc", 1.0, 1.0), timed("sham", 3.0), timed("ham", 12.0), timed("im", 9.0)]
    found = verdict(MATRIX, spaces, {row["format"]: row for row in times})
    assert (found.smallest, found.fastest, found.between) == ("ham", ("csc",), ("sham",))
    assert found.sentences == (
        "`ham` is the smallest (100 bytes, 40.0 times smaller than dense); a product takes 12.0 times as long as with `csc`.",
        "`csc` is the fastest (it is what the others are timed against).",
        "In between: `sham` (10.0 times smaller, 3.00 times the time).",
    )


def test_one_that_is_best_at_both() -> None:
    assert said([space("csc", 800), space("bitmap", 300)], [timed("csc", 1.0), timed("bitmap", 0.5)]) == (
        "`bitmap` is both the smallest (300 bytes, 13.3 times smaller than dense) and the fastest (0.50 times the time with `csc`).",
    )


def test_intervals_that_overlap_tell_nobody_from_the_fastest() -> None:
    spaces = [space("csc", 800), space("csc_min", 600), space("ham", 100)]
    found = said(spaces, [timed("csc", 1.0, 1.01), timed("csc_min", 0.99, 1.02), timed("ham", 9.0)])
    assert found[1:] == (
        "`csc_min` is the fastest (0.99 times the time with `csc`).",
        "`csc` is as fast, as far as its interval tells.",
    )
    found = said(spaces, [timed("csc", 1.0, 1.01), timed("csc_min", 0.9, 1.02), timed("ham", 9.0)])
    assert found[1:] == ("`csc_min` is the fastest (0.90 times the time with `csc`).",)


def test_between_is_only_who_is_surely_faster_than_the_smaller_ones() -> None:
    spaces = [space("ham", 100), space("sham", 200), space("im", 300), space("csc", 800)]
    times = [timed("ham", 9.0), timed("sham", 3.0, 1.1), timed("im", 2.9, 1.1), timed("csc", 1.0, 1.0)]
    assert verdict(MATRIX, spaces, {row["format"]: row for row in times}).between == ("sham",)


def test_a_library_that_wins_leaves_word_of_the_best_format() -> None:
    found = said(
        [space("dense", 4000), space("ham", 100)], [timed("blas_dense", 0.2), timed("dense", 0.6), timed("ham", 9.0)]
    )
    assert found[1:] == (
        "`blas_dense` is the fastest (0.20 times the time with `csc`).",
        "Of the formats, `dense` is the fastest (0.60 times the time with `csc`).",
    )


def test_lossy_formats_do_not_compete_and_come_with_their_error() -> None:
    spaces = [space("csc", 800), space("column_combined", 90, lossless=False, error=0.281)]
    found = verdict(MATRIX, spaces, {row["format"]: row for row in [timed("csc", 1.0), timed("column_combined", 0.2)]})
    assert (found.smallest, found.fastest) == ("csc", ("csc",))
    assert found.sentences[-1] == "`column_combined` ≈ is smaller (90 bytes) and lossy, with an error of 28.1 %."
    assert "not known" in said([space("column_combined", 90, lossless=False, error=None)], [])[-1]


def test_bounds_ceilings_and_rows_that_failed_are_never_best() -> None:
    spaces = [space("bound:h0", 10), space("ham", 5, status="failed"), space("csc", 800)]
    assert said(spaces, [timed("ceiling:memcpy", 0.01, params="format=csc"), timed("csc", 1.0)]) == (
        "`csc` is both the smallest (800 bytes, 5.00 times smaller than dense) and the fastest (it is what the others are timed against).",
    )


@pytest.mark.parametrize("spaces, times, sentences", [
    ([], [], ()),
    ([space("csc", 800)], [], ("`csc` is the smallest (800 bytes, 5.00 times smaller than dense); its product was not timed.",)),
    ([], [timed("ham", 2.0)], ("`ham` is the fastest (2.00 times the time with `csc`).",)),
    ([space("csc", 32, ratio=0.0, nnz=0)], [], ("`csc` is the smallest (32 bytes); its product was not timed.",)),
])  # fmt: skip
def test_what_was_not_measured_is_not_spoken_of(
    spaces: list[Row], times: list[Row], sentences: tuple[str, ...]
) -> None:
    assert said(spaces, times) == sentences


def test_all_matrices_together() -> None:
    spaces = [space("csc", 800), space("ham", 100), space("column_combined", 90, "gamma=0.5", lossless=False)]
    other = [row | {"dataset": "v~twin", "matrix_sha256": "11", "source": "twin"} for row in spaces]
    failed = [timed("im", 1.0, status="failed"), timed("scipy_csr", 1.0, status="unavailable")]
    times = [timed("csc", 1.0), timed("ham", 9.0), timed("ham", 0.1, batch=8), *failed]
    found = summary(Results("x", {"space": spaces + other, "time": times}))
    assert found.facts == (
        ("Matrices", "2"), ("Formats", "4"), ("Libraries beside them", "1"), ("Rows", "11"), ("Machine", "M x2"),
    )  # fmt: skip
    assert found.sentences == (
        "Smallest: `ham` on 2 of 2. Lossy formats do not compete.",
        "Fastest with one vector: `csc` on 1 of 1. Libraries compete, too.",
        "No format is both on any matrix: what to take depends on the matrix and on what counts.",
        "Of 2 matrices sizes are known of 2, times of 1, and both of 1: these have a plot of size against speed.",
        "1 matrix has no row in `time.csv`, and figures in `space.csv` only: `v~twin`.",
        "1 matrix is a twin: synthetic, with the shape, density and values of a real one that could not be had. Their names say so.",
        "Lossy (marked ≈, they hold another matrix than was asked for): `column_combined[0.5]`.",
        "Not every cell has a figure: 1 failed, 1 unavailable. Each such row says why, in the table of all rows.",
    )


def test_two_contents_of_one_name_are_two_matrices() -> None:
    rows = [space("csc", 800), space("ham", 100) | {"matrix_sha256": "11"}]
    found = matrices(Results("x", {"space": rows}))
    assert [(one.dataset, one.sha256) for one in found] == [("w", "00"), ("w", "11")]
    assert found[0].shape == "10 × 100, 5.0 % nonzero"
