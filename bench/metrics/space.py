"""Space: encode a matrix, verify that nothing was lost, and count the bytes. Exact on every machine."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dotbench import formats
from dotbench.bench.counting.bounds import Bounds
from dotbench.bench.counting.bounds import bounds as bounds_of
from dotbench.bench.metrics.column import count, error, number, truth, word
from dotbench.bench.metrics.figure import SIZE, Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.plots import Axis
from dotbench.bench.plan.cell import BOUNDS, Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.code_hash.roots import PRODUCTS, PRODUCTS_C, SOURCE, Roots
from dotbench.bench.record.identity import bounds_sha
from dotbench.bench.record.sealed import read_sealed, write_beside, write_sealed
from dotbench.bench.targets import peers
from dotbench.bench.targets.checked import cached_reference
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.watched import Watched
from dotbench.cdot.bfloat16 import name_of
from dotbench.cdot.fresh import new_path
from dotbench.datasets.cache import CachedSource
from dotbench.formats.format import Format
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source, blocks, matrix_sha256
from dotbench.formats.value_types import given_to

if TYPE_CHECKING:
    from dotbench.bench.metrics.events import Wire
    from dotbench.bench.metrics.messages import Task

ROOTS = {
    "format": Roots(
        (f"{__name__}.encode", f"{__name__}.columns_of_row", f"{__name__}.cached_bounds", SOURCE),
        kernel="decoding",  # scratch_bytes, and what the payload decodes to
        apart=PRODUCTS,
        c_apart=PRODUCTS_C,
    ),
    "peer": Roots((f"{__name__}._stored", f"{__name__}._sizes", f"{__name__}.cached_bounds", SOURCE), c_only=()),
    "bound": Roots((f"{__name__}.columns_of_bound", f"{__name__}.cached_bounds", SOURCE), apart=PRODUCTS),
}


class LostSomething(ArithmeticError):
    """A lossless format whose payload does not decode to the matrix."""


@dataclass(frozen=True)
class Encoded:
    """A payload, the format that wrote it, the seconds that encoding took, and the relative Frobenius error of what
    it holds."""

    payload: Payload
    format: Format
    seconds: float
    error: float


def encode(format_: Format, source: Source, sha256: str) -> Encoded:
    """Encodes and verifies: a lossless payload has to decode to a matrix with the same hash."""
    if name_of(source.dtype) not in given_to(format_):
        stored = " and ".join(given_to(format_))
        raise TypeError(f"{format_} stores {stored}, and this matrix is {name_of(source.dtype)}: choose another format")
    start = time.perf_counter()
    payload = format_.encode(source)
    seconds = time.perf_counter() - start
    same = matrix_sha256(payload) == sha256
    if format_.lossless and not same:
        raise LostSomething(f"{format_} is lossless, and its payload decodes to another matrix")
    return Encoded(payload, format_, seconds, 0.0 if same else frobenius_error(payload, source))


def frobenius_error(payload: Payload, source: Source) -> float:
    """|W - W'| / |W| in the Frobenius norm, W' what the payload holds."""
    n = source.shape[0]
    wrong = norm = 0.0
    for begin, end, columns in blocks(source):
        exact = columns.dense(n, np.float64)
        wrong += float(((exact - payload.columns(begin, end).dense(n, np.float64)) ** 2).sum())
        norm += float((exact**2).sum())
    return (wrong / norm) ** 0.5 if norm else 0.0


def columns_of_row(encoded: Encoded, source: Source, bounds: Bounds) -> dict[str, Any]:
    """The columns of space.csv behind those that all files have."""
    payload, format_ = encoded.payload, encoded.format
    n, m = source.shape
    return {
        **_sizes(source, bounds, payload.nbytes, 8 * payload.nbytes),
        "lossless": encoded.error == 0.0,
        "error": encoded.error,
        "header_bytes": payload.header_bytes,
        "scratch_bytes": payload.scratch_bytes,
        "paper_bits_per_entry": format_.paper_bits(source) / (n * m) if n * m else None,
    }


def _sizes(source: Source, bounds: Bounds, size: int, bits: float) -> dict[str, Any]:
    """The columns that payloads, peers and bounds share: what the matrix is, and ``bits`` against it."""
    n, m = source.shape
    histogram = source.histogram()
    entries, nnz = n * m, histogram.nnz
    return {
        "n": n,
        "m": m,
        "nnz": nnz,
        "distinct": len(histogram.values),
        "dtype": name_of(source.dtype),
        "lossless": True,
        "error": 0.0,
        "bytes": size,
        "bits_per_entry": bits / entries if entries else None,
        "bits_per_nonzero": bits / nnz if nnz else None,
        "ratio": 8 * source.dtype.itemsize * entries / bits if bits else None,
        "entropy_bits_per_entry": bounds.entropy / entries if entries else None,
        "x_bound": bits / bounds.positions_values if bounds.positions_values else None,
    }


def cached_bounds(source: Source, folder: Path) -> Bounds:
    """The bounds of a matrix from its folder, counted if they are not there yet, or damaged."""
    path = folder / f"bounds-{bounds_sha()}.sealed"
    if stored := read_sealed(path):
        return Bounds(**json.loads(stored))
    made = bounds_of(source)
    write_sealed(path, json.dumps(asdict(made)).encode())
    return made


def columns_of_bound(name: str, source: Source, bounds: Bounds) -> dict[str, Any]:
    """The row of ``bound:h0``, ``bound:huffman`` or ``bound:positions_values``: bits, and whole bytes."""
    bits = bounds.bits(name.removeprefix("bound:"))
    return _sizes(source, bounds, -(-math.ceil(bits) // 8), bits)


def _one(cell: Cell, task: Task, source: Source, bounds: Bounds) -> dict[str, Any]:
    """A cell's columns; what is stored goes to its path."""
    if cell.format in BOUNDS:
        return columns_of_bound(cell.format, source, bounds)
    path = task.paths[cell.label]
    if peers.is_peer(cell.label):
        start = time.perf_counter()
        size = _stored(Watched(peers.parse(cell.label)), source, path)
        return {**_sizes(source, bounds, size, 8 * size), "encode_seconds": time.perf_counter() - start}
    encoded = encode(formats.parse(cell.label), source, task.sha256)
    encoded.payload.save(path)
    return {**columns_of_row(encoded, source, bounds), "encode_seconds": encoded.seconds}


