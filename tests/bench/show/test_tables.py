"""Tables of results: what stands in them, and how they are drawn."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from dotbench.bench.show import grid, table

Row = dict[str, Any]


def space(format_: str, size: int, params: str = "", **more: Any) -> Row:
    common = {"dataset": "w_1", "format": format_, "params": params, "status": "ok", "lossless": True}
    return {**common, "bytes": size, "bits_per_nonzero": size / 10, "ratio": 1000 / size, **more}


def timed(format_: str, ratio: float, params: str = "", batch: int = 1, **more: Any) -> Row:
    common = {"dataset": "w_1", "format": format_, "params": params, "status": "ok", "threads": 1, "cache": "warm"}
    bounds = {"ratio_low": ratio / 1.03, "ratio_high": ratio * 1.03}
    return {**common, "batch": batch, "time_ratio": ratio, **bounds, "ns_per_nonzero": ratio / 2, **more}


ROWS = {
    "space": [
        space("sham", 1200), space("ham", 900), space("bound:h0", 500), space("column_combined", 100, lossless=False),
        space("scipy_csr", 1, status="unavailable", bytes=None),
    ],
    "time": [
        timed("sham", 2.0), timed("ham", 8.0), timed("scipy_csc", 1.5), timed("column_combined", 0.1),
        timed("ceiling:decode", 0.5, "format=ham"), timed("ham", 3.0, batch=8), timed("ham", 1.0, cache="cold"),
    ],
}  # fmt: skip


def test_sections_order_and_the_best_of_a_column() -> None:
    """Formats by size; neither lossy formats nor ceilings nor bounds are the best."""
    found = grid.grid(ROWS)
    assert found.titles == ("format", "bytes", "bits/nnz", "smaller", "time/csc b1", "time/csc b8")
    assert [(line.section, line.name) for line in found.lines] == [
        (0, "column_combined ≈"), (0, "ham"), (0, "sham"), (1, "scipy_csc"), (1, "scipy_csr"), (2, "decode: ham"), (3, "h0"),
    ]  # fmt: skip
    best = {
        (line.name, title)
        for line in found.lines
        for title, field in zip(found.titles[1:], line.fields, strict=True)
        if field.best
    }
    assert best == {
        ("ham", "bytes"), ("ham", "bits/nnz"), ("ham", "smaller"), ("scipy_csc", "time/csc b1"), ("ham", "time/csc b8"),
    }  # fmt: skip
    ham = next(line for line in found.lines if line.name == "ham")
    assert [field.text for field in ham.fields] == ["900", "90.00", "1.11 x", "8.00 ±3%", "3.00 ±3%"]
    assert next(line for line in found.lines if line.name == "scipy_csr").fields[0].text == "unavailable"


def cycled(format_: str, kernel: str, mid: float, placement: str = "tcm", **more: Any) -> Row:
    common = {"dataset": "w_1", "format": format_, "params": "", "status": "ok", "kernel": kernel, "pixels": 1}
    return {**common, "placement": placement, "cycles_est_mid": mid, **more}


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex"])
def test_a_matrix_with_cycles_alone_has_no_table(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Cycles are columns of rows that sizes or times make."""
    results = {"space": ROWS["space"], "cycles": [cycled("sham", "dot", 5) | {"dataset": "of_a_network"}]}
    text = io.StringIO()
    table.print_tables(results, None, style, Console(file=text, width=100))
    said = text.getvalue() + capsys.readouterr().out
    assert "ham" in said and "network" not in said
    with pytest.raises(LookupError, match="no results of of_a_network: there are w_1"):
        table.print_tables(results, ["of_a_network"], style, Console(file=text, width=100))


def test_cycles_have_columns_where_there_are_any() -> None:
    cycles = [
        cycled("sham", "dot", 12_340, "ddr@1B/cycle"), cycled("sham", "dot", 2_340), cycled("ham", "dot", 1_234_560),
        cycled("ham", "pixels", 90_000, pixels=36), cycled("sham", "open", 5), cycled("ham", "dot", None, "sram"),
    ]  # fmt: skip
    rows = {"space": ROWS["space"][:2], "cycles": cycles}
    found, wide = grid.grid(rows), grid.grid(rows, wide=True)
    assert found.titles[4:] == ("kcycles tcm", "kcycles ddr")
    assert wide.titles[4:] == ("kcycles tcm", "kcycles ddr", "a pixel, tcm")
    by_name = {line.name: [(field.text, field.best) for field in line.fields[3:]] for line in wide.lines}
    assert by_name == {
        "ham": [("1 234.6", False), ("", False), ("2.5", True)],
        "sham": [("2.3", True), ("12.3", True), ("", False)],
    }
    assert grid.notes([found])[0].startswith("kcycles: thousands of estimated cycles")


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_whole_lines(width: int) -> None:
    text = io.StringIO()
    names = ["bitmap", "eie"]
    params = ["values=codebook", "coding=huffman"]
    rows = {
        "space": [
            space(names[0], 123456789, params[0], bits_per_nonzero=11008.64),
            space(names[1], 1111111, params[1]),
        ],
        "time": [timed("ceiling:decode", 121.76, "format=eie[coding=huffman]"), timed("ham", 99.1, batch=8)],
    }
    Console(file=text, width=width).print(table.matrix_table(rows, width))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width and not any("…" in line for line in lines)
    assert any(line.startswith("bitmap[codebook]") for line in lines) and any("121.76 ±3%" in line for line in lines)
    assert any("ns/nonzero" in line for line in lines) == (width == 120)


def test_markdown() -> None:
    lines = table.document(ROWS, "markdown").splitlines()
    assert lines[0] == "### w_1"
    assert "| ham | **900** | **90.00** |" in " ".join(next(line for line in lines if "| ham " in line).split())
    assert any(line.startswith("| *libraries*") for line in lines) and lines[-1].startswith("≈ lossy")


def test_only_some_matrices(capsys: pytest.CaptureFixture[str]) -> None:
    table.print_tables(ROWS, ["w*"], "markdown", Console())
    assert "### w_1" in capsys.readouterr().out
    with pytest.raises(LookupError, match="no results of v: there are w_1"):
        table.print_tables(ROWS, ["v"], "terminal", Console())


def test_times_of_more_threads_where_there_are_no_others(row: Callable[..., dict[str, Any]]) -> None:
    two, four = row("time", threads=2, time_ratio=1.5), row("time", threads=4, time_ratio=1.25)
    assert "time/csc b1, 2 threads" in grid.grid({"time": [two, four]}).titles
    assert grid.grid({"time": [two, row("time")]}).titles[-1] == "time/csc b1"
