"""A real browser for the report: the distribution's Chromium, driven by Playwright. `nox -s browser` brings both."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
import made_results as made

sys.path.insert(0, str(Path(__file__).parent))
from pages import rows_of

from dotbench.bench.compare.errors import CompareError

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The Chromium that the session names, or one of this machine; without one the tests are skipped by name."""
    wanted = os.environ.get("DOTBENCH_BROWSER")
    program = wanted or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no chromium: nox -s browser brings it")
    driver = pytest.importorskip("playwright.sync_api", reason="no playwright: nox -s browser brings it")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Reports by name, each written once: ``all`` (every file), ``large`` (10 000 rows), ``hostile`` (names),
    or a file's name."""
    from dotbench.bench.report.write import write

    folder = tmp_path_factory.mktemp("reports")

    def report(name: str) -> Path:
        out = folder / f"{name}.html"
        if not out.exists():
            results = made.written(RESULTS[name](), folder / name / "results")
            write(str(results), out, results, folder / name, "2026-01-02 03:04 UTC")
        return out

    return report


def _large() -> dict[str, list[made.Row]]:
    rows = made.results(300, more=("e1", "e2", "e3", "e4"))
    return {file: rows[file] for file in ("space", "time")}


def _hostile() -> dict[str, list[made.Row]]:
    """Names that would run a script, or draw a picture, wherever they were taken for markup."""
    name = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><b>&amp;"
    rows = made.results(1)
    for found in rows.values():
        for row in found:
            row["dataset"] = row["reason"] = name
            if row["format"] == "im":
                row["format"] = row["code_sha"] = name
    return rows


def _formulas() -> dict[str, list[made.Row]]:
    """Names that a spreadsheet would compute, or a terminal obey."""
    rows = made.results(3)
    names = ("=HYPERLINK(A1)", "-1+1\x1b[31m", "'@sum")
    for found in rows.values():
        matrices = list(dict.fromkeys(row["matrix_sha256"] for row in found))
        for row in found:
            row["dataset"] = names[matrices.index(row["matrix_sha256"])]
    return {file: rows[file] for file in ("space", "time")}


def _only(file: str) -> Callable[[], dict[str, list[made.Row]]]:
    return lambda: {file: made.results(2)[file]}


def _partly() -> dict[str, list[made.Row]]:
    """Eight matrices: two were not timed, one has levels only, one failed to be timed; every fourth is a twin."""
    rows = made.results(8)
    names = {number: made.common(number)["dataset"] for number in range(8)}
    rows["time"] = [row for row in rows["time"] if row["dataset"] not in (names[1], names[2], names[5])]
    rows["space"] = [row for row in rows["space"] if row["dataset"] != names[5]]
    for row in rows["time"]:
        if row["dataset"] == names[6]:
            row.update(status="failed", reason="WrongProduct: no", time_ratio=None, ratio_low=None, ratio_high=None)
    return rows


def _layers() -> dict[str, list[made.Row]]:
    """Three matrices, the second of which is the README's."""
    rows = made.results(3)
    for found in rows.values():
        for row in found:
            row["dataset"] = {0: "SiNa", 1: "vgg19/90-0-32", 2: "vgg19/99"}[int(row["matrix_sha256"], 16)]
    return rows


RESULTS: dict[str, Callable[[], dict[str, list[made.Row]]]] = {
    "all": lambda: made.results(8),
    "large": _large,
    "hostile": _hostile,
    "partly": _partly,
    "one": lambda: made.results(1),
    "layers": _layers,
    "formulas": _formulas,
    "space": _only("space"),
    "time": _only("time"),
    "levels": _only("levels"),
}


@pytest.fixture(scope="session")
def own_report(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The report of the checkout's results, whatever they are; None where there are none, and that is said."""
    from dotbench.bench.report.write import write

    folder, out = Path(__file__).resolve().parents[2] / "results", tmp_path_factory.mktemp("own") / "own.html"
    if not any(rows_of(path.read_text()) for path in folder.glob("*.csv")):
        with pytest.raises(CompareError, match="no results|there is no"):
            write(f"{folder}/", out, folder, out.parent, "2026-01-02 03:04 UTC")
        return None
    write(f"{folder}/", out, folder, out.parent, "2026-01-02 03:04 UTC")
    return out


@pytest.fixture
def open_report(browser: Any, reports: Callable[[str], Path]) -> Iterator[Open]:
    """Opens a report in a page of its own, ``at`` an address. At the end it has asked nobody for anything, and complained of nothing."""
    contexts: list[Any] = []
    asked: list[str] = []
    said: list[str] = []

    def opened(name: str | Path = "all", width: int = 1400, scheme: str = "light", at: str = "", **more: Any) -> Any:
        path = name if isinstance(name, Path) else reports(name)
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()

        def route(found: Any) -> None:
            if found.request.url.partition("#")[0] == path.as_uri():
                found.continue_()
            else:
                asked.append(found.request.url)
                found.abort()

        page.route("**/*", route)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri() + at, wait_until="commit")
        page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked == []
    assert said == []
