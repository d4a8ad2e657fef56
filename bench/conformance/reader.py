"""What every reader of files has to do, as tests: subclass it, say which reader, and pytest runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench import datasets
from dotbench.datasets.errors import DataError, UnknownDataset
from dotbench.datasets.reader import Reader
from dotbench.datasets.reader_faults import faults


class ReaderConformance:
    """Tests of one reader: ``reader`` is it, and its ``write`` makes the files.

    The reader has to be registered: built in, or by an entry point of a package that is installed.
    """

    reader: Reader

    def write(self, path: Path, W: npt.NDArray[np.float32]) -> str:
        """Writes W, inputs by outputs, into a file of that name; what is behind its name (``#MEMBER``, or "")."""
        assert self.reader.write, f"{self.reader.name} has no write(path, W), which makes the files of its tests"
        self.reader.write(path, W)
        return ""

    def matrix(self) -> npt.NDArray[np.float32]:
        """12 x 5 of whole numbers, zeros among them."""
        return np.random.default_rng(0).integers(0, 4, (12, 5)).astype(np.float32)

    def _file(self, folder: Path) -> Path:
        return folder / f"w{self.reader.suffixes[0]}"

    def test_its_parts_fit_each_other(self) -> None:
        """It has what is asked of a reader, and its endings are nobody else's."""
        assert faults(self.reader, [one for one in datasets.readers.every() if one is not self.reader]) == []

    def test_a_matrix_comes_back(self, tmp_path: Path) -> None:
        """By its name, through the cache, and the same again from there."""
        W = self.matrix()
        name = str(self._file(tmp_path)) + self.write(self._file(tmp_path), W)
        for _ in range(2):
            found = datasets.load(*datasets.resolve([name]), cache_dir=tmp_path / "home")
            assert np.array_equal(found.matrix.columns(0, W.shape[1]).dense(len(W)).T, W)

    def test_damage_is_an_error_that_names_the_file(self, tmp_path: Path) -> None:
        """Cut short or overwritten anywhere, a file is read, or is a DataError; never another exception."""
        path = self._file(tmp_path)
        self.write(path, self.matrix())
        whole, dice = path.read_bytes(), np.random.default_rng(1)
        for cut in {0, 1, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:cut])
            self._reads_or_says(path, tmp_path / "home")
        for _ in range(40):
            damaged = bytearray(whole)
            damaged[int(dice.integers(len(whole)))] ^= 1 << int(dice.integers(8))
            path.write_bytes(damaged)
            self._reads_or_says(path, tmp_path / "home")

    def _reads_or_says(self, path: Path, home: Path) -> None:
        try:
            for name in datasets.resolve([str(path)]):
                datasets.load(name, cache_dir=home)
        except (DataError, UnknownDataset) as error:
            assert path.name in str(error)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """Is an error that says so."""
        said = ""
        try:
            datasets.resolve([str(self._file(tmp_path))])
        except UnknownDataset as error:
            said = str(error)
        assert "there is no such file" in said
