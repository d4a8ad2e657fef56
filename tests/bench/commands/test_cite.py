"""How to cite a format: only what this repository has written down elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dotbench import formats
from dotbench.bench.cli import command
from dotbench.bench.published import column_combining, entropy_coding, reds
from dotbench.bench.published.citations import DOTBENCH, NOTES, WORKS, Work, citations
from dotbench.bench.targets import peers

ROOT = Path(__file__).resolve().parents[3]
WORKS_OF_ALL = {DOTBENCH, *(work for works in WORKS.values() for work in works)}


def call(*names: str) -> Result:
    return CliRunner().invoke(command, ["cite", *names])


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{(\w+),", text, re.MULTILINE)


def test_ham_and_dotbench_itself() -> None:
    result = call("ham")
    assert result.exit_code == 0 and keys(result.output) == ["marino2023", "moffat1997", "dotbench"]
    assert (
        "  title = {Efficient and compact representations of deep neural networks via entropy coding},\n"
        in result.output
    )
    assert "  doi = {10.1109/ACCESS.2023.3317293}\n}" in result.output and "not recorded" not in result.output
    assert keys(call().output) == ["dotbench"]


def test_a_work_stands_once_and_parameters_make_no_difference() -> None:
    assert keys(citations(["eie[coding=huffman]", "rle4", "dcsr", "eie"])) == ["han", "trommer", "dotbench"]


def test_what_is_not_known_is_left_out_and_said() -> None:
    text = citations(["dcsr"])
    assert "% not recorded in dotbench: title, year, venue\n@misc{trommer," in text
    entry = text.partition("@misc")[2].partition("}\n}")[0]
    assert "title" not in entry and "year" not in entry
    assert citations(["rice"]).startswith("% rice: nothing is recorded here of a publication")
    assert citations(["zstd"]).startswith("% zstd: nothing is recorded here")
    assert citations(["bitmap"]).startswith("% bitmap: the work has it as a baseline")


@pytest.mark.parametrize("name", [*formats.names(), *(peer.name for peer in peers.ALL)])
def test_each_format_has_an_answer(name: str) -> None:
    text = citations([name])
    assert keys(text)[-1] == "dotbench" and text.count("{") == text.count("}")


def test_an_unknown_one_is_named() -> None:
    result = call("hamm")
    assert result.exit_code == 2 and "did you mean ham" in result.output


@pytest.mark.parametrize("work", sorted(WORKS_OF_ALL, key=lambda work: work.key), ids=lambda work: work.key)
def test_nothing_is_invented(work: Work) -> None:
    """Each fact of an entry stands somewhere else in this repository, in words of its own."""
    texts = [ROOT / "CITATION.cff", *(ROOT / "formats").glob("*.py"), ROOT / "pyproject.toml"]
    known = "\n".join(path.read_text() for path in texts)
    known += "\n".join((entropy_coding.PAPER, column_combining.SOURCE, reds.SOURCE))
    for name in re.split(r" and |, ", work.author.strip("{}")):
        assert name in known or (name == "others" and "et al." in known)
    for fact in (work.title, work.journal, work.booktitle, work.volume, work.pages, work.year, work.doi, work.eprint,
                 work.version, work.license):  # fmt: skip
        assert fact in known


def test_works_are_of_formats_that_there_are() -> None:
    assert {*WORKS, *NOTES} <= set(formats.names())
