"""What a reader of the report sees first: which matrix, three answers, and why some matrices are in no plot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.compare.results import Results, find
from dotbench.bench.report.coverage import sentences
from dotbench.bench.report.matrices import matrices, start
from dotbench.bench.report.origin import Origin
from dotbench.bench.report.page import page
from dotbench.bench.report.summary import summary

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results as made

Row = dict[str, Any]


def named(row: Row, name: str) -> Row:
    return row | {"dataset": name, "matrix_sha256": f"{sum(map(ord, name)):064x}"}


def results(*names: str, **without: tuple[str, ...]) -> Results:
    """Made rows of one matrix under several names; ``without``: files with the names that have no row there."""
    rows = made.results(1)
    files = {
        file: [named(row, name) for name in names if name not in without.get(file, ()) for row in rows[file]]
        for file in ("space", "time", "instructions")
    }
    return Results("made", files)


def first(found: Results) -> str:
    known = matrices(found)
    return known[start(known, found)].dataset


def test_the_first_matrix_is_a_layer_of_a_network_that_has_a_plot() -> None:
    """A physics matrix comes first by name, a layer without times has nothing to show, the README's is preferred."""
    assert first(results("SiNa", "orsreg_1", "vgg19/80-0-16")) == "vgg19/80-0-16"
    assert first(results("SiNa", "model.tflite#00_dense")) == "model.tflite#00_dense"
    assert first(results("deepdta/80-0-16", "vgg19/90-0-32")) == "vgg19/90-0-32"
    assert first(results("dlmc/a", "vgg19/90-0-32", time=("vgg19/90-0-32",))) == "dlmc/a"
    assert first(results("SiNa", "tflite/x", time=("tflite/x",))) == "SiNa"
    assert first(results("w.npy")) == "w.npy"


def test_a_twin_stands_in_where_the_real_one_is_not() -> None:
    assert first(results("SiNa~twin", "vgg19/90-0-32~twin", "deepdta/80-0-16~twin")) == "vgg19/90-0-32~twin"


def test_results_of_one_file_have_a_first_matrix() -> None:
    assert first(Results("x", {"time": results("a", "vgg19/b").rows["time"]})) == "vgg19/b"
    assert first(Results("x", {"instructions": results("a", "b").rows["instructions"]})) in ("a", "b")


def test_counts_are_explained() -> None:
    """Of five matrices one was not timed, one has instructions alone, one failed to be timed."""
    found = results("a", "b", "c", "d", "e", time=("b", "c"), space=("c",))
    for row in found.rows["time"]:
        if row["dataset"] == "d":
            row["status"] = "timeout"
    assert list(sentences(found)) == [
        "Of 5 matrices sizes are known of 4, times of 2, and both of 2: these have a plot of size against speed.",
        "1 matrix has no row in `space.csv` and no row in `time.csv`, and figures in `instructions.csv` only: `c`.",
        "1 matrix has no row in `time.csv`, and figures in `space.csv` and `instructions.csv` only: `b`.",
        "1 matrix has no row that went well in `time.csv` (timeout), and figures in `space.csv` and "
        "`instructions.csv` only: `d`.",
    ]


@pytest.mark.parametrize("file", ["space", "time"])
def test_nothing_to_explain(file: str) -> None:
    """Where all have both, and where neither file is there."""
    assert list(sentences(results("a", "b"))) == []
    assert list(sentences(Results("x", {"instructions": results("a").rows["instructions"]}))) == []
    assert len(list(sentences(Results("x", {file: results("a").rows[file]})))) == 2


def test_three_answers() -> None:
    (one,) = summary(results("vgg19/a")).verdicts
    assert [title for title, _ in one.answers] == ["Smallest", "Fastest", "In between"]
    words = dict(one.answers)
    assert words["Smallest"].startswith("`ham` is the smallest (")
    assert words["Fastest"].startswith("`csc_min` is the fastest (") or words["Fastest"].startswith("`csc` is")
    assert words["In between"].startswith("`sham` (")


def test_answers_that_cannot_be_given_say_why() -> None:
    rows = results("a").rows
    (sized,) = summary(Results("x", {"space": rows["space"]})).verdicts
    (timed,) = summary(Results("x", {"time": rows["time"]})).verdicts
    (neither,) = summary(Results("x", {"instructions": rows["instructions"]})).verdicts
    assert dict(sized.answers)["Fastest"] == "Nothing of it was timed."
    assert dict(timed.answers)["Smallest"] == "Nothing of it was stored."
    assert dict(sized.answers)["In between"] == dict(timed.answers)["In between"] == "This needs both sizes and times."
    assert neither.answers == ()


def test_answers_and_plot_come_before_all_else(tmp_path: Path) -> None:
    """In the page's text, for whoever runs no scripts; and a matrix without figures has no card."""
    made.written(results("vgg19/a", "b", space=("b",), time=("b",)).rows, tmp_path)
    text = page(find(str(tmp_path), tmp_path), Origin("made"), "today")
    places = [
        text.index(f'id="{name}"') for name in ("trade-answers", "trade-plot", "short", "glance", "reading", "rows")
    ]
    assert places == sorted(places)
    assert "<h3>Smallest</h3><p><code>ham</code> is the smallest" in text
    assert text.count('data-matrix="') == 1
