"""pick.csv comes back as it was written, damage is named, and two picks are compared layer by layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.pick.answer import Answer, Candidate, Layer, Time
from dotbench.bench.pick.question import Question
from dotbench.bench.pick.record import NAME, read, write
from dotbench.bench.pick.weights import Weights
from dotbench.bench.report.picks import section as html
from dotbench.bench.show.pick_diff import section


def layer(name: str, size: int, pick: str, file: str = "a.npz") -> Layer:
    weights = Weights(name, f"{file}#{name}", "product", (100, 10), "float32", 4000, lambda: (None, ""))
    dense = Candidate("dense", 4032, "computed")
    own = Candidate(pick, size, "computed", measured=Time(0.5, 0.49, 0.51))
    known = (dense,) if pick == "dense" else (dense, own)
    return Layer(weights, dense, known, density=0.25, distinct=7, pick=pick)


def answer(*layers: Layer) -> Answer:
    return Answer(Question(), [], [*layers])


def test_it_comes_back(tmp_path: Path) -> None:
    made = answer(layer("fc1", 1000, "ham"), layer("=fc2,x", 4032, "dense"))
    lines = read(write(made, tmp_path))
    assert [(one.layer, one.take, one.bytes, one.dense_bytes, one.time_ratio) for one in lines] == [
        ("fc1", "ham", 1000, 4032, "0.5000"), ("=fc2,x", "dense", 4032, 4032, "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: its columns are not dataset,n,m"),
        ("dataset,bytes\n", "line 1: its columns are not"),
        ("HEAD\na#b,1\n", "line 2: 2 fields, not 12"),
        ("HEAD\na#b,1,x,float32,0.1,3,ham,5,6,,,bytes\n", "line 2: invalid literal"),
    ],
)
def test_damage_is_named_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    head = "dataset,n,m,dtype,density,distinct,take,bytes,dense_bytes,time_ratio,how,goal"
    (tmp_path / NAME).write_text(text.replace("HEAD", head))
    with pytest.raises(CompareError, match=words):
        read(tmp_path / NAME)


def test_layers_of_two_files_are_found_by_name(tmp_path: Path) -> None:
    a = read(write(answer(layer("fc1", 1000, "ham"), layer("old", 9, "ham")), tmp_path))
    b = read(write(answer(layer("fc1", 500, "sham", "b.npz"), layer("new", 4032, "dense", "b.npz")), tmp_path))
    found = section(a, b)
    assert found.said == "1 layer that both have: 1 000 bytes in A, 500 in B (-50.0%)"
    assert [line.fields[1] for line in found.lines] == ["fc1", "old (only in A)", "new (only in B)"]
    assert found.lines[0].fields[2:7] == ("ham", "sham", "1 000", "500", "0.500")


def test_the_report_has_their_sum_and_no_markup_of_names(tmp_path: Path) -> None:
    lines = read(write(answer(layer("<b>x</b>", 1000, "ham"), layer("fc2", 4032, "dense")), tmp_path))
    page = html(lines)
    assert "&lt;b&gt;x" in page and "<b>x" not in page
    assert "All 2 layers" in page and "5 032" in page and "8 064" in page and "1.60 ×" in page
    assert html([]) == ""
