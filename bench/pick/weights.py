"""The matrices that a question is about: of model files, of files of arrays, of folders, of data sets."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dotbench import datasets
from dotbench.bench.pick.question import ROLE_NAMES
from dotbench.cdot.bfloat16 import name_of
from dotbench.cdot.build import state_folder
from dotbench.datasets import files, reader_calls, readers
from dotbench.datasets.errors import DataError, UnknownDataset
from dotbench.datasets.kinds import npz
from dotbench.datasets.models import names as model_names
from dotbench.datasets.models import npz_file
from dotbench.datasets.models.model_file import MATRICES, ModelFile, ModelTensor, Role
from dotbench.datasets.models.values import stored
from dotbench.datasets.own_files import OwnFile

UNREADABLE = "unreadable"  # kind of a file in a folder that is none of a model after all
COUNTED: dict[str, str] = {  # what is no product, in words
    "gather": "rows are looked up",
    "depthwise": "one kernel a channel",
    "vector": "bias, norm or the like",
    "unsure": "nobody can tell whether it is multiplied",
    "unread": "not read",
}


@dataclass(frozen=True, eq=False)
class Weights:
    """One tensor, or one data set.

    ``name``: as a layer; ``dataset``: what `run` calls it. ``shape``: n inputs by m outputs, None of what is no matrix.
    ``dtype``: as stored; ``nbytes``: what its numbers take in the file. ``read``: the matrix, a numpy array or a
    source, and what was done to it. ``tensor``: its name in the file. ``scale_bytes``: of scales and
    zero points besides. ``transposed``: the other way round than its file is usually read.
    """

    name: str
    dataset: str
    role: Role
    shape: tuple[int, int] | None
    dtype: str
    nbytes: int
    read: Callable[[], tuple[Any, str]] = field(repr=False)
    scales: str = ""
    note: str = ""
    source: str = "model"
    pixels: int = 0
    tensor: str = ""
    scale_bytes: int = 0
    transposed: bool = False

    @property
    def multiplied(self) -> bool:
        """Whether its product is what formats are for."""
        return self.role in ("product", "tied")

    @property
    def why(self) -> str:
        """Of what is no product, what it is."""
        return self.note if self.role == "unread" else COUNTED.get(self.role, "")


@dataclass(frozen=True)
class Model:
    """A file, or a data set: ``kind`` the reader's name, ``files`` what it was read from, ``nbytes`` of all these."""

    name: str
    kind: str
    files: tuple[Path, ...]
    nbytes: int
    weights: tuple[Weights, ...]
    notes: tuple[str, ...] = ()


def collected(names: Sequence[str], roles: Mapping[str, str] | None = None) -> list[Model]:
    """The models of names: files, ``FILE#LAYER``, folders of them, data sets of the registry and globs of these.

    ``roles``: what layers are by glob of their names, where names of tensors leave doubt: ``product``, ``gather`` or
    ``transposed`` (a product, of which the file holds outputs by inputs where inputs by outputs was thought, or the
    other way round). UnknownDataset for what is none, or for a role that fits no layer; DataError for a bad file.
    """
    found = [model for name in names for model in _models(name)]
    left = dict.fromkeys(roles or {}, True)
    out = [replace(model, weights=tuple(_with_roles(model.weights, roles or {}, left))) for model in found]
    if unused := [pattern for pattern, unseen in left.items() if unseen]:
        known = ", ".join(one.name for model in found for one in model.weights if one.shape)[:300]
        raise UnknownDataset(f"--role {unused[0]}=...: there is no layer of that name; there are {known or 'none'}")
    return out


def _models(name: str) -> Iterator[Model]:
    path = Path(name)
    if path.is_dir():
        yield from _folder(path)
    elif model_names.is_model(name):
        yield _model_file(*model_names.split(name))
    elif OwnFile.of(name) and name not in datasets.entries():
        yield _arrays(name)
    else:
        for _, group in itertools.groupby(datasets.resolve([name]), key=lambda one: one.partition("#")[0]):
            yield _data_sets(list(group))


def _folder(folder: Path) -> Iterator[Model]:
    """All files of a folder that can be read, by name; of a model in several files the list of these alone."""
    known = sorted(path for path in folder.iterdir() if path.is_file())
    lists = [path for path in known if path.name.lower().endswith(".index.json")]
    shards = {shard for path in lists if model_names.is_model(str(path)) for shard in model_names.files(path)[1:]}
    readable = [path for path in known if path not in shards and _is_readable(path)]
    if not readable:
        raise UnknownDataset(f"{folder} holds no file that can be read: {', '.join(_endings())}")
    for path in readable:
        try:
            yield from _models(str(path))
        except DataError as error:  # the other files go on
            yield Model(str(path), UNREADABLE, (), 0, (), (str(error),))


def _is_readable(path: Path) -> bool:
    return model_names.is_model(path.name) or readers.find(path.name, readers.of_matrices()) is not None


def _endings() -> tuple[str, ...]:
    return (*readers.endings(readers.of_models()), *readers.endings(readers.of_matrices()))


# ---- files of models


