"""Opens a pack: a whole model in one .safetensors file, mapped, whose products are payloads."""

from __future__ import annotations

import difflib
import mmap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import name_of
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.limits import LIMITS
from dotbench.formats import registry
from dotbench.formats.packs import header, negative_zeros, notes
from dotbench.formats.packs.decoding import outputs_by_inputs
from dotbench.formats.packs.dtypes import numpy_dtype
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.header import CUT, Entry, up
from dotbench.formats.packs.notes import KEY, NEGATIVE_ZEROS, PAYLOAD, Note
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.orientation import matrix_shape, to_tensor

TAILS = (".weight", ".kernel", "/kernel")  # of names, which a layer's does without


class Pack:
    """A packed model: ``pack[NAME]`` is a layer's payload, ``pack.tensor(NAME)`` any tensor as it was before.

    Made by `dotbench.open_pack`, which reads the header alone. Payloads are views of the file, verified when they are
    first asked for, then kept. Close it, use it in a ``with``, or drop it. A pack may be read by several threads.

    Attributes: ``path``; ``metadata``, the texts that the packed file had.
    """

    def __init__(self, path: str | Path, trusted: bool = False) -> None:
        self.path = Path(path)
        self._limits = None if trusted else LIMITS
        self._data, self._map = _mapped(self.path)
        self._payloads: dict[str, Payload] = {}
        what = str(self.path)
        found = header.read(self._data, what)
        if KEY not in found.metadata:
            raise PackError(f"{what} is a .safetensors file and no pack: dotbench pack {what} --out FILE makes one")
        self._start, self._entries = found.start, found.entries
        self._notes = notes.read(found.metadata[KEY], what)
        self.metadata = {key: text for key, text in found.metadata.items() if key != KEY}
        taken = {name for one in self._notes.tensors for name in self._check_entries(one)}
        self._kept = {name: one for name, one in found.entries.items() if name not in taken}
        if both := self._kept.keys() & self._notes.tensors.keys():
            raise PackError(f"{what} has {min(both)!r:.80} as a tensor and as a payload: {CUT}")

    def _check_entries(self, name: str) -> list[str]:
        """The sections of a converted tensor; PackError where they are not what its note says."""
        note, where = self._notes.tensors[name], f"{self.path}, tensor {name!r:.80}"
        sections = [name + PAYLOAD, *([name + NEGATIVE_ZEROS] if note.negative_zeros else [])]
        for section in sections:
            if section not in self._entries:
                raise PackError(f"{where}: the pack has no {section!r:.80}: {CUT}")
        entry = self._entries[sections[0]]
        if entry.dtype != "U8" or len(entry.shape) != 1 or entry.nbytes != up(note.nbytes) or not note.nbytes:
            raise PackError(
                f"{where}: {entry.dtype} of {entry.nbytes} bytes is no payload of {note.nbytes} with zeros up to a "
                f"multiple of 64: {CUT}"
            )
        if marked := note.negative_zeros:
            entry = self._entries[sections[1]]
            items = entry.shape[0] if len(entry.shape) == 1 else -1
            if entry.dtype not in negative_zeros.section_dtypes(marked.coding) or (
                marked.coding == negative_zeros.GAPS and items != marked.count
            ):
                raise PackError(f"{where}: {entry.dtype} of shape {[*entry.shape]} holds no negative zeros: {CUT}")
        return sections

    def __repr__(self) -> str:
        counts = f"{len(self._notes.tensors)} payloads, {len(self._kept)} other tensors"
        return f"<Pack {self.path.name}: {counts}, {self.nbytes} bytes>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; what was taken from it stays good, and the mapping as long as any of that is there."""
        self._payloads.clear()
        self._data = np.zeros(0, np.uint8)
        mapping, self._map = self._map, None
        if mapping is not None:
            with suppress(BufferError):  # a payload looks at it still
                mapping.close()

    @property
    def nbytes(self) -> int:
        """Length of the file."""
        return self._start + max((entry.end for entry in self._entries.values()), default=0)

    @property
    def names(self) -> tuple[str, ...]:
        """All tensors' names, those of payloads first."""
        return (*self._notes.tensors, *self._kept)

    @property
    def left_out(self) -> dict[str, str]:
        """Tensors of the packed model that could not be read, and why."""
        return dict(self._notes.left_out)

    def formats(self) -> dict[str, str]:
        """The format of each payload, by its tensor's name."""
        return {name: note.format for name, note in self._notes.tensors.items()}

    def note(self, name: str) -> Note:
        """What the pack says of a payload: format, shape and type of the tensor, how it lies, bytes."""
        return self._notes.tensors[self._named(name)]

    def dtype(self, name: str) -> str:
        """The type of a tensor, as .safetensors files call it."""
        note = self._notes.tensors.get(name)
        return note.dtype if note else self._kept_entry(name).dtype

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        note = self._notes.tensors.get(name)
        return note.shape if note else self._kept_entry(name).shape

    def __len__(self) -> int:
        """How many payloads there are."""
        return len(self._notes.tensors)

    def __iter__(self) -> Iterator[str]:
        return iter(self._notes.tensors)

    def __contains__(self, name: object) -> bool:
        return any(one in self._notes.tensors for one in _spellings(name))

    def _named(self, name: str) -> str:
        """A payload's name, which may be without ``.weight``."""
        for one in _spellings(name):
            if one in self._notes.tensors:
                return one
        if name in self._kept:
            raise KeyError(f"{name} is no payload in {self.path}: pack.tensor({name!r}) gives it")
        raise KeyError(f"{self.path} has no payload {name!r}{_near(name, [*self._notes.tensors])}")

    def __getitem__(self, name: str) -> Payload:
        """The payload of a layer, by its tensor's name, with or without ``.weight``: W of n inputs by m outputs.

        KeyError where there is none; PackError or PayloadError where it is damaged.
        """
        name = self._named(name)
        if name not in self._payloads:
            self._payloads[name] = self._opened(name, self._notes.tensors[name])
        return self._payloads[name]

    def _opened(self, name: str, note: Note) -> Payload:
        where = f"{self.path}, tensor {name!r:.80}"
        section = self._bytes(self._entries[name + PAYLOAD])
        data = section[: note.nbytes]
        if section[note.nbytes :].any():
            raise PackError(f"{where}: behind its payload is something else than zeros: {CUT}")
        try:
            loaded = registry.load(data.data, self._limits)  # a copy: it checks bytes, what is kept is the mapping
        except PayloadError as error:
            raise PackError(f"{where}: {error}") from error
        dtype = numpy_dtype(note.dtype)
        if loaded.shape != matrix_shape(note.shape, note.orientation) or name_of(loaded.dtype) != name_of(dtype):
            n, m = loaded.shape
            said = f"{note.dtype} of shape {[*note.shape]}, {note.orientation}"
            raise PackError(
                f"{where}: its payload is {n} x {m} {name_of(loaded.dtype)}, and the pack says {said}: {CUT}"
            )
        if loaded.format.name != note.format.partition("[")[0]:
            raise PackError(
                f"{where}: its payload is {loaded.format.name}, and the pack says {note.format!r:.40}: {CUT}"
            )
        return Payload(loaded.format, data, where, self._limits)

    def _check_size(self, payload: Payload) -> None:
        """PackError where a few bytes promise a tensor that fills the memory."""
        n, m = payload.shape
        if self._limits and n * m > max(self._limits.steps, self._limits.steps_per_byte * payload.nbytes):
            raise PackError(
                f"{self.path}: a payload of {payload.nbytes} bytes would become a tensor of {n * m} entries; if you "
                "trust it, open the pack with trusted=True (dotbench unpack --trusted)"
            )

    def _bytes(self, entry: Entry) -> npt.NDArray[np.uint8]:
        if self._map is None and entry.nbytes:
            raise ValueError(f"{self.path} was closed: open it again")
        return self._data[self._start + entry.begin : self._start + entry.end]

    def _kept_entry(self, name: str) -> Entry:
        if name not in self._kept:
            raise KeyError(f"{self.path} has no tensor {name!r}{_near(name, self.names)}")
        return self._kept[name]

    def raw(self, name: str, threads: int = 1) -> npt.NDArray[np.uint8]:
        """The bytes of a tensor as they were, uint8."""
        if name in self._notes.tensors:
            return self.tensor(name, threads).reshape(-1).view(np.uint8)
        return self._bytes(self._kept_entry(name))

    def tensor(self, name: str, threads: int = 1) -> npt.NDArray[Any]:
        """A tensor with the bits, the shape and the type that it had before it was packed.

        Those that were not converted are views of the file, read-only. bfloat16 is as `dotbench.cdot.bfloat16` has it,
        float8 uint8, and types whose items are no whole bytes the bytes that they take. ``threads``: of decoding.
        KeyError where there is none; PackError or PayloadError where it is damaged.
        """
        note = self._notes.tensors.get(name)
        if note is None:
            entry = self._kept_entry(name)
            dtype = numpy_dtype(entry.dtype)
            return self._bytes(entry) if dtype is None else self._bytes(entry).view(dtype).reshape(entry.shape)
        payload = self._payloads.get(name) or self._opened(name, note)
        self._check_size(payload)
        tensor = np.ascontiguousarray(to_tensor(outputs_by_inputs(payload, threads).T, note.shape, note.orientation))
        if marked := note.negative_zeros:
            entry = self._entries[name + NEGATIVE_ZEROS]
            dtype = numpy_dtype(entry.dtype)
            assert dtype is not None
            where = f"{self.path}, {entry.name!r:.80}"
            negative_zeros.restore(tensor, marked.coding, marked.count, self._bytes(entry).view(dtype), where)
        return tensor


def _mapped(path: Path) -> tuple[npt.NDArray[np.uint8], mmap.mmap | None]:
    with path.open("rb") as file:
        if not path.is_file():
            raise PackError(f"{path} is no file that can be mapped")
        if not path.stat().st_size:
            raise PackError(f"{path} is empty, so it is no pack: {CUT}")
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapping, np.uint8), mapping


def _spellings(name: object) -> list[str]:
    return [name, *(f"{name}{tail}" for tail in TAILS)] if isinstance(name, str) else []


def _near(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name, known, 3, 0.3) or known[:3]
    return f": did you mean {' or '.join(near)}?" if near else ""
