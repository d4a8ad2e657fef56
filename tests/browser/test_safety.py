"""What a report does not do in a real browser, and the checkout's own results in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.compare.results import find
from dotbench.bench.report.write import with_pictures

sys.path.insert(0, str(Path(__file__).parent))
from pages import boxes, downloaded, original, points, rows_of

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Any]
quick = pytest.mark.quick


@quick
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


def test_downloads_hold_no_formulas(open_report: Open, reports: Callable[[str], Path]) -> None:
    """The download is the file, where these names have an apostrophe before them; the page shows them as they are."""
    page = open_report("formulas")
    assert set(page.locator("#short h3").all_inner_texts()) == {"=HYPERLINK(A1)", "-1+1\x1b[31m", "'@sum"}
    name, text = downloaded(page, "Download these rows")
    assert (name, text) == ("space.csv", original(reports, "formulas", "space"))
    assert {row["dataset"] for row in rows_of(text)} == {"'=HYPERLINK(A1)", "'-1+1\x1b[31m", "''@sum"}
    page.locator("#rows-controls").get_by_label("Matrix").select_option(label="-1+1\x1b[31m")
    page.locator("#rows-box tbody button").first.click()
    command = page.get_by_role("dialog").locator(".command code").inner_text()
    assert "--datasets $'-1+1\\u001b[31m' --formats" in command


@quick
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


@quick
def test_the_checkouts_own_results(open_report: Open, own_report: Path | None) -> None:
    """Whatever is in results/: small, full, of twins, or nothing."""
    if own_report is None:
        return
    page = open_report(own_report)
    rows = with_pictures(find(f"{ROOT / 'results'}/", ROOT / "results")).rows
    name = page.locator("#trade-matrix select").evaluate("list => list.selectedOptions[0].text").removesuffix(" (twin)")
    sized = {
        (row["format"], row["params"])
        for row in rows.get("space", [])
        if row["dataset"] == name and row["status"] == "ok"
    }
    timed = {(row["format"], row["params"]) for row in rows.get("time", [])
             if row["dataset"] == name and row["status"] == "ok" and row["batch"] == 1}  # fmt: skip
    if "space" in rows and "time" in rows:
        assert points(page) == len(sized & timed)
    assert page.locator("#rows-controls").get_by_label("File").locator("option").count() == len(rows)
    states = page.locator("#origin-body table").first.inner_text()
    assert "committed" in states or "in no repository" in states
    matrices, seen, drawn = boxes(page)
    assert seen == drawn and matrices == len(
        {(row["dataset"], row["matrix_sha256"]) for found in rows.values() for row in found}
    )
    assert page.locator("#glance-note").inner_text().startswith(f"{seen} of {matrices} matrices have a point")
