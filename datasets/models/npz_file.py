"""The arrays of a .npz as tensors of a model, as `dotbench pick` and `pack` take them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dotbench.cdot.bfloat16 import name_of
from dotbench.datasets import arrays
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Role
from dotbench.datasets.models.orientation import INPUTS_FIRST
from dotbench.datasets.models.roles import role_of


def read(path: Path) -> ModelFile:
    """All arrays, each read for its shape now, and again when it is asked for; DataError where one is none.

    Names say what an array is for, as PyTorch has them; with two dimensions it is inputs by outputs, as everywhere in
    .npz files, and a product where its name says nothing.
    """
    return ModelFile(path, "npz", (path,), tuple(_tensor(path, name) for name in arrays.names(path)))


def _tensor(path: Path, name: str) -> ModelTensor:
    array = arrays.read_npz(path, name)
    role, orientation = role_of(name, array.shape)
    told: tuple[Role, str] = (role, orientation)
    if array.ndim == 2:
        told = "product" if role == "unsure" else role, INPUTS_FIRST
    read_again = partial(arrays.read_npz, path, name)
    return ModelTensor(name, told[0], name_of(array.dtype), array.shape, array.nbytes, read_again, told[1])
