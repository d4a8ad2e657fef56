"""The pages in Markdown: their blocks of code, the code in their sentences, their links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
GIVEN = re.compile(r"<!-- given: (.+?) -->")


def pages() -> list[Path]:
    """README, CONTRIBUTING, CHANGELOG, and everything in docs/ and examples/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """A fenced block: ``kind`` is the word behind its fence, ``given`` what the comment before it names."""

    page: Path
    line: int
    kind: str
    text: str
    given: tuple[str, ...]

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks, indented ones too, which are of no kind.

    What a block needs besides itself stands in a comment before it, which no reader of the page sees:
    ``<!-- given: W, X -->``.
    """
    before = ""
    for token in tokens(page):
        if token.type in ("fence", "code_block"):
            given = GIVEN.search(before)
            names = tuple(given[1].split(", ")) if given else ()
            yield Block(page, (token.map or [0])[0] + 1, token.info.strip(), token.content, names)
        before = token.content if token.type == "html_block" else ""


def all_blocks() -> list[Block]:
    return [block for page in pages() for block in blocks(page)]


def _inline(page: Path) -> Iterator[tuple[int, Token]]:
    for token in tokens(page):
        for child in token.children or ():
            yield (token.map or [0])[0] + 1, child


def codes(page: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of code in sentences and tables."""
    for line, child in _inline(page):
        if child.type == "code_inline":
            yield line, " ".join(child.content.split())


def links(page: Path) -> Iterator[tuple[int, str]]:
    """(line, target) of links and pictures."""
    for line, child in _inline(page):
        target = child.attrGet("href") if child.type == "link_open" else child.attrGet("src")
        if isinstance(target, str):
            yield line, target


def anchors(page: Path) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    found = tokens(page)
    texts = [found[i + 1].content for i, token in enumerate(found) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}
