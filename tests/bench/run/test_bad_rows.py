"""Rows in the journal that can stand in no file: an export leaves them out and says so, and a run measures them anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record import export
from dotbench.bench.record.journal import Journal
from dotbench.bench.run import session

BAD: dict[str, tuple[dict[str, Any], str]] = {  # by format: what its row has, and what is said of it
    "csc": ({"dataset": "evil"}, "column dataset is 'evil', and its cell's is 'w.npy'"),
    "csc_min": ({"bytes": 1.5}, "column bytes: 1.5 is no whole number of 64 bits"),
    "im": ({"bytes": "many"}, "column bytes: 'many' is no whole number of 64 bits"),
    "ham": ({"ratio": float("nan")}, "column ratio: nan is no finite number"),
    "sham": ({"code_sha": "x"}, "column code_sha is 'x', and its cell's is '"),
    "bitmap": ({"n": True}, "column n: True is no whole number of 64 bits"),
}


def said(call: Any, *arguments: Any) -> tuple[int, str]:
    text = io.StringIO()
    return call(*arguments[:-1], Console(file=text, width=200), arguments[-1]), text.getvalue()


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(tmp_path)
    np.save("w.npy", np.eye(8, dtype=np.float32))
    return Plan(("w.npy",), tuple(map(formats.get, (*BAD, "dense"))), metrics=("space",))


def test_a_bad_row_costs_no_other_and_is_measured_anew(plan: Plan, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert said(session.run_plan, plan, home, out, False)[0] == 0
    before = (out / "space.csv").read_text()
    with Journal(session.journal_path(home, False)) as journal:
        found = {known["format"]: (known, row) for known, row in journal.rows()}
        for name, (more, _) in BAD.items():
            known, row = found[name]
            journal.record(known, row | more)
        known, row = found["dense"]
        for number in range(3):
            journal.record(known | {"metric": "gone", "batch": number}, row)
    status, text = said(session.export_journal, home, tmp_path / "exported", False)
    assert status == 0 and "1 row in " in text
    (line,) = (tmp_path / "exported" / "space.csv").read_text().splitlines()[1:]
    assert line.split(",")[3] == "dense" and line in before.splitlines()
    for name, (more, words) in BAD.items():
        assert f"space.csv: the row of {more.get('dataset', 'w.npy')} {name} is left out: {words}" in text
    assert "gone.csv: 3 rows (w.npy dense the first) are left out: no metric that is installed here has such" in text
    status, text = said(session.run_plan, plan, home, out, False)
    assert status == 0 and "7 of 7 cells ok" in text
    assert (out / "space.csv").read_text() == before


def test_a_row_that_lacks_what_identifies_it_is_named() -> None:
    left_out = export.LeftOut()
    assert left_out.takes("space", {"dataset": "w", "format": "ham", "params": "k=2"})
    assert left_out.lines() == ["space.csv: the row of w ham[k=2] is left out: column matrix_sha256 is empty"]
