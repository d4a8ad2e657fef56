"""Models in the Open Neural Network Exchange's format: .onnx, tensors by name."""

from __future__ import annotations

from dotbench.datasets.models.onnx import reader as onnx_reader
from dotbench.datasets.reader import Reader

READER = Reader(
    "onnx",
    "a model of ONNX, with external data beside it",
    (".onnx",),
    tensors=onnx_reader.read,
    extra=("models", "onnx"),
)
