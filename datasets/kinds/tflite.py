"""Models of TensorFlow Lite: .tflite, layers by name."""

from __future__ import annotations

from dotbench.datasets.models.tflite import reader
from dotbench.datasets.models.tflite import tensors as tflite_tensors
from dotbench.datasets.reader import Reader

READER = Reader(
    "tflite",
    "layers of a model of TensorFlow Lite",
    (".tflite",),
    model=reader.read,
    tensors=tflite_tensors.read,
    version=1,  # since float16 stays float16
)
