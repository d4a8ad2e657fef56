"""What readers of files are asked, and what is said of one that does not answer as `dotbench.datasets.reader` has it.

A reader of another package may do anything. What it does wrong is a `ReaderFault` with its name, its package's, the
file's, and what to do; files that other readers read are not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dotbench.cdot import entry_points
from dotbench.cdot.build import BuildError
from dotbench.cdot.places import brings
from dotbench.datasets import readers
from dotbench.datasets.errors import DataError, ReaderFault
from dotbench.datasets.models.layer import Layer, Model
from dotbench.datasets.models.model_file import ROLES, ModelFile, ModelTensor
from dotbench.datasets.models.orientation import ORIENTATIONS
from dotbench.datasets.models.skipped import SkippedOperator
from dotbench.datasets.reader import Reader, Streamed, Wanted
from dotbench.formats.sources.columns import Columns, Histogram
from dotbench.formats.sources.source import Own, Source, as_source
from dotbench.formats.sources.sparse_input import is_sparse

MATRIX = "a numpy array of two dimensions, a scipy matrix or dotbench.datasets.reader.Streamed"
NAMES = "names of arrays, as a list of str"
MODEL = "a dotbench.datasets.models.layer.Model"
TENSORS = "a dotbench.datasets.models.model_file.ModelFile"


def read(reader: Reader, path: Path, wanted: Wanted) -> Any:
    """The matrix in a file: an array, a scipy matrix, or a `Streamed`; whatever a plug-in raises is a DataError."""
    assert reader.read is not None
    with answering(reader, path, "read as a matrix"):
        found = reader.read(path, wanted)
    if isinstance(found, Streamed) and isinstance(found.source, Source) and isinstance(found.note, str):
        return found if reader in readers.ALL else Streamed(_GuardedSource(reader, path, found.source), found.note)
    is_matrix = is_sparse(found) or isinstance(found, np.ndarray)
    if not is_matrix or (len(found.shape) != 2 and reader not in readers.ALL):  # of ours the file has such an array
        raise _wrong_answer(reader, path, "read", found, MATRIX)
    return found


def members(reader: Reader, path: Path) -> list[str]:
    """The names of a file's arrays."""
    assert reader.members is not None
    with answering(reader, path, "looked into"):
        found: Any = reader.members(path)
        names = list(found) if isinstance(found, Iterable) and not isinstance(found, str) else [found]
    if not all(isinstance(name, str) and name for name in names) or isinstance(found, str):
        raise _wrong_answer(reader, path, "members", found, NAMES)
    return names


def is_whole(reader: Reader, path: Path, names: list[str]) -> bool:
    """Whether arrays of these names are one matrix together."""
    with answering(reader, path, "looked into"):
        return bool(reader.is_whole(names))


def model(reader: Reader, path: Path) -> Model:
    """The layers in a file."""
    assert reader.model is not None
    with answering(reader, path, "read as a model"):
        found = reader.model(path)
    if not isinstance(found, Model):
        raise _wrong_answer(reader, path, "model", found, MODEL)
    if wrong := _wrong_model(found):
        raise ReaderFault(f"{path} cannot be read: model of {called(reader)} returned {wrong}. {_cure(reader)}")
    return found


def tensors(reader: Reader, path: Path) -> ModelFile:
    """The tensors of a model file; DataError with the line that brings the package that reads them, if missing."""
    assert reader.tensors is not None
    if reader.extra and find_spec(reader.extra[1]) is None:
        extra, module = reader.extra
        raise DataError(f"{path} needs {module}, which is not installed: {brings(extra)}")
    with answering(reader, path, "read as a model"):
        try:
            found = reader.tensors(path)
        except (OSError, ValueError, TypeError, LookupError, ArithmeticError) as error:  # damaged files
            if isinstance(error, DataError | FileNotFoundError) or reader not in readers.ALL:
                raise
            said = f"{type(error).__name__}: {error}"[:200]
            raise DataError(f"{path} cannot be read as a model: it is damaged ({said})") from error
    if not isinstance(found, ModelFile):
        raise _wrong_answer(reader, path, "tensors", found, TENSORS)
    if wrong := _wrong_tensors(found):
        raise ReaderFault(f"{path} cannot be read: tensors of {called(reader)} returned {wrong}. {_cure(reader)}")
    return found


