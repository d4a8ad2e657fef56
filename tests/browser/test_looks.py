"""The report's looks in a real browser: widths, contrast, themes, focus, photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.report.write import write
from cdot import build

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Any]
WIDTHS = (1400, 400)
SCHEMES = ("light", "dark")
EVERY = pytest.mark.parametrize(("width", "scheme"), [(width, scheme) for width in WIDTHS for scheme in SCHEMES])


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
def test_screenshots(open_report: Open, tmp_path: Path, source: str, width: int, scheme: str) -> None:
    """For people to look at: in .dotbench/screenshots. ``results`` are those of the checkout."""
    report: str | Path = source
    if source == "results":
        report = tmp_path / "results.html"
        write(str(ROOT / "results"), report, ROOT / "results", tmp_path, "2026-01-02 03:04 UTC")
    page = open_report(report, width, scheme, reduced_motion="reduce")
    for top in range(0, page.evaluate("document.documentElement.scrollHeight"), 500):  # small plots come when seen
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(50)
    page.evaluate("scrollTo(0, 0)")
    folder = build.state_folder() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{source}-{width}-{scheme}.png", full_page=True)
    assert page.locator("#glance-plots .multiple").count() == page.locator("#glance-plots .js-plotly-plot").count() > 0


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
