"""Keras's .h5, .hdf5 and .keras: variables by layer; data sets of other HDF5 files by path."""

from __future__ import annotations

from dotbench.datasets.models.keras import file as keras_file
from dotbench.datasets.reader import Reader

READER = Reader(
    "keras",
    "models of Keras: variables by layer; of other HDF5 files data sets by path",
    (".h5", ".hdf5", ".keras"),
    tensors=keras_file.read,
    extra=("models", "h5py"),
)
