"""``dotbench diff`` and ``log`` from the command line: what is printed, for whom, and the exit status."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from dotbench.bench.cli import command
from dotbench.bench.commands.verbs import VERBS
from dotbench.bench.show import sections
from dotbench.bench.show.diff import percent

ROOT = Path(__file__).resolve().parent.parent.parent.parent
Row = dict[str, Any]
Make = Callable[..., Row]
Write = Callable[..., Path]
Checkout = Any  # of tests/bench/conftest.py


def call(*arguments: object, width: int = 80) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], env={"COLUMNS": str(width)})


def matrices(row: Make, file: str = "space", **more: Any) -> list[Row]:
    """Three matrices of published names."""
    names = ("SiNa", "deepdta/80-0-256", "vgg19/90-0-32")
    return [row(file, dataset=name, matrix_sha256=str(i) * 64, **more) for i, name in enumerate(names)]


@pytest.fixture
def sides(row: Make, write: Write) -> tuple[Path, Path]:
    """Two results with something of everything."""
    spaces = [*matrices(row, bytes=100_000), row(dataset="gone"), *matrices(row, format="csc")]
    times = matrices(row, "time", format="column_combined", params="alpha=8,gamma=0.5")
    after = [one | ({"bytes": 100_400} if one["dataset"] == "SiNa" else {}) for one in spaces[:3]] + spaces[4:]
    after[-1] = after[-1] | {"status": "failed", "reason": "LostSomething: <b>@you</b> | [link](x)\x1b[31m"}
    slower = [row("time", **one | {"time_ratio": 1.25, "ratio_low": 1.2, "ratio_high": 1.3}) for one in times]
    slower[0] |= {"reference_sha": "f" * 16}
    return write("a", space=spaces, time=times), write("b", space=after, time=slower)


EXPECTED = """\
! Regression: 1 exact figure worse than allowed
(bytes:0%,instructions:1%,cycles_est_mid:1%); 1 cell failed that had been ok;
time: 2 slower (up to +25.0 %).

worse than --fail-on allows
          matrix  format        A        B   change
! larger  SiNa    sham    100 000  100 400  +0.40 %

