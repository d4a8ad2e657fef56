"""Small models in .safetensors files, and what a reader says of them, for tests of packs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.packs.choose import Choose, smallest
from dotbench.bench.packs.pack import Packed, pack
from dotbench.cdot.bfloat16 import name_of
from dotbench.datasets.models.model_file import ModelFile, ModelTensor
from dotbench.datasets.models.roles import role_of
from dotbench.formats.packs.dtypes import name_of as type_name
from dotbench.formats.packs.writer import Part, by_alignment, write

Arrays = dict[str, npt.NDArray[Any]]


def pruned(shape: tuple[int, ...], density: float = 0.1, seed: int = 0) -> npt.NDArray[np.float32]:
    """w * mask, as networks are pruned: about half of its zeros are negative."""
    random = np.random.default_rng(seed)
    w = random.standard_normal(shape).astype(np.float32)
    return w * (random.random(shape) < density)


def tensor(name: str, array: npt.NDArray[Any], role: str = "", orientation: str = "") -> ModelTensor:
    """What a reader says of an array."""
    by_name = role_of(name, array.shape)
    return ModelTensor(
        name, role or by_name[0], name_of(array.dtype), array.shape, array.nbytes, lambda: array, orientation or by_name[1]  # type: ignore[arg-type]
    )  # fmt: skip


def model(path: Path, arrays: Arrays, metadata: dict[str, str] | None = None) -> ModelFile:
    """A .safetensors file, and what its reader says."""
    parts = [
        Part(name, str(type_name(one.dtype)), one.shape, lambda one=one: [raw(one)]) for name, one in arrays.items()
    ]  # type: ignore[misc]
    write(path, by_alignment(parts), metadata or {"format": "pt"})
    return ModelFile(path, "safetensors", (path,), tuple(tensor(name, one) for name, one in arrays.items()))


def raw(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The bytes of an array in C order."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def packed(
    folder: Path, arrays: Arrays, choose: Choose | None = None, metadata: dict[str, str] | None = None
) -> Packed:
    """``folder``/model.safetensors packed as ``folder``/pack.safetensors."""
    made = model(folder / "model.safetensors", arrays, metadata)
    return pack(made, choose or smallest(), folder / "pack.safetensors")
