"""Numbers of a .onnx file that lie in other files: which may be opened, and what of them is a tensor's.

The format's own reader opens no absolute path, no ``..`` and no link; neither does this one. It holds lengths against
shapes besides.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.onnx.types import text


@dataclass(frozen=True)
class Piece:
    """``nbytes`` bytes of a file, from ``offset`` on."""

    path: Path
    offset: int
    nbytes: int

    def bytes(self) -> npt.NDArray[np.uint8]:
        """uint8, mapped; DataError where the file is shorter by now."""
        if not self.nbytes:
            return np.zeros(0, np.uint8)
        try:
            return np.asarray(np.memmap(self.path, np.uint8, "r", self.offset, (self.nbytes,)))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path} cannot be read: {error}") from error


def piece(model: Path, what: str, entries: Any, nbytes: int) -> Piece:
    """Where the ``nbytes`` of a tensor lie, by its ``external_data``; DataError where they may not be read or are not
    there."""
    words = {text(entry.key): text(entry.value) for entry in entries}
    path = inside(model, what, words.get("location", ""))
    offset, length = (_number(model, what, words, key) for key in ("offset", "length"))
    if length is not None and length != nbytes:
        raise DataError(
            f"{model}: {what} says of {path.name} that {length} bytes are its own; its shape needs {nbytes}"
        )
    size = path.stat().st_size
    if (offset or 0) + nbytes > size:
        raise DataError(
            f"{model}: {what} lies in {path.name} from byte {offset or 0} to {(offset or 0) + nbytes}, and the file "
            f"has {size}; {CUT}"
        )
    return Piece(path, offset or 0, nbytes)


def inside(model: Path, what: str, location: str) -> Path:
    """The file of that name in the model's folder, or below it, which is none of its links."""
    posix, windows = PurePosixPath(location), PureWindowsPath(location)
    if (
        not posix.name
        or "\0" in location
        or "\\" in location
        or windows.drive
        or posix.is_absolute()
        or ".." in posix.parts
    ):
        raise DataError(
            f"{model}: {what} lies in {location[:100]!r}: only files in the model's own folder are read, by their names"
            " from there"
        )
    path = model.parent
    for part in posix.parts:
        path = path / part
        try:
            mode = os.lstat(path).st_mode
        except (OSError, ValueError) as error:
            raise DataError(
                f"{model}: {what} lies in {str(posix)[:100]!r}, which cannot be read ({error}): put it beside the model"
            ) from error
        if stat.S_ISLNK(mode):
            raise DataError(f"{model}: {what} lies in {str(posix)!r}, and {path} is a link: copy the file there")
    if not stat.S_ISREG(mode):
        raise DataError(f"{model}: {what} lies in {str(posix)!r}, which is no file")
    return path


def _number(model: Path, what: str, words: dict[str, str], key: str) -> int | None:
    text = words.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise DataError(f"{model}: {what} has the {key} {text[:40]!r}, which is no number of bytes")
    return int(text)
