"""Writes a .safetensors file piece by piece, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dotbench.cdot.fresh import check_replaceable, new_file
from dotbench.formats.packs.dtypes import item_bytes
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.header import Entry, tensor_bytes, written

PIECE = 1 << 24  # bytes that are written at once
Pieces = Iterable[npt.NDArray[Any]]


@dataclass(frozen=True)
class Part:
    """A tensor to be written: name, type, shape, and its bytes as uint8 arrays, asked for when their turn comes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    pieces: Callable[[], Pieces]

    @property
    def nbytes(self) -> int:
        return tensor_bytes(self.dtype, self.shape)


def by_alignment(parts: Iterable[Part]) -> list[Part]:
    """Those with large items first, so that each lies where its type may: then no bytes are between them."""
    return sorted(parts, key=lambda part: -item_bytes(part.dtype))


def check_free(out: Path, force: bool) -> None:
    """PackError where there is such a file, and it may not be replaced."""
    if out.exists() and not force:
        raise PackError(f"{out} exists: choose another name, or pass --force to replace it")
    if out.is_dir():
        raise PackError(f"{out} is a folder: name a file in it")
    check_replaceable(out)


def write(out: Path, parts: Sequence[Part], metadata: Mapping[str, str], force: bool = False) -> int:
    """Writes parts in this order; the file's length. A kill leaves no file, or the old one.

    PackError where ``out`` exists and ``force`` is not given; OSError with what to do where it cannot be written.
    """
    check_free(out, force)
    entries, at = [], 0
    for part in parts:
        entries.append(Entry(part.name, part.dtype, part.shape, at, at + part.nbytes))
        at += part.nbytes
    header, made = written(entries, metadata), None
    try:
        file, made = new_file(out)
        with file:
            file.write(header)
            for entry, part in zip(entries, parts, strict=True):
                _write(file, part, len(header) + entry.end)
            file.flush()
            os.fsync(file.fileno())
        check_free(out, force)  # once more: this may have taken minutes
        made.replace(out)
        made = None
    except OSError as error:
        raise no_room(out, error) from error
    finally:
        if made:
            made.unlink(missing_ok=True)
    return len(header) + at


def no_room(out: Path, error: OSError) -> OSError:
    """An error of the disk with what to do."""
    what = f"it cannot be written: {error.strerror or error}. Make room, or choose another folder"
    return OSError(error.errno, what, str(out))


def _write(file: Any, part: Part, end: int) -> None:
    for piece in part.pieces():
        flat = piece.reshape(-1)
        for begin in range(0, len(flat), PIECE):
            file.write(flat[begin : begin + PIECE].data)
    if file.tell() != end:
        raise PackError(f"{part.name} has not the {part.nbytes} bytes that it said: was its file changed meanwhile?")
