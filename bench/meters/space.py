"""Space: encode a matrix, verify that nothing was lost, and count the bytes. Exact on every machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.bounds import Bounds
from formats.format import Format
from formats.payload import Payload
from formats.source import Source, blocks, matrix_sha256


class LostSomething(ArithmeticError):
    """A lossless format whose payload does not decode to the matrix."""


@dataclass(frozen=True)
class Encoded:
    """A payload, the seconds that encoding took, and the relative Frobenius error of what it holds."""

    payload: Payload
    seconds: float
    error: float


def encode(format_: Format, source: Source, sha256: str) -> Encoded:
    """Encodes and verifies: a lossless payload has to decode to a matrix with the same hash."""
    start = time.perf_counter()
    payload = format_.encode(source)
    seconds = time.perf_counter() - start
    same = matrix_sha256(payload) == sha256
    if format_.lossless and not same:
        raise LostSomething(f"{format_} is lossless, and its payload decodes to another matrix")
    return Encoded(payload, seconds, 0.0 if same else frobenius_error(payload, source))


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
    payload, format_ = encoded.payload, encoded.payload.format
    n, m = source.shape
    histogram = source.histogram()
    entries, nnz, stored_bits = n * m, histogram.nnz, 8 * payload.nbytes
    return {
        "n": n,
        "m": m,
        "nnz": nnz,
        "distinct": len(histogram.values),
        "dtype": source.dtype.name,
        "lossless": encoded.error == 0.0,
        "error": encoded.error,
        "bytes": payload.nbytes,
        "header_bytes": payload.header_bytes,
        "scratch_bytes": payload.scratch_bytes,
        "bits_per_entry": stored_bits / entries if entries else None,
        "bits_per_nonzero": stored_bits / nnz if nnz else None,
        "ratio": source.dtype.itemsize * entries / payload.nbytes,
        "paper_bits_per_entry": format_.paper_bits(source) / entries if entries else None,
        "entropy_bits_per_entry": bounds.entropy / entries if entries else None,
        "x_bound": stored_bits / bounds.positions_values if bounds.positions_values else None,
    }
