"""Packs a model: products as payloads in the formats that are chosen, everything else as it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.packs.choose import Choose, Chosen, fits
from dotbench.bench.packs.originals import Original, Originals, originals
from dotbench.bench.packs.section import most_bytes
from dotbench.cdot.bfloat16 import name_of
from dotbench.datasets.models.model_file import PRODUCTS, ModelFile, ModelTensor
from dotbench.datasets.models.orientation import to_matrix
from dotbench.formats.format import Format
from dotbench.formats.packs import negative_zeros
from dotbench.formats.packs.dtypes import name_of as type_name
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.header import up
from dotbench.formats.packs.notes import KEY, NEGATIVE_ZEROS, PACKED, PAYLOAD, NegativeZeros, Note, Notes
from dotbench.formats.packs.writer import Part, by_alignment, check_free, no_room, write
from dotbench.formats.payloads.payload import Payload

CONVERTED = (*PRODUCTS, "depthwise")  # a convolution of one channel looks like a depthwise one
NOT_FINITE = "it holds NaN or infinity"
NAME_TAKEN = "the model has a tensor of the name that its payload would have"
NOTHING_SAVED = "no format saves 2 %"


@dataclass(frozen=True)
class Line:
    """What became of a tensor: ``format`` is "" where it stayed as it is, and of a product ``why`` says why; ``nbytes``
    before, ``packed`` with the section of negative zeros."""

    name: str
    nbytes: int
    packed: int
    format: str = ""
    why: str = ""


@dataclass(frozen=True)
class Packed:
    """A pack that was made: its length, a line a tensor, what was left out and why."""

    path: Path
    nbytes: int
    lines: tuple[Line, ...]
    left_out: dict[str, str]

    @property
    def before(self) -> int:
        """What the tensors took."""
        return sum(line.nbytes for line in self.lines)


Say = Callable[[Line], None]


def pack(model: ModelFile, choose: Choose, out: Path, *, force: bool = False, say: Say = lambda _: None) -> Packed:
    """Writes a model's tensors into one .safetensors file; each product is offered to ``choose``, which gives a format,
    a payload that it has made already, or None.

    Memory is that of the largest layer with its payloads. Kept as they are: tensors that are no products, hold NaN or
    infinity, or of which payload and negative zeros save less than 2 %. ``say`` hears of each tensor as it is done.

    PackError: ``out`` exists and ``force`` is not given, the model is a pack, or has no tensors. ValueError: a format
    that is lossy, or does not store the type. OSError: no room.
    """
    check_free(out, force)
    found = originals(model)
    if not found.tensors:
        raise PackError(f"{model.path} has no tensors that can be read{_whys(found)}")
    try:
        spool = tempfile.TemporaryFile(dir=out.parent, prefix=f".{out.name}.")  # noqa: SIM115
    except OSError as error:
        raise no_room(out, error) from error
    with spool:
        packing = _Packing(spool, {one.name for one in found.tensors}, choose)
        for original in found.tensors:
            try:
                line = packing.add(original)
            except OSError as error:
                raise no_room(out, error) from error
            say(line)
        notes = Notes(packing.notes, model.kind, model.path.name, found.left_out)
        nbytes = write(out, packing.parts(), {**found.metadata, KEY: notes.text()}, force)
    return Packed(out, nbytes, tuple(packing.lines), found.left_out)


def _whys(found: Originals) -> str:
    return "".join(f"; {name}: {why}" for name, why in [*found.left_out.items()][:3])


class _Packing:
    """Payloads go into ``spool`` as they are made; where they lie in the pack is known when all are."""

    def __init__(self, spool: IO[bytes], names: set[str], choose: Choose) -> None:
        self._spool, self._names, self._choose = spool, names, choose
        self._payloads: list[Part] = []
        self._kept: list[Part] = []
        self.notes: dict[str, Note] = {}
        self.lines: list[Line] = []

    def parts(self) -> list[Part]:
        """In the order of the file."""
        self._spool.flush()
        return [*self._payloads, *by_alignment(self._kept)]

    def add(self, original: Original) -> Line:
        """Packs a tensor, or keeps it."""
        done: Line | str = ""
        tensor = original.tensor
        if tensor and tensor.role in CONVERTED and original.dtype in PACKED and tensor.shape == original.shape:
            done = self._converted(original, tensor)
        if isinstance(done, str):
            part = Part(original.name, original.dtype, original.shape, lambda: [original.raw()])
            self._kept.append(part)
            done = Line(original.name, part.nbytes, part.nbytes, "", done)
        self.lines.append(done)
        return done

    def _converted(self, original: Original, tensor: ModelTensor) -> Line | str:
        """A product as a payload, or why it stays as it is."""
        array, name = original.array(), original.name
        if self._names & {name + PAYLOAD, name + NEGATIVE_ZEROS}:
            return NAME_TAKEN
        zeros = negative_zeros.zeros_of(array)
        if not zeros.finite:
            return NOT_FINITE
        matrix = to_matrix(array, tensor.orientation)
        payload = _payload(self._choose(tensor, matrix), matrix, name)
        if payload is None or up(payload.nbytes) > most_bytes(array.nbytes):
            return NOTHING_SAVED
        marked, packed = None, up(payload.nbytes)
        if zeros.negative and not payload.format.bitwise:
            coding, section = negative_zeros.coded(array, zeros)
            marked, packed = NegativeZeros(coding, zeros.negative), packed + section.nbytes
            if packed > most_bytes(array.nbytes):
                return NOTHING_SAVED
            self._kept.append(self._spooled(name + NEGATIVE_ZEROS, section, section.nbytes))
        self._payloads.append(self._spooled(name + PAYLOAD, payload.data, up(payload.nbytes)))
        label, per = str(payload.format), tensor.scales.per if tensor.scales else ""
        self.notes[name] = Note(label, original.shape, original.dtype, payload.nbytes, tensor.orientation, per, marked)
        return Line(name, array.nbytes, packed, label)

    def _spooled(self, name: str, data: npt.NDArray[Any], size: int) -> Part:
        begin = self._spool.tell()
        self._spool.write(np.ascontiguousarray(data).view(np.uint8).data)
        self._spool.write(bytes(size - data.nbytes))
        dtype = type_name(data.dtype)
        assert dtype is not None
        return Part(name, dtype, (size // data.dtype.itemsize,), partial(self._pieces, begin, size))

    def _pieces(self, begin: int, size: int) -> Iterator[npt.NDArray[np.uint8]]:
        self._spool.seek(begin)
        while size:
            piece = np.frombuffer(self._spool.read(min(size, 1 << 22)), np.uint8)
            size -= len(piece)
            yield piece


def _payload(chosen: Chosen, matrix: npt.NDArray[Any], name: str) -> Payload | None:
    """What was chosen, encoded; ValueError for what would not give the tensor back."""
    if chosen is None:
        return None
    format_, dtype = chosen.format if isinstance(chosen, Payload) else chosen, name_of(matrix.dtype)
    assert isinstance(format_, Format)
    if not fits(format_, dtype):
        raise ValueError(f"{name} is {dtype}, and {format_} does not give that back as it was: choose another format")
    made = chosen if isinstance(chosen, Payload) else chosen.encode(matrix)
    if made.shape != matrix.shape or name_of(made.dtype) != dtype:
        raise ValueError(
            f"a payload of {made.shape} {name_of(made.dtype)} was chosen for {name}, {matrix.shape} {dtype}"
        )
    return made