was ok and is failed
file      cells why                                            which
space.csv     1 ok in A, failed in B: LostSomething: <b>@you</ vgg19/90-0-32 csc
                b> | [link](x)\\x1b[31m

bytes (space.csv): 1 larger, 4 same
   format  cells   B / A  smaller  larger  same
✗  sham        3  1.0013                1     2
the same in all cells: csc

time (time.csv): 2 slower
  format                             cells  B / A faster slower same unsure
✗ column_combined[alpha=8,gamma=0.5]     2 1.2500             2
a change counts where its whole 99 % interval lies beyond 1 %; B / A is the
geometric mean

time: what changed
         matrix           format                          change   99 % interval
✗ slower deepdta/80-0-256 column_combined[alpha=8,gamma= +25.0 % +20.1 … +30.1 %
                          0.5] b1
✗ slower vgg19/90-0-32    column_combined[alpha=8,gamma= +25.0 % +20.1 … +30.1 %
                          0.5] b1

the same in all cells
scratch_bytes (space.csv, 5 cells)
error (space.csv, 5 cells)

not compared: 2 cells
file      cells why                              which
space.csv     1 only in A                        gone sham
time.csv      1 reference_sha differs: 01234567  SiNa column_combined[alpha=8,
                and ffffffff                     gamma=0.5] b1
"""


def test_a_terminal_of_eighty_columns(sides: tuple[Path, Path]) -> None:
    result = call("diff", *sides)
    head, _, text = result.output.partition("! ")
    text, _, _ = text.partition("next: ")  # a line for copying, as long as it is
    assert head.startswith("A: ") and "    B: " in head and result.exit_code == 1
    assert [line.rstrip() for line in ("! " + text).strip().splitlines()] == EXPECTED.splitlines()
    assert max(map(len, text.splitlines())) <= 80


def test_a_wide_terminal_has_the_figures_too(sides: tuple[Path, Path]) -> None:
    text = call("diff", *sides, width=120).output
    assert re.search(r"slower +vgg19/90-0-32 +column_combined\[alpha=8,gamma=0.5\] b1 +1 +1.25 +\+25.0 %", text)
    assert max(map(len, text.splitlines()[1:])) <= 120


def test_everything(sides: tuple[Path, Path]) -> None:
    text = call("diff", *sides, "--all").output
    assert "bytes: all" in text and text.count("= same") == 5 * 3 - 1


def test_markdown_shows_what_files_say_as_it_is(sides: tuple[Path, Path]) -> None:
    result = call("diff", *sides, "--markdown")
    text = result.output
    assert result.exit_code == 1 and text.startswith("<!-- dotbench diff -->\n")
    assert "| ! larger | SiNa     | sham     | 100 000 | 100 400 |  +0.40 % |" in text
    assert "<b>" not in text and "@you" not in text and "\x1b" not in text
    assert r"LostSomething: &lt;b>@&#8203;you&lt;/b> \| \[link\](x) \[31m" in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_markdown_is_short_enough_for_a_comment(row: Make, write: Write) -> None:
    def side(size: int) -> list[Row]:
        return [row(dataset=f"{'long' * 40}{i}", format=f"{'f' * 90}{i}", bytes=size + i) for i in range(600)]

    a, b = write("a", space=side(1)), write("b", space=side(2))
    text = call("diff", a, b, "--markdown").output
    assert len(text) < 65_536 and "Cut here" in text and text.count("<details>") == text.count("</details>")


def test_json(sides: tuple[Path, Path]) -> None:
    result = call("diff", *sides, "--json")
    found = json.loads(result.output)
    assert result.exit_code == found["exit_status"] == 1 and set(found) == {
        "a", "b", "fail_on", "exit_status", "summaries", "changes", "failed", "not_compared", "notes",
    }  # fmt: skip
    (worse,) = [one for one in found["changes"] if one["fails"]]
    assert worse == {
        "file": "space", "dataset": "SiNa", "matrix_sha256": "0" * 64, "format": "sham", "params": "",
        "figure": "bytes", "a": 100_000, "b": 100_400, "ratio": 1.004, "low": None, "high": None,
        "verdict": "larger", "better": False, "fails": True,
    }  # fmt: skip
    assert [one["status"] for one in found["failed"]] == [{"a": "ok", "b": "failed"}]
    assert {one["reason"] for one in found["not_compared"]} == {
        "only in A", "reference_sha differs: 01234567 and ffffffff",
    }  # fmt: skip
    (time,) = [one for one in found["summaries"] if one["file"] == "time"]
    assert time["geometric_mean"] == pytest.approx(1.25) and time["verdicts"] == {"slower": 2}


def test_head_against_the_working_tree(row: Make, checkout: Checkout) -> None:
    checkout.commit("one", space=[row(bytes=100)])
    arguments = ("diff", "--results", checkout.results)
    assert call(*arguments).exit_code == 0
    checkout.write(space=[row(bytes=101)])
    result = call(*arguments)
    assert result.exit_code == 1 and re.match(r"A: HEAD \(\w{9}, 2026-01-01\)    B: working tree", result.output)
    assert call(*arguments, "--fail-on", "bytes:1%").exit_code == 0
    assert call(*arguments, "HEAD", "HEAD").exit_code == 0


def test_nothing_to_compare(row: Make, write: Write) -> None:
    result = call("diff", write("a", space=[row()]), write("b", space=[row(format="ham")]))
    assert result.exit_code == 2 and "? Nothing could be compared" in result.output and "only in B" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing.csv",), "there is no file or folder nothing.csv"),
        (("A", "--fail-on", "time:1%"), "time is compared and never fails anything"),
        (("A", "--fail-on", "bytes"), "'bytes' is no limit"),
        (("A", "empty"), "no results in"),
    ],
)
def test_bad_input(row: Make, write: Write, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    folders = {"A": write("a", space=[row()]), "empty": write("empty")}
    result = call("diff", *(folders.get(one, one) for one in arguments), "--results", folders["A"])
    assert result.exit_code == 2 and words in result.output and "Traceback" not in result.output


def test_nothing_is_lost_by_comparing_damaged_files(row: Make, write: Write) -> None:
    folder, damaged = write("a", space=[row()]), write("b", space=[row()])
    path = damaged / "space.csv"
    text = path.read_text() + "<<<<<<< HEAD\n"
    path.write_text(text)
    result = call("diff", folder, damaged)
    assert result.exit_code == 2 and "line 3: a merge conflict" in result.output and path.read_text() == text


def test_terminals_without_unicode(sides: tuple[Path, Path]) -> None:
    for encoding, words in (("ascii", "+ said .. [ ?"), ("latin-1", "+ said .. [ é")):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        sections.draw(Console(file=stream, width=80), [sections.Section("✓ said … [ é")])
        stream.flush()
        assert stream.buffer.getvalue().decode(encoding).splitlines()[0] == words  # type: ignore[attr-defined]


def test_very_long_tables_are_drawn_plainly(row: Make, write: Write) -> None:
    a, b = (
        write(name, space=[row(format=f"f{i:03}", bytes=size) for i in range(600)])
        for name, size in (("a", 1), ("b", 2))
    )
    text = call("diff", a, b, "--all").output
    assert len(re.findall(r"^! larger +d +f\d{3} +1 +2 +\+100 %$", text, re.MULTILINE)) == 2 * 600


def test_per_cent() -> None:
    assert [percent(ratio) for ratio in (1.0, 0.999999, 1.0414, 1.5, 11.0)] == [
        "+0.000 %", "-0.000 %", "+4.14 %", "+50.0 %", "+1000 %",
    ]  # fmt: skip


def test_the_example_workflow_calls_what_there_is() -> None:
    text = (ROOT / "examples" / "github-action" / "dotbench-diff.yml").read_text()
    (line,) = re.findall(r"dotbench (diff .*?) > diff.md", text)
    arguments = shlex.split(line)
    context = VERBS["diff"].command().make_context("diff", arguments[1:])
    assert context.params["a"] == "HEAD^1" and context.params["b"] == "HEAD" and context.params["style"] == "markdown"
    assert "<!-- dotbench diff -->" in text and "fetch-depth: 2" in text and "pull_request_target" not in text


def test_nothing_changed_is_one_line(row: Make, write: Write) -> None:
    """Cells without figures in both results are no change either; --all still shows everything."""
    spaces = [*matrices(row), row(dataset="w", status="unavailable", reason="not here", bytes=None)]
    times = matrices(row, "time")
    result = call("diff", write("a", space=spaces, time=times), write("b", space=spaces, time=times), width=300)
    lines = result.output.strip().splitlines()
    assert result.exit_code == 0 and len(lines) == 1
    assert lines[0].endswith("= Nothing changed: 6 cells of 2 files, 1 without figures in both.")
    result = call("diff", write("a", space=spaces, time=times), write("b", space=spaces, time=times), "--all")
    assert len(result.output.splitlines()) > 10


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"space": {"status": "unavailable", "reason": "not here"}}, "No exact figure got worse"),
        ({"time": {"time_ratio": 1.25, "ratio_low": 1.2, "ratio_high": 1.3}}, "time: 3 slower (up to +25.0 %)."),
        ({"time": {"time_ratio": 0.5, "ratio_low": 0.48, "ratio_high": 0.52}}, "time: 3 faster (up to -50.0 %)."),
        ({"space": {"bytes": 5}}, "Regression: 3 exact figures worse than allowed"),
    ],
)
def test_the_headline_says_what_was_measured_too(row: Make, write: Write, more: dict[str, Row], words: str) -> None:
    files = {"space": matrices(row, bytes=1), "time": matrices(row, "time")}
    after = {file: [one | more.get(file, {}) for one in rows] for file, rows in files.items()}
    result = call("diff", write("a", **files), write("b", **after), width=300)
    assert words in result.output.splitlines()[1] and "Nothing changed" not in result.output


def test_the_next_step(sides: tuple[Path, Path]) -> None:
    """The cell that got worse the most, by the name that finds it again."""
    last = call("diff", *sides, width=300).output.splitlines()[-1]
    assert last.startswith("next: ") and " log space:SiNa:sham " in last
    assert "next: " not in call("diff", sides[0], sides[0]).output
