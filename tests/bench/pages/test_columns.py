"""docs/columns.md is what the metrics say, and has every column once a file."""

from __future__ import annotations

import re
from pathlib import Path

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import COMMON
from dotbench.bench.pages import columns


def test_the_page_is_current() -> None:
    assert columns.PAGE.read_text() == columns.page(), "run nox -s docs"


def test_every_column_has_a_line() -> None:
    sections = columns.PAGE.read_text().split("\n## ")[1:]
    assert [one.partition("\n")[0] for one in sections] == [
        "All files", *(f"{name}.csv" for name in registry.names())
    ]  # fmt: skip
    for names, text in zip(
        [[one.name for one in COMMON], *([one.name for one in metric.columns] for metric in registry.shown())],
        sections,
        strict=True,
    ):
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| `")]
        assert [row[0].strip(" `") for row in rows] == names
        assert all(len(row) == 4 and row[1].strip() and row[3].strip() for row in rows)


def test_main_writes_it(tmp_path: Path) -> None:
    columns.main(tmp_path / "docs" / "columns.md")
    assert (tmp_path / "docs" / "columns.md").read_text().endswith("do not edit.\n")
