"""The pages say what is so: files, links and names that they mention are there; every page is reached from README."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import markdown_pages
from markdown_pages import ROOT, name, pages

HISTORY = "CHANGELOG.md"  # names of then; they are not those of now
ROOMS = (
    "bench",
    "cdot",
    "datasets",
    "docs",
    "dotbench",
    "examples",
    "firmware",
    "formats",
    "results",
    "tests",
    "wheels",
)
TOPS = (*ROOMS, ".ci", ".github")
PATH = re.compile(rf"(?<![\w./~-])(?:{'|'.join(map(re.escape, TOPS))})/[\w./*{{}},\[\]-]*")
SOURCE = re.compile(r"(?<![\w./*-])[\w.-]+\.(?:py|c|h|md|toml|svg|cff)\b(?!/)")  # of whatever folder
DOTTED = re.compile(r"(?<![\w./-])(?:dotbench|bench|cdot|datasets|firmware|formats)(?:\.[A-Za-z_]\w*)+")
FILE_ENDINGS = ("csv", "py", "md", "json", "toml", "sqlite", "html")  # a dotted word that is a file's name
README_LINES = 100
CURRENT = [page for page in pages() if page.name != HISTORY]


def exists(pattern: str, *folders: Path) -> bool:
    """Whether there is such a file or folder; ``*`` and NAME stand for any."""
    pattern = re.sub(r"NAME|\{.*?\}", "*", pattern)
    return any(any(folder.glob(pattern)) for folder in folders)


def mentioned_files(page: Path) -> Iterator[tuple[int, str]]:
    """Paths of the tree in a page's code, and names of source files without a folder."""
    for line, code in markdown_pages.codes(page):
        for path in PATH.findall(code):
            yield line, path.rstrip(".,")
        if "/" not in code and SOURCE.fullmatch(code):
            yield line, code


def missing_files(page: Path) -> list[str]:
    beside = (ROOT, page.parent)
    return [f"{name(page)}:{line}: {path}" for line, path in mentioned_files(page) if not exists(path, *beside)]


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    assert missing_files(page) == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for line, target in markdown_pages.links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in markdown_pages.anchors(file)):
            lost.append(f"{name(page)}:{line}: {target}")
    assert lost == []


