"""Every reader of matrices passes the conformance class, and what is wrong with one is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io

from dotbench.bench.conformance.reader import ReaderConformance
from dotbench.datasets import readers
from dotbench.datasets.reader import Reader
from dotbench.datasets.reader_faults import faults

Floats = npt.NDArray[np.float32]


def market(path: Path, W: Floats) -> None:
    with path.open("wb") as file:
        scipy.io.mmwrite(file, W)


WRITERS: dict[str, Callable[[Path, Floats], object]] = {  # a line a reader
    "npy": np.save,
    "npz": lambda path, W: np.savez(path, w=W),
    "mtx": market,
    "csv": lambda path, W: np.savetxt(path, W, delimiter=","),
}


def test_every_built_in_reader_of_ones_own_files_is_tested() -> None:
    own = {reader.name for reader in readers.ALL if reader.read and reader.own}
    assert own == WRITERS.keys()


@pytest.mark.parametrize("of", [one for one in readers.ALL if one.name in WRITERS], ids=list(WRITERS), scope="class")
class TestReaders(ReaderConformance):
    """All of the registry that read matrices."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _of(cls, of: Reader) -> None:
        cls.reader = of

    def write(self, path: Path, W: Floats) -> str:
        WRITERS[self.reader.name](path, W)
        return ""


NPY = readers.ALL[0]
WRONG = {
    "'n p y' is no name of a reader": replace(NPY, name="n p y", suffixes=(".x",)),
    "there is a reader 'npy' already": replace(NPY, suffixes=(".x",)),
    ".npz is read by npz already": replace(NPY, name="other", suffixes=(".npz",)),
    ".mtx.gz is read by mtx already": replace(NPY, name="other", suffixes=(".mtx.gz",)),
    "other reads ('npy',): a tuple of endings": replace(NPY, name="other", suffixes=("npy",)),
    "other reads '.x': a tuple of endings": replace(NPY, name="other", suffixes=".x"),
    "other needs either read": replace(NPY, name="other", suffixes=(".x",), read=None),
    "other: read, model and members have to be functions": replace(NPY, name="other", suffixes=(".x",), read=5),
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
