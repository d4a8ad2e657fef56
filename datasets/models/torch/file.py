"""A file that torch.save wrote as tensors, without PyTorch and without running anything that the file names."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models import shards
from dotbench.datasets.models.described import model_file
from dotbench.datasets.models.model_file import ModelFile, Scales
from dotbench.datasets.models.opened import Opened, aligned, reading
from dotbench.datasets.models.shards import Read
from dotbench.datasets.models.stored_tensor import StoredTensor, numpy_dtype, why_unread
from dotbench.datasets.models.torch import legacy as torch_legacy
from dotbench.datasets.models.torch import zip as torch_zip
from dotbench.datasets.models.torch.names import Found, Leaf, named
from dotbench.datasets.models.torch.numpy import NumpyArray
from dotbench.datasets.models.torch.pickle import TorchMachine
from dotbench.datasets.models.torch.tensor import TorchTensor
from dotbench.datasets.models.torch.types import ITEMSIZE, PLAIN

KIND = "torch"
SHOWN_GLOBALS = 4
QUANTISED = {"qint8": "int8", "quint8": "uint8"}
HALF = np.uint8(128)
# What files that end like PyTorch's are instead, by how they start.
OTHERS = {
    b"": "it is empty",
    b"GGUF": "it is GGUF: rename it to .gguf",
    b"lmgg": "it is an old file of ggml, before GGUF: convert it to .gguf",
    b"tjgg": "it is an old file of ggml, before GGUF: convert it to .gguf",
    b"fmgg": "it is an old file of ggml, before GGUF: convert it to .gguf",
    b"\x89HDF": "it is HDF5: rename it to .h5",
    b"\x93NUM": "it is numpy's: rename it to .npy",
    b"\x1f\x8b": "it is packed by gzip: unpack it first",
    b"\x80": "it is a plain pickle, which may hold code: save tensors, torch.save(MODEL.state_dict(), PATH)",
}
TAR = 257, b"ustar"


def tensors(path: Path) -> ModelFile:
    """All tensors of a checkpoint, or of those that ``pytorch_model.bin.index.json`` names; DataError."""
    with reading(path):
        if path.name.lower().endswith(shards.INDEX):
            return model_file(path, KIND, shards.read(path, stored))
        found, notes = stored(path)
        return model_file(path, KIND, Read((path,), tuple(found), tuple(notes)))


def stored(path: Path) -> tuple[list[StoredTensor], list[str]]:
    """The tensors of one file as it has them, and what is to be said of the file."""
    with reading(path):
        opened, machine = Opened(path), TorchMachine()
        start, behind = opened.bytes(0, torch_legacy.LOOKED_AT), 0
        if start.startswith(torch_zip.SIGNATURE):
            archive = torch_zip.read(opened)
            saved, places = machine.run(torch_zip.pickle_of(archive)), archive.storages
        elif torch_legacy.is_legacy(start):
            saved, places, behind = torch_legacy.read(opened, machine)
        else:
            raise DataError(_what_else(opened, start))
        found = named(saved)
        tensors = [_stored(opened, places, name, also, one) for name, also, one in _each_once(found)]
        return tensors, [*_notes(machine, found), *([f"{behind} bytes behind its numbers are not read"] * (behind > 0))]


def _what_else(opened: Opened, start: bytes) -> str:
    at, tar = TAR
    if opened.bytes(at, len(tar)) == tar:
        return "it is a tar archive, as PyTorch wrote before 0.2: load it and save it again with a newer version"
    known = next((words for magic, words in OTHERS.items() if magic and start.startswith(magic)), "")
    return known or (OTHERS[b""] if not start else f"it is no file that torch.save wrote; {CUT}")


def _notes(machine: TorchMachine, found: Found) -> list[str]:
    notes = []
    if machine.unknown:
        shown = ", ".join(ascii(one)[1:-1][:60] for one in [*machine.unknown][:SHOWN_GLOBALS])
        more = len(machine.unknown) - SHOWN_GLOBALS
        notes.append(f"it names {shown}{f' and {more} more' * (more > 0)}: neither imported nor run")
    if found.optimizer_tensors:
        notes.append(
            f"the state of an optimizer is left out: {found.optimizer_tensors} tensors, {found.optimizer_bytes} bytes"
        )
    return notes


def _each_once(found: Found) -> list[tuple[str, tuple[str, ...], Leaf]]:
    """Tensors with their first name and all others."""
    names: dict[object, list[str]] = {}
    first: dict[object, Leaf] = {}
    for name, one in found.tensors.items():
        numbers = one.numbers if isinstance(one, TorchTensor) else id(one)
        names.setdefault(numbers, []).append(name)
        first.setdefault(numbers, one)
    return [(known[0], tuple(known[1:]), first[numbers]) for numbers, known in names.items()]


def _stored(
    opened: Opened, places: torch_legacy.Places, name: str, also: tuple[str, ...], tensor: Leaf
) -> StoredTensor:
    if isinstance(tensor, NumpyArray):
        dtype = tensor.dtype.name
        why = tensor.why or why_unread(dtype)
        return StoredTensor(name, dtype, tensor.shape, tensor.nbytes, partial(_array, name, tensor), why, also=also)
    dtype = QUANTISED.get(tensor.dtype, tensor.dtype)
    array = partial(_numbers, opened, places, name, tensor)
    if tensor.storage is not None:
        _check_place(places, tensor)
    why = tensor.unread or ("" if tensor.dtype in QUANTISED else why_unread(dtype))
    found = StoredTensor(name, dtype, tensor.shape, tensor.nbytes, array, why, also=also)
    if tensor.quantiser is not None and tensor.dtype in QUANTISED:
        note = "less 128" if tensor.dtype == "quint8" else ""
        return replace(found, scales=_scales(opened, places, tensor), note=note)
    return found


def _check_place(places: torch_legacy.Places, tensor: TorchTensor) -> int:
    """Where a storage starts; DataError where it is missing, or has other bytes than the pickle says."""
    storage = tensor.storage
    assert storage is not None
    if storage.key not in places:
        raise DataError(f"the storage {storage.key!r:.20} is not in the file; {CUT}")
    start, nbytes = places[storage.key]
    if nbytes != storage.count * ITEMSIZE[storage.dtype]:
        raise DataError(
            f"the storage {storage.key!r:.20} of {storage.count} numbers of {storage.dtype} has {nbytes} bytes; {CUT}"
        )
    return start + storage.start * ITEMSIZE[storage.dtype]


def _numbers(opened: Opened, places: torch_legacy.Places, name: str, tensor: TorchTensor) -> npt.NDArray[Any]:
    if tensor.unread or (tensor.dtype not in PLAIN and tensor.dtype not in QUANTISED):
        raise DataError(f"{name}: {tensor.unread or why_unread(tensor.dtype)}")
    dtype = numpy_dtype(QUANTISED.get(tensor.dtype, tensor.dtype))
    start = _check_place(places, tensor) + tensor.offset * dtype.itemsize
    flat = opened.numbers(dtype, start, tensor.extent)
    if not flat.size:
        return flat.reshape(tensor.shape)
    # shape and strides were held against the storage (`torch_tensor.tensor`), flat is what they reach
    strides = [stride * dtype.itemsize for stride in tensor.strides]
    array = aligned(as_strided(flat, tensor.shape, strides, writeable=False))
    return (array ^ HALF).view(np.int8) if tensor.dtype == "quint8" else array


def _array(name: str, tensor: NumpyArray) -> npt.NDArray[Any]:
    if tensor.why:
        raise DataError(f"{name}: {tensor.why}")
    return aligned(tensor.values())


def _scales(opened: Opened, places: torch_legacy.Places, tensor: TorchTensor) -> Scales:
    known = tensor.quantiser
    assert known is not None
    zero = 128 if tensor.dtype == "quint8" else 0
    per = {None: "tensor", 0: "output"}.get(known.axis, f"axis {known.axis}")
    if isinstance(known.zero_points, TorchTensor):
        points = _numbers(opened, places, "its zero points", known.zero_points)
        return Scales(per, known.nbytes, bool((points != zero).any()))
    return Scales(per, known.nbytes, known.zero_points != zero)
