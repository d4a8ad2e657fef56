"""Models that PyTorch saved: state dicts and checkpoints, in one file or in several with an index."""

from __future__ import annotations

from dotbench.datasets.models.torch.file import tensors
from dotbench.datasets.reader import Reader

READER = Reader(
    "torch",
    "tensors of a model as torch.save writes them; neither PyTorch nor what the file names is run",
    (".pt", ".pth", ".ckpt", ".bin", ".bin.index.json"),
    tensors=tensors,
)
