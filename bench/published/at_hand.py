"""The data that published figures are computed from, each thing read or made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dotbench import datasets, formats
from dotbench.bench.energy.published import network_code
from dotbench.datasets import sham_archive
from dotbench.datasets.errors import Unreachable
from dotbench.datasets.mirror import mirror_folder
from dotbench.datasets.sham_archive import Archive
from dotbench.formats.parts.huffman import Code
from dotbench.formats.sources.source import Source


class NotAtHand(Exception):
    """Data that a figure needs and that cannot be had here; the message names it."""


# The published streams: data set, folder of the repository, name of the network or matrix, number of the layer.
STREAMS = {
    "orsreg_1": ("benchmark", "orsreg_1", ""),
    "SiNa": ("benchmark", "SiNa", ""),
    "vgg19/90-0-32": ("nns", "vgg_90-0-32-0-0.9951", "_096"),
    "deepdta/60-0-256": ("nns", "dta_60-0-256-0-0.22225", "_014"),
    "deepdta/80-0-16": ("nns", "dta_80-0-16-0-0.23378", "_014"),
}


class Data:
    """Real matrices and published files; a twin is never among them. ``home``: where matrices are cached."""

    def __init__(self, home: Path, progress: bool = False) -> None:
        self.home, self.progress = home, progress
        self.matrix = cache(self._matrix)
        self.payload_bytes = cache(self._payload_bytes)
        self.archive = cache(self._archive)

    def _matrix(self, name: str) -> Source:
        """The matrix of that name from the mirror or its address."""
        try:
            return datasets.load(name, cache_dir=self.home, progress=self.progress, twins=False).matrix
        except Unreachable as error:
            raise NotAtHand(name) from error

    def path(self, name: str) -> Path:
        """A file of the mirror."""
        folder = mirror_folder()
        if folder is None or not (folder / name).is_file():
            raise NotAtHand(name)
        return folder / name

    def _payload_bytes(self, name: str, format_: str) -> int:
        """Length of our payload of a matrix."""
        return formats.parse(format_).encode(self.matrix(name)).nbytes

    def _archive(self, name: str, format_: str) -> Archive:
        """The published stream of a matrix, ``ham`` or ``sham``, and its code."""
        folder, stem, number = STREAMS[name]
        base = f"sham_archive/{folder}/data/{format_}"
        stream = self.path(f"{base}/cdot_structure/{stem}{number}_cdot.pkl")
        return sham_archive.read(stream, self.path(f"{base}/huffman_code/{stem}_code.pkl"))

    def published_code(self, name: str, format_: str) -> Code:
        """The code of a published stream, with the counts of this matrix; a network has one for all its layers."""
        return network_code(self.archive(name, format_), self.matrix(name))
