"""The report's table in a real browser: filters, sorting, keyboard, downloads, ten thousand rows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import column, downloaded, original, rows_of, table_words

Open = Callable[..., Any]


def test_all_rows_are_the_files_rows_and_download_as_such(open_report: Open, reports: Callable[[str], Path]) -> None:
    page = open_report("all")
    for file in ("space", "time", "instructions", "energy", "systolic", "levels"):
        page.locator("#rows-controls").get_by_label("File").select_option(file)
        text = original(reports, "all", file)
        assert page.locator("#rows-count").text_content() == f"{len(rows_of(text))} rows"
        assert downloaded(page, "Download these rows") == (f"{file}.csv", text)


def test_filters_and_what_is_downloaded_of_them(open_report: Open, reports: Callable[[str], Path]) -> None:
    page = open_report("all")
    page.locator("#rows-controls").get_by_label("File").select_option("time")
    controls = page.locator("#rows-controls")
    controls.get_by_label("Format").select_option("ham")
    assert page.locator("#rows-count").text_content() == "16 of 160 rows"
    controls.get_by_label("Text in a row").fill("LAYER00 mirror")
    assert page.locator("#rows-count").text_content() == "12 of 160 rows"
    controls.get_by_label("Matrix").select_option("layer004/90-0-32")
    name, text = downloaded(page, "Download these rows")
    wanted = [row for row in rows_of(original(reports, "all", "time"))
              if (row["format"], row["dataset"]) == ("ham", "layer004/90-0-32")]  # fmt: skip
    assert name == "time-part.csv" and rows_of(text) == wanted and len(wanted) == 2
    controls.get_by_label("Text in a row").fill("no such words")
    assert page.locator("#rows-count").text_content() == "0 of 160 rows"
    for title, value in (("Text in a row", ""), ("Format", ""), ("Matrix", "")):
        field = controls.get_by_label(title)
        field.fill(value) if title.startswith("Text") else field.select_option(value)
    controls.get_by_label("Status").select_option("unavailable")
    assert page.locator("#rows-count").text_content() == "8 of 160 rows"
    assert page.locator("#rows-box tbody .bad").first.text_content() == "⚠ unavailable"


def test_sorting_by_keyboard(open_report: Open, reports: Callable[[str], Path]) -> None:
    page = open_report("all")
    page.locator("#rows-controls").get_by_label("File").select_option("time")
    heading = page.locator("#rows-box thead th").nth(column(page, "time_ratio") - 1)
    assert heading.get_attribute("aria-sort") is None
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    ratios = [row["time_ratio"] for row in rows_of(original(reports, "all", "time"))]
    known = sorted((ratio for ratio in ratios if ratio), key=float)
    shown = table_words(page, column(page, "time_ratio"))
    assert len(shown) > 20 and shown == known[: len(shown)]
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "descending"
    shown = table_words(page, column(page, "time_ratio"))
    assert shown == known[::-1][: len(shown)]
    page.locator("#rows-box").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    page.wait_for_timeout(100)
    assert table_words(page, column(page, "time_ratio"))[-8:] == [""] * 8  # rows without a figure, at the end
    page.locator("#rows-box thead").get_by_role("button", name="dataset").click()
    assert heading.get_attribute("aria-sort") is None
    assert page.locator("#rows-box th[aria-sort=ascending]").count() == 1


def test_row_by_row_with_arrow_keys(open_report: Open) -> None:
    page = open_report("large")
    page.locator("#rows-box tbody button").first.focus()
    row = "document.activeElement.closest('tr').getAttribute('aria-rowindex')"
    for key, index in (
        ("ArrowDown", 3),
        ("ArrowDown", 4),
        ("ArrowUp", 3),
        ("End", 4201),
        ("ArrowUp", 4200),
        ("Home", 2),
    ):
        page.keyboard.press(key)
        assert page.evaluate(row) == str(index)
        seen = page.evaluate("""() => { const a = document.activeElement.getBoundingClientRect();
            const b = document.getElementById('rows-box').getBoundingClientRect();
            return a.top >= b.top && a.bottom <= b.bottom; }""")
        assert seen, key
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").count() == 1


def test_ten_thousand_rows_answer_within_two_seconds(open_report: Open, capsys: pytest.CaptureFixture[str]) -> None:
    """From opening the file to a table that has been sorted and filtered, and to the first plot."""
    page = open_report("large")
    table, plots = (int(page.evaluate(f"document.documentElement.dataset.{name}")) for name in ("table", "ready"))
    page.locator("#rows-controls").get_by_label("File").select_option("time")
    took = page.evaluate("""() => { const start = performance.now();
        document.querySelectorAll('#rows-box thead button')[8].click();
        const search = document.querySelector('#rows-controls input');
        search.value = 'layer1 =ham'; search.dispatchEvent(new Event('input'));
        document.getElementById('rows-box').offsetHeight;
        return performance.now() - start; }""")
    assert page.locator("#rows-count").text_content() == "100 of 8\u202f400 rows"
    assert page.locator("#rows-box tbody tr").count() < 100
    with capsys.disabled():
        print(f"\n12 600 rows: table after {table} ms, plots after {plots} ms, sorted and filtered in {took:.0f} ms")
    assert table + took < 2000
