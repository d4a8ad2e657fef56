"""The tensors of a model file as a pack has them: name, type, shape and bytes.

Of a .safetensors file all that is in it, types that no reader reads included. Of other files the arrays that their
readers give, by the readers' names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.model_file import ModelFile, ModelTensor
from dotbench.formats.packs import header
from dotbench.formats.packs.dtypes import name_of, numpy_dtype
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.notes import KEY

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Original:
    """``dtype`` as .safetensors files call it; ``array``: its numbers in C order, uint8 where numpy has no such type;
    ``tensor``: what the reader says of it, None of what it does not tell."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    array: Callable[[], npt.NDArray[Any]]
    tensor: ModelTensor | None

    def raw(self) -> npt.NDArray[np.uint8]:
        """Its bytes, (bytes,)."""
        return np.ascontiguousarray(self.array()).reshape(-1).view(np.uint8)


@dataclass(frozen=True)
class Originals:
    """All tensors, the texts beside them, and by name why what is left out is."""

    tensors: tuple[Original, ...]
    metadata: dict[str, str]
    left_out: dict[str, str]


def originals(model: ModelFile) -> Originals:
    """Of a model file; PackError where it is a pack already, or no .safetensors file after all."""
    told = {tensor.name: tensor for tensor in model.tensors}
    files = [path for path in model.files if path.name.lower().endswith(SUFFIX)]
    if not files:
        return _of_reader(model)
    found: list[Original] = []
    metadata: dict[str, str] = {}
    for path in files:
        data = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
        head = header.read(np.asarray(data), str(path))
        if KEY in head.metadata:
            raise PackError(f"{path} is a pack already: dotbench unpack {path} gives the tensors back")
        metadata = {**head.metadata, **metadata}
        found += _of_file(np.asarray(data), head, told)
    if len({one.name for one in found}) < len(found):
        raise PackError(f"{model.path}: two of its files have a tensor of one name")
    return Originals(tuple(found), metadata, {})


def _of_file(data: npt.NDArray[np.uint8], head: header.Header, told: dict[str, ModelTensor]) -> Iterator[Original]:
    for entry in head.entries.values():
        raw, dtype = data[head.start + entry.begin : head.start + entry.end], numpy_dtype(entry.dtype)
        array = raw if dtype is None else raw.view(dtype).reshape(entry.shape)
        aligned = partial(np.require, array, None, "A")  # a copy where others have left it at an odd byte
        yield Original(entry.name, entry.dtype, entry.shape, aligned, told.get(entry.name))


def _of_reader(model: ModelFile) -> Originals:
    found, left_out = [], {}
    for tensor in model.tensors:
        if tensor.role == "unread":
            left_out[tensor.name] = tensor.note or "it is not read"
            continue
        try:
            dtype = tensor.array().dtype
        except DataError as error:
            left_out[tensor.name] = str(error)
            continue
        if (name := name_of(dtype)) is None:
            left_out[tensor.name] = f"it holds {dtype}, for which .safetensors files have no type"
            continue
        found.append(Original(tensor.name, name, tensor.shape, _little(tensor), tensor))
    return Originals(tuple(found), {}, left_out)


def _little(tensor: ModelTensor) -> Callable[[], npt.NDArray[Any]]:
    def array() -> npt.NDArray[Any]:
        found = tensor.array()
        return found if found.dtype.isnative else found.astype(found.dtype.newbyteorder("<"))

    return array
