"""Files of .xz, within a stated memory: a header may ask for a dictionary of 4 GB, whatever the file's length."""

from __future__ import annotations

import io
import lzma
from pathlib import Path
from typing import Any, BinaryIO

from dotbench.datasets.errors import DataError

MEMORY = 128 << 20  # of the decoder; xz -9 makes files that take 65 MB
PIECE = 1 << 16


class _Xz(io.RawIOBase):
    """The bytes of one stream after the other. LZMAError where it is damaged, EOFError where it is cut short."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._stream = _decoder()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data and (fed := self._fed()) is not None:
            data = self._unpacked(fed, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _fed(self) -> bytes | None:
        """What the decoder takes next; None at the end of the last stream."""
        if self._stream.eof:
            rest = self._stream.unused_data.lstrip(b"\0")  # padding between streams, which may be of any length
            while not rest:
                if not (piece := self._file.read(PIECE)):
                    return None
                rest = piece.lstrip(b"\0")
            self._stream = _decoder()
            return rest
        if not self._stream.needs_input:
            return b""
        piece = self._file.read(PIECE)
        if not piece:
            raise EOFError("it ends before the end of its stream")
        return piece

    def _unpacked(self, fed: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(fed, most)
        except lzma.LZMAError as error:
            if "limit" not in str(error):
                raise
            raise DataError(
                f"{self._path} asks for more than {MEMORY >> 20} MB to be unpacked, and xz -9 takes 65: it is damaged, "
                "or unpack it first"
            ) from error

    def close(self) -> None:
        self._file.close()
        super().close()


def _decoder() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)


def opened(path: Path, _: str = "rb") -> io.BufferedReader:
    """The unpacked file, open for reading."""
    return io.BufferedReader(_Xz(path, path.open("rb")), PIECE)
