"""The published HAM and sHAM archives: Python pickles with canonical Huffman streams, read as data.

`plain_pickle` reads the files. Decoding goes down all columns at once: one step decodes one symbol of every column.
Layout: datasets.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.plain_pickle import flat, load

Ints = npt.NDArray[np.int64]
CODE_FIELDS = ("symbs", "fs", "fcl", "lmax")


@dataclass(frozen=True)
class Archive:
    """A code and a stream: ``words`` uint32; ``ends`` the bit after each column; ``counts`` and ``rows``
    of the nonzeros for sHAM, None for HAM, which codes all entries."""

    symbols: npt.NDArray[np.float32]
    first_symbol: Ints
    first_code: Ints
    longest: int
    words: npt.NDArray[np.uint32]
    ends: Ints
    counts: Ints | None
    rows: Ints | None


def read(stream: Path, code: Path) -> Archive:
    """The archive in two files: cdot_structure and huffman_code."""
    found, table = load(stream), load(code)
    for path, value, names in ((stream, found, ("int_list", "col_end")), (code, table, CODE_FIELDS)):
        if not isinstance(value, dict) or not all(name in value for name in names):
            raise DataError(f"{path} lacks {', '.join(names)}: it is no published archive")
    try:
        sparse = "ri" in found
        words = flat(found["int_list"], np.int64)
        if ((words < 0) | (words >= 1 << 32)).any():
            raise ValueError("int_list holds words of more than 32 bits")
        return Archive(
            flat(table["symbs"], np.float64).astype(np.float32),
            flat(table["fs"], np.int64),
            flat(table["fcl"], np.int64),
            int(table["lmax"]),
            words.astype(np.uint32),
            flat(found["col_end"], np.int64),
            flat(found["cb_num"], np.int64) if sparse else None,
            flat(found["ri"], np.int64) if sparse else None,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{stream} or {code} holds fields of another kind than published: {error}") from error


def decode(archive: Archive, n: int) -> npt.NDArray[np.float32]:
    """The matrix (n, m); DataError where the stream does not fit the code, the columns or ``n``."""
    _check(archive, n)
    m = len(archive.ends)
    starts = np.concatenate(([0], archive.ends[:-1]))
    out = np.zeros((n, m), np.float32, order="F")
    if archive.counts is None or archive.rows is None:
        flat = _symbols(archive, starts, np.full(m, n))
        return np.asarray(flat.reshape(m, n).T)
    columns = np.repeat(np.arange(m), archive.counts)
    out[archive.rows, columns] = _symbols(archive, starts, archive.counts)
    return out


def _check(archive: Archive, n: int) -> None:
    longest, ends = archive.longest, archive.ends
    good = (
        0 < longest <= 32
        and len(archive.first_code) == len(archive.first_symbol) == longest + 2
        and archive.first_code[-1] == 1 << longest
        and archive.first_code[1] == 0  # every window has a length
        and (np.diff(archive.first_code[1:]) >= 0).all()
        and np.isfinite(archive.symbols).all()
        and (np.diff(ends, prepend=0) >= 0).all()
        and (len(ends) == 0 or ends[-1] <= 32 * len(archive.words))
    )
    if archive.counts is not None and archive.rows is not None:
        good = good and _positions_fit(archive.counts, archive.rows, len(ends), n)
    if not good:
        raise DataError("the archive's tables contradict each other: it is damaged, or of another matrix")


def _positions_fit(counts: Ints, rows: Ints, m: int, n: int) -> bool:
    """Whether rows rise inside each column and stay below ``n``. Counts come first: their sum can overflow."""
    if len(counts) != m or ((counts < 0) | (counts > n)).any() or counts.sum() != len(rows):
        return False
    linear = np.repeat(np.arange(m), counts) * n + rows
    return bool(((rows >= 0) & (rows < n)).all() and (np.diff(linear) > 0).all())


def _symbols(archive: Archive, starts: Ints, counts: Ints) -> npt.NDArray[np.float32]:
    """``counts[j]`` symbols of each column, one column after the other; all columns advance together."""
    longest = archive.longest
    words = np.concatenate((archive.words, np.zeros(3, np.uint32))).astype(np.uint64)
    limits = archive.first_code[1:]
    at, before = starts.copy(), np.concatenate(([0], np.cumsum(counts)))
    out = np.zeros(int(before[-1]), np.float32)
    order = np.argsort(-counts, kind="stable")  # columns that end early leave from the back
    sizes = counts[order]
    for step in range(int(counts.max(initial=0))):
        live = order[: np.searchsorted(-sizes, -step, side="left")]
        bit = at[live]
        word = np.minimum(bit >> 5, len(words) - 2)
        pair = words[word] << np.uint64(32) | words[word + 1]
        window = (pair << (bit & 31).astype(np.uint64)) >> np.uint64(64 - longest)
        length = np.searchsorted(limits, window.astype(np.int64), side="right")
        code = (window.astype(np.int64) - archive.first_code[length]) >> (longest - length)
        symbol = archive.first_symbol[length] + code
        if len(symbol) and (symbol.min() < 0 or symbol.max() >= len(archive.symbols)):
            raise DataError("the archive's stream holds a codeword that its table has not: it is damaged")
        out[before[live] + step] = archive.symbols[symbol]
        at[live] += length
    if not np.array_equal(at, archive.ends):
        raise DataError("the archive's columns do not end where it says: damaged, or another number of rows")
    return out
