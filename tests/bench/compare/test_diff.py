"""What belongs together, what a change is called, what is not compared and why, and what fails a build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dotbench.bench.compare import diff
from dotbench.bench.compare.align import align
from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.figures import default_limits, limits
from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry

Row = dict[str, Any]
Make = Callable[..., Row]

DEFAULT = default_limits()


def results(**rows: list[Row]) -> Results:
    return Results("label", rows)


def compared(file: str, a: list[Row], b: list[Row], fail_on: str = DEFAULT) -> diff.Diff:
    return diff.compare(results(**{file: a}), results(**{file: b}), limits(fail_on))


def verdicts(found: diff.Diff) -> list[tuple[str, str]]:
    return [(one.figure.column, one.verdict) for one in found.changes if one.verdict != "same"]


def reasons(found: diff.Diff) -> list[str]:
    return [one.reason for one in found.apart]


# ---- declarations


def test_time_and_energy_never_gate() -> None:
    assert not any(figure.gates for file in ("time", "energy") for figure in registry.get(file).figures)
    with pytest.raises(CompareError, match="--fail-on: time is compared and never fails anything"):
        limits("bytes:0%,time:3%")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("byts:0%", "no figure 'byts': did you mean bytes"),
        ("@:0%", "no figure '@': there are bytes, scratch_bytes"),
        ("bytes", "'bytes' is no limit: write it like bytes:1%"),
        ("bytes:1", "'bytes:1' is no limit"),
        ("bytes:-1%", "'bytes:-1%' is no limit"),
        ("bytes:nan%", "'bytes:nan%' is no limit"),
        ("bytes:much%", "'bytes:much%' is no limit"),
    ],
)
def test_limits_that_are_none(text: str, words: str) -> None:
    with pytest.raises(CompareError) as error:
        limits(text)
    assert words in str(error.value)


def test_limits() -> None:
    assert limits(DEFAULT) == {"bytes": 0.0, "instructions": 0.01, "cycles_est_mid": 0.01}
    assert limits("") == {}


# ---- exact figures


@pytest.mark.parametrize(
    ("file", "column", "before", "after", "verdict", "better"),
    [
        ("space", "bytes", 100, 99, "smaller", True),
        ("space", "bytes", 100, 101, "larger", False),
        ("space", "bytes", 100, 100, "same", None),
        ("space", "error", 0.0, 1e-6, "larger", False),
        ("instructions", "instructions_per_dot", 1000, 999, "fewer", True),
        ("instructions", "instructions_per_dot", 1000, 1001, "more", False),
        ("systolic", "cycles_after", 10, 12, "more", False),
        ("systolic", "utilization_after", 0.5, 0.6, "higher", True),
        ("systolic", "utilization_after", 0.5, 0.4, "lower", False),
        ("levels", "active_bytes", 10, 9, "smaller", True),
        ("energy", "model_pj_per_entry", 2.0, 1.0, "less", True),
    ],
)
def test_exact_figures(
    row: Make, file: str, column: str, before: float, after: float, verdict: str, better: bool | None
) -> None:
    found = compared(file, [row(file, **{column: before})], [row(file, **{column: after})])
    (change,) = [one for one in found.changes if one.figure.column == column]
    assert (change.verdict, change.better, change.before, change.after) == (verdict, better, before, after)
    assert change.ratio == (after / before if before else None)


@pytest.mark.parametrize(
    ("file", "column", "before", "after", "fail_on", "status"),
    [
        ("space", "bytes", 10_000, 10_001, DEFAULT, 1),
        ("space", "bytes", 10_000, 9_999, DEFAULT, 0),
        ("space", "bytes", 10_000, 10_001, "bytes:0.01%", 0),
        ("space", "bytes", 10_000, 10_002, "bytes:0.01%", 1),
        ("space", "bytes", 10_000, 20_000, "", 0),
        ("space", "scratch_bytes", 0, 1, DEFAULT, 0),
        ("space", "scratch_bytes", 0, 1, "scratch_bytes:50%", 1),  # from nothing is more than any share
        ("instructions", "instructions_per_dot", 1000, 1010, DEFAULT, 0),
        ("instructions", "instructions_per_dot", 1000, 1011, DEFAULT, 1),
        ("systolic", "utilization_after", 0.5, 0.4, "utilization_after:19%", 1),
        ("systolic", "utilization_after", 0.5, 0.4, "utilization_after:21%", 0),
        ("systolic", "utilization_after", 0.5, 0.9, "utilization_after:0%", 0),
        ("time", "time_ratio", 1.0, 2.0, DEFAULT, 0),
        ("energy", "joules_per_dot", 1.0, 2.0, DEFAULT, 0),
    ],
)
def test_exit_status(row: Make, file: str, column: str, before: float, after: float, fail_on: str, status: int) -> None:
    found = compared(file, [row(file, **{column: before})], [row(file, **{column: after})], fail_on)
    assert found.status == status and len(found.failing) == status


# ---- measured figures


@pytest.mark.parametrize(
    ("after", "verdict", "better"), [(1.1, "slower", False), (0.9, "faster", True), (1.001, "unsure", None)]
)
def test_time(row: Make, after: float, verdict: str, better: bool | None) -> None:
    (change,) = compared("time", [row("time")], [row("time", time_ratio=after)]).changes
    assert (change.verdict, change.better) == (verdict, better)
    assert change.low is not None and change.high is not None and change.low < after < change.high


def test_energy_is_less_or_more(row: Make) -> None:
    found = compared("energy", [row("energy")], [row("energy", joules_per_dot=2.0)])
    assert verdicts(found) == [("joules_per_dot", "more")]


def test_a_row_that_was_not_measured_anew_is_the_same_however_wide_its_interval(row: Make) -> None:
    wide = row("time", ratio_low=0.5, ratio_high=2.0)
    elsewhere = wide | {"dataset": "copy.npy", "source": "file", "reason": "a copy"}
    for other in (wide, elsewhere):
        (change,) = compared("time", [wide], [other]).changes
        assert change.verdict == "same" and change.ratio == 1.0
    (change,) = compared("time", [wide], [wide | {"ns_per_dot": 2.0}]).changes
    assert change.verdict == "unsure"


def test_printed_decimals_are_in_the_interval(row: Make) -> None:
    """0.0010 may be 0.00095 or 0.00105: nothing can be said of 5 % there."""
    tiny = [row("time", time_ratio=value, ratio_low=value, ratio_high=value) for value in (0.0010, 0.00105)]
    (change,) = compared("time", tiny[:1], tiny[1:]).changes
    assert change.verdict == "unsure"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ratio_low": None}, "time_ratio has no interval in B"),
        ({"time_ratio": None}, "no time_ratio in B"),
        ({"time_ratio": 0.0, "ratio_low": 0.0, "ratio_high": 0.0}, "time_ratio or its interval is not above 0 in B"),
    ],
)
def test_a_time_that_says_nothing(row: Make, values: Row, reason: str) -> None:
    found = compared("time", [row("time")], [row("time", **values)])
    assert reasons(found) == [reason] and found.status == 2


def test_energy_that_is_only_modelled(row: Make) -> None:
    model = row("energy", kind="model", joules_per_dot=None, joules_low=None, joules_high=None)
    found = compared("energy", [model], [model | {"model_pj_per_entry": 2.0}])
    assert verdicts(found) == [("model_pj_per_entry", "more")] and not found.apart


def test_what_only_one_figure_of_a_row_depends_on(row: Make) -> None:
    a, b = row("levels"), row("levels", isa="x86_64", prefix_ratio=2.0, active_bytes=2)
    found = compared("levels", [a], [b])
    assert verdicts(found) == [("active_bytes", "larger")]
    assert found.notes == ["levels.csv, prefix_ratio: 1 cell not compared: isa differs: x86_64_v3 and x86_64"]
    assert verdicts(compared("levels", [a], [b | {"isa": a["isa"]}])) == [
        ("active_bytes", "larger"), ("prefix_ratio", "slower"),
    ]  # fmt: skip


# ---- what belongs together


@pytest.mark.parametrize(
    ("file", "values", "reason"),
    [
        ("time", {"reference_sha": "f" * 16}, "reference_sha differs: 01234567 and ffffffff"),
        ("time", {"isa": "x86_64"}, "isa differs: x86_64_v3 and x86_64"),
        ("time", {"compiler": ""}, "compiler differs: zig-1 and (none)"),
        ("time", {"isa": "a", "compiler": "b"}, "isa differs: x86_64_v3 and a; compiler differs: zig-1 and b"),
        ("instructions", {"compiler": "gcc-12"}, "compiler differs: zig-1 and gcc-12"),
        ("instructions", {"columns_counted": 512}, "columns_counted differs: 1 and 512"),
        ("energy", {"kind": "model"}, "kind differs: rapl and model"),
        ("energy", {"machine": "N x4"}, "machine differs: M x2 and N x4"),
        ("space", {"matrix_sha256": "b" * 64, "source": "twin"},
         "another matrix under the same name (mirror and twin): aaaaaaaa and bbbbbbbb"),
    ],
)  # fmt: skip
def test_one_cell_that_cannot_be_compared(row: Make, file: str, values: Row, reason: str) -> None:
    found = compared(file, [row(file)], [row(file, **values)])
    assert reasons(found) == [reason] and not found.changes and found.status == 2


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("time", {"batch": 8}),
        ("time", {"threads": 2}),
        ("time", {"cache": "cold"}),
        ("space", {"params": "k=2"}),
        ("space", {"format": "ham"}),
        ("systolic", {"array": "8x8"}),
        ("levels", {"level": 2}),
    ],
)
def test_other_cells(row: Make, file: str, key: Row) -> None:
    found = compared(file, [row(file)], [row(file, **key)])
    assert reasons(found) == ["only in A", "only in B"] and found.status == 2


def test_two_twins_of_a_name_and_a_twin_beside_the_real_matrix(row: Make) -> None:
    twin = {"dataset": "d~twin", "matrix_sha256": "b" * 64, "source": "twin"}
    found = compared("space", [row()], [row(**twin)])
    assert reasons(found) == [
        "only in A: the other has d~twin, which is another matrix",
        "only in B: the other has d, which is another matrix",
    ]
    found = compared("space", [row(**twin)], [row(**twin | {"matrix_sha256": "c" * 64})])
    assert reasons(found) == ["another matrix under the same name (twin): bbbbbbbb and cccccccc"]


def test_the_same_matrix_under_another_name(row: Make) -> None:
    found = compared("space", [row(dataset="w.npy", bytes=2)], [row(dataset="theirs/w.npy", bytes=3)])
    assert verdicts(found) == [("bytes", "larger")] and not found.apart


def test_names_decide_among_copies_of_one_matrix(row: Make) -> None:
    a = [row(dataset="x", bytes=1), row(dataset="y", bytes=2)]
    assert [(one["bytes"], other["bytes"]) for one, other in align("space", a, a[::-1]).pairs] == [(2, 2), (1, 1)]


def test_time_on_another_machine_is_compared_and_said(row: Make) -> None:
    found = compared("time", [row("time")], [row("time", machine="N x4", time_ratio=1.5)])
    assert verdicts(found) == [("time_ratio", "slower")]
    assert found.notes == [
        "time.csv: 1 cell measured on another machine in B; ratios to the reference are compared, nanoseconds are not"
    ]


# ---- statuses


def test_an_answer_in_words(row: Make) -> None:
    """Where there is no number: always faster, and then never."""
    words = {"bytes_answer": "always", "bytes_percent": None, "time_answer": "always", "time_percent": None}
    a = row("breakeven", dtype="float32", rival="dense", batch=1, threads=1, zeros_begin=0.0, zeros_end=99.9, **words)
    found = compared("breakeven", [a], [a | {"bytes_answer": "never"}])
    assert reasons(found) == ["bytes_answer is always in A, never in B"]
    found = compared("breakeven", [a], [a | {"time_answer": "never"}])
    assert reasons(found)[-1] == "time_answer is always in A, never in B" and not found.unchanged


def test_ok_to_failed_is_a_regression(row: Make) -> None:
    failed = row(status="failed", reason="a wrong product", bytes=None)
    found = compared("space", [row(), row(format="ham")], [failed, row(format="ham")], "")
    assert found.status == 1 and [one.reason for one in found.broken] == ["ok in A, failed in B: a wrong product"]


def test_whatever_else_differs_but_not_of_another_matrix(row: Make) -> None:
    failed = row("time", status="failed", reference_sha="f" * 16)
    assert compared("time", [row("time")], [failed]).status == 1
    assert compared("time", [row("time")], [failed | {"matrix_sha256": "b" * 64}]).status == 2


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("failed", "ok", "failed in A, ok in B: why"),
        ("ok", "timeout", "ok in A, timeout in B: why"),
        ("ok", "unavailable", "ok in A, unavailable in B: why"),
        ("failed", "failed", "failed in both"),
    ],
)
def test_other_statuses_are_shown(row: Make, a: str, b: str, reason: str) -> None:
    found = compared("space", [row(status=a, reason="why")], [row(status=b, reason="why")])
    assert reasons(found) == [reason] and found.status == 2 and not found.broken


# ---- whole results


def test_files_of_one_side_only(row: Make) -> None:
    found = diff.compare(results(space=[row()]), results(space=[row()], time=[row("time")]), {})
    assert found.notes == ["time.csv is only in B: 1 row"] and found.status == 0
    with pytest.raises(CompareError, match=r"nothing to compare: label has space.csv; label has time.csv"):
        diff.compare(results(space=[row()]), results(time=[row("time")]), {})


def test_columns_that_an_older_version_did_not_have(row: Make) -> None:
    old = results(space=[row(scratch_bytes=None)])
    found = diff.compare(old, results(space=[row(bytes=2)]), {})
    assert found.notes == ["space.csv, scratch_bytes: 1 cell not compared: no scratch_bytes in A"]
    assert verdicts(found) == [("bytes", "larger")] and not found.apart


def test_geometric_means(row: Make) -> None:
    a = [row(dataset=name, bytes=100, matrix_sha256=name * 64) for name in "abc"]
    b = [one | {"bytes": size} for one, size in zip(a, (50, 200, 800), strict=True)]
    summary = next(one for one in diff.summaries(compared("space", a, b).changes) if one.figure.column == "bytes")
    assert (summary.label, summary.cells, summary.verdicts) == ("sham", 3, {"smaller": 1, "larger": 2})
    assert summary.mean == pytest.approx(2.0)  # the third root of 1/2 * 2 * 8


def test_nothing_above_zero_has_no_mean(row: Make) -> None:
    changes = compared("space", [row(error=0.0)], [row(error=0.5)]).changes
    assert [one.mean for one in diff.summaries(changes) if one.figure.column == "error"] == [None]
