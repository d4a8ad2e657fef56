"""The report in a real browser: clicked, typed at, read by axe, downloaded from, photographed."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.compare.results import find
from bench.report.write import write
from cdot import build

sys.path.insert(0, str(Path(__file__).parent.parent))
import made_results as made

if "DOTBENCH_BROWSER" not in os.environ:  # which nox -s browser sets
    pytest.importorskip("playwright", reason="no playwright: nox -s browser brings it")

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Any]
WIDTHS = (1400, 400)
SCHEMES = ("light", "dark")
EVERY = pytest.mark.parametrize(("width", "scheme"), [(width, scheme) for width in WIDTHS for scheme in SCHEMES])


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


# ---- looks


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


# ---- plots


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
    page.locator("#trade-controls").get_by_label("Matrix").select_option(label="layer003/90-0-32~twin (twin)")
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
    for width in WIDTHS:
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
    assert (
        page.locator("#trade-controls select").first.evaluate("list => list.selectedOptions[0].text")
        == "layer005/90-0-32"
    )
    assert "chosen" in page.locator("#glance-plots .multiple").nth(5).get_attribute("class")
    page.locator("#short").get_by_role("link", name="layer002/90-0-32").click()
    assert page.locator("#trade-controls select").first.input_value() == "2"


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
    page.locator("#short").get_by_role("link").last.click()
    page.locator("#rows-box tbody button").first.click()
    assert page.get_by_role("dialog").count() == 1


# ---- the table


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


# ---- safety


def test_hostile_names_do_nothing(open_report: Open) -> None:
    page = open_report("hostile")
    name = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><b>&amp;"
    assert page.locator("#short h3").first.inner_text() == name
    page.locator("#trade-plot").focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert name in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    page.locator("#rows-box tbody button").nth(3).click()
    command = page.get_by_role("dialog").locator(".command code").inner_text()
    quoted = "'" + name.replace("'", "'\\''") + "'"
    assert command == f"dotbench run --datasets {quoted} --formats {quoted} --metrics space"
    page.keyboard.press("Escape")
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_policy_stops_a_script_that_got_in(browser: Any, reports: Callable[[str], Path], tmp_path: Path) -> None:
    """Were some value not escaped: it would not run, and could ask nobody."""
    text = (
        reports("all")
        .read_text()
        .replace("<h1>", "<script>window.hacked = 1</script><img src='http://127.0.0.1:9/x'><h1>")
    )
    (tmp_path / "broken.html").write_text(text)
    page = browser.new_page()
    failed: list[tuple[str, str]] = []
    page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    page.goto((tmp_path / "broken.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("window.hacked") is None
    assert failed == [("http://127.0.0.1:9/x", "csp")]
    page.close()


def test_the_checkouts_own_results(open_report: Open, tmp_path: Path) -> None:
    results = ROOT / "results"
    write(str(results), tmp_path / "own.html", results, tmp_path, "today")
    page = open_report(tmp_path / "own.html")
    rows = find(str(results), results).rows
    assert points(page) >= 6
    assert page.locator("#rows-controls").get_by_label("File").locator("option").count() == len(rows)
    states = page.locator("#origin-body table").first.inner_text()
    assert "committed" in states or "in no repository" in states
