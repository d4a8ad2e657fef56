"""A peer that stores something, watched: what its package does wrong is told as that, and not as a full disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from dotbench.bench.targets.peer import Peer
from dotbench.cdot.entry_points import in_words
from dotbench.formats.sources.source import Source


class StoredWrongly(RuntimeError):
    """A peer whose `store` did not do what it is for; the message names the peer and what it did."""


class Watched:
    """A peer's `store` and its name."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def __str__(self) -> str:
        return str(self._peer)

    def store(self, source: Source, path: Path) -> int:
        """Bytes of the file that the peer wrote. StoredWrongly: it wrote none, its file has not as many, or it raises
        what has nothing to do with the disk; OSError where that is full or cannot be written."""
        try:
            size = self._peer.store(source, path)
        except FileNotFoundError as error:  # of a file of its own: the folder is there
            _remove(path)
            raise StoredWrongly(f"store of {self} raises {in_words(error)}") from error
        if wrong := self._fault(path, size, 1 if all(source.shape) else 0):
            _remove(path)
            raise StoredWrongly(f"store of {self} {wrong}: the peer has to be mended")
        return size

    @staticmethod
    def _fault(path: Path, size: object, least: int) -> str:
        if not path.is_file():
            return "wrote no file at the path that it was given"
        there = path.stat().st_size
        if isinstance(size, bool) or not isinstance(size, int) or size < least:
            return f"returns {size!r:.80}, and not the bytes of its file"
        return f"returns {size} bytes, and its file has {there}" if size > there else ""


def _remove(path: Path) -> None:
    """A file, or the folder that a peer made instead."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
