"""The report on paper: every plot is drawn, as wide as the sheet, and nothing is an empty box."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
pytestmark = pytest.mark.quick

# What the page looks like while it is printed: plots, plots without a point, and what reaches beyond the sheet.
LOOK = """() => { dispatchEvent(new Event('beforeprint'));
    const boxes = [...document.querySelectorAll('#trade-plot, .multiple:not([hidden]) .small')];
    const main = document.querySelector('main').getBoundingClientRect();
    const found = { boxes: boxes.length, empty: boxes.filter((box) => !box.querySelector('path.point')).length,
        wide: boxes.filter((box) => box.querySelector('.main-svg').getBoundingClientRect().right > main.right + 1).length,
        width: main.width, page: getComputedStyle(document.querySelector('#trade-plot .main-svg')).backgroundColor };
    dispatchEvent(new Event('afterprint'));
    return found; }"""


@pytest.mark.parametrize(("name", "boxes"), [("all", 9), ("partly", 5)])
def test_all_plots_are_drawn_for_paper(open_report: Open, name: str, boxes: int) -> None:
    """Those that were never scrolled to as well; in light colours whatever the screen has."""
    page = open_report(name, scheme="dark")
    dark = page.evaluate("getComputedStyle(document.querySelector('#trade-plot .main-svg')).backgroundColor")
    before = page.locator("#trade-plot .main-svg").first.bounding_box()["width"]
    found = page.evaluate(LOOK)
    assert (found["boxes"], found["empty"], found["wide"]) == (boxes, 0, 0)
    assert found["width"] < 700 and found["page"] != dark
    after = page.locator("#trade-plot .main-svg").first.bounding_box()["width"]
    assert after == before and page.evaluate("document.documentElement.className") == ""
    assert page.evaluate("document.documentElement.dataset.theme") is None


def test_a_pdf_calls_for_it(open_report: Open, tmp_path: Path) -> None:
    """Chromium says beforeprint; the sheets have the plots and not the controls."""
    page = open_report("all")
    page.evaluate(
        "window.printed = []; for (const name of ['beforeprint', 'afterprint']) addEventListener(name, () => window.printed.push(name))"
    )
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert page.evaluate("window.printed") == ["beforeprint", "afterprint"]
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
    page.emulate_media(media="print")
    assert not page.locator("#trade-controls").is_visible() and not page.locator("#rows-box").is_visible()
    assert (
        page.locator("#trade-name").inner_text() == "layer000/90-0-32, 512 × 2048, 10.0 % nonzero, 32 distinct values"
    )
    assert "The rows are not printed" in page.locator("#rows").inner_text()
