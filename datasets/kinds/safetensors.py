"""Models of the kind .safetensors, in one file or in several with an index."""

from __future__ import annotations

from dotbench.datasets.models.safetensors.file import tensors
from dotbench.datasets.reader import Reader

READER = Reader(
    "safetensors",
    "tensors of a model as safetensors saves them, in one file or in several with an index",
    (".safetensors", ".safetensors.index.json"),
    tensors=tensors,
    extra=("models", "safetensors"),
)
