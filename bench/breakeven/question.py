"""What ``dotbench breakeven`` is asked: checked before anything is made or measured, each fault with its cure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from dotbench import formats
from dotbench.bench.run import lacking
from dotbench.bench.targets import peers
from dotbench.datasets.thinned import distinct_values
from dotbench.formats.format import Format
from dotbench.formats.sources.foreign import MAX_DIMENSION
from dotbench.formats.value_types import value_type, value_type_names

ZEROS = (0.0, 50.0, 80.0, 95.0, 99.9)  # per cent: the points of a curve
NOT_RIVALS_OF_DENSE = ("dense", "dense_s8", "nested")  # they are dense themselves
SHORT_NAMES = {"bf16": "bfloat16", "fp16": "float16"}
DECIMALS = 4  # of a percentage of zeros: names of matrices tell so many apart
BYTES_AN_ENTRY = 40  # of memory: the matrix, its order of zeros, one with fewer zeros, a payload and its products


class Unanswerable(ValueError):
    """A question that makes no sense, or that this machine has no memory for; the message says what to do."""


@dataclass(frozen=True)
class Question:
    """One matrix family and what is asked of it.

    ``shape``: (n, m), inputs by outputs. ``dtype``: a name of `value_type_names`. ``values``: distinct nonzero
    values. ``zeros``: percentages, rising; what is found lies between the first and the last.
    """

    shape: tuple[int, int]
    dtype: str
    formats: tuple[Format, ...]
    values: int = 32
    batches: tuple[int, ...] = (1,)
    threads: int = 1
    zeros: tuple[float, ...] = ZEROS

    @property
    def dense_bytes(self) -> int:
        """Of the dense array in its own type."""
        return self.shape[0] * self.shape[1] * value_type(self.dtype).dtype.itemsize


def parse_shape(text: str) -> tuple[int, int]:
    """Rows and columns of ``512x4096``; Unanswerable for anything else.

    >>> parse_shape("512x4096")
    (512, 4096)
    """
    match = re.fullmatch(r"\s*(\d+)\s*[xX]\s*(\d+)\s*", text, re.ASCII)
    if not match:
        raise Unanswerable(f"{text!r} is no shape: write inputs x outputs, as 512x4096")
    n, m = int(match[1]), int(match[2])
    if not n or not m:
        raise Unanswerable(f"{text} has no {'rows' if not n else 'columns'}: a product needs at least 1x1")
    if max(n, m) > MAX_DIMENSION:
        raise Unanswerable(f"{text} is too large: at most {MAX_DIMENSION} rows and columns")
    return n, m


def check_memory(shape: tuple[int, int], batch: int = 1, available: int | None = None) -> None:
    """Unanswerable where a matrix of this shape, what is made of it, its payloads and its products with ``batch``
    vectors need more memory than there is.

    ``available``: bytes; None: those of this machine now.
    """
    n, m = shape
    there = psutil.virtual_memory().available if available is None else available
    if (needed := (n * m + (n + m) * batch) * BYTES_AN_ENTRY) > there:
        many = f" with {batch} vectors" if batch > 1 else ""
        raise Unanswerable(
            f"{n}x{m}{many} needs about {needed / 2**30:.1f} GiB of memory ({BYTES_AN_ENTRY} bytes an entry), and "
            f"{there / 2**30:.1f} GiB are free: ask for a smaller shape, fewer vectors, or a machine with more"
        )


def check_values(values: int, dtype: str, shape: tuple[int, int]) -> None:
    """Unanswerable for a number of distinct values that a matrix of this dtype and shape cannot have."""
    n, m = shape
    if values < 2:
        raise Unanswerable(
            f"--values {values}: a matrix has two distinct nonzero values at least (with one there is nothing to "
            "tell formats of values apart): --values 2 or more"
        )
    if values > n * m:
        raise Unanswerable(
            f"--values {values}: {n}x{m} has {n * m} entries, each of one value: --values {n * m} or fewer"
        )
    try:
        distinct_values(values, value_type(dtype).dtype)
    except ValueError as error:
        raise Unanswerable(f"--values {values}: {error}") from error


def zeros_of(asked: Sequence[float] | None, shape: tuple[int, int]) -> tuple[float, ...]:
    """Percentages of zeros, rising, each of which leaves a nonzero; those of a curve where none were asked for, with
    fewer zeros at its end for a small matrix. Unanswerable for what is no range.

    >>> zeros_of(None, (512, 4096)), zeros_of(None, (4, 4))[-1]
    ((0.0, 50.0, 80.0, 95.0, 99.9), 93.75)
    """
    entries = shape[0] * shape[1]
    most = 100 * (entries - 1) / entries
    if asked is None:
        return tuple(dict.fromkeys(min(zeros, most) for zeros in ZEROS)) if entries > 1 else _no_range()
    for share in asked:
        if not 0 <= share <= 100:  # or no number
            raise Unanswerable(f"--zeros {share:g}: percentages go from 0 to below 100")
        if round(share, DECIMALS) != share:
            raise Unanswerable(f"--zeros {share!r}: percentages have up to {DECIMALS} decimals, as in results")
    found = tuple(sorted(set(asked)))
    if len(found) < 2:
        raise Unanswerable("--zeros: two percentages at least, as 0,50,80,95,99.9: a threshold lies between them")
    if found[-1] > most:
        raise Unanswerable(
            f"--zeros {found[-1]:g}: {shape[0]}x{shape[1]} would be all zeros, and every product 0: "
            f"at most {int(1e4 * most) / 1e4:g}"
        )
    return found


def _no_range() -> tuple[float, ...]:
    raise Unanswerable("1x1 has one entry: it is zero or it is not, and there is no share of zeros. Ask for more")


def formats_of(names: Sequence[str] | None, dtypes: Sequence[str]) -> dict[str, tuple[Format, ...]]:
    """The formats to answer for, by dtype: those asked for that store it, else all of standard runs that lose nothing
    and are not dense themselves.

    Unanswerable where one of ``names`` is no format, or stores none of ``dtypes``, or where a dtype has none.
    """
    if names is None:
        return {
            dtype: tuple(one for one in formats.standard(dtype) if one.lossless and one.name not in NOT_RIVALS_OF_DENSE)
            for dtype in dtypes
        }
    chosen = tuple(dict.fromkeys(map(_format, names)))
    for one in chosen:
        if not set(dtypes) & set(one.value_types):
            raise Unanswerable(
                f"{one} stores {' and '.join(one.value_types)}, and {' and '.join(dtypes)} was asked for: "
                f"add --dtype {one.value_types[0]}, or take another format (dotbench list formats)"
            )
    found = {dtype: tuple(one for one in chosen if dtype in one.value_types) for dtype in dtypes}
    for dtype, able in found.items():
        if not able:
            raise Unanswerable(
                f"none of {', '.join(map(str, chosen))} stores {dtype}: leave it out of --dtype, or add one of "
                f"{', '.join(formats.names(dtype))}"
            )
    return found


def _format(name: str) -> Format:
    if peers.is_peer(name):
        raise Unanswerable(f"{name} is a library and stores nothing of ours: name formats (dotbench list formats)")
    try:
        return formats.parse(name)
    except ValueError as error:
        raise Unanswerable(str(error)) from error


def check_dtypes(asked: Sequence[str]) -> tuple[str, ...]:
    """Each once, by its own name; Unanswerable for one that is no value type here, naming those that are, and for one
    that numpy needs a package for.

    >>> check_dtypes(["int8", "float32", "int8", "fp16"])
    ('int8', 'float32', 'float16')
    """
    if not asked:
        raise Unanswerable(f"--dtype names no value type: one or more of {', '.join(value_type_names())}")
    found = []
    for name in asked:
        own = SHORT_NAMES.get(name, name)
        if own not in value_type_names():
            raise Unanswerable(f"no value type {name!r} here: there are {', '.join(value_type_names())}")
        if lack := lacking.dtype(own):
            raise Unanswerable(lack)
        found.append(own)
    return tuple(dict.fromkeys(found))
