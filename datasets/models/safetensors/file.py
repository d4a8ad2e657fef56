"""A .safetensors file, or several with an index, as tensors; the library `safetensors` has to accept it, too."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models import shards
from dotbench.datasets.models.described import model_file
from dotbench.datasets.models.model_file import ModelFile
from dotbench.datasets.models.opened import Opened, aligned, reading
from dotbench.datasets.models.safetensors.header import DTYPES, Entry, entries, raw
from dotbench.datasets.models.stored_tensor import StoredTensor, numpy_dtype, why_unread

KIND = "safetensors"
SMALL_HEADER = 1 << 20  # which Python's objects cannot make large


def tensors(path: Path) -> ModelFile:
    """All tensors of ``model.safetensors``, or of the files that ``model.safetensors.index.json`` names; DataError."""
    with reading(path):
        if path.name.lower().endswith(shards.INDEX):
            return model_file(path, KIND, shards.read(path, lambda shard: (stored(shard), ())))
        return model_file(path, KIND, shards.Read((path,), tuple(stored(path)), ()))


def stored(path: Path) -> list[StoredTensor]:
    """The tensors of one file as it has them."""
    with reading(path):
        opened = Opened(path)
        header, _ = raw(opened)
        referee = _refusal(path)
        if referee and len(header) > SMALL_HEADER:
            raise DataError(referee)
        found = [_stored(opened, one) for one in entries(opened)]
        if referee:
            raise DataError(referee)
        return found


def _refusal(path: Path) -> str:
    """What the library says against a file, "" for nothing."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="np"):
            return ""
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        return f"the library safetensors refuses it: {str(error)[:200]}"


def _stored(opened: Opened, entry: Entry) -> StoredTensor:
    dtype, _ = DTYPES[entry.code]
    return StoredTensor(
        entry.name,
        entry.code if dtype.startswith("float") and dtype[5:] in ("8", "6", "4") else dtype,
        entry.shape,
        entry.end - entry.begin,
        partial(_numbers, opened, entry, dtype),
        why_unread(dtype, entry.code if dtype.startswith("float") else ""),
    )


def _numbers(opened: Opened, entry: Entry, dtype: str) -> npt.NDArray[Any]:
    try:
        kind = numpy_dtype(dtype)
    except TypeError:
        raise DataError(f"{entry.name}: {why_unread(dtype, entry.code)}") from None
    count = (entry.end - entry.begin) // kind.itemsize
    return aligned(opened.numbers(kind, entry.begin, count).reshape(entry.shape))
