"""The pages of docs/formats: they are what today's code and results give."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.pages import drawn, format_pages

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "results"


def test_the_committed_pages_are_current() -> None:
    """Otherwise: nox -s docs. What a run left in results/ makes no difference."""
    found = {path: path.read_text() for path in format_pages.FOLDER.glob("*.md")}
    sources = drawn.sources(RESULTS, found[format_pages.FOLDER / "README.md"])
    if sources:
        wrong = [_stale(found, format_pages.rendered(source.rows)) for source in sources]
    else:  # no repository, and other rows than those the pages are of: what is not drawn from rows is held
        expected = format_pages.rendered({})
        wrong = [_stale(_without_rows(found), _without_rows(expected))]
    assert [] in wrong, f"{wrong[0]} are not what nox -s docs writes"


def _stale(found: dict[Path, str], expected: dict[Path, str]) -> list[str]:
    return sorted(path.name for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))


def _without_rows(texts: dict[Path, str]) -> dict[Path, str]:
    """Pages without their note and without where a format wins."""
    wins = re.compile(r"(?<=## When it wins\n).*?(?=\n---)", re.DOTALL)
    return {path: wins.sub("", drawn.NOTE.sub("", text)) for path, text in texts.items()}


@pytest.mark.parametrize("name", format_pages.names())
def test_a_layout_accounts_for_every_byte(name: str) -> None:
    payload = formats.get(name).encode(format_pages.example(formats.get(name)))
    lines = format_pages.layout(payload).splitlines()[1:]
    starts = [(int(line[:6]), int(line[8:13])) for line in lines if line[:6].strip().isdigit()]
    at = 0
    for start, size in starts:
        assert start == at
        at += size
    assert at == payload.nbytes


def test_a_layout_by_hand() -> None:
    lines = format_pages.layout(formats.get("csc_min").encode(np.float32([[0, 1.5], [2, 0]]))).splitlines()
    assert lines[3:5] == ["    32      8  values: 2 x float32: 2 1.5", f"{'':15}00 00 00 40 00 00 c0 3f"]
    assert lines[-2:] == ["    52      2  rows: 2 x uint8: 1 0", f"{'':15}01 00"]


def row(format_: str, dataset: str = "w", **more: object) -> dict[str, object]:
    common = {"dataset": dataset, "format": format_, "params": "", "status": "ok", "lossless": True}
    return {**common, "batch": 1, "threads": 1, "cache": "warm", **more}


def test_when_a_format_wins() -> None:
    """ham is the smallest, csc the fastest, sham between them on the front, dense nowhere; lossy ones do not count."""
    figures = {"ham": (10, 9.0), "sham": (20, 3.0), "csc": (50, 1.0), "dense": (99, 2.0)}
    results = {
        "space": [row(name, bytes=size) for name, (size, _) in figures.items()]
        + [row("column_combined", bytes=1, lossless=False)],
        "time": [row(name, time_ratio=ratio) for name, (_, ratio) in figures.items()]
        + [row("column_combined", time_ratio=0.1)],
    }
    words = {name: format_pages.wins(name, results).splitlines()[2:] for name in figures}
    assert words["ham"] == ["- smallest: w", "- fastest: nowhere", "- on the front of bytes and time: w"]
    assert words["csc"] == ["- smallest: nowhere", "- fastest: w", "- on the front of bytes and time: w"]
    assert words["sham"][2].endswith(": w") and words["dense"][2].endswith(": nowhere")
    assert format_pages.wins("im", results) == "There are no results of it yet."
    assert format_pages.wins("column_combined", results).startswith("It changes weights (`error` in")
