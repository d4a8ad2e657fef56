"""Models of Keras, .h5, .hdf5 and .keras, and data sets in other HDF5 files, whose names their paths are.

HDF5 is read in a process of its own. What it says is held against the file here; numbers that lie there as they are
are mapped, and packed ones come from that process when they are asked for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import LEAST_ARRAYS, check_sides, check_unpacked
from dotbench.datasets.models.keras import archive as keras_archive
from dotbench.datasets.models.keras import config as keras_config
from dotbench.datasets.models.keras import process as keras_process
from dotbench.datasets.models.keras.config import NONE, LayerConfig
from dotbench.datasets.models.keras.names import OPTIMIZER, Variable, variables
from dotbench.datasets.models.keras.process import Part
from dotbench.datasets.models.keras.roles import role_of
from dotbench.datasets.models.model_file import MATRICES, ModelFile, ModelTensor, Scales

WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int8": 1}  # of the types that are read
GZIP = 1032  # times, at the most, that gzip makes anything smaller
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LAST_SIGNATURE = 1 << 24  # where one is looked for: HDF5 files may start behind a block of their user's
INT4 = "two numbers in a byte, as Keras quantises to int4, are not read: save the model before it is quantised"


@dataclass(frozen=True)
class _Stored:
    """A data set as the file has it; ``offset`` in the part, None where numbers do not lie there as they are."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    stored: int
    offset: int | None
    filters: int
    why: str

    @property
    def nbytes(self) -> int:
        """Of its numbers, unpacked; what is stored, of types that are not read."""
        width = WIDTHS.get(self.dtype)
        return self.stored if width is None else math.prod(self.shape) * width

    def unread(self) -> str:
        """Why its numbers cannot be had, "" where they can."""
        if self.dtype not in WIDTHS:
            return f"it holds {self.dtype}: {', '.join(WIDTHS)} are read"
        return self.why or ("nothing of it is stored" if self.nbytes and not self.stored else "")


def read(path: Path) -> ModelFile:
    """All variables of a model but its optimizer's, in the order of its layers; DataError where it cannot be read."""
    part, config = _opened(path)
    found = keras_process.listing(part)
    sets = {one["path"]: _Stored(**{**one, "shape": tuple(one["shape"])}) for one in found["tensors"]}
    for one in sets.values():
        _check(part, one)
    model = keras_config.parse(config or "".join(found["groups"].get("", {}).get("model_config", ())))
    try:
        known = variables([*sets, *_named_again(found)], found["groups"], model)
    except DataError as error:
        raise DataError(f"{path} cannot be read as a model: {error}") from error
    names, again = _names(known), found["aliases"]
    tensors = []
    for variable in _once(known, again):
        tensors.append(_tensor(part, sets[again.get(variable.path, variable.path)], variable, names[variable.path]))
    kept = {again.get(one.path, one.path) for one in known}
    return ModelFile(
        path, "keras", (path,), tuple(_with_scales(tensors)), tuple(_notes(sets, kept, known, again, model))
    )


