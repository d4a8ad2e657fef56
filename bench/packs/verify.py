"""Whether a pack gives back what was packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dotbench.bench.packs.originals import originals
from dotbench.datasets.models.model_file import ModelFile
from dotbench.formats.packs.pack import Pack


def differing(model: ModelFile, path: Path) -> list[str]:
    """Names of tensors whose bytes, shape or type are not those of the model."""
    with Pack(path, trusted=True) as pack:
        return [
            one.name
            for one in originals(model).tensors
            if one.name not in pack.names
            or (pack.dtype(one.name), pack.shape(one.name)) != (one.dtype, one.shape)
            or not np.array_equal(pack.raw(one.name), one.raw())
        ]
