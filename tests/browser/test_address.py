"""Choices in the report's address in a real browser: links, the back button, what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

Open = Callable[..., Any]
pytestmark = pytest.mark.quick


def address(page: Any) -> str:
    return unquote(page.evaluate("location.hash"))


def chosen(page: Any, place: str, title: str) -> str:
    return str(page.locator(place).get_by_label(title, exact=True).evaluate("list => list.selectedOptions[0].text"))


def test_a_choice_can_be_linked_to(open_report: Open) -> None:
    """What somebody chose, sorted and filtered is what another one sees who opens the address."""
    page = open_report("all")
    assert address(page) == ""
    page.locator("#trade-matrix").get_by_label("Matrix").select_option(label="layer005/90-0-32")
    page.locator("#trade-controls").get_by_label("Up", exact=True).select_option(label="instructions of a product")
    page.get_by_label("Logarithmic").uncheck()
    page.get_by_label("Ceilings").check()
    page.locator("#trade-legend").get_by_role("button", name="dense", exact=True).click()
    rows = page.locator("#rows-controls")
    rows.get_by_label("File").select_option("time")
    rows.get_by_label("Format").select_option("ham")
    rows.get_by_label("Text in a row").fill("mirror layer00")
    page.locator("#rows-box thead").get_by_role("button", name="time_ratio").click()
    page.locator("#rows-box thead").get_by_role("button", name="time_ratio").click()
    page.locator("[data-chart=levels]").get_by_label("Matrix").select_option(label="layer001/90-0-32")
    link = page.evaluate("location.hash")
    said = set(address(page).partition("?")[2].split("&"))
    assert said == {
        "matrix=layer005/90-0-32", "y=instructions.instructions_per_dot", "scale=linear", "ceilings=yes", "without=dense",
        "rows.file=time", "rows.format=ham", "rows.text=mirror+layer00", "rows.sort=-time_ratio",
        "levels.matrix=layer001/90-0-32",
    }  # fmt: skip
    other = open_report("all", at=link)
    for place, title in (("#trade-matrix", "Matrix"), ("#trade-controls", "Up"), ("#rows-controls", "File"),
                         ("#rows-controls", "Format"), ("[data-chart=levels]", "Matrix")):  # fmt: skip
        assert chosen(other, place, title) == chosen(page, place, title)
    assert not other.get_by_label("Logarithmic").is_checked() and other.get_by_label("Ceilings").is_checked()
    for place in ("#rows-count", "#trade-answers", "#rows-box tbody", "#trade-legend", "[data-chart=levels] tbody"):
        assert other.locator(place).inner_text() == page.locator(place).inner_text(), place
    assert other.locator("#rows-box th[aria-sort=descending]").count() == 1
    assert other.evaluate("location.hash") == link
    # it was the levels that were chosen last; scrolling is smooth, and takes a while
    expect = pytest.importorskip("playwright.sync_api", reason="no playwright: nox -s browser brings it").expect
    expect(other.locator("#levels-chart")).to_be_in_viewport(ratio=0.9)
    assert other.locator("#address-note").inner_text() == ""


def test_the_back_button_takes_a_choice_back(open_report: Open) -> None:
    page = open_report("all")
    matrix = page.locator("#trade-matrix").get_by_label("Matrix")
    matrix.select_option(label="layer002/90-0-32")
    page.locator("#rows-controls").get_by_label("File").select_option("levels")
    search = page.locator("#rows-controls").get_by_label("Text in a row")
    search.press_sequentially("layer")  # one choice, however many letters
    assert address(page) == "#rows?matrix=layer002/90-0-32&rows.file=levels&rows.text=layer"
    page.go_back()
    assert page.locator("#rows-controls").get_by_label("Text in a row").input_value() == ""
    page.go_back()
    assert chosen(page, "#rows-controls", "File") == "space.csv (80)"
    assert chosen(page, "#trade-matrix", "Matrix") == "layer002/90-0-32"
    page.go_back()
    assert chosen(page, "#trade-matrix", "Matrix") == "layer000/90-0-32" and address(page) == ""
    page.go_forward()
    assert chosen(page, "#trade-matrix", "Matrix") == "layer002/90-0-32"


def test_parts_of_the_page_keep_the_choices(open_report: Open) -> None:
    page = open_report("all", reduced_motion="reduce")
    nav = page.get_by_role("navigation")
    nav.get_by_role("link", name="All rows").click()
    assert address(page) == "#rows"
    page.locator("#trade-matrix").get_by_label("Matrix").select_option(label="layer002/90-0-32")
    nav.get_by_role("link", name="All rows").click()
    assert address(page) == "#rows?matrix=layer002/90-0-32"
    assert abs(page.locator("#rows").evaluate("one => one.getBoundingClientRect().top")) < 200
    assert chosen(page, "#trade-matrix", "Matrix") == "layer002/90-0-32"


def test_what_is_not_in_the_report_is_said(open_report: Open) -> None:
    """And not taken; names in an address are text, whatever they hold."""
    page = open_report("all", at="#trade?matrix=<b>none&y=time.nothing&batch=8&rows.format=ham&rows.sort=what&other=1")
    note = page.locator("#address-note").inner_text()
    for words in ("matrix <b>none", "y time.nothing", "other", "rows.sort what"):
        assert words in note or words.startswith("rows")
    assert chosen(page, "#trade-matrix", "Matrix") == "layer000/90-0-32"
    assert chosen(page, "#rows-controls", "Format") == "ham"
    page.locator("#trade-matrix").get_by_label("Matrix").select_option(label="layer001/90-0-32")
    assert page.locator("#address-note").inner_text() == ""


def test_the_matrix_of_a_row_stays_in_view(open_report: Open) -> None:
    """Sorted by a figure at the far right, each row still says its format and its matrix."""
    for width in (1400, 400):
        page = open_report("all", width, at="#rows?rows.file=time&rows.sort=product_error")
        page.locator("#rows-box").evaluate("box => box.scrollTo(4000, 100)")
        page.wait_for_timeout(100)
        seen = page.evaluate("""() => { const box = document.getElementById('rows-box').getBoundingClientRect();
            return [...document.querySelectorAll('#rows-box tbody tr[aria-rowindex]')].map((line) => {
                const parts = [line.children[0].querySelector('button'), ...line.querySelectorAll('.of'), line.children[1]]
                    .map((part) => [part.textContent.trim(), part.getBoundingClientRect()])
                    .filter(([, place]) => place.width && place.left >= box.left - 1 && place.right <= box.right + 1);
                return parts.map(([text]) => text); }); }""")
        assert len(seen) > 10
        heads = "[...document.querySelectorAll('#rows-box thead th')].slice(0, 2).map((one) => one.getBoundingClientRect().left)"
        fields = heads.replace("thead th", "tbody tr[aria-rowindex] td")
        if width == 1400:  # headings stand above their fields
            assert page.evaluate(heads) == page.evaluate(fields)
        for texts in seen:
            assert texts[0] and any(text.startswith("layer") for text in texts), (width, texts)
