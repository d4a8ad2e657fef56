"""The report's plots in a real browser: choices, legend, keyboard, pictures, strips."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
import made_results as made

sys.path.insert(0, str(Path(__file__).parent))
from pages import downloaded, points

Open = Callable[..., Any]


def test_choices_change_what_is_drawn(open_report: Open) -> None:
    page = open_report("all")
    assert points(page) == 7
    titles = page.locator("#trade-plot .xtitle, #trade-plot .ytitle")
    assert titles.all_text_contents() == [
        "size in bytes (logarithmic)",
        "time of a product / time with csc (logarithmic)",
    ]
    page.get_by_label("Ceilings").check()
    assert points(page) == 8
    page.get_by_label("Ceilings").uncheck()
    page.get_by_label("Up", exact=True).select_option(label="energy of a product, measured")
    page.get_by_label("Across", exact=True).select_option(label="instructions of a product")
    page.get_by_label("Logarithmic").uncheck()
    assert titles.all_text_contents() == ["instructions of a product", "energy of a product, measured"]
    assert points(page) == 7
    assert page.get_by_label("Vectors at once").count() == 0  # these files have one batch: nothing to choose
    page.locator("#trade-matrix").get_by_label("Matrix").select_option(label="layer003/90-0-32~twin (twin)")
    assert "twin: synthetic" in page.locator("#trade-note").text_content()


def test_the_front_and_who_is_on_it(open_report: Open) -> None:
    """By hand: sizes rise from column_combined (lossy) over ham, sham, csc_min, csc, im to dense."""
    page = open_report("all")
    page.locator("#trade-points summary").click()
    lines = [line.split("\t") for line in page.locator("#trade-points tbody").inner_text().splitlines() if "\t" in line]
    names = [line[0].strip() for line in lines]
    assert names == ["column_combined[0.5] ≈", "ham", "sham", "csc_min", "csc", "im", "dense"]
    front = [name for name, line in zip(names, lines, strict=True) if "yes" in line]
    assert front[:2] == ["ham", "sham"] and "im" not in front and "dense" not in front
    page.get_by_label("Lossy ones compete").check()
    text = page.locator("#trade-points tbody").inner_text()
    assert text.count("yes") == 1 and "yes" in text.splitlines()[0]  # the smallest and the fastest


def test_the_legend_hides_and_shows(open_report: Open) -> None:
    page = open_report("all")
    button = page.locator("#trade-legend").get_by_role("button", name="ham", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    assert points(page) == 6
    page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "true"
    assert points(page) == 7
    shapes = page.locator("#trade-plot .shapelayer path")
    assert shapes.count() == 5  # three bounds, two libraries without a size
    page.locator("#trade-legend").get_by_role("button", name="h0", exact=True).click()
    assert shapes.count() == 4


def test_names_cover_neither_points_nor_each_other(open_report: Open) -> None:
    for width in (1400, 400):
        page = open_report("all", width)
        boxes = page.evaluate("""() => [...document.querySelectorAll('#trade-plot .textpoint text')]
            .filter((text) => text.textContent).map((text) => text.getBoundingClientRect().toJSON())""")
        marks = page.evaluate("""() => [...document.querySelectorAll('#trade-plot path.point')]
            .map((mark) => mark.getBoundingClientRect().toJSON())""")
        assert len(boxes) >= 6
        for index, box in enumerate(boxes):
            others = boxes[:index] + boxes[index + 1 :]
            assert not [other for other in others if overlap(box, other, 1)]
            assert not [mark for mark in marks if overlap(box, mark, 3)]


def overlap(a: dict[str, float], b: dict[str, float], slack: float) -> bool:
    return bool(
        a["left"] < b["right"] - slack and b["left"] < a["right"] - slack
        and a["top"] < b["bottom"] - slack and b["top"] < a["bottom"] - slack
    )  # fmt: skip


def test_the_plot_by_keyboard_and_where_a_point_comes_from(open_report: Open) -> None:
    page = open_report("all")
    page.locator("#trade-plot").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#trade-said").text_content().startswith("column_combined[0.5] ≈, size in bytes ")
    page.keyboard.press("ArrowRight")
    said = page.locator("#trade-said").text_content()
    assert re.match(r"ham, size in bytes [\d\u202f]+ B, time of a product / time with csc [\d.]+ × \([\d.]+ × to", said)
    page.locator("#trade-plot .hoverlayer").get_by_text("instructions of a product").wait_for()
    page.wait_for_timeout(200)  # plotly shows one point after the other in no hurry
    hover = page.locator("#trade-plot .hoverlayer").text_content()
    for words in ("ham", "bits per nonzero", "instructions of a product", "energy per entry, modelled", "to encode"):
        assert words in hover
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    text = dialog.inner_text()
    for words in ("ham on layer000/90-0-32", "This row of space.csv", "This row of time.csv", made.MACHINE, "in no repository",
                  "hash of its content", "0" * 64, "mirror: read from a local mirror",
                  "dotbench run --datasets layer000/90-0-32 --formats ham --metrics time --batch 1 --threads 1 --cache warm"):  # fmt: skip
        assert words in text, words
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert page.evaluate("document.activeElement.id") == "trade-plot"


def test_a_small_plot_opens_its_matrix(open_report: Open) -> None:
    page = open_report("all")
    page.locator("#glance-plots").scroll_into_view_if_needed()
    page.locator("#glance-plots").get_by_role("button", name="layer005/90-0-32").click()
    assert page.locator("#trade-matrix select").evaluate("list => list.selectedOptions[0].text") == "layer005/90-0-32"
    assert "chosen" in page.locator("#glance-plots .multiple").nth(5).get_attribute("class")
    page.locator("#short").get_by_role("link", name="layer002/90-0-32").click()
    assert page.locator("#trade-matrix select").input_value() == "2"


def test_a_picture_can_be_taken_along(open_report: Open) -> None:
    name, text = downloaded(open_report("all"), "Save picture")
    assert name == "layer000_90-0-32-bytes-time_ratio.svg" and text.startswith("<svg")


def test_strips_of_systolic_arrays_and_levels(open_report: Open) -> None:
    page = open_report("all")
    systolic = page.locator("[data-chart=systolic]")
    assert systolic.locator("tbody tr").count() == 8  # one array and one length of input are chosen
    assert re.search(r"[\d.]+ → [\d.]+\s+28\.10 %", systolic.locator("tbody tr").first.inner_text())
    systolic.get_by_label("Figure").focus()
    systolic.get_by_label("Figure").select_option(label="error of the product")
    assert page.evaluate("document.activeElement.dataset.field") == "Figure"  # drawn anew, and still there
    assert "→" not in systolic.locator("tbody").inner_text()
    levels = page.locator("[data-chart=levels]")
    assert levels.locator("tbody tr").count() == 32
    levels.get_by_label("Matrix").select_option(label="layer001/90-0-32")
    names = levels.locator("tbody td:nth-child(2)").all_inner_texts()
    assert [name.strip() for name in names] == ["nested[4] ≈"] * 3 + ["nested[4]"]


@pytest.mark.parametrize(("file", "drawn"), [("space", 7), ("time", 9), ("levels", 0)])
def test_one_file_alone(open_report: Open, file: str, drawn: int) -> None:
    """Other axes where size or time is not there; a word where nothing can be drawn. No script fails."""
    page = open_report(file)
    assert points(page) == drawn
    if not drawn:
        assert "could be an axis" in page.locator("#trade-plot").inner_text()
    links = page.locator("#short").get_by_role("link")
    assert (links.count() > 0) == (drawn > 0)  # a matrix without figures to compare has no card
    if drawn:
        links.last.click()
    assert page.evaluate("dispatchEvent(new Event('beforeprint')) && dispatchEvent(new Event('afterprint'))")
    page.locator("#rows-box tbody button").first.click()
    assert page.get_by_role("dialog").count() == 1
