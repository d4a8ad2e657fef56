"""The pages of docs/formats: they are what today's code and results give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import formats
from bench.show import pages

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_committed_pages_are_current() -> None:
    """Otherwise: nox -s docs."""
    expected = pages.rendered(ROOT / "results")
    found = {path: path.read_text() if path.exists() else "" for path in expected}
    stale = [path.name for path in expected if found[path] != expected[path]]
    assert not stale, f"{stale} are not what nox -s docs writes"
    assert {path.name for path in pages.FOLDER.glob("*.md")} == {path.name for path in expected}


@pytest.mark.parametrize("name", pages.names())
def test_a_layout_accounts_for_every_byte(name: str) -> None:
    payload = formats.get(name).encode(pages.example(formats.get(name)))
    lines = pages.layout(payload).splitlines()[1:]
    starts = [(int(line[:6]), int(line[8:13])) for line in lines if line[:6].strip().isdigit()]
    at = 0
    for start, size in starts:
        assert start == at
        at += size
    assert at == payload.nbytes


def test_a_layout_by_hand() -> None:
    lines = pages.layout(formats.get("csc_min").encode(np.float32([[0, 1.5], [2, 0]]))).splitlines()
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
    words = {name: pages.wins(name, results).splitlines()[2:] for name in figures}
    assert words["ham"] == ["- smallest: w", "- fastest: nowhere", "- on the front of bytes and time: w"]
    assert words["csc"] == ["- smallest: nowhere", "- fastest: w", "- on the front of bytes and time: w"]
    assert words["sham"][2].endswith(": w") and words["dense"][2].endswith(": nowhere")
    assert pages.wins("im", results) == "There are no results of it yet."
