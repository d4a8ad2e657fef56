"""The published HAM and sHAM archives: Python pickles with canonical Huffman streams, read as data.

The unpickler admits numpy arrays and scalars of plain numbers, lists, dicts, numbers and strings, and
nothing else. Decoding goes down all columns at once: one step decodes one symbol of every column.
Layout: datasets.md section 3.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import DataError

Ints = npt.NDArray[np.int64]
CODE_FIELDS = ("symbs", "fs", "fcl", "lmax")


class _PlainDtype:
    """Builds dtypes of plain numbers; objects, strings and structures are refused."""

    def __new__(cls, name: str, *_: Any) -> Any:
        dtype = np.dtype(str(name))
        if dtype.kind not in "biuf" or dtype.hasobject:
            raise pickle.UnpicklingError(f"dtype {name!r} is no plain number")
        return dtype


def _reconstruct(kind: type, shape: tuple[int, ...], code: bytes) -> npt.NDArray[Any]:
    """numpy's first step of an array, which is always empty; the data follows with its own checks."""
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise pickle.UnpicklingError(f"an array that starts as {kind!r} of shape {shape!r}")
    return np.ndarray((0,), np.uint8)


def _scalar(dtype: np.dtype[Any], data: bytes | str = b"") -> Any:
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(dtype, np.dtype) or len(raw) != dtype.itemsize:
        raise pickle.UnpicklingError("a scalar whose bytes do not fit its type")
    return np.frombuffer(raw, dtype)[0]


ADMITTED: dict[tuple[str, str], Any] = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): _PlainDtype}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    ADMITTED[_module, "scalar"] = _scalar
    ADMITTED[_module, "_reconstruct"] = _reconstruct


class RestrictedUnpickler(pickle.Unpickler):
    """Finds the four globals of the published files, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and an archive of numbers needs no such thing: refused"
            ) from None


def load(path: Path) -> Any:
    """What a pickle holds; DataError where it is cut short, no pickle, or asks for code."""
    try:
        with path.open("rb") as file:
            return RestrictedUnpickler(file, encoding="latin1").load()
    except Exception as error:  # a hostile pickle can raise nearly anything
        raise DataError(f"{path} cannot be read as a published archive: {error}") from error


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
        return Archive(
            np.asarray(table["symbs"], np.float64).astype(np.float32),
            np.asarray(table["fs"], np.int64),
            np.asarray(table["fcl"], np.int64),
            int(table["lmax"]),
            np.asarray(found["int_list"]).astype(np.int64).astype(np.uint32),
            np.asarray(found["col_end"], np.int64),
            np.asarray(found["cb_num"], np.int64) if sparse else None,
            np.asarray(found["ri"], np.int64) if sparse else None,
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
        and (np.diff(archive.first_code[1:]) >= 0).all()
        and (np.diff(ends, prepend=0) >= 0).all()
        and (len(ends) == 0 or ends[-1] <= 32 * len(archive.words))
    )
    if archive.counts is not None and archive.rows is not None:
        good = good and len(archive.counts) == len(ends) and bool((archive.counts >= 0).all())
        good = good and archive.counts.sum() == len(archive.rows)
        good = good and (len(archive.rows) == 0 or (archive.rows.min() >= 0 and archive.rows.max() < n))
    if not good:
        raise DataError("the archive's tables contradict each other: it is damaged, or of another matrix")


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
