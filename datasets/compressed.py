"""Files as bytes, decompressed by what their name ends in, as far as the limit on what they unpack to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets import xz
from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import check_unpacked

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": xz.opened}
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)


class Unpacking(io.RawIOBase):
    """A compressed file as its bytes; DataError where they are more than the limit, damaged, or end early."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0
        self._file = OPENERS[path.suffix.lower()](path, "rb")
        self._size = path.stat().st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except DAMAGED as error:
            raise DataError(f"{self._path} cannot be read as a matrix: {error}; {CUT}") from error
        self._count += len(data)
        check_unpacked(self._path, self._size, self._count)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: Path) -> Any:
    """The file, open for reading; what is decompressed on the way is .gz, .bz2 and .xz."""
    if path.suffix.lower() in OPENERS:
        return io.BufferedReader(Unpacking(path), 1 << 16)
    return path.open("rb")
