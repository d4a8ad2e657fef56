"""Layers of files by name: ``model.safetensors#LAYER``, a glob of them, and ``model.safetensors`` for all products."""

from __future__ import annotations

import difflib
import fnmatch
from collections import Counter
from contextlib import suppress
from pathlib import Path

from dotbench.datasets import reader_calls, readers
from dotbench.datasets.errors import DataError, UnknownDataset
from dotbench.datasets.models.last_read import LastRead
from dotbench.datasets.models.layer import Layer, Model
from dotbench.datasets.models.model_file import MATRICES, PRODUCTS, ModelFile, ModelTensor
from dotbench.datasets.models.values import stored
from dotbench.datasets.reader import Reader
from dotbench.formats.sources.source import Source, as_source

AS_STORED = "as stored"  # in the cache's keys: layers are int8 there, as they were not always
TAILS = (".weight", ".kernel", "/kernel")  # of a tensor's name, that a layer's name does without
ALSO_LAYERS = ("depthwise",)  # what a model stands for besides products


def is_model(name: str) -> bool:
    """Whether a name ends like a model file, or like a layer of one."""
    return readers.find(split(name)[0], readers.of_models()) is not None


def split(name: str) -> tuple[str, str]:
    """The file, and the layer or the glob of layers behind the last ``.tflite#`` or the like ("" for all).

    >>> split("nets/a.tflite#05_*"), split("a#b.tflite")
    (('nets/a.tflite', '05_*'), ('a#b.tflite', ''))
    """
    return readers.split(name, readers.of_models()) or (name, "")


def layer_name(tensor: str) -> str:
    """What a tensor is called as a layer.

    >>> layer_name("layers.3.mlp.up_proj.weight"), layer_name("stft_conv")
    ('layers.3.mlp.up_proj', 'stft_conv')
    """
    tail = next((tail for tail in TAILS if tensor.endswith(tail)), "")
    return tensor.removesuffix(tail) or tensor


def layer_names(model: ModelFile) -> dict[str, ModelTensor]:
    """Tensors by what they are called as layers: of two that would have one name both keep their own."""
    short = [layer_name(one.name) for one in model.tensors]
    twice = {name for name, count in Counter(short).items() if count > 1}
    taken = {one.name for one in model.tensors}
    return {
        (one.name if name in twice or (name != one.name and name in taken) else name): one
        for name, one in zip(short, model.tensors, strict=True)
    }


def expand(name: str) -> list[str]:
    """The full names of the layers that a name stands for; UnknownDataset where there is none.

    DataError where the file is no model.
    """
    path, pattern = split(name)
    if not Path(path).is_file():
        raise UnknownDataset(f"{path}: there is no such file")
    if not has_tensors(Path(path)):
        return _layers(Path(path), pattern)
    known = layer_names(tensors(Path(path)))
    layers = [one for one, tensor in known.items() if tensor.role in (*PRODUCTS, *ALSO_LAYERS)]
    named = {**known, **{tensor.name: tensor for tensor in known.values()}}
    if pattern in named:
        _refuse_unread(path, pattern, named[pattern])
        return [f"{path}#{next(one for one, tensor in known.items() if tensor is named[pattern])}"]
    found = fnmatch.filter(layers, pattern or "*")
    if not found:
        _refuse_operator(path, pattern)
        raise UnknownDataset(f"{path} has no layer {pattern!r}{_near(pattern, [*known])}" if pattern else _none(path))
    return [f"{path}#{one}" for one in found]


def _layers(path: Path, pattern: str) -> list[str]:
    """Of a file whose reader knows layers alone."""
    model = _model(path)
    known = [layer.name for layer in model.layers]
    found = [layer for layer in known if layer == pattern] or fnmatch.filter(known, pattern or "*")
    if not found:
        _refuse_skipped(model, pattern)
        raise UnknownDataset(f"{path} has no layer {pattern!r}{_near(pattern, known)}")
    return [f"{path}#{layer}" for layer in found]


def _near(pattern: str, known: list[str]) -> str:
    near = difflib.get_close_matches(pattern, known, 3, 0.3) or known[:3]
    return f": did you mean {' or '.join(near)}?" if near else ""


def _none(path: str) -> str:
    """What is said of a file without a product."""
    roles = [tensor.role for tensor in tensors(Path(path)).tensors]
    counted = ", ".join(f"{roles.count(role)} {role}" for role in dict.fromkeys(roles)) or "no tensors at all"
    return f"{path} has no matrix that is surely multiplied ({counted}): name one, {path}#NAME"


