"""One table of symbols and one pair of units: README's plot and report show the same format the same way."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dotbench import formats
from dotbench.bench.compare.results import Results
from dotbench.bench.pages import picture
from dotbench.bench.report import axes, marks
from dotbench.bench.report.page import ASSETS
from dotbench.bench.show.symbols import COLOURS, MARKERS, SYMBOLS, Symbol, symbols
from dotbench.bench.targets import peers

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results as made


def test_all_that_is_built_in_has_a_symbol_of_its_own() -> None:
    """From the table, or one that nobody has there."""
    built_in = {kind.name for kind in formats.registry.BUILT_IN}
    standard = {str(one) for one in formats.standard_of_all() if one.name in built_in}
    names = sorted(standard | {peer.name for peer in peers.ALL})
    assert SYMBOLS.keys() <= set(names) and len(set(symbols(names).values())) == len(names)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert all(one.shape in MARKERS and one.colour < len(COLOURS) for one in SYMBOLS.values())


def test_others_get_what_is_free() -> None:
    """The same format looks the same whatever else is in the results; parameters look like their format if they can."""
    found = symbols(["ham", "zz", "bsr[block=8]", "bsr", "column_combined[gamma=0.5]"])
    assert found["ham"] == SYMBOLS["ham"] == symbols(["ham"])["ham"]
    assert found["bsr"] == SYMBOLS["bsr"] == symbols(["bsr[block=8]"])["bsr[block=8]"] != found["bsr[block=8]"]
    assert found["column_combined[gamma=0.5]"] == SYMBOLS["column_combined"]
    assert found["zz"] not in SYMBOLS.values() and len(set(found.values())) == 5
    many = symbols([*SYMBOLS, *(f"z{number}" for number in range(100))])
    assert len(set(many.values())) == len(COLOURS) * len(MARKERS) == 88


def test_the_report_draws_the_same_table() -> None:
    """Its marks, and the colours and shapes that its style sheet and script have."""
    rows = made.results(1)
    found = marks.marks(Results("x", {file: rows[file] for file in ("space", "time")}))
    for name in ("csc", "ham", "sham", "im", "dense"):
        assert Symbol(found[name]["symbol"], found[name]["colour"]) == SYMBOLS[name]
    style, script = (ASSETS / "style.css").read_text(), (ASSETS / "symbols.js").read_text()
    assert tuple(re.findall(r"--mark-\d: (?:light-dark\()?(#\w{6})", style)) == COLOURS
    shapes = script.partition("const SHAPES = {")[2].partition("};")[0]
    assert set(re.findall(r'^  "?([\w-]+)"?:', shapes, re.MULTILINE)) == set(MARKERS)


def test_the_readmes_plot_has_the_reports_first_axes() -> None:
    """Bytes and time ratio; a library that stores nothing is a line, lossy formats are left out."""
    assert axes.usual() == [["space", "bytes"], ["time", "time_ratio"]]
    rows = made.results(1)
    found = picture.points(rows)
    size = {row["format"]: row["bytes"] for row in rows["space"]}
    ratio = {row["format"]: row["time_ratio"] for row in rows["time"] if row["batch"] == 1 and row["status"] == "ok"}
    assert found == {
        **{one: (size[one], ratio[one]) for one in ("dense", "csc", "csc_min", "im", "ham", "sham")},
        **{one: (None, ratio[one]) for one in ("blas_dense", "scipy_csc")},
    }


def test_a_panel_is_of_the_twin_where_the_real_matrix_is_not() -> None:
    rows = [{"dataset": "SiNa~twin", "status": "ok"}, {"dataset": "orsreg_1", "status": "ok"}]
    names = list(picture.panels({"space": [row | {"format": "im", "params": "", "bytes": 1} for row in rows]}))
    assert names[:2] == ["orsreg_1", "SiNa~twin"]
