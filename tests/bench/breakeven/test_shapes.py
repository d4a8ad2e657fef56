"""The session's eight shapes, what of them is missing, and the page that shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dotbench import formats
from dotbench.bench.breakeven import measure, question, rows, shapes
from dotbench.bench.metrics.metric import Row
from dotbench.bench.pages import breakeven as page
from dotbench.bench.record import export

sys.path.insert(0, str(Path(__file__).parent))
from answers import answer

pytestmark = pytest.mark.usefixtures("home")


def sides(shape: str) -> tuple[int, int]:
    return question.parse_shape(shape)


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the session measures, made up."""
    asked: list[str] = []

    def made(one: question.Question, *_: object) -> measure.Answer:
        asked.append(f"{one.shape[0]}x{one.shape[1]} {one.dtype}")
        return answer(one, csc=4.0, csr16=3.0)

    monkeypatch.setattr(measure, "answered", made)
    return asked


def test_the_session_goes_on_shape_by_shape(
    tmp_path: Path, eight: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "breakeven.csv"
    assert shapes.measured(["128x128"], out) == 0
    assert eight == ["128x128 float32", "128x128 int8"]
    said = capsys.readouterr().out
    assert "missing: 512x512 (float32, int8), " in said and "128x128 (" not in said and "goes on" in said
    once = len(rows.read(out))
    assert shapes.measured(["128x128", "768x768"], out) == 0
    assert eight[2:] == ["768x768 float32", "768x768 int8"]  # what is there is not measured again
    assert len(rows.read(out)) == 2 * once
    assert shapes.measured(list(shapes.SHAPES), out) == 0 and len(eight) == 16
    assert "nothing is missing: all 8 shapes are in" in capsys.readouterr().out


def test_the_session_measures_rows_of_other_code_again(tmp_path: Path, eight: list[str]) -> None:
    out = tmp_path / "breakeven.csv"
    shapes.measured(["128x128"], out)
    old = [row | {"code_sha": "0" * 16} if row["format"] == "csr16" else row for row in rows.read(out)]
    out.write_bytes(export.render("breakeven", old))
    assert shapes.lacking(rows.read(out), ["128x128"]) == ["128x128 (int8)"]
    assert shapes.measured(["128x128"], out) == 0 and eight[2:] == ["128x128 int8"]


def test_the_session_leaves_out_what_there_is_no_memory_for(
    tmp_path: Path, eight: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(shape: tuple[int, int], batch: int) -> None:
        raise question.Unanswerable(f"{shape[0]}x{shape[1]} needs more")

    monkeypatch.setattr(question, "check_memory", none)
    assert shapes.measured(["128x128"], tmp_path / "breakeven.csv") == 1 and eight == []
    said = capsys.readouterr().out
    assert "  left out: 128x128 needs more" in said and "missing: 128x128 (float32, int8), " in said


def test_the_session_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = CliRunner().invoke(shapes.main, ["--shapes", "128x128", "--out", str(tmp_path / "file" / "b.csv")])
    assert done.exit_code == 2 and "cannot be written" in done.output and "Traceback" not in done.output


def test_shapes_are_eight() -> None:
    assert len(shapes.SHAPES) == 8 and all(np.prod(sides(shape)) <= 1 << 24 for shape in shapes.SHAPES)
    done = CliRunner().invoke(shapes.main, ["--shapes", "5x5"])
    assert done.exit_code == 2 and "no shape '5x5': there are 128x128, " in done.output


def known(*wanted: str) -> list[Row]:
    return [
        row
        for shape in wanted
        for one in shapes.asked(shape)
        for row in rows.rows_of(answer(one, csc=4.0, csr16=3.0, **dict.fromkeys(("im", "ham"), 50.0)))
    ]


def test_the_page_says_what_is_missing() -> None:
    nothing = page.table([])
    assert nothing.count(page.NOT_YET) == 64 and "**Nothing of this table is measured yet.**" in nothing
    some = page.table(known("128x128", "512x4096"))
    assert some.count(page.NOT_YET) == 48 and "**Not measured yet: 512x512 float32, 512x512 int8, 768x768" in some
    (line,) = [line for line in some.splitlines() if line.startswith("| 128 x 128 | int8 |")]
    assert line.count("`csr16`: from 66.8 % (66.1 to 67.4 %)") == 3
    whole = page.table(known(*shapes.SHAPES))
    assert page.NOT_YET not in whole and "All shapes have rows." in whole


def test_the_harder_dense_rival_counts() -> None:
    row = known("128x128")[0]
    rivals = [row | {"rival": "blas_dense", "time_percent": 70.0}, row | {"rival": "dense", "time_percent": 80.0}]
    assert page.first(rivals, "time").startswith(f"`{formats.parse(row['format'])}`: from 80.0 %")
    assert page.first([row | {"time_answer": "never"}], "time") == "none below 99.9 % zeros"


def test_the_committed_page_is_current() -> None:
    """Otherwise: nox -s docs. Outside a checkout of all rows it may be of others."""
    text = page.PAGE.read_text()
    assert text == page.page(text, rows.read(shapes.FILE))
