"""Layers of files by name: ``model.tflite#LAYER``, and ``model.tflite`` for all of them."""

from __future__ import annotations

import difflib
import fnmatch
from functools import lru_cache
from pathlib import Path

from dotbench.datasets import reader_calls, readers
from dotbench.datasets.errors import DataError, UnknownDataset
from dotbench.datasets.models.layer import Layer, Model
from dotbench.datasets.stamps import is_certain, stamp_of
from dotbench.formats.sources.source import Source, as_source

AS_STORED = "as stored"  # in the cache's keys: layers are int8 there, as they were not always


def is_model(name: str) -> bool:
    """Whether a name ends like a model file, or like a layer of one."""
    return readers.find(split(name)[0], readers.of_models()) is not None


def split(name: str) -> tuple[str, str]:
    """The file, and the layer or the glob of layers behind the last ``.tflite#`` or the like ("" for all).

    >>> split("nets/a.tflite#05_*"), split("a#b.tflite")
    (('nets/a.tflite', '05_*'), ('a#b.tflite', ''))
    """
    return readers.split(name, readers.of_models()) or (name, "")


def expand(name: str) -> list[str]:
    """The full names of the layers that a name stands for; UnknownDataset where there is none.

    DataError where the file is no model.
    """
    path, pattern = split(name)
    if not Path(path).is_file():
        raise UnknownDataset(f"{path}: there is no such file")
    model = _model(Path(path))
    known = [layer.name for layer in model.layers]
    found = [layer for layer in known if layer == pattern] or fnmatch.filter(known, pattern or "*")
    if not found:
        _refuse_skipped(model, pattern)
        near = difflib.get_close_matches(pattern, known, 3, 0.3) or known[:3]
        raise UnknownDataset(f"{path} has no layer {pattern!r}: did you mean {' or '.join(near)}?")
    return [f"{path}#{layer}" for layer in found]


def skipped(path: Path) -> tuple[str, ...]:
    """A line for each operator of a file whose weights are not read."""
    return _model(path).skipped


def find(path: Path, name: str) -> Layer:
    """One layer of a file, by its whole name."""
    model = _model(path)
    for layer in model.layers:
        if layer.name == name:
            return layer
    _refuse_skipped(model, name)
    raise UnknownDataset(f"{path} has no layer {name!r}")


def _read(path: Path) -> Model:
    reader = readers.find(path.name, readers.of_models())
    if reader is None or reader.model is None:
        raise DataError(f"{path}: models end in {', '.join(readers.endings(readers.of_models()))}")
    return reader_calls.model(reader, path)


def _model(path: Path) -> Model:
    """The model in a file; the last one is kept, for each of its layers is asked for by name."""
    try:
        stamp = stamp_of(path)
    except OSError:
        return _read(path)  # which says what is wrong
    return _kept(path, tuple(stamp)) if is_certain(stamp) else _read(path)


@lru_cache(maxsize=1)
def _kept(path: Path, stamp: tuple[int, ...]) -> Model:
    return _read(path)


def _refuse_skipped(model: Model, pattern: str) -> None:
    """UnknownDataset with the reason where the layer that was asked for is there, and is not read."""
    for operator in model.unread:
        if operator.is_meant_by(pattern):
            raise UnknownDataset(f"{model.name}#{pattern} is not read: {operator}")


def source(layer: Layer) -> Source:
    """The weights as what encoders read; DataError where they are no finite numbers."""
    try:
        found = as_source(layer.weights, layer.weights.dtype)
        found.histogram()  # looks at every entry
    except ValueError as error:
        raise DataError(f"the weights of {layer.name}: {error}") from error
    return found
