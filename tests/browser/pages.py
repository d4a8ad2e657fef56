"""What the browser tests read from a page: points, rows, columns, downloads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def original(reports: Callable[[str], Path], name: str, file: str) -> str:
    return (reports(name).parent / name / "results" / f"{file}.csv").read_text()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def downloaded(page: Any, button: str) -> tuple[str, str]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text()


def points(page: Any) -> int:
    return int(page.locator("#trade-plot .scatterlayer .points path.point").count())


def table_words(page: Any, column: int) -> list[str]:
    return [
        str(text)
        for text in page.locator(f"#rows-box tbody tr[aria-rowindex] td:nth-child({column})").all_text_contents()
    ]


def column(page: Any, name: str) -> int:
    headings = page.locator("#rows-box thead button").all_text_contents()
    return 1 + [re.sub("[↑↓]", "", text) for text in headings].index(name)


def boxes(page: Any) -> tuple[int, int, int]:
    """Small plots: matrices, boxes that are seen, and plots that are drawn in them. Scrolls through them first."""
    for top in range(0, page.evaluate("document.documentElement.scrollHeight"), 500):  # small plots come when seen
        page.evaluate(f"scrollTo({{top: {top}, behavior: 'instant'}})")
        page.wait_for_timeout(50)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    seen = "#glance-plots .multiple:not([hidden])"
    found = [page.locator(one).count() for one in ("#glance-plots .multiple", seen, f"{seen} .js-plotly-plot")]
    return found[0], found[1], found[2]
