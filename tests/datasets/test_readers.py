"""Every reader of matrices passes the conformance class, and what is wrong with one is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dotbench.bench.conformance.reader import ReaderConformance
from dotbench.datasets import reader_calls, readers
from dotbench.datasets.errors import ReaderFault
from dotbench.datasets.reader import Reader, Wanted
from dotbench.datasets.reader_faults import faults

OWN = [reader for reader in readers.ALL if reader.read and reader.own]


@pytest.mark.parametrize("of", OWN, ids=[reader.name for reader in OWN], scope="class")
class TestReaders(ReaderConformance):
    """All of the registry that read matrices in files of one's own."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _of(cls, of: Reader) -> None:
        cls.reader = of


NPY = readers.ALL[0]
WRONG = {
    "'n p y' is no name of a reader": replace(NPY, name="n p y", suffixes=(".x",)),
    "there is a reader 'npy' already": replace(NPY, suffixes=(".x",)),
    ".npz is read by npz already": replace(NPY, name="other", suffixes=(".npz",)),
    ".mtx.gz is read by mtx already": replace(NPY, name="other", suffixes=(".mtx.gz",)),
    "other reads ('npy',): a tuple of endings": replace(NPY, name="other", suffixes=("npy",)),
    "other reads '.x': a tuple of endings": replace(NPY, name="other", suffixes=".x"),
    "other needs either read": replace(NPY, name="other", suffixes=(".x",), read=None),
    "other reads ('.',): a tuple of endings": replace(NPY, name="other", suffixes=(".",)),
    "other reads ('.x', ''): a tuple of endings": replace(NPY, name="other", suffixes=(".x", "")),
    "other reads ('.x.',): a tuple of endings": replace(NPY, name="other", suffixes=(".x.",)),
    "other reads ('.x#y',): a tuple of endings": replace(NPY, name="other", suffixes=(".x#y",)),
    "other reads ('.x*',): a tuple of endings": replace(NPY, name="other", suffixes=(".x*",)),
    "other: read, model, tensors, members, is_whole and write have": replace(
        NPY, name="other", suffixes=(".x",), read=5
    ),
    "other: read, model, tensors, members, is_whole and write have to": replace(
        NPY, name="other", suffixes=(".x",), write="w"
    ),
    "other: read, model, tensors, members, is_whole and write have to be": replace(
        NPY, name="other", suffixes=(".x",), is_whole=True
    ),
    "other has the version '2'": replace(NPY, name="other", suffixes=(".x",), version="2"),
    "other has no summary": replace(NPY, name="other", suffixes=(".x",), summary=""),
}


@pytest.mark.parametrize("words", WRONG)
def test_faults_are_named(words: str) -> None:
    found = faults(WRONG[words], readers.ALL)
    assert len(found) == 1 and words in found[0], found


def test_built_in_readers_have_no_faults() -> None:
    for reader in readers.ALL:
        assert faults(reader, [one for one in readers.ALL if one is not reader]) == []


def test_the_longest_ending_wins() -> None:
    longer = replace(NPY, name="longer", suffixes=(".x.npy",))
    assert readers.find("a.X.npy", (NPY, longer)) is longer and readers.find("a.npy", (NPY, longer)) is NPY
    assert readers.find("a.txt", readers.every()) is None


def test_a_reader_of_a_checkout_that_is_wrong_is_told_where_to_be_mended(tmp_path: Path) -> None:
    """As one that somebody is adding: it is of no package."""
    reader = Reader("tsv", "tables", (".tsv",), lambda path, wanted: None)
    with pytest.raises(
        ReaderFault, match=rf"^{tmp_path}/w.tsv cannot be read: read of the reader tsv returned None, and"
    ):
        reader_calls.read(reader, tmp_path / "w.tsv", Wanted())
    with pytest.raises(ReaderFault, match=r"Streamed is needed\. Mend dotbench\.datasets\.kinds\.tsv$"):
        reader_calls.read(replace(reader, read=gives_none), tmp_path / "w.tsv", Wanted())


def gives_none(path: Path, wanted: Wanted) -> None:
    """As a function of its file."""


gives_none.__module__ = "dotbench.datasets.kinds.tsv"