def _wrong_tensors(model: ModelFile) -> str:
    """What is wrong with a model file that a reader made, "" for nothing."""
    if not isinstance(model.tensors, tuple) or not all(isinstance(one, ModelTensor) for one in model.tensors):
        return (
            f"tensors {model.tensors!r:.80}, and a tuple of dotbench.datasets.models.model_file.ModelTensor is needed"
        )
    names = [one.name for one in model.tensors]
    if not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
        return f"tensors of the names {names!r:.80}, and each needs one of its own"
    for one in model.tensors:
        if one.role not in ROLES:
            return f"the role {one.role!r:.80} of {one.name}: there are {', '.join(ROLES)}"
        if one.orientation not in ORIENTATIONS:
            return f"the orientation {one.orientation!r:.80} of {one.name}: there are {', '.join(ORIENTATIONS)}"
        if one.role not in ("vector", "unread") and len(one.shape) < 2:
            return f"the shape {one.shape} of {one.name}, and a {one.role} has two dimensions or more"
    return ""


def _wrong_model(model: Model) -> str:
    """What is wrong with a model that a reader made, "" for nothing."""
    layers, unread = model.layers, model.unread
    if not isinstance(layers, tuple) or not all(isinstance(layer, Layer) for layer in layers):
        return f"layers {layers!r:.80}, and a tuple of dotbench.datasets.models.layer.Layer is needed"
    if not isinstance(unread, tuple) or not all(isinstance(operator, SkippedOperator) for operator in unread):
        return f"unread {unread!r:.80}, and a tuple of dotbench.datasets.models.skipped.SkippedOperator is needed"
    names = [layer.name for layer in layers]
    if not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
        return f"layers of the names {names!r:.80}, and each needs one of its own"
    for layer in layers:
        weights = layer.weights
        if not isinstance(weights, np.ndarray) or weights.ndim != 2 or weights.dtype.name not in ("int8", "float32"):
            return f"weights of {layer.name} that are no numpy array of int8 or float32 with two dimensions"
        if not isinstance(layer.pixels, int):
            return f"{layer.pixels!r:.80} as pixels of {layer.name}, and a whole number is needed"
    return ""


@contextmanager
def answering(reader: Reader, path: Path, what: str) -> Iterator[None]:
    """Whatever a reader raises as a DataError that names the file, and of a plug-in the reader and its package.

    A DataError of its own is the reader's word on the file. SystemExit ends no run.
    """
    try:
        yield
    except BuildError:  # a compiler that is missing is no fault of the file
        raise
    except DataError as error:
        if reader in readers.ALL or path.name in str(error):
            raise
        raise DataError(f"{path} cannot be {what} by {called(reader)}: {error}") from error
    except (Exception, SystemExit) as error:
        if isinstance(error, FileNotFoundError) and not path.exists():
            raise DataError(f"{path}: there is no such file") from error
        if reader in readers.ALL and isinstance(error, Exception):  # damaged files raise nearly anything
            raise
        said = entry_points.in_words(error)
        raise ReaderFault(
            f"{path} cannot be {what}: {called(reader)} raises {said}. Is the file whole? {_cure(reader)}"
        ) from error


def _wrong_answer(reader: Reader, path: Path, asked: str, found: Any, needed: str) -> ReaderFault:
    shape = f" of shape {found.shape}" if isinstance(found, np.ndarray) else ""
    what = "None" if found is None else f"{type(found).__name__}{shape or f' ({_shown(found)})'}"
    return ReaderFault(
        f"{path} cannot be read: {asked} of {called(reader)} returned {what}, and {needed} is needed. {_cure(reader)}"
    )


def _shown(found: Any) -> str:
    """A stranger's object in an error, whose repr may raise, too."""
    try:
        return f"{found!r:.60}"
    except Exception:
        return "..."


def _package(reader: Reader) -> str:
    return next(entry_points.bringing(readers.GROUP, lambda brought: brought is reader), "")


def called(reader: Reader) -> str:
    """A reader in words, with the package that brings it."""
    package = _package(reader)
    return f"the reader {reader.name}{f' of the plug-in {package}' if package else ''}"


def _cure(reader: Reader) -> str:
    """What to do about a reader: of a plug-in, or of one in a checkout."""
    if package := _package(reader):
        return f"Update the plug-in, or pip uninstall {package}"
    return f"Mend {getattr(reader.read or reader.model, '__module__', 'the module that defines it')}"


class _GuardedSource(Own):
    """A source of a plug-in's reader, which is read while the matrix goes into the cache, long after `read`."""

    def __init__(self, reader: Reader, path: Path, source: Source) -> None:
        self._reader, self._path = reader, path
        with self._answering():
            self._source = as_source(source, np.int8 if source.dtype == np.int8 else np.float32)
        self.shape, self.dtype = self._source.shape, self._source.dtype

    def _answering(self) -> Any:
        return answering(self._reader, self._path, "read as a matrix")

    def histogram(self) -> Histogram:
        with self._answering():
            return self._source.histogram()

    def columns(self, begin: int, end: int) -> Columns:
        with self._answering():
            return self._source.columns(begin, end)
