"""Trained models as sources of layers: .tflite files.

``read(path).layers`` are the constant weights of fully connected and convolution layers as matrices, with
scales, bias and what else their product needs.
"""

from dotbench.datasets.models.layer import THRESHOLD, Layer, Model, Quantisation, Signal, Window
from dotbench.datasets.models.tflite.reader import parse, read

__all__ = ["THRESHOLD", "Layer", "Model", "Quantisation", "Signal", "Window", "parse", "read"]
