"""Foreign text in every output: a file whose name is a formula, markup, HTML, TeX and a terminal's escape."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dotbench import bench
from dotbench.bench.cli import command
from dotbench.bench.metrics import registry
from dotbench.bench.record import columns, csv_file, export
from dotbench.bench.show.escape import Console, csv_text, from_csv_text, latex, markdown, visible

NAME = "=1+[red]\x1b[31m\x9b2J<b>&_x_|`$50%^~#{\u202e@you}*.npy"  # no comma, which separates names
SEEN = "=1+[red]\\x1b[31m\\x9b2J<b>&_x_|`$50%^~#{\\u202e@you}*.npy"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a matrix of that name, and its results in ``out``."""
    folder = tmp_path_factory.mktemp("names")
    np.save(folder / NAME, np.eye(8, dtype=np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DOTBENCH_HOME", str(folder / "home"))
        found = call("run", "--datasets", NAME, "--formats", "csc,dense", "--metrics", "space", "--out", "out")
    assert found.exit_code == 0 and SEEN in found.output
    clean(found)
    return folder


@pytest.fixture
def folder(measured: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the working directory."""
    monkeypatch.chdir(measured)
    monkeypatch.setenv("DOTBENCH_HOME", str(measured / "home"))
    return measured


def call(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(command, words)


def clean(found: Result) -> None:
    """No control character but the ends of lines reaches the terminal."""
    both = found.output + found.stderr if found.stderr_bytes else found.output
    assert all(one.isprintable() for one in both.replace("\n", "").replace("\u202f", "")), both


def test_the_file_and_what_reads_it(folder: Path) -> None:
    text = (folder / "out/space.csv").read_text()
    names = {line["dataset"] for line in csv.DictReader(io.StringIO(text))}
    assert names == {"'" + NAME}
    assert set(bench.load(str(folder / "out")).dataset) == {NAME}
    again = export.read(folder / "out/space.csv", "space")
    assert {row["dataset"] for row in again} == {NAME} and export.render("space", again).decode() == text


def test_terminals(folder: Path) -> None:
    for words in (["table", "out"], ["list", "datasets", NAME], ["fetch", NAME], ["diff", "out", "out", "--all"]):
        found = call(*words)
        assert found.exit_code == 0 and SEEN in found.output, found.output
        clean(found)


def test_errors(folder: Path) -> None:
    (folder / "b\x1b[31m.npy").write_bytes(b"nothing")
    for words in (
        ["run", "--datasets", "no\x1b[31m.npy"],
        ["run", "--datasets", "no\x1b[31m"],
        ["run", "--formats", "no\x1b[31m"],
        ["table", "no\x1b[31m"],
        ["table", "out", "--datasets", "no\x1b[31m"],
        ["diff", "no\x1b[31m", "out"],
        ["run", "--datasets", "b\x1b[31m.npy", "--formats", "csc", "--metrics", "space", "--out", "out2"],
        ["no\x1b[31m"],
    ):
        found = call(*words)
        assert found.exit_code != 0 and "\\x1b[31m" in found.output, found.output
        clean(found)


def test_markdown_of_results(folder: Path) -> None:
    for words in (["table", "out", "--style", "markdown"], ["diff", "out", "out", "--all", "--markdown"]):
        text = call(*words).output
        assert "<b>" not in text and "&lt;b>" in text and "\x1b" not in text and "@you" not in text
        assert r"\_x\_\|\`$50%" in text and "=1+\\[red\\] \\[31m" in text


def test_latex_of_results(folder: Path) -> None:
    text = call("table", "out", "--style", "latex").output
    name = r"=1+[red] [31m 2J\textless{}b\textgreater{}\&\_x\_\textbar{}`\$50\%\textasciicircum{}\textasciitilde{}\#\{"
    assert rf"\caption{{{name} @you\}}*.npy" in text


def test_the_report(folder: Path) -> None:
    assert call("report", "out", "--out", "r.html").exit_code == 0
    text = (folder / "r.html").read_text()
    page = text[: text.index("<script")]
    assert "[31m" in page and "<b>&_x" not in text and "&lt;b&gt;&amp;_x_" in page
    assert "=1+[red]\\u001b[31m\\u009b2J\\u003cb\\u003e\\u0026_x_" in text  # as data of the scripts


def test_labels_of_formats_stay_as_they_are() -> None:
    for text in ("eie[huffman]", "csc_min", "column_combined[alpha=8,gamma=0.5]", "1.00 ±2%", "65 540", "decode: ham"):
        assert markdown(text) == text
    assert latex("eie[huffman]") == "eie[huffman]"


def test_what_links_is_escaped() -> None:
    assert markdown("[a](b) w[a](b) [a][b] x[a]: ![c](d)") == r"\[a\](b) w\[a\](b) \[a\]\[b\] x\[a\]: !\[c\](d)"


def test_formulas_and_back() -> None:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        text = "".join(rng.choice(list("=+-@'a1 \t"), rng.integers(0, 5)))
        assert from_csv_text(csv_text(text)) == text and csv_text(text)[:1] not in tuple("=+-@\t")


def test_only_words_are_escaped_and_read_back() -> None:
    """A figure below 0 is no formula."""
    empty = dict.fromkeys(registry.get("space").names, "")
    fields = {**empty, "dataset": "-a", "format": "csc", "status": "ok", "reason": "@b", "bytes": "5", "params": "=c"}
    text = export.render("space", [columns.typed("space", fields)]).decode()
    assert "'-a," in text and ",'@b," in text and ",'=c," in text
    (found,) = csv_file.read(text, "space", exact=True).rows()
    assert (found["dataset"], found["reason"], found["params"], found["bytes"]) == ("-a", "@b", "=c", 5)


def test_a_console_interprets_nothing_of_what_it_prints() -> None:
    from rich.table import Table
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=60, force_terminal=True, color_system="standard")
    table = Table("[bold]t[/bold]")
    table.add_row(Text("a\x1b]0;title\x07", "red"))
    console.print("[red]x[/red] :smile: \x1b[2J", table, highlight=False)
    text = out.getvalue()
    assert "[red]x[/red] :smile: \\x1b[2J" in text and "[bold]t[/bold]" in text and "a\\x1b]0;title" in text
    assert "\x1b]0" not in text and "\x1b[2J" not in text and "\x1b[31m" in text  # rich's own colour


def test_visible_keeps_what_shows() -> None:
    assert visible("größer ≈ 1\u202f000\n") == "größer ≈ 1\u202f000\n"
    assert visible("a\nb", keep="") == "a\\nb" and visible("\udcff\u2028\u200b") == "\\udcff\\u2028\\u200b"
