"""Bounds on the size of a matrix, in bits: what no code, or no code of a kind, goes below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.huffman import Code
from dotbench.formats.sources.source import Source, blocks


@dataclass(frozen=True)
class Bounds:
    """Bits for the whole matrix (formats.md section 3; log2 C(nm, nnz) assumes no structure).

    ``entropy``: zero-order entropy of all entries (H0). ``huffman``: the codewords of a Huffman code of all
    entries, its table left out. ``positions_values``: zero-order entropy of the gaps down the columns plus
    that of the nonzero values; independent coding of both reaches it.
    """

    entropy: float
    huffman: float
    positions_values: float

    def bits(self, name: str) -> float:
        """A bound by the name that follows ``bound:``."""
        return {"h0": self.entropy, "huffman": self.huffman, "positions_values": self.positions_values}[name]


def entropy_bits(counts: npt.NDArray[np.int64]) -> float:
    """Zero-order entropy of a histogram times its total.

    >>> entropy_bits(np.array([2, 2]))
    4.0
    """
    counts = counts[counts > 0].astype(np.float64)
    total = counts.sum()
    return float(total * np.log2(total) - (counts * np.log2(counts)).sum()) if total else 0.0


def gap_counts(source: Source) -> npt.NDArray[np.int64]:
    """How often each gap occurs: a column's first row + 1, then differences of rows; all columns pooled."""
    counts = np.zeros(source.shape[0] + 1, np.int64)
    for _, _, columns in blocks(source):
        gaps = np.diff(columns.rows, prepend=np.int32(-1))
        first = columns.indptr[:-1][columns.counts() > 0]
        gaps[first] = columns.rows[first] + 1
        counts += np.bincount(gaps, minlength=len(counts))
    return counts


def bounds(source: Source) -> Bounds:
    """All bounds of a matrix."""
    n, m = source.shape
    histogram = source.histogram()
    zeros = n * m - histogram.nnz
    return Bounds(
        entropy_bits(np.append(histogram.counts, zeros)),
        float(Code.of(histogram.by_frequency(zeros)).stream_bits),
        entropy_bits(gap_counts(source)) + entropy_bits(histogram.counts),
    )
