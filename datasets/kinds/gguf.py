"""llama.cpp's .gguf: tensors by name, numbers as they are or in blocks of few bits."""

from __future__ import annotations

from dotbench.datasets.models.gguf import file as gguf_file
from dotbench.datasets.reader import Reader

READER = Reader(
    "gguf", "models of llama.cpp: Q4_K and other blocks as whole numbers", (".gguf",), tensors=gguf_file.read
)
