"""How few bytes a format can take for a matrix, so that those which cannot win are not encoded.

What a code of the values takes at the least is their entropy. It is that of all entries where there are few; else it is
estimated from a sample, one entry of each of 2^17 equal ranges, by how often two of these are alike: the collision
entropy, which is not above Shannon's, a little lowered. So a bound is sure but for the chance of the sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np

from dotbench.formats.format import Format
from dotbench.formats.packs.negative_zeros import Words, Zeros
from dotbench.formats.payloads.header import unsigned

SAMPLE = 1 << 17  # entries
LOWERED = 0.25  # bits, four times what the estimate of 2^17 entries is off where values are alike at all


@dataclass(frozen=True)
class Counts:
    """Of a matrix: ``n``, ``m``, ``width`` of a value in bytes, ``nnz``; ``entropy`` of the nonzeros in bits, and how
    many are ``distinct``, both at the least."""

    n: int
    m: int
    width: int
    nnz: int
    entropy: float
    distinct: float

    @property
    def entries(self) -> int:
        return self.n * self.m

    @property
    def codebook(self) -> float:
        return self.width * self.distinct

    @property
    def entropy_of_all(self) -> float:
        """Of all entries, zeros too, in bits."""
        share = self.nnz / self.entries if self.entries else 0.0
        places = -sum(part * log2(part) for part in (share, 1 - share) if part)
        return places + share * self.entropy


def counts_of(words: Words, shape: tuple[int, int], zeros: Zeros, is_float: bool) -> Counts:
    """From the bits of the entries, as `negative_zeros.words_of` gives them, and what is known of zeros."""
    nonzeros, sampled = _sample(words, is_float)
    if sampled:
        entropy, distinct = _collisions(nonzeros, zeros.nonzeros)
    else:
        shares = np.unique(nonzeros, return_counts=True)[1] / max(len(nonzeros), 1)
        entropy, distinct = float(-(shares * np.log2(shares)).sum()), float(len(shares))
    return Counts(*shape, words.dtype.itemsize, zeros.nonzeros, max(entropy, 0.0), distinct)


def _sample(words: Words, is_float: bool) -> tuple[Words, bool]:
    sampled = len(words) > SAMPLE
    if sampled:
        ends = np.arange(SAMPLE + 1) * len(words) // SAMPLE
        words = words[np.random.default_rng(0).integers(ends[:-1], ends[1:])]
    magnitude = words & words.dtype.type((1 << (8 * words.dtype.itemsize - 1)) - 1) if is_float else words
    return words[magnitude != 0], sampled


def _collisions(sampled: Words, nnz: int) -> tuple[float, float]:
    """Collision entropy in bits, and how many distinct values there are at the least, of ``nnz`` nonzeros."""
    counts = np.unique(sampled, return_counts=True)[1]
    pairs = len(sampled) * (len(sampled) - 1) / 2
    if not pairs:
        return 0.0, float(len(counts))
    alike = float((counts * (counts - 1) // 2).sum())
    share = (alike + 2 * alike**0.5 + 4) / pairs + 1 / nnz  # chance may have hidden some; an entry is like itself
    entropy = max(0.0, -log2(share) - LOWERED)
    return entropy, max(float(len(counts)), 2**entropy)


def _positions(each: int) -> Callable[[Counts], float]:
    """Of formats with a row index for each nonzero: ``each`` 1 where it holds n, 0 where n - 1."""
    return lambda one: one.nnz * unsigned(max(one.n - 1 + each, 0)).itemsize


_BOUNDS: dict[str, Callable[[Counts], float]] = {
    "csc_min": lambda one: _positions(0)(one) + one.width * one.nnz,
    "csc_palette": lambda one: _positions(0)(one) + one.nnz * one.entropy / 8 + one.codebook,
    "sham": lambda one: _positions(1)(one) + one.nnz * one.entropy / 8 + one.codebook,
    "ham": lambda one: one.entries * one.entropy_of_all / 8 + one.codebook,
    "im_packed": lambda one: one.entries * one.entropy_of_all / 8 + one.codebook,
    "bitmap": lambda one: one.entries / 8 + one.width * one.nnz,
    "bitmap[values=codebook]": lambda one: one.entries / 8 + one.nnz * one.entropy / 8 + one.codebook,
    "rank": lambda one: one.entries * 1.5,
    "rank[coding=rice]": lambda one: one.entries * 9 / 8,
    "rice": lambda one: one.nnz * (1 + 1 / 8),
    "rice[values=coded]": lambda one: one.nnz * (one.entropy + 1) / 8,
}


def bound(format_: Format, counts: Counts) -> float:
    """Bytes that a payload has at the least; 0 where nothing is known of a format."""
    known = _BOUNDS.get(str(format_))
    return known(counts) if known else 0.0
