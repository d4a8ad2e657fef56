"""The model in a file, as packs take it."""

from __future__ import annotations

from pathlib import Path

from dotbench.datasets import readers
from dotbench.datasets.errors import DataError
from dotbench.datasets.models import names, npz_file
from dotbench.datasets.models.model_file import ModelFile

NPZ = ".npz"


def model_of(path: Path) -> ModelFile:
    """All tensors of a model file, of a .npz its arrays; DataError where there is none, or no reader tells tensors."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    if path.name.lower().endswith(NPZ):
        return npz_file.read(path)
    reader = readers.find(path.name, readers.of_models())
    if reader is None or reader.tensors is None:
        packable = [NPZ, *readers.endings(one for one in readers.every() if one.tensors)]
        raise DataError(f"{path} cannot be packed: files that end in {', '.join(packable)} can")
    return names.tensors(path)