def defined(module: Path) -> set[str]:
    """Functions and classes of a module that cannot be imported here."""
    return {
        node.name for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@cache
def resolves(dotted: str) -> bool:
    """Whether it is a module, or something in one."""
    parts = dotted.split(".")
    if parts[:2] == ["dotbench", "torch"]:  # needs PyTorch
        return len(parts) == 2 or (len(parts) == 3 and parts[2] in defined(ROOT / "dotbench" / "torch.py"))
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@cache
def quoted_in_code(dotted: str) -> bool:
    """Whether it is a text in the code, as a group of entry points is."""
    return any(f'"{dotted}"' in file.read_text() for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def mentioned_names(page: Path) -> Iterator[tuple[int, str]]:
    """Dotted names of the package: in sentences' code and in blocks of Python and of commands."""
    texts = list(markdown_pages.codes(page))
    texts += [(block.line, block.text) for block in markdown_pages.blocks(page) if block.kind in ("python", "sh")]
    for line, text in texts:
        for dotted in DOTTED.findall(text):
            if dotted.rpartition(".")[2] not in FILE_ENDINGS:
                yield line, dotted


def missing_names(page: Path) -> list[str]:
    return [
        f"{name(page)}:{line}: {dotted}"
        for line, dotted in mentioned_names(page)
        if not resolves(dotted if dotted.startswith("dotbench") else f"dotbench.{dotted}")
        and not quoted_in_code(dotted)
    ]


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_names_that_a_page_uses_resolve(page: Path) -> None:
    assert missing_names(page) == []


def test_what_is_gone_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above can fail."""
    page = tmp_path / "page.md"
    page.write_text(
        "See `cdot/vector/mve_s8.h`, `cdot/core/*.h`, `formats/NAME.py`, `cdot/core/NAME.rs`, `standard.py` and `README.md`,\n"
        "then `bench.limits`, `dotbench.encode`, `dotbench.torch.convert`, `dotbench.torch.no`, "
        "`dotbench.bench.run.nobody` and `python -m dotbench.bench.goals.race`.\n"
    )
    monkeypatch.setattr(markdown_pages, "ROOT", tmp_path)
    assert missing_files(page) == [
        "page.md:1: cdot/vector/mve_s8.h",
        "page.md:1: cdot/core/NAME.rs",
        "page.md:1: standard.py",
    ]
    assert missing_names(page) == [
        "page.md:1: bench.limits",
        "page.md:1: dotbench.torch.no",
        "page.md:1: dotbench.bench.run.nobody",
    ]


def reached(page: Path) -> set[Path]:
    """The pages that links lead to, from a page on."""
    found, waiting = set(), [page]
    while waiting:
        if (at := waiting.pop()) in found or at.suffix != ".md":
            continue
        found.add(at)
        targets = [target.partition("#")[0] for _, target in markdown_pages.links(at)]
        waiting += [(at.parent / target).resolve() for target in targets if not re.match(r"[a-z]+:", target) and target]
    return found


def test_every_page_is_reached_from_the_readme() -> None:
    assert set(pages()) - reached(ROOT / "README.md") == set()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


MAP = ROOT / "docs" / "architecture.md"
IMPORTED = ("bench", "cdot", "datasets", "firmware", "formats")


def test_the_map_has_every_folder() -> None:
    """docs/architecture.md names the folders of the rooms, and those of bench/, cdot/ and formats/ one by one."""
    known = set(re.findall(r"`([\w/.]+)/`", MAP.read_text()))
    folders = [
        folder.relative_to(ROOT).as_posix()
        for room in IMPORTED
        for folder in (ROOT / room).iterdir()
        if folder.is_dir() and folder.name != "__pycache__" and any(folder.iterdir())
    ]
    assert [folder for folder in folders if folder not in known] == []


def imports(file: Path) -> Iterator[str]:
    """The rooms that a file imports from, behind functions and conditions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (module.split(".")[1] for module in modules if module.startswith("dotbench."))


def test_the_map_has_every_arrow_and_no_other() -> None:
    table = MAP.read_text().split("## Arrows")[1].split("\n## ")[0]
    said = {
        room: re.findall(r"`(\w+)`", words)
        for room, words in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    }
    for room in IMPORTED:
        found = {other for file in (ROOT / room).rglob("*.py") for other in imports(file)}
        assert sorted(found & set(IMPORTED) - {room}) == sorted(said[room]), room


def test_the_map_has_every_session() -> None:
    sessions = re.findall(r"^@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    table = MAP.read_text().split("## Sessions")[1]
    assert [session for session in sessions if f"`{session}`" not in table] == []


def test_the_map_has_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    table = MAP.read_text().split("## Extras")[1].split("\n## ")[0]
    said = {
        extra for words in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for extra in re.findall(r"`(\w+)`", words)
    }
    assert said == set(extras)


def entries() -> list[str]:
    """The lines of the changelog below its first version."""
    return (ROOT / HISTORY).read_text().split("\n## ", 1)[1].splitlines()[1:]


def test_a_change_is_an_entry() -> None:
    """One line begins an entry, lines that go on with it are indented, and nothing else stands there."""
    assert [line for line in entries() if not re.match(r"- \S|  \S|## \S|$", line)] == []
    assert all(len(line.strip()) > 1 for line in entries() if line)


def test_commit_subjects_are_held_short() -> None:
    """The hook of .pre-commit-config.yaml takes 72 characters and refuses 73."""
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    pattern = re.search(r"entry: '(\\A.*)'", text)
    assert pattern and "args: [--multiline]" in text and "commit-msg" in text
    for length, refused in ((72, False), (73, True)):
        message = f"{'x' * length}\n\n{'y' * 90}\n"
        assert bool(re.search(pattern[1], message, re.MULTILINE | re.DOTALL)) is refused  # as pre-commit does


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {version}" in (ROOT / HISTORY).read_text()