def _refuse_unread(path: str, name: str, tensor: ModelTensor) -> None:
    """UnknownDataset where a tensor is there, and is no matrix or cannot be read."""
    if tensor.role not in (*MATRICES, *ALSO_LAYERS):
        what = tensor.note or f"its shape is {list(tensor.shape)}: it is no matrix"
        raise UnknownDataset(f"{path}#{name} is not read: {what}")


def _refuse_operator(path: str, pattern: str) -> None:
    """The same for an operator of a graph that is asked for by its number."""
    model = None
    if _reader(Path(path)).model:
        with suppress(DataError):  # of a file that has tensors, and no layer that a microcontroller multiplies by
            model = _model(Path(path))
    if model is not None:
        _refuse_skipped(model, pattern)


def skipped(path: Path) -> tuple[str, ...]:
    """A line for each layer of a file whose weights are not read, and what else is to be said of the file."""
    if not has_tensors(path):
        return _model(path).skipped
    model = tensors(path)
    return (*(f"{one.name}: {one.note}" for one in model.tensors if one.role == "unread"), *model.notes)


def find(path: Path, name: str) -> Layer:
    """One layer of a file with all that a microcontroller's product needs, by its whole name."""
    model = _model(path)
    for layer in model.layers:
        if layer.name == name:
            return layer
    _refuse_skipped(model, name)
    raise UnknownDataset(f"{path} has no layer {name!r}")


def find_tensor(path: Path, name: str) -> ModelTensor:
    """One tensor of a file, by its layer's name or its own."""
    model = tensors(path)
    known = layer_names(model)
    found = known.get(name) or next((one for one in model.tensors if one.name == name), None)
    if found is None:
        raise UnknownDataset(f"{path} has no layer {name!r}{_near(name, [*known])}")
    return found


def tensors(path: Path) -> ModelFile:
    """All tensors of a file; the last file is kept, for each of its layers is asked for by name."""
    reader = _reader(path)
    if reader.tensors is None:
        raise DataError(f"{path}: the reader {reader.name} tells layers and no tensors")
    return _last_tensors(path)


def has_tensors(path: Path) -> bool:
    """Whether a file's reader tells all tensors, not layers alone."""
    return _reader(path).tensors is not None


def files(path: Path) -> tuple[Path, ...]:
    """All files that a model is read from: shards and external data, too."""
    return tensors(path).files if has_tensors(path) else (path,)


def reader_version(path: Path) -> str:
    """For the cache's key: of readers that have a version, which."""
    reader = _reader(path)
    return f" {reader.name} {reader.version}" if reader.version else ""


def _reader(path: Path) -> Reader:
    reader = readers.find(path.name, readers.of_models())
    if reader is None:
        raise DataError(f"{path}: models end in {', '.join(readers.endings(readers.of_models()))}")
    return reader


def _read(path: Path) -> Model:
    reader = _reader(path)
    if reader.model is None:
        raise DataError(f"{path}: of models in .{reader.name} files it is not known what layers need besides weights")
    return reader_calls.model(reader, path)


def _model(path: Path) -> Model:
    """The model in a file; the last one is kept."""
    return _last_model(path)


_last_tensors = LastRead(lambda path: reader_calls.tensors(_reader(path), path), lambda model: model.files)
_last_model = LastRead(_read, lambda model: ())


def _refuse_skipped(model: Model, pattern: str) -> None:
    """UnknownDataset with the reason where the layer that was asked for is there, and is not read."""
    for operator in model.unread:
        if operator.is_meant_by(pattern):
            raise UnknownDataset(f"{model.name}#{pattern} is not read: {operator}")


def read(path: Path, name: str) -> tuple[Source, str]:
    """A layer's weights as what encoders read, and what was done to them ("" for nothing); DataError where they are no
    finite numbers."""
    if has_tensors(path):
        matrix, note = stored(find_tensor(path, name))
        return _checked(matrix, name), note
    return source(find(path, name)), ""


def pixels(path: Path, name: str) -> int:
    """Vectors that one inference multiplies by a layer's weights; 1 where nobody can say."""
    return find_tensor(path, name).pixels or 1 if has_tensors(path) else find(path, name).pixels


def source(layer: Layer) -> Source:
    """The weights of a layer as what encoders read; DataError where they are no finite numbers."""
    return _checked(layer.weights, layer.name)


def _checked(weights: object, name: str) -> Source:
    try:
        found = as_source(weights, getattr(weights, "dtype"))  # noqa: B009
        found.histogram()  # looks at every entry
    except ValueError as error:
        raise DataError(f"the weights of {name}: {error}") from error
    return found
