"""Small seeded matrices that every format has to survive, by name; and formats under other parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from dotbench import formats
from dotbench.formats.payloads.payload import Payload

Matrix = np.ndarray

# Parameters that make another layout: what every format has to do, these have to do as well.
VARIANTS = [
    *(
        f"{kind.name}[{params}]"
        for kind in formats.registry.BUILT_IN
        if "float32" in kind.value_types
        for params in kind.variants
    ),
    "bsr[block=8]",
    "bsr[block=16]",
]


# Formats as they store floats of 16 bits; those of bfloat16 alone with their parameters, too.
HALF = [f"{one}-{dtype}" for dtype in ("float16", "bfloat16") for one in formats.names(dtype)]
HALF += [f"{name}[{params}]-bfloat16" for name in ("rank",) for params in formats.kinds()[name].variants]


def format_of(name: str) -> formats.Format:
    """The format of a name of these lists: ``sham``, ``bsr[block=8]``, ``rank[coding=rice]-bfloat16``."""
    return formats.parse(name.partition("-")[0])


def few(W: Matrix) -> Matrix:
    """The same zeros with 64 distinct entries at the most: a part of its values, the others as the one before them."""
    values = np.unique(W[W != 0])
    kept = values[:: -(-len(values) // 63) or 1]
    return np.where(W == 0, 0, kept[np.searchsorted(kept, W, "right") - 1] if len(kept) else 0).astype(W.dtype)


def given(name: str, W: Matrix) -> Matrix:
    """The matrix that such a format is given: as float16, rounded and cut off at its largest, or as bfloat16, rounded,
    where the name says so; with few values where it has codes for no more."""
    if name == "cells":
        return few(W)
    if name.endswith("-bfloat16"):
        return formats.to_bfloat16(W)
    return np.clip(W, -65504, 65504).astype(np.float16) if name.endswith("-float16") else W


def sparse(n: int, m: int, density: float, distinct: int, seed: int) -> Matrix:
    """n by m, about ``density`` nonzeros, at most ``distinct`` values."""
    rng = np.random.default_rng(seed)
    book = rng.permutation(np.arange(1, distinct + 1)).astype(np.float32) * 0.25
    values = book[np.minimum(rng.geometric(0.3, (n, m)), distinct) - 1] if distinct < 50 else rng.choice(book, (n, m))
    return np.where(rng.random((n, m)) < density, values, 0).astype(np.float32)


def check_whole(payload: Payload, W: Matrix, data: st.DataObject, seed: int) -> None:
    """It decodes to W and can be stored; products of any range of columns are right, whatever the range."""
    n, m = W.shape
    assert np.array_equal(payload.decode(), W) and formats.load(payload.data.tobytes()).format == payload.format
    begin = data.draw(st.integers(0, m))
    end = data.draw(st.integers(begin, m))
    X = np.random.default_rng(seed).standard_normal((data.draw(st.integers(1, 10)), n)).astype(np.float32)
    Y = payload.dot(X, columns=(begin, end))
    assert np.array_equal(Y, payload.dot(X)[:, begin:end])
    exact = X.astype(np.float64) @ W[:, begin:end]
    assert (np.abs(Y - exact) <= 1e-5 * (np.abs(X) @ np.abs(W[:, begin:end]))).all()


def every_bit() -> Matrix:
    """Columns of 33 entries in a code of 1-bit words: they start at every bit of a 32-bit word."""
    W = np.zeros((33, 64), np.float32)
    W[::2] = 1.5
    return W


def mixed_lengths() -> Matrix:
    """Column counts from 0 to n, in no order."""
    rng = np.random.default_rng(5)
    W = np.zeros((200, 90), np.float32)
    for j, count in enumerate(rng.permutation(np.linspace(0, 200, 90).astype(int))):
        W[rng.permutation(200)[:count], j] = rng.integers(1, 9, count)
    return W


def long_codes() -> Matrix:
    """Counts like Fibonacci numbers give the longest codewords that Huffman's code has."""
    counts, values = [1, 1], []
    while sum(counts) < 30000:
        counts.append(counts[-1] + counts[-2])
    for value, count in enumerate(counts):
        values += [value + 1.0] * count
    flat = np.random.default_rng(3).permutation(np.array(values, np.float32))
    out = np.zeros(300 * 160, np.float32)
    out[np.random.default_rng(4).permutation(out.size)[: len(flat)]] = flat
    return out.reshape(300, 160)


SMALL: dict[str, Callable[[], Matrix]] = {
    "no_rows": lambda: np.zeros((0, 5), np.float32),
    "no_columns": lambda: np.zeros((5, 0), np.float32),
    "one_entry": lambda: np.full((1, 1), 2.5, np.float32),
    "one_zero": lambda: np.zeros((1, 1), np.float32),
    "one_row": lambda: sparse(1, 70, 0.5, 4, 1),
    "one_column": lambda: sparse(70, 1, 0.5, 4, 2),
    "all_zero": lambda: np.zeros((40, 50), np.float32),
    "no_zero": lambda: 1 + sparse(40, 50, 1.0, 7, 3),
    "one_value_everywhere": lambda: np.full((70, 40), -1.5, np.float32),
    "one_value": lambda: sparse(64, 64, 0.3, 1, 4),
    "two_values": lambda: sparse(64, 64, 0.3, 2, 5),
    "two_values_no_zero": lambda: np.where(sparse(33, 40, 0.5, 1, 6) > 0, 3, -2).astype(np.float32),
    "ordinary": lambda: sparse(300, 200, 0.1, 30, 7),
    "dense_blocks": lambda: sparse(3000, 40, 0.7, 200, 8),
    "very_sparse": lambda: sparse(3000, 70, 0.002, 5, 9),
    "every_bit": every_bit,
    "mixed_lengths": mixed_lengths,
    "long_codes": long_codes,
    "n_255": lambda: sparse(255, 20, 0.4, 9, 10),
    "n_256": lambda: sparse(256, 20, 0.4, 9, 11),
    "n_257": lambda: sparse(257, 20, 0.4, 9, 12),
    "tiny_and_huge_values": lambda: np.diag(np.float32([1e-45, 1e37, -1e-38, 1.0])),
}


def int8(W: Matrix) -> Matrix:
    """The same zeros, with values of all of int8: a product of those that were there, wrapped, and never 0."""
    whole = np.where(W == 0, 0, np.abs(W.astype(np.float64) * 4).astype(np.int64) * 37 % 255 - 127)
    return np.where((W != 0) & (whole == 0), -128, whole).astype(np.int8)


# What the papers of microcontroller formats leave unsaid: blocks of 256 that are full or empty, long gaps.
INT8: dict[str, Callable[[], Matrix]] = {
    "full_and_empty_spans": lambda: np.repeat(np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]], np.int8), 256, 0),
    "long_gaps": lambda: int8(sparse(20_000, 12, 0.0004, 100, 21)),
    "last_gap_above_255": lambda: (
        np.where(np.isin(np.arange(1024), [*range(248), *range(800, 808)]), 3, 0).astype(np.int8).reshape(-1, 1)
    ),
    "extremes": lambda: np.array([[-128, 127, 0], [127, -128, 1], [-128, -128, -1]], np.int8),
}

LARGE: dict[str, Callable[[], Matrix]] = {
    "65_536_values_and_more": lambda: sparse(700, 300, 0.5, 70_000, 13),
    "column_longer_than_65_535": lambda: sparse(70_000, 5, 0.5, 6, 14),
    "65_535_rows": lambda: sparse(65_535, 3, 0.2, 6, 15),
    "65_536_rows": lambda: sparse(65_536, 3, 0.2, 6, 16),
}
