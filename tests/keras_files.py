"""Small HDF5 files as Keras writes them, made with h5py, for Keras is not installed; and archives around them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dotbench.datasets import reader_calls
from dotbench.datasets.kinds.keras import READER
from dotbench.datasets.models.model_file import ModelFile

Weights = Sequence[tuple[str, np.ndarray]]


def put(group: Any, path: str, array: np.ndarray, **options: Any) -> Any:
    """A data set; bfloat16 as Keras writes it: bytes, and an attribute that says what they are."""
    made = group.create_dataset(path, data=array, **options)
    if array.dtype.name == "bfloat16":
        made.attrs["dtype"] = "bfloat16"
    return made


def plain(sets: Mapping[str, np.ndarray], **options: Any) -> bytes:
    """Data sets by their paths."""
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        for path, array in sets.items():
            put(made, path, array, **options)
    return file.getvalue()


def layered(layers: Sequence[tuple[str, Weights]], config: Any = None, group: str = "model_weights") -> bytes:
    """A .h5 of groups of layers, with the lists of names that give their order; ``group`` "" for weights alone."""
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        top = made.create_group(group) if group else made
        top.attrs["layer_names"] = [layer.encode() for layer, _ in layers]
        if config is not None:
            made.attrs["model_config"] = json.dumps(config)
        for layer, weights in layers:
            here = top.create_group(layer)
            here.attrs["weight_names"] = np.array([name.encode() for name, _ in weights], "S")
            for name, array in weights:
                put(here, name, array)
    return file.getvalue()


def layer(kind: str, name: str, **settings: Any) -> dict[str, Any]:
    """A layer's configuration."""
    return {"class_name": kind, "config": {"name": name, **settings}}


def model(*layers: dict[str, Any], kind: str = "Functional", name: str = "model") -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, "layers": [*layers]}}


def archive(
    sets: Mapping[str, np.ndarray] | bytes, config: Any, packed: int = zipfile.ZIP_STORED, **members: bytes
) -> bytes:
    """A .keras."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as made:
        made.writestr("metadata.json", '{"keras_version": "3.9.0"}')
        made.writestr("config.json", json.dumps(config))
        made.writestr("model.weights.h5", sets if isinstance(sets, bytes) else plain(sets))
        for name, data in members.items():
            made.writestr(name, data)
    return file.getvalue()


def network() -> bytes:
    """A .keras of a convolution and two dense layers, as their user calls them."""
    rng = np.random.default_rng(8)
    config = model(
        layer("InputLayer", "in"),
        layer("Conv2D", "eyes"),
        layer("Dense", "middle"),
        layer("Dense", "out", use_bias=False),
    )
    sets = {
        "layers/conv2d/vars/0": (3, 3, 2, 4), "layers/conv2d/vars/1": (4,), "layers/dense/vars/0": (6, 5),
        "layers/dense/vars/1": (5,), "layers/dense_1/vars/0": (5, 2), "optimizer/vars/0": (6, 5),
    }  # fmt: skip
    return archive({path: rng.normal(size=shape).astype(np.float32) for path, shape in sets.items()}, config)


RNG = np.random.default_rng(1)


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def read(data: bytes, tmp_path: Path, name: str = "w.h5") -> ModelFile:
    path = tmp_path / name
    path.write_bytes(data)
    return reader_calls.tensors(READER, path)
