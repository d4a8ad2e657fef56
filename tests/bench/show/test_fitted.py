"""Every table at every width: a figure is whole or not there, and what is left out is named."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from dotbench.bench.commands.diff import diff
from dotbench.bench.machine.doctor import Check, render
from dotbench.bench.pages import limits
from dotbench.bench.published import paper
from dotbench.bench.published import papers as published
from dotbench.bench.published.figure import Figure, Group
from dotbench.bench.show import answer, listing, networks, table
from dotbench.bench.show import paper as papers
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.bench.show.terminal import PIPED

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results

Row = dict[str, Any]
WIDTHS = (60, 80, 120, PIPED)
NUMBERS = r"(?<![\w.,])\d[\d ]*(?:\.\d+)?(?![\w.])"


def drawn(print_on: Callable[[Console], object], width: int) -> str:
    out = io.StringIO()
    print_on(Console(file=out, width=width))
    return out.getvalue()


def check(text: str, width: int) -> None:
    """No mark of something cut at a figure, no line that a terminal would break."""
    assert not re.search(r"\d…|…\d", text), text
    assert max(len(line) for line in text.splitlines() if not line.startswith("next: ")) <= width  # for copying


def rows(*names: str) -> dict[str, list[Row]]:
    """Long names and large figures of one matrix."""
    found = made_results.results(1)
    large = {"bytes": 1_234_567_890, "ratio": 1234.56, "bits_per_nonzero": 12345.67}
    spaces = [row | {"matrix_sha256": "a" * 64, **large} for row in found["space"]]
    times = [row | {"matrix_sha256": "a" * 64} for row in found["time"]]
    times = [row | {"time_ratio": 1234.5, "ratio_low": 1200.5, "ratio_high": 1269.5}
             for row in times if row["status"] == "ok"]  # fmt: skip
    cycles = [
        {"dataset": row["dataset"], "format": row["format"], "params": row["params"], "status": "ok", "kernel": "dot",
         "pixels": 1, "placement": place, "cycles_est_mid": 987_654_321.0}
        for row in spaces for place in ("tcm", "ddr")
    ]  # fmt: skip
    return {"space": spaces, "time": times, "cycles": cycles, **{name: found[name] for name in names}}


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_of_results(width: int) -> None:
    text = drawn(lambda console: console.print(table.matrix_table(rows("systolic"), width)), width)
    check(text, width)
    lines = [line for line in text.splitlines() if line.startswith(("ham", "csc_min", "h0"))]
    assert len(lines) == 3 and all("1 234 567 890" in line for line in lines)
    title = text.splitlines()[0]
    figures = {"time/csc b1": "1234.50 ±3%", "time/csc b8": "1234.50 ±3%", "kcycles tcm": "987 654.3"}
    for column, figure in figures.items():
        assert (column in title) == (figure in lines[1]) or column == "time/csc b8"
        assert column in title or column in " ".join(text.partition("left out at ")[2].split())
    assert ("left out" in text) == (width < 120)


@pytest.mark.parametrize("width", WIDTHS)
def test_answers(width: int) -> None:
    found = made_results.results(3)
    check(text := drawn(lambda console: answer.print_answers(found, console), width), width)
    sizes = [min(row["bytes"] for row in found["space"] if row["dataset"] == name and row["lossless"]
                 and ":" not in row["format"]) for name in {row["dataset"] for row in found["space"]}]  # fmt: skip
    assert all(f"{size:,}".replace(",", " ") in text for size in sizes)


GOALS = [
    {"what": "HAM on a matrix with a long name, 90 % zeros, one vector", "unit": "x", "goal": "at most 1.9 of csc",
     "measured": 1234.5678, "low": 1200.1234, "high": 1300.4321, "verdict": "not met", "reason": ""},
]  # fmt: skip
COUNTED = [
    {"dataset": "dlmc/transformer-variational-90-ffn", "label": "eie[coding=huffman]", "bytes": 1_234_567_890,
     "nonzeros": 1000, "entries": 10_000, "instructions": 9_876_543_210, "ns": 123_456.7, "memcpy": 0.1, "decode": 0.9},
]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_limits(width: int) -> None:
    known = {"goals": GOALS, "counted": COUNTED}
    check(text := drawn(lambda console: limits.render(known, console), width), width)
    assert "1234.568x" in text and "1234567890" in text and "not met" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_published_figures(width: int) -> None:
    figure = Figure("VGG19 on MNIST: bytes of the first layer", "a paper", "1234567890", lambda data: 1234567890)
    group = Group("A group", "about", (figure,))
    found: paper.Results = [(group, [paper.Result(figure, "1234567890", "1234567891", equal=True)])]
    check(text := drawn(lambda console: papers.print_paper(found, published.absent(), console), width), width)
    assert text.count("1 234 567 890") >= 2


@pytest.mark.parametrize("width", WIDTHS)
def test_doctor_lists_and_networks(width: int) -> None:
    checks = [Check("memory", True, "123456 MiB of memory and many more words, so that it fills some lines " * 2)]
    check(text := drawn(lambda console: render(checks, console), width), width)
    assert text.count("123456 MiB") == 2 or "123456\n" in text
    for made in (listing.format_table(width), listing.dataset_table((), width)):
        check(drawn(lambda console, made=made: console.print(made), width), width)  # type: ignore[misc]
    assert max(map(len, networks.choice_lines({}))) <= 80


@pytest.fixture
def sides(row: Callable[..., Row], write: Callable[..., Path]) -> tuple[Path, Path]:
    """Two results in which large figures changed."""
    names = ("dlmc/transformer-variational-90-ffn", "vgg19/90-0-32")
    a = [row(dataset=name, matrix_sha256=name[0] * 64, bytes=1_234_567_890) for name in names]
    b = [one | {"bytes": 2_345_678_901} for one in a]
    times = [row("time", dataset=name, matrix_sha256=name[0] * 64, time_ratio=1234.5) for name in names]
    slower = [row("time", **one | {"time_ratio": 2345.6, "ratio_low": 2300.0, "ratio_high": 2400.0}) for one in times]
    return write("a", space=a, time=times), write("b", space=b, time=slower)


@pytest.mark.parametrize("width", WIDTHS[:-1])
def test_diff(sides: tuple[Path, Path], width: int) -> None:
    result = CliRunner().invoke(diff, [*map(str, sides)], env={"COLUMNS": str(width)})
    text = "\n".join(result.output.splitlines()[1:])  # names of folders as they are
    check(text, width)
    assert "+90.0 %" in text and ("2 345 678 901" in text or "left out at" in text)


def test_names_are_broken_where_people_would() -> None:
    columns = (Column("matrix", words=True), Column("figure", right=True))
    made = fitted(columns, [("column_combined[alpha=8,gamma=0.5] b1", "1 234 567")], 34)
    text = drawn(lambda console: console.print(made.table), 34)
    assert "gamma=0.5]" in text and "1 234 567" in text and made.left_out == ()


def test_what_goes_first() -> None:
    columns = [Column("name"), *(Column(name, True, optional=name == "b") for name in "abcd")]
    fields = [["n", *["1234567890"] * 4]]
    gone: Iterator[tuple[str, ...]] = (fitted(columns, fields, width).left_out for width in (60, 44, 33, 22, 10))
    assert list(gone) == [(), ("b",), ("b", "d"), ("b", "c", "d"), ("b", "c", "d")]
    assert left_out(["b"], 44, "--json").startswith("left out at 44 columns: b (")
