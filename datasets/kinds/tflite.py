"""Models of TensorFlow Lite: .tflite, layers by name."""

from __future__ import annotations

from dotbench.datasets.models import reader
from dotbench.datasets.reader import Reader

READER = Reader("tflite", "layers of a model of TensorFlow Lite", (".tflite",), model=reader.read)