def _model_file(path: str, pattern: str) -> Model:
    if not Path(path).is_file():
        raise UnknownDataset(f"{path}: there is no such file")
    if not model_names.has_tensors(Path(path)):
        raise DataError(f"{path}: its reader tells layers alone, and no tensors")
    model = model_names.tensors(Path(path))
    known = model_names.layer_names(model)
    weights = tuple(_of_tensor(path, name, tensor) for name, tensor in known.items())
    if pattern:
        weights = tuple(
            one for one, tensor in zip(weights, known.values(), strict=True) if _is_meant(pattern, one, tensor)
        )
        if not weights:
            model_names.find_tensor(Path(path), pattern)  # which says what there is
            raise UnknownDataset(f"{path} has no layer {pattern!r}")
    return Model(path, model.kind, model.files, _size(model), weights, model.notes)


def _is_meant(pattern: str, one: Weights, tensor: ModelTensor) -> bool:
    if pattern in (one.name, tensor.name):
        return True
    return tensor.role in MATRICES and fnmatch.fnmatchcase(one.name, pattern)


def _size(model: ModelFile) -> int:
    return sum(path.stat().st_size for path in model.files)


def _of_tensor(path: str, name: str, tensor: ModelTensor) -> Weights:
    matrix = len(tensor.shape) > 1 and tensor.role not in ("vector", "unread")
    return Weights(
        name,
        f"{path}#{name}",
        tensor.role,
        tensor.matrix_shape if matrix else None,
        tensor.dtype,
        tensor.nbytes,
        lambda: stored(tensor),
        tensor.scales.per if tensor.scales else "",
        tensor.note,
        pixels=tensor.pixels,
        tensor=tensor.name,
        scale_bytes=tensor.scales.nbytes if tensor.scales else 0,
    )


# ---- files of arrays, data sets


def _arrays(name: str) -> Model:
    """A file of one's own: each array of it that is a matrix, inputs by outputs, as in `run`."""
    own = OwnFile.of(name)
    assert own is not None
    if not own.path.is_file():
        raise UnknownDataset(f"{own.file}: there is no such file")
    reader = readers.find(own.file, readers.of_matrices())
    assert reader is not None
    size, whole = own.path.stat().st_size, True
    if reader.members and not own.member:
        known = reader_calls.members(reader, own.path)
        whole = reader_calls.is_whole(reader, own.path, known)
    if whole:
        return Model(name, reader.name, (own.path,), size, (_of_array(own, alone=True),))
    if reader is npz.READER:
        model = npz_file.read(own.path)
        weights = [_of_tensor(own.file, one.name, one) for one in model.tensors]
        return Model(name, reader.name, (own.path,), size, tuple(replace(one, source="file") for one in weights))
    return Model(name, reader.name, (own.path,), size, tuple(_of_array(replace(own, member=one)) for one in known))


def _of_array(own: OwnFile, alone: bool = False) -> Weights:
    """An array, or why it is none that can be read; of the only one of a file DataError."""
    name = own.member or Path(own.file).name

    def read() -> tuple[Any, str]:
        return files.stored(own.path, member=own.member, transposed=own.transposed, scratch=state_folder() / "matrices")

    try:
        matrix, note = read()
    except DataError as error:
        if alone:
            raise
        return Weights(name, own.name, "unread", None, "", 0, read, note=str(error), source="file")
    n, m = matrix.shape
    nbytes = n * m * matrix.dtype.itemsize
    return Weights(name, own.name, "product", (n, m), name_of(matrix.dtype), nbytes, read, "", note, "file", 1)


def _data_sets(names: Sequence[str]) -> Model:
    """Matrices of the registry, layers of one model or a single one, fetched if they are not there."""
    weights = tuple(map(_data_set, names))
    model, _, layer = names[0].partition("#")
    name = model if layer and len(names) > 1 else names[0]
    return Model(name, weights[0].source, (), sum(one.nbytes for one in weights), weights)


def _data_set(name: str) -> Weights:
    matrix = datasets.load(name, cache_dir=state_folder(), progress=True)
    n, m = matrix.matrix.shape
    role: Role = "product" if (pixels := datasets.pixels(name)) else "depthwise"
    return Weights(
        matrix.name.rpartition("#")[2],
        matrix.name,
        role,
        (n, m),
        matrix.dtype,
        n * m * matrix.matrix.dtype.itemsize,
        lambda: (matrix.matrix, matrix.reason),
        source=matrix.source,
        note=matrix.reason,
        pixels=pixels,
    )


# ---- roles that were said


def _with_roles(weights: Sequence[Weights], roles: Mapping[str, str], left: dict[str, bool]) -> Iterator[Weights]:
    for one in weights:
        for pattern, role in roles.items():
            if one.shape and (fnmatch.fnmatchcase(one.name, pattern) or one.name == pattern):
                left[pattern] = False
                one = _as(one, role)
        yield one


def _as(one: Weights, role: str) -> Weights:
    assert role in ROLE_NAMES and one.shape
    if role == "gather":
        return replace(one, role="gather")
    if role == "product":
        return replace(one, role="product")

    def transposed() -> tuple[Any, str]:
        matrix, note = one.read()
        return matrix.T, note

    shape = one.shape[1], one.shape[0]
    return replace(one, role="product", shape=shape, read=transposed, transposed=True)
