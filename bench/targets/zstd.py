"""zstd: the dense array in column order, compressed by Zstandard and decompressed before each product.

`zstandard` rather than `backports.zstd`, which has more releases: it decompresses into an array that is
there already, and its wheels bring the same libzstd for every Python, so that bytes are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source, blocks

LEVELS = range(1, 23)


def pieces(source: Source, level: int) -> Iterator[bytes]:
    """The compressed stream, some columns at a time: one frame that says its length, on one thread."""
    import zstandard

    n, m = source.shape
    stream = zstandard.ZstdCompressor(level=level).compressobj(size=4 * n * m)
    for _, _, columns in blocks(source):
        yield stream.compress(columns.dense(n, np.float32).data)
    yield stream.flush()


def compress(source: Source, level: int) -> bytes:
    """All entries, float32, column after column, as one Zstandard frame.

    >>> from dotbench.formats import as_source
    >>> len(compress(as_source(np.zeros((1000, 1000), np.float32)), 3)) < 1000
    True
    """
    return b"".join(pieces(source, level))


def decompress_into(data: bytes, columns: Floats) -> None:
    """Fills a C-ordered array (m, n). ValueError where the stream is damaged or of another length."""
    import zstandard

    out = columns.reshape(-1).view(np.uint8)
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:
            filled = 0
            while filled < len(out) and (count := stream.readinto(out[filled:])):
                filled += count
            longer = bool(stream.read(1))
    except zstandard.ZstdError as error:
        raise ValueError(f"the compressed matrix ({len(data)} bytes) is damaged: {error}; store it again") from error
    if longer or filled < len(out):
        raise ValueError(f"the compressed matrix holds {'more' if longer else filled} bytes, not {len(out)}")


@dataclass(frozen=True)
class Zstd(Peer):
    """``X @ W`` from a compressed W: what a general compressor makes of a matrix, and what it costs.

    Parameter ``level``: 1 to 22; ValueError for another. Its figure is the whole call from Python:
    decompressing into an array that is there, then numpy's product with it. It lives on repeated columns
    and neighbours, which a twin does not have.
    """

    level: int = 3

    name: ClassVar[str] = "zstd"
    summary: ClassVar[str] = "the dense array compressed by Zstandard; decompressed, then numpy's X @ W"
    packages: ClassVar[tuple[str, ...]] = ("zstandard", "numpy")
    stored: ClassVar[bool] = True
    repetitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"zstd[level={self.level}]: levels go from {LEVELS[0]} to {LEVELS[-1]}")

    def store(self, source: Source, path: Path) -> int:
        with path.open("wb") as file:
            return sum(file.write(piece) for piece in pieces(source, self.level))

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        assert path is not None, "a stored peer has a file"
        data = path.read_bytes()
        n, m = reference.shape
        columns: Floats = np.empty((m, n), np.float32)

        def product() -> Any:
            decompress_into(data, columns)
            return X @ columns.T

        return PeerTarget(product, lambda y: y, [np.frombuffer(data, np.uint8)] if cold else [])
