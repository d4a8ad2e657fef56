"""The kinds of files that are read here: how each is read and used, its own errors, and a few good ones to start from.

What is tested is imported when it is needed, so that a fuzzer can put its counters into it first.
"""

from __future__ import annotations

import importlib
import math
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fuzzing import made

Read = Callable[[bytes, Path], object]
Mutate = Callable[[Callable[[bytes, int], bytes], bytes, int, int], bytes]
ENTRIES = 1 << 18  # of a matrix that is looked at as a whole: more takes its time with right


@dataclass(frozen=True)
class Kind:
    """``read`` raises one of ``errors()`` and nothing else; ``mutate`` takes part in making inputs."""

    read: Read
    errors: Callable[[], tuple[type[Exception], ...]]
    seeds: Callable[[], list[bytes]]
    suffix: str = ""
    mutate: Mutate | None = None
    longest: int = 10240


READ_WITH = (
    "dotbench.bench.record.journal",
    "dotbench.bench.record.columns",
    "dotbench.bench.record.csv_file",
    "dotbench.datasets.files",
    "dotbench.datasets.models",
    "dotbench.datasets.models.names",
    "dotbench.datasets.sham_archive",
    "dotbench.formats.packs.pack",
)


def load() -> None:
    """Imports all that the kinds read with."""
    for name in READ_WITH:
        importlib.import_module(name)


def _matrix(data: bytes, path: Path) -> None:
    """A file of a name that says its kind, through the door of all such files; the source is used."""
    from dotbench.datasets import files

    path.write_bytes(data)
    source, _ = files.read(path, scratch=path.parent)
    n, m = source.shape
    source.histogram()
    if (n + 1) * (m + 1) <= ENTRIES:
        source.columns(m // 2, m)
    del source  # gives its place on disk back


def _packed(data: bytes, path: Path) -> None:
    """The first byte chooses among the ways that text is packed."""
    if data:
        _matrix(data[1:], path.with_suffix(made.PACKED[data[0] % len(made.PACKED)]))


def _pattern(data: bytes, path: Path) -> None:
    from dotbench.datasets.patterns import read_pattern

    path.write_bytes(data)
    read_pattern(path)


def _tflite(data: bytes, path: Path) -> None:
    from dotbench.datasets import DataError
    from dotbench.datasets.models import parse
    from dotbench.datasets.models.tflite import tensors as tflite_tensors

    with suppress(DataError):
        for tensor in tflite_tensors.parse(data, Path("fuzzed")).tensors:
            with suppress(DataError):
                assert tensor.array().shape == tensor.shape
    for layer in parse(data, "fuzzed").layers:
        assert layer.nnz <= layer.weights.size


def _tensors(data: bytes, path: Path) -> None:
    """A model of a name that says its kind: the numbers of small tensors that can be had are looked at."""
    from dotbench.datasets import DataError
    from dotbench.datasets.models import names

    path.write_bytes(data)
    for tensor in names.tensors(path).tensors:
        if math.prod(tensor.shape) > ENTRIES:
            continue
        with suppress(DataError):
            assert tensor.array().shape == tensor.shape
            assert tensor.role not in ("product", "tied") or tensor.matrix().shape == tensor.matrix_shape


def _pickle(data: bytes, path: Path) -> None:
    """One pickle that is stream and code at once."""
    from dotbench.datasets import sham_archive

    path.write_bytes(data)
    sham_archive.decode(sham_archive.read(path, path), made.ARCHIVE_ROWS)


def _payload(data: bytes, path: Path) -> None:
    """Saved, with a checksum that fits what was damaged, loaded, multiplied with."""
    import numpy as np

    from dotbench import formats

    path.write_bytes(made.resealed(data))
    payload = formats.load(path)
    n, m = payload.shape
    if (n + 1) * (m + 1) <= ENTRIES:
        payload.sections  # noqa: B018
        payload.dot(np.ones((2, n), payload.kernel.arithmetic.inputs))
        payload.decode()


def _pack(data: bytes, path: Path) -> None:
    """A whole model: every tensor that is not large, as it was before."""
    from math import prod

    import dotbench

    path.write_bytes(data)
    with dotbench.open_pack(path) as pack:
        for name in pack.names:
            if prod(pack.shape(name)) <= ENTRIES:
                pack.tensor(name)


def _sheet(data: bytes, path: Path) -> None:
    from dotbench.bench.metrics import registry
    from dotbench.bench.record import csv_file

    file = sorted(registry.names())[data[0] % len(registry.names())] if data else "space"
    csv_file.read(data[1:].decode("utf-8", "replace"), file).rows()


def _journal(data: bytes, path: Path) -> None:
    from dotbench.bench.record.journal import Journal

    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    path.write_bytes(data)
    with Journal(path) as journal:
        for identity, _ in journal.rows():
            journal.finished(identity)
        journal.finished_passes()
        journal.machines()
        journal.inputs()


def _tflite_mutation(mutate: Callable[[bytes, int], bytes], data: bytes, most: int, seed: int) -> bytes:
    """Half of the time as `fuzz_tflite` damages models: offsets and lengths that lead elsewhere."""
    import fuzz_tflite

    rng = random.Random(seed)
    if len(data) < 64 or rng.random() < 0.5:
        return mutate(data, most)
    return fuzz_tflite.mutate(data, rng)[:most]


def _data_error() -> tuple[type[Exception], ...]:
    from dotbench.datasets import DataError

    return (DataError,)


def _payload_error() -> tuple[type[Exception], ...]:
    from dotbench.formats import PayloadError

    return (PayloadError,)


def _pack_error() -> tuple[type[Exception], ...]:
    from dotbench.formats import PayloadError
    from dotbench.formats.packs.errors import PackError

    return PackError, PayloadError


def _sheet_error() -> tuple[type[Exception], ...]:
    from dotbench.bench.record.csv_file import SheetError

    return (SheetError,)


def _journal_error() -> tuple[type[Exception], ...]:
    from dotbench.bench.record.journal import JournalError

    return (JournalError,)


KINDS = {
    "npy": Kind(_matrix, _data_error, made.arrays, ".npy"),
    "npz": Kind(_matrix, _data_error, made.archives, ".npz"),
    "mtx": Kind(_matrix, _data_error, made.markets, ".mtx"),
    "csv": Kind(_matrix, _data_error, made.tables, ".csv"),
    "packed": Kind(_packed, _data_error, made.packed),
    "smtx": Kind(_pattern, _data_error, made.patterns, ".smtx"),
    "tflite": Kind(_tflite, _data_error, made.models, ".tflite", _tflite_mutation, longest=100_000),
    "safetensors": Kind(_tensors, _data_error, made.safetensors_models, ".safetensors"),
    "torch": Kind(_tensors, _data_error, made.torch_models, ".pt"),
    "onnx": Kind(_tensors, _data_error, made.onnx_models, ".onnx"),
    "gguf": Kind(_tensors, _data_error, made.gguf_models, ".gguf"),
    "keras": Kind(_tensors, _data_error, made.keras_models, ".h5", longest=65536),
    "pickle": Kind(_pickle, _data_error, made.pickles),
    "payload": Kind(_payload, _payload_error, made.payloads, ".dbp"),
    "pack": Kind(_pack, _pack_error, made.packs, ".safetensors"),
    "sheet": Kind(_sheet, _sheet_error, made.sheets),
    "journal": Kind(_journal, _journal_error, made.journals, ".sqlite", longest=65536),
}
