"""Models of llama.cpp, .gguf: where each tensor lies in the file, and its numbers.

The array of a tensor has its dimensions the other way round: the last one is contiguous. Numbers in blocks of few bits
are unpacked to int8 when they are asked for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import bfloat16_from_bits
from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import check_sides
from dotbench.datasets.models.gguf.blocks import NUMBERS, TYPES, UNREAD, BlockType
from dotbench.datasets.models.gguf.header import Entry, Header, read_header
from dotbench.datasets.models.gguf.parts import others
from dotbench.datasets.models.gguf.roles import EXPERTS, is_tied, role_of
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Scales

MINIMA = "values are q of d q + m: minima apart"


@dataclass(frozen=True, eq=False)
class _Part:
    """A file: all of a model, or one of several that are one model."""

    path: Path
    data: npt.NDArray[np.uint8]
    header: Header


def read(path: Path) -> ModelFile:
    """All tensors of a model; those of its other parts, too, where the file is the first of several."""
    first = _part(path)
    parts = [first, *(_part(other) for other in others(path, first.header.pairs))]
    _check_parts(parts)
    entries = [(part, entry) for part in parts for entry in part.header.entries]
    names = Counter(entry.name for _, entry in entries)
    for name in (name for name, count in names.items() if count > 1):
        raise DataError(f"{path}: the tensor {name} is in two of its parts")
    pairs = first.header.pairs
    tied = is_tied(names, str(pairs.get("general.architecture", ""))) and not pairs.get("split.no")
    rooms = {id(part): _rooms(part) for part in parts}
    tensors = tuple(_tensor(part, entry, rooms[id(part)][entry.name], tied) for part, entry in entries)
    return ModelFile(path, "gguf", tuple(part.path for part in parts), tensors, tuple(_notes(first, tensors)))


def _part(path: Path) -> _Part:
    """One file, mapped; DataError where its header is wrong, or a tensor does not lie in it."""
    if not path.stat().st_size:
        raise DataError(f"{path} cannot be read as a model: it is empty; {CUT}")
    data = np.asarray(np.memmap(path, np.uint8, "r"))
    try:
        part = _Part(path, data, read_header(data.data))
        _check_places(part)
    except DataError as error:
        raise DataError(f"{path} cannot be read as a model: {error}") from error
    return part


def _check_parts(parts: list[_Part]) -> None:
    for number, part in enumerate(parts[1:], 1):
        if part.header.pairs.get("split.no") != number:
            raise DataError(f"{part.path} is not part {number + 1} of {parts[0].path}: its own header says otherwise")


def _rooms(part: _Part) -> dict[str, int]:
    """Bytes of each tensor: what its type and its dimensions take, of types that are not known all up to the next."""
    ends = sorted({entry.offset for entry in part.header.entries} | {len(part.data) - part.header.data})
    room = {start: end - start for start, end in pairwise(ends)}
    return {entry.name: _nbytes(entry, room.get(entry.offset, 0)) for entry in part.header.entries}


def _nbytes(entry: Entry, room: int) -> int:
    """DataError where a row is no whole number of blocks."""
    if entry.type in NUMBERS:
        return math.prod(entry.dims) * _dtype(entry.type).itemsize
    block = TYPES.get(entry.type) or UNREAD.get(entry.type)
    if block is None:
        return room
    row = entry.dims[0] if entry.dims else 1
    if row % block.numbers:
        raise DataError(f"{entry.name} has rows of {row} numbers, which blocks of {block.name} do not fill")
    return math.prod(entry.dims) // block.numbers * block.nbytes


def _check_places(part: _Part) -> None:
    """DataError where tensors lie outside of the file, over each other, or where nothing is aligned."""
    end, last = 0, ""
    there, rooms = len(part.data) - part.header.data, _rooms(part)
    for entry in sorted(part.header.entries, key=lambda entry: (entry.offset, rooms[entry.name])):
        if entry.offset % part.header.alignment:
            raise DataError(f"{entry.name} starts at {entry.offset}, which is no multiple of {part.header.alignment}")
        if entry.offset < end:
            raise DataError(f"{entry.name} lies over {last}: it starts at {entry.offset}, and that ends at {end}")
        if 0 in entry.dims:
            check_sides(entry.name, entry.dims, len(part.data))
        end, last = entry.offset + rooms[entry.name], entry.name
        if max(end, entry.offset) > max(there, 0):
            raise DataError(f"{entry.name} takes {rooms[last]} bytes from {entry.offset} on, of {max(there, 0)}; {CUT}")


def _dtype(number: int) -> np.dtype[Any]:
    """Of the bytes in the file, which are little-endian."""
    name = NUMBERS[number]
    return np.dtype("<u2") if name == "bfloat16" else np.dtype(name).newbyteorder("<")


def _tensor(part: _Part, entry: Entry, nbytes: int, tied: bool) -> ModelTensor:
    shape, note = entry.dims[::-1], ""
    if EXPERTS.search(entry.name) and len(shape) == 3:
        note = f"{shape[0]} experts of {shape[2]} by {shape[1]}, their outputs beside each other"
        shape = (shape[0] * shape[1], shape[2])
    role, orientation = role_of(entry.name, shape, tied)
    start = part.header.data + entry.offset
    data = part.data[start : start + nbytes]
    block = TYPES.get(entry.type)
    if block is not None:
        dtype, stored, array = block.name, nbytes - _scale_bytes(block, nbytes), _unpacked(block, data, shape)
        note = "; ".join(filter(None, (note, MINIMA if block.minima else "")))
        scales = Scales(f"group of {block.group}", _scale_bytes(block, nbytes), block.minima)
        return ModelTensor(entry.name, role, dtype, shape, stored, array, orientation, scales, note)
    name = NUMBERS.get(entry.type, "")
    if not name or (name.startswith("int") and name != "int8" and role != "vector"):
        dtype = name or (UNREAD[entry.type].name if entry.type in UNREAD else f"type {entry.type}")
        why = f"numbers of {dtype} are not read: quantise the model to {TYPES[12].name} or {TYPES[8].name}"
        return ModelTensor(entry.name, "unread", dtype, shape, nbytes, _refusing(entry.name, why), note=why)
    return ModelTensor(entry.name, role, name, shape, nbytes, _viewed(entry.type, data, shape), orientation, note=note)


def _scale_bytes(block: BlockType, nbytes: int) -> int:
    return nbytes // block.nbytes * block.scale_bytes


def _unpacked(
    block: BlockType, data: npt.NDArray[np.uint8], shape: tuple[int, ...]
) -> Callable[[], npt.NDArray[np.int8]]:
    return lambda: block.unpack(data).reshape(shape)


def _viewed(number: int, data: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> Callable[[], npt.NDArray[Any]]:
    def array() -> npt.NDArray[Any]:
        numbers = data.view(_dtype(number)).reshape(shape)
        return bfloat16_from_bits(numbers) if NUMBERS[number] == "bfloat16" else numbers

    return array


def _refusing(name: str, why: str) -> Callable[[], npt.NDArray[Any]]:
    def array() -> npt.NDArray[Any]:
        raise DataError(f"{name} is not read: {why}")

    return array


def _notes(first: _Part, tensors: tuple[ModelTensor, ...]) -> Iterator[str]:
    pairs = first.header.pairs
    types = Counter(tensor.dtype for tensor in tensors)
    architecture = str(pairs.get("general.architecture", ""))
    of = f"{architecture}: " if architecture.isprintable() and architecture else ""
    yield of + ", ".join(f"{count} {dtype}" for dtype, count in types.most_common())
    if pairs.get("split.no"):
        yield f"part {pairs['split.no'] + 1} of {pairs.get('split.count', '?')}: name the first for the whole model"
