"""The kinds of files that can be read: the built-in tuple, and what other packages bring as ``dotbench.readers``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from dotbench.cdot.entry_points import Broken, Wrong, loaded
from dotbench.datasets.kinds import (
    csv,
    gguf,
    keras,
    mtx,
    npy,
    npz,
    onnx,
    safetensors,
    smtx,
    tflite,
    torch,
)
from dotbench.datasets.reader import Reader
from dotbench.datasets.reader_faults import faults

GROUP = "dotbench.readers"
ALL: tuple[Reader, ...] = (
    npy.READER,
    npz.READER,
    mtx.READER,
    csv.READER,
    smtx.READER,
    tflite.READER,
    gguf.READER,
    keras.READER,
    onnx.READER,
    safetensors.READER,
    torch.READER,
)
TABLE = csv.READER  # what reads a registered file whose name ends in nothing that is known


def _checked(reader: Any, point: EntryPoint, found: list[Reader]) -> Reader:
    if not isinstance(reader, Reader):
        raise Wrong(f"{reader!r:.80} is no dotbench.datasets.reader.Reader")
    if wrong := faults(reader, (*ALL, *found)):
        raise Wrong("; ".join(wrong))
    return reader


@cache
def _plugins() -> tuple[list[Reader], list[Broken]]:
    return loaded(GROUP, _checked)


def broken() -> tuple[str, ...]:
    """A line for each plug-in that is left out: which, and why."""
    return tuple(map(str, _plugins()[1]))


def every() -> tuple[Reader, ...]:
    """All readers, built-in ones first.

    >>> [reader.name for reader in every()][:4]
    ['npy', 'npz', 'mtx', 'csv']
    """
    return (*ALL, *_plugins()[0])


def of_matrices() -> tuple[Reader, ...]:
    """Those that read matrices in files of one's own."""
    return tuple(reader for reader in every() if reader.read and reader.own)


def of_models() -> tuple[Reader, ...]:
    """Those that read layers of models."""
    return tuple(reader for reader in every() if reader.model or reader.tensors)


def endings(readers: Iterable[Reader]) -> tuple[str, ...]:
    """What names of their files end in, packed ones included.

    >>> endings(of_matrices())[:4]
    ('.npy', '.npz', '.mtx', '.mtx.gz')
    """
    return tuple(ending for reader in readers for ending in reader.endings)


def find(name: str, among: Iterable[Reader]) -> Reader | None:
    """The reader of a file's name; of several the one with the longest ending."""
    fitting = [reader for reader in among if reader.takes(name)]
    return max(
        fitting, key=lambda reader: max(len(end) for end in reader.endings if name.lower().endswith(end)), default=None
    )


def split(name: str, among: Iterable[Reader]) -> tuple[str, str] | None:
    """File and member of ``FILE#MEMBER``; None for another name.

    >>> split("nets/a.tflite#05_*", of_models()), split("a#b.tflite", of_models())
    (('nets/a.tflite', '05_*'), None)
    """
    ends = [at + len(end) for end in endings(among) if (at := name.lower().rfind(f"{end}#")) > 0]
    return (name[: max(ends)], name[max(ends) + 1 :]) if ends else None
