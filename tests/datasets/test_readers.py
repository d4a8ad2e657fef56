"""Every reader of matrices passes the conformance class, and what is wrong with one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dotbench.bench.conformance.reader import ReaderConformance
from dotbench.datasets import readers
from dotbench.datasets.reader import Reader
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
    "other: read, model, members, is_whole and write have": replace(NPY, name="other", suffixes=(".x",), read=5),
    "other: read, model, members, is_whole and write have to": replace(NPY, name="other", suffixes=(".x",), write="w"),
    "other: read, model, members, is_whole and write have to be": replace(
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
