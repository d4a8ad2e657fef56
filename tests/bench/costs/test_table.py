"""The table of nanoseconds: its file, and that the committed one is what the committed results give."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from dotbench.bench.commands import options
from dotbench.bench.costs import fit
from dotbench.bench.costs.table import AGAIN, ERROR, CostTable, committed, parsed, text
from tests.bench.costs import made

HEAD = "format\tdtype\tbatch\tstep\tns\n"


def test_a_table_reads_back() -> None:
    table = CostTable({("eie[coding=huffman]", "float32", 8): {"nonzero": 0.25, ERROR: 0.1},
                       ("csc", "int8", 1): {"product": 12.5}}, ("AMD EPYC x2, x86_64_v3, zig-0.17.1: 3 rows",))  # fmt: skip
    written = text(table)
    assert parsed(written) == table and text(parsed(written)) == written
    assert table.share("eie[coding=huffman]", "float32", ERROR) == 0.1 and table.share("csc", "int8", ERROR) is None


@pytest.mark.parametrize(("line", "said"), [
    ("csc\tfloat32\t1\tnonzero", "line 2.*5"),
    ("csc\tfloat32\tone\tnonzero\t1", "line 2.*one"),
    ("csc\tfloat32\t1\tnonsense\t1", "line 2.*nonsense"),
    ("csc\tfloat32\t1\tnonzero\t-1", "line 2.*-1"),
    ("csc\tfloat32\t1\tnonzero\tnan", "line 2.*nan"),
])  # fmt: skip
def test_a_line_that_is_none_is_named(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parsed(HEAD + line + "\n")


def test_other_columns_are_named() -> None:
    with pytest.raises(ValueError, match=r"line 1: the columns are format dtype batch step ns"):
        parsed("format\tns\n")


def test_the_committed_table_is_what_the_committed_results_give() -> None:
    """Where rows have changed and the table has not: one command mends it."""
    cure = f"results/*.csv have changed: {AGAIN}"
    made_now = fit.table_of(options.RESULTS)
    assert committed().place == made_now.place, cure
    assert committed().steps.keys() == made_now.steps.keys(), cure
    for key, steps in made_now.steps.items():
        kept = committed().steps[key]
        for step in steps.keys() | kept.keys():
            assert math.isclose(steps.get(step, 0.0), kept.get(step, 0.0), rel_tol=1e-6), f"{key} {step}: {cure}"


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    results, out = made.folder(tmp_path / "results", {}), tmp_path / "own.tsv"
    done = CliRunner().invoke(fit.main, ["--results", str(results), "--out", str(out)])
    assert done.exit_code == 0 and "4 formats, types and batches" in done.output
    table = parsed(out.read_text())
    assert table.steps["csc", "float32", 1]["nonzero"] == pytest.approx(0.2, rel=0.05)
    assert table.place == ("AMD EPYC x2, x86_64_v3, zig-0.17.1: 96 rows",)