def _opened(path: Path) -> tuple[Part, str]:
    """Where the HDF5 file lies, and the configuration that is beside it ("" for none)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
        if start == b"PK\3\4":
            return keras_archive.opened(path)
        at = 0
        while at < min(size, LAST_SIGNATURE):
            file.seek(at)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return Part(path, 0, size), ""
            at = max(512, 2 * at)
    raise DataError(f"{path} cannot be read as a model: it is neither an HDF5 file nor an archive of Keras's. {CUT}")


def _check(part: Part, one: _Stored) -> None:
    """DataError where a data set claims more than is stored for it, or lies elsewhere than in the file."""
    what = f"{part.path}#{one.path}"
    if one.stored > part.size:
        raise DataError(f"{what} claims to be stored in {one.stored} bytes of {part.size}; {CUT}")
    if one.dtype not in WIDTHS or one.why:
        return
    if 0 in one.shape:
        check_sides(what, one.shape, part.size)
        return
    check_unpacked(what, part.size, one.nbytes, LEAST_ARRAYS)
    if one.stored and one.nbytes > one.stored * (GZIP if one.filters else 1):
        raise DataError(f"{what} claims {one.nbytes} bytes of numbers, and {one.stored} are stored; {CUT}")
    if one.offset is not None and not 0 <= one.offset <= part.size - one.nbytes:
        raise DataError(f"{what} claims to lie at {one.offset}, of {part.size} bytes; {CUT}")


def _named_again(found: dict[str, Any]) -> list[str]:
    """Other paths of the same data sets: a list of names may have these."""
    sets = {one["path"] for one in found["tensors"]}
    return [path for path, first in found["aliases"].items() if first in sets]


def _once(known: list[Variable], again: dict[str, str]) -> Iterator[Variable]:
    """The first of several variables that are one data set."""
    seen = set()
    for one in known:
        first = again.get(one.path, one.path)
        if first not in seen:
            seen.add(first)
            yield one


def _names(known: list[Variable]) -> dict[str, str]:
    """By their paths, what variables are called: by layer and variable, by path where two would have one name."""
    short = {one.path: "/".join(one.parts) for one in known}
    count = Counter(short.values())
    return {path: path if count[name] > 1 or (name != path and name in short) else name for path, name in short.items()}


def _tensor(part: Part, one: _Stored, variable: Variable, name: str) -> ModelTensor:
    why = one.unread()
    role, orientation, shape = role_of(variable.kind, list(variable.parts), one.shape, variable.settings)
    if not why and one.dtype == "int8" and role != "vector" and "int4" in json.dumps(variable.settings.get("dtype")):
        why = INT4
    if why and (role != "vector" or one.dtype in WIDTHS):
        return ModelTensor(name, "unread", one.dtype, one.shape, one.stored, _refusing(name, why), note=why)
    array = _refusing(name, why) if why else _array(part, one, shape)
    note = f"{list(one.shape)} in the file" if shape != one.shape and role != "depthwise" else ""
    return ModelTensor(name, role, one.dtype, shape, one.nbytes, array, orientation, note=note)


def _array(part: Part, one: _Stored, shape: tuple[int, ...]) -> Callable[[], npt.NDArray[Any]]:
    def array() -> npt.NDArray[Any]:
        if not one.nbytes:
            return keras_process.viewed(np.zeros(0, np.uint8), one.dtype, shape)
        if one.offset is None:
            return keras_process.numbers(part, one.path, one.dtype, one.shape, one.nbytes).reshape(shape)
        data = np.asarray(np.memmap(part.path, np.uint8, "r", part.start + one.offset, (one.nbytes,)))
        return keras_process.viewed(data, one.dtype, shape)

    return array


def _refusing(name: str, why: str) -> Callable[[], npt.NDArray[Any]]:
    def array() -> npt.NDArray[Any]:
        raise DataError(f"{name} is not read: {why}")

    return array


def _with_scales(tensors: list[ModelTensor]) -> Iterator[ModelTensor]:
    """Keras's own int8: beside a kernel there is a scale for each output, beside a table one for each row."""
    known = {one.name: one for one in tensors}
    for one in tensors:
        scale = known.get(f"{one.name}_scale")
        if one.dtype == "int8" and one.role in MATRICES and scale and scale.shape == one.matrix_shape[1:]:
            yield replace(one, scales=Scales("output", scale.nbytes))  # a table's rows are its outputs
        else:
            yield one


def _notes(
    sets: dict[str, _Stored], kept: set[str], known: list[Variable], again: dict[str, str], model: LayerConfig
) -> Iterator[str]:
    left = [one for path, one in sets.items() if path not in kept and OPTIMIZER.match(path)]
    if left:
        yield f"{len(left)} variables of the optimizer are left out: {sum(one.nbytes for one in left)} bytes"
    twice = sorted(one.path for one in known if one.path in again and again[one.path] in kept)
    if twice:
        yield f"{len(twice)} of its names lead to what another one names: {', '.join(twice[:4])}"
    if model is NONE:
        yield "no configuration of a model: what its variables are for is told by their names"
