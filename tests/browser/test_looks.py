"""The report's looks in a real browser: widths, contrast, themes, focus, photographs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.cdot import build

sys.path.insert(0, str(Path(__file__).parent))
from pages import boxes

Open = Callable[..., Any]
quick = pytest.mark.quick
WIDTHS = (1400, 400)
SCHEMES = ("light", "dark")
EVERY = pytest.mark.parametrize(("width", "scheme"), [(width, scheme) for width in WIDTHS for scheme in SCHEMES])


@quick
@EVERY
def test_nothing_is_wider_than_the_page(open_report: Open, width: int, scheme: str) -> None:
    page = open_report("all", width, scheme)
    page.locator("#trade-points summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_nor_at_the_width_of_the_smallest_telephones(open_report: Open) -> None:
    assert open_report("hostile", 320).evaluate("document.documentElement.scrollWidth") == 320


@EVERY
def test_axe_finds_nothing(open_report: Open, width: int, scheme: str) -> None:
    """Contrast, labels, headings, roles, landmarks: the whole page, and the window of a figure's source."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: nox -s browser brings it").Axe()
    page = open_report("all", width, scheme)
    page.locator("#trade-points summary").click()
    page.get_by_label("Ceilings").check()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    page.locator("#rows-box tbody button").first.click()
    found = axe.run(page, context="#details")
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("source", ["all", "results"])
@EVERY
def test_screenshots(open_report: Open, own_report: Path | None, source: str, width: int, scheme: str) -> None:
    """For people to look at: in .dotbench/screenshots. ``results`` are those of the checkout, whatever they are."""
    if source == "results" and own_report is None:
        return
    page = open_report(own_report if source == "results" else source, width, scheme, reduced_motion="reduce")
    matrices, seen, drawn = boxes(page)
    folder = build.state_folder() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{source}-{width}-{scheme}.png", full_page=True)
    assert drawn == seen <= matrices


@quick
@pytest.mark.parametrize(
    ("name", "seen", "words"),
    [
        ("all", 8, ["8 of 8 matrices have a point at these axes."]),
        ("one", 1, ["1 of 1 matrices have a point"]),
        ("partly", 4, ["4 of 8 matrices have a point at these axes; ", "3 have no figure for it in time.csv",
                       "1 has no figure for it in space.csv and time.csv"]),
    ],
)  # fmt: skip
def test_a_matrix_without_a_point_has_no_box(open_report: Open, name: str, seen: int, words: list[str]) -> None:
    """How many those are is said, and why, in the sentences too."""
    page = open_report(name)
    matrices, boxes_seen, drawn = boxes(page)
    assert (matrices, boxes_seen, drawn) == (1 if name == "one" else 8, seen, seen)
    said = page.locator("#glance-note").inner_text()
    assert all(one in said for one in words), said
    explained = "these have a plot of size against speed" in page.locator("#short").inner_text()
    assert explained == (name == "partly")
    if name == "partly":
        page.locator("#glance-note summary").click()
        assert (
            "time.csv: layer001/90-0-32, layer002/90-0-32, layer006/90-0-32"
            in page.locator("#glance-note").inner_text()
        )
        page.locator("#trade-controls").get_by_label("Up", exact=True).select_option(label="bits per nonzero")
        page.wait_for_timeout(100)
        assert page.locator("#glance-plots .multiple:not([hidden])").count() == 7


@quick
@pytest.mark.parametrize("width", WIDTHS)
def test_answers_and_a_plot_of_a_layer_are_on_the_first_screen(open_report: Open, width: int) -> None:
    page = open_report("layers", width)
    assert page.locator("#trade-matrix select").evaluate("list => list.selectedOptions[0].text") == "vgg19/90-0-32"
    titles = page.locator("#trade-answers h3")
    assert titles.all_inner_texts() == ["Smallest", "Fastest", "In between"]
    tops = page.evaluate(
        "[...document.querySelectorAll('#trade-answers li, #trade-plot')].map((one) => one.getBoundingClientRect().top)"
    )
    assert all(top < 900 for top in tops), tops
    assert page.locator("#trade-answers p").first.inner_text().startswith("ham is the smallest (")


def test_the_theme_follows_the_system_until_it_is_chosen(open_report: Open) -> None:
    page = open_report("all", scheme="dark")

    def colours() -> tuple[str, str]:
        plot = "getComputedStyle(document.querySelector('#trade-plot .main-svg')).background"
        return page.evaluate("getComputedStyle(document.body).backgroundColor"), page.evaluate(plot)

    button = page.get_by_role("button", name="Theme")
    assert button.text_content() == "Theme: automatic"
    dark = colours()
    button.click()
    assert button.text_content() == "Theme: light"
    light = colours()
    assert light[0] != dark[0] and light[1] != dark[1]
    button.click()
    assert button.text_content() == "Theme: dark" and colours() == dark
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert button.text_content() == "Theme: dark"
    button.click()
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(100)
    assert colours() == light


def test_nothing_moves_for_those_who_asked_for_that(open_report: Open) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert open_report("all").evaluate(behaviour) == "smooth"
    assert open_report("all", reduced_motion="reduce").evaluate(behaviour) == "auto"


def test_focus_is_seen_wherever_the_tab_key_goes(open_report: Open) -> None:
    page = open_report("all")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName"
        found = page.evaluate(outline)
        assert not found.startswith("none"), page.evaluate("document.activeElement.outerHTML")
        seen.add(found)
    assert {"solidA", "solidBUTTON", "solidSELECT", "solidINPUT", "solidDIV"} <= seen