def _stored(peer: Peer | Watched, source: Source, path: Path) -> int:
    """Bytes of what a peer stores, in a file that is written whole or not at all; OSError says what to do."""
    new = new_path(path)  # of its own: two runs may store the same at once
    try:
        size = peer.store(source, new)
        new.replace(path)
        write_beside(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        words = f"what {peer} stores cannot be written: {error.strerror}. Free some room or choose another folder"
        raise OSError(error.errno, words, str(path)) from error
    return size


def cells(plan: Plan, dataset: str) -> Iterator[Cell]:
    """Every format, the peers that store something, and the bounds."""
    for one in plan.formats:
        yield Cell("space", dataset, one.name, one.params)
    for peer in plan.peers:
        if peer.stored:
            yield Cell("space", dataset, peer.name, peer.params)
    for bound in BOUNDS if plan.bounds else ():
        yield Cell("space", dataset, bound)


def measure(task: Task, cells: list[Cell], wire: Wire) -> None:
    """Encodes a cached matrix in every format asked for, verifies, saves, and counts bytes."""
    source = CachedSource(task.matrix)
    folder = task.folder
    folder.mkdir(parents=True, exist_ok=True)
    for batch in task.batches:
        cached_reference(source, task.sha256, batch, folder)
    bounds = cached_bounds(source, folder)
    for cell in cells:
        wire.start(cell)
        if peers.is_peer(cell.label) and (lack := peers.lack(peers.parse(cell.label))):
            wire.lack(cell, "unavailable", lack)
            continue
        try:
            wire.done(cell, _one(cell, task, source, bounds))
        except formats.TooMuchWork as error:
            wire.lack(cell, "skipped", str(error))
        except Exception as error:
            wire.fail(cell, error)


METRIC = Metric(
    name="space",
    summary="bytes of a payload, exact and the same on every machine, beside bounds and the published formula",
    columns=(
        count("n", "rows", "inputs of the layer"),
        count("m", "columns", "outputs of the layer"),
        count("nnz", "entries", "entries that are not zero"),
        count("distinct", "values", "distinct values among the nonzeros"),
        word("dtype", "what the matrix's values are: float32, int8, float16 or bfloat16"),
        truth("lossless", "whether the payload decodes to the same matrix"),
        error("error", "relative Frobenius error of what the payload holds"),
        count("bytes", "bytes", "length of the payload, all that a product needs; of a bound rounded up"),
        count("header_bytes", "bytes", "of these its header, padding included"),
        count("scratch_bytes", "bytes", "workspace that opening and multiplying need besides the payload"),
        number("bits_per_entry", 8, "bits", "8 bytes / (n m)"),
        number("bits_per_nonzero", 8, "bits", "8 bytes / nnz"),
        number("ratio", 4, "", "how many times smaller than the dense matrix in its own type"),
        number("paper_bits_per_entry", 8, "bits", "size by the published formula"),
        number("entropy_bits_per_entry", 8, "bits", "zero-order entropy of all entries"),
        number("x_bound", 4, "", "size over the bound of positions plus values"),
    ),
    figures=(Figure("bytes", SIZE, limit="0%"), Figure("scratch_bytes", SIZE), Figure("error", SIZE)),
    kept=("encode_seconds",),
    roots=ROOTS,
    cells=cells,
    measure=measure,
    axes=(
        Axis("bytes", "size in bytes", "bytes", place=1, usual=True),
        Axis("bits_per_nonzero", "bits per nonzero", place=2),
        Axis("bits_per_entry", "bits per entry", place=3),
        Axis("scratch_bytes", "workspace in bytes", "bytes", place=4),
        Axis("error", "error of the matrix", "share", place=98),
    ),
    shown=1,
)
