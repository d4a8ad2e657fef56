"""README, plot and pages are those of the committed rows, whatever a run has written into results/ since."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dotbench.bench.compare.results import of_folder
from dotbench.bench.pages import drawn, format_pages, readme
from dotbench.cdot import build

sys.path.insert(0, str(Path(__file__).parents[2]))

import copied

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "results"
HELD = ("tests/bench/pages/test_format_pages.py", "tests/bench/pages/test_drawn.py", "tests/bench/goals/test_race.py")


def index() -> str:
    return (format_pages.FOLDER / "README.md").read_text()


@pytest.mark.parametrize("page", readme.PLACES, ids=str)
def test_the_committed_tables_are_current(page: Path) -> None:
    """Otherwise: nox -s docs."""
    text = (ROOT / page).read_text()
    sources = drawn.sources(RESULTS, index())
    assert not sources or text in [readme.with_table(page, text, source.rows) for source in sources]


def test_the_committed_plot_is_current() -> None:
    """Its note says of which rows it is. Otherwise: nox -s docs."""
    noted = drawn.noted((ROOT / readme.PICTURE).read_text())
    sources = drawn.sources(RESULTS, index())
    assert noted == drawn.noted(index()) != ""
    assert not sources or noted in [drawn.digest(source.rows) for source in sources]


def row(**more: object) -> dict[str, object]:
    return {"dataset": "w", "format": "ham", "params": "", "status": "ok", "bytes": 10, "code_sha": "a", **more}


def test_a_digest_is_of_figures() -> None:
    one = drawn.digest({"space": [row(), row(format="im")]})
    assert one == drawn.digest({"space": [row(format="im"), row(code_sha="b"), row(bytes=None, status="failed")]})
    for other in (row(bytes=11), row(dataset="w~twin"), row(format="sham")):
        assert one != drawn.digest({"space": [row(format="im"), other]})
    assert one != drawn.digest({"space": [row(), row(format="im")], "time": [row()]})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This checkout's files as a commit of a repository of their own."""
    folder = tmp_path / "checkout"
    copied.code(folder, "docs", "results", "tests", "README.md", "pyproject.toml")
    for file in RESULTS.glob("*.csv"):
        (folder / "results" / file.name).write_bytes(committed(file))
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def committed(file: Path) -> bytes:
    """As HEAD has it; as it is where there is no repository."""
    done = subprocess.run(["git", "-C", str(ROOT), "show", f"HEAD:results/{file.name}"], capture_output=True)
    return file.read_bytes() if done.returncode else done.stdout


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgSign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "all")


def add_twins(results: Path) -> None:
    """What a run on a machine without data adds: rows of twins, here the best that there ever were."""
    for name, best in (("space", {"bytes": "40"}), ("time", {"time_ratio": "0.001"})):
        with (results / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        twins = [row | best | {"dataset": f"{row['dataset']}~twin", "source": "twin"}
                 for row in rows if row["dataset"] == "orsreg_1" and row["format"] in ("im", "csc")]  # fmt: skip
        assert twins
        with (results / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(rows + twins, key=lambda row: row["dataset"]))


def held(checkout: Path) -> tuple[int, str]:
    """Status and words of the tests that hold what is committed, run in that checkout."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "committed", *HELD]
    more = {"PYTHONPATH": str(checkout), "DOTBENCH_HOME": str(build.state_folder()), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_", "COV"))}
    done = subprocess.run(command, cwd=checkout, env=environment | more, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_run_and_then_the_tests(checkout: Path) -> None:
    """The README's two commands one after the other; the same tests do find pages that were forgotten."""
    before = drawn.digest(of_folder(checkout / "results", "").rows)
    add_twins(checkout / "results")
    assert drawn.digest(of_folder(checkout / "results", "").rows) != before
    status, words = held(checkout)
    assert status == 0 and "6 passed" in words, words
    commit(checkout)
    status, words = held(checkout)
    assert status == 1 and "nox -s docs" in words and "2 failed" in words, words


def test_the_same_without_a_repository(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    page = checkout / "docs" / "formats" / "ham.md"
    status, words = held(checkout)
    assert status == 0, words
    page.write_text(page.read_text().replace("- smallest: ", "- smallest: another, "))
    assert held(checkout)[0] == 1  # these are the rows of the note
    add_twins(checkout / "results")
    status, words = held(checkout)
    assert status == 0, words
    page.write_text(page.read_text().replace("# ham", "# hum"))
    status, words = held(checkout)
    assert status == 1 and "ham.md" in words, words
