"""Rows and columns that somebody chose, and the LaTeX table: what a paper takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dotbench.bench.cli import command
from dotbench.bench.show import choice, grid, table

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results as made

Row = dict[str, Any]
NAME = "layer000/90-0-32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.written(made.results(2), tmp_path_factory.mktemp("made"))


def call(folder: Path, *more: str, style: str = "latex") -> Result:
    return CliRunner().invoke(command, ["table", str(folder), "--datasets", NAME, "--style", style, *more])


def rows() -> dict[str, list[Row]]:
    found = made.results(1)
    return {file: found[file] for file in ("space", "time")}


def names(chosen: dict[str, list[Row]]) -> set[str]:
    return {row["format"] for own in chosen.values() for row in own}


def test_rows_by_name_section_and_glob() -> None:
    every = rows()
    assert names(choice.with_rows(every, ["bounds"])) == set(made.BOUNDS)
    assert names(choice.with_rows(every, ["h0", "csc*"])) == {"bound:h0", "csc", "csc_min"}
    assert names(choice.with_rows(every, ["column_combined[0.5]"])) == {"column_combined"}
    assert names(choice.with_rows(every, ["libraries", "decode: ham"])) == {*made.PEERS, "scipy_csr", "ceiling:decode"}
    with pytest.raises(LookupError, match="no row 'hamm': there are formats, libraries, ceilings, bounds, dense, csc"):
        choice.with_rows(every, ["ham", "hamm"])


def test_columns_in_the_order_that_was_asked_for() -> None:
    found = choice.with_columns(grid.grid(rows(), wide=True), ["time", "bytes", "ns/nonzero b8"])
    assert found.titles == ("format", "time/csc b1", "time/csc b8", "bytes", "ns/nonzero b8")
    whole = grid.grid(rows(), wide=True)
    ham = next(line for line in whole.lines if line.name == "ham")
    fields = dict(zip(whole.titles[1:], ham.fields, strict=True))
    line = next(line for line in found.lines if line.name == "ham")
    assert [fields[title] for title in found.titles[1:]] == list(line.fields)
    with pytest.raises(LookupError, match="no column 'joules': there are bytes, bits/nonzero, smaller, time/csc b1"):
        choice.check_columns([whole], ["bytes", "joules"])


def test_the_best_is_the_best_of_what_is_shown() -> None:
    found = grid.grid(choice.with_rows(rows(), ["csc", "im"]))
    assert [(line.name, line.fields[0].best) for line in found.lines] == [("csc", True), ("im", False)]


def test_markdown_has_the_same_choices(folder: Path) -> None:
    text = call(folder, "--rows", "ham,csc", "--columns", "smaller,bytes", style="markdown").output
    titles = next(line for line in text.splitlines() if line.startswith("| "))
    assert re.split(r"\s*\|\s*", titles)[1:-1] == ["format", "smaller", "bytes"]
    assert "| ham " in text and "| csc " in text and "| sham" not in text


def test_a_terminal_takes_rows_and_says_that_it_chooses_columns(folder: Path) -> None:
    text = call(folder, "--rows", "ham", style="terminal").output
    assert "ham" in text and "csc_min" not in text
    result = call(folder, "--columns", "bytes", style="terminal")
    assert result.exit_code == 2 and "--columns is for --style markdown and latex" in result.output


def test_latex_is_a_float_with_caption_label_and_numbers(folder: Path) -> None:
    """By hand from the made rows: csc's own time is 1 with an interval from 1 / 1.03 to 1.04."""
    text = call(folder, "--rows", "formats,blas_dense,bounds", "--columns", "bytes,time").output
    size = next(row["bytes"] for row in made.results(2)["space"] if (row["dataset"], row["format"]) == (NAME, "csc"))
    lines = text.splitlines()
    assert lines[0].startswith(r"% In the preamble: \usepackage{booktabs,siunitx}")
    assert r"\label{tab:layer000-90-0-32}" in lines and r"\toprule" in lines and r"\bottomrule" in lines
    caption = next(line for line in lines if line.startswith(r"\caption{"))
    assert caption.startswith(
        r"\caption{layer000/90-0-32 (512 inputs, 2048 outputs, 10.0 \% nonzero). time/csc: time of"
    )
    assert r"$\approx$ lossy" in caption
    assert r"\begin{tabular}{l S[table-format=7.0] S[table-format=2.2(2)] S[table-format=2.2(2)]}" in text
    assert rf"csc & {size} & \bfseries 1.00(4) & 1.00(4) \\" in lines
    assert r"\multicolumn{4}{l}{\emph{bounds}} \\" in lines and text.count(r"\midrule") == 3
    assert text.count(r"\bfseries") == 3 and r"\hline" not in text and "libraries" in text
    assert "±" not in text and "≈" not in text and r"positions\_values" in text


def test_latex_of_what_went_wrong_and_of_odd_names(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {
        "dataset": "a_b#1~twin",
        "format": "ham",
        "params": "",
        "status": "timeout",
        "lossless": True,
        "bytes": None,
    }
    print(table.document({"space": [failed]}, "latex"))
    text = capsys.readouterr().out
    assert r"ham & {timeout} &  &  \\" in text and r"\label{tab:a-b-1-twin}" in text
    assert r"\caption{a\_b\#1\textasciitilde{}twin" in text


@pytest.mark.parametrize(("option", "value"), [("--rows", "hamm"), ("--columns", "joules")])
def test_a_choice_that_is_not_there_is_an_error(folder: Path, option: str, value: str) -> None:
    result = call(folder, option, value)
    assert result.exit_code == 2 and f"no {option[2:-1]} {value!r}: there are" in result.output
