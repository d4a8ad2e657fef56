"""What a reader is: one kind of file that holds matrices, or layers of a model, one object a kind.

The registry is `dotbench.datasets.readers`; other packages bring readers as entry points ``dotbench.readers``. Their
conformance class is `dotbench.bench.conformance.reader.ReaderConformance`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.layer import Model
from dotbench.datasets.models.model_file import ModelFile
from dotbench.formats.sources.source import Source

PACKED = ("", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Wanted:
    """What is asked of a file: ``member``, an array of several; ``drop``, columns of a table to leave out;
    ``scratch``, a folder in which rows may be put aside."""

    member: str = ""
    drop: tuple[int, ...] = ()
    scratch: Path | None = None


@dataclass(frozen=True)
class Streamed:
    """A matrix that a reader has already made a source of, and what was done to its numbers ("" for nothing)."""

    source: Source
    note: str


Read = Callable[[Path, Wanted], Any]
Write = Callable[[Path, npt.NDArray[np.float32]], None]


@dataclass(frozen=True, eq=False)
class Reader:
    """One kind of file. Files are untrusted: what is damaged is a `DataError` that names the file and what is wrong.

    ``name``, ``summary``: for people. ``suffixes``: what names of such files end in, lower case, with the point;
    ``packed``: they may be packed by gzip, bzip2 or xz besides.

    ``read(path, wanted)``: the matrix, n inputs by m outputs: a numpy array of two dimensions, a scipy matrix, or
    `Streamed`; int8 stays, all else becomes float32. ``members(path)``: the names of a file's arrays, where it may hold
    several; ``is_whole(names)``: whether arrays of these names are one matrix together.

    ``tensors(path)``: of a model file, instead of ``read``: all its tensors and what they are for; nothing of them is
    read yet. Those that are matrices are named ``FILE#TENSOR``. ``model(path)``: of a file that says of its layers what
    a product on a microcontroller needs besides (scales, window, signals).

    ``extra``: of pyproject.toml, with the package and the module that it needs beyond `run`'s: ("models", "onnx").

    ``write(path, W)``: makes such a file of a float32 matrix, inputs by outputs, for the tests that hold ``read``
    against the conformance class.

    ``own``: files of one's own may end so. ``version``: another one makes the cache forget what was read.
    """

    name: str
    summary: str
    suffixes: tuple[str, ...]
    read: Read | None = None
    packed: bool = False
    members: Callable[[Path], Sequence[str]] | None = None
    is_whole: Callable[[Sequence[str]], bool] = lambda names: len(names) == 1
    model: Callable[[Path], Model] | None = None
    tensors: Callable[[Path], ModelFile] | None = None
    extra: tuple[str, str] | None = None
    own: bool = True
    version: int = 0
    write: Write | None = None

    @property
    def endings(self) -> tuple[str, ...]:
        """All that names of its files may end in."""
        return tuple(suffix + packed for suffix in self.suffixes for packed in (PACKED if self.packed else ("",)))

    def takes(self, name: str) -> bool:
        """Whether a file's name is of this kind."""
        return name.lower().endswith(self.endings)
