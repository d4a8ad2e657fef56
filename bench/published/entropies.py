"""What positions and values carry, as this project's specification has it: entropies, counts, sorted rows."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.counting.bounds import entropy_bits, gap_counts
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.entropy_coding import entries
from dotbench.bench.published.figure import Absent, Figure, Group
from dotbench.formats.sources.source import Columns, Source

BOUNDS = "this project's specification, formats.md section 3"
PROBES = "this project's specification, formats.md section 7"
PER_NONZERO = "bits per nonzero"
DENSER = ("vgg19/90-0-32", "vgg19/95-0-32")


def values(name: str, data: Data) -> float:
    """Zero-order entropy of the nonzero values, per nonzero."""
    histogram = data.matrix(name).histogram()
    return entropy_bits(histogram.counts) / histogram.nnz


def gaps(name: str, data: Data) -> float:
    """Zero-order entropy of the gaps down the columns, per nonzero."""
    source = data.matrix(name)
    return entropy_bits(gap_counts(source)) / source.histogram().nnz


def positions(name: str, data: Data) -> float:
    """log2 C(nm, nnz) per nonzero: what positions without any structure carry."""
    source = data.matrix(name)
    nnz, all_ = source.histogram().nnz, entries(source)
    logs = [math.lgamma(count + 1) for count in (all_, nnz, all_ - nnz)]
    return (logs[0] - logs[1] - logs[2]) / math.log(2) / nnz


def pairs(name: str, data: Data) -> float:
    """Zero-order entropy of the pairs of gap and value, per nonzero."""
    return pair_entropy(_whole(data.matrix(name)))


def sorted_pairs(name: str, data: Data) -> float:
    """The same after the rows were sorted by falling number of nonzeros; equal ones keep their order."""
    source = data.matrix(name)
    columns = _whole(source)
    counts = np.bincount(columns.rows, minlength=source.shape[0])
    place = np.empty(len(counts), np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    moved = Columns(place[columns.rows].astype(np.int32), columns.values, columns.indptr)
    return pair_entropy(moved.in_row_order())


def _whole(source: Source) -> Columns:
    return source.columns(0, source.shape[1])


def pair_entropy(columns: Columns) -> float:
    """Bits per nonzero of (gap, value), all columns pooled; a column's first gap is its row + 1.

    >>> eye = Columns(np.int32([0, 1]), np.float32([2, 3]), np.int64([0, 1, 2]))
    >>> pair_entropy(eye)
    1.0
    """
    found = np.diff(columns.rows.astype(np.int64), prepend=-1)
    first = columns.indptr[:-1][columns.counts() > 0]
    found[first] = columns.rows[first] + 1
    _, kinds = np.unique(columns.values, return_inverse=True)
    _, counts = np.unique(np.stack((found, kinds)), axis=1, return_counts=True)
    return entropy_bits(counts.astype(np.int64)) / columns.nnz


def kinds_of_columns(name: str, data: Data) -> int:
    """Distinct columns, taken from their first nonzero on: the same values in the same distances."""
    source = data.matrix(name)
    kinds = set()
    for j in range(source.shape[1]):
        one = source.columns(j, j + 1)
        kinds.add(((one.rows - one.rows[:1]).tobytes(), one.values.tobytes()))
    return len(kinds)


def one_code(name: str, data: Data) -> float:
    """Megabytes of all entries by their zero-order entropy."""
    source = data.matrix(name)
    return _megabytes(source.histogram().counts, entries(source))


def code_per_column(name: str, data: Data) -> float:
    """Megabytes of all entries by the entropy of each column."""
    source = data.matrix(name)
    columns = (source.columns(j, j + 1).values for j in range(source.shape[1]))
    return sum(_megabytes(np.unique(column, return_counts=True)[1], source.shape[0]) for column in columns)


def _megabytes(nonzeros: npt.NDArray[Any], all_: int) -> float:
    return entropy_bits(np.append(nonzeros, all_ - nonzeros.sum()).astype(np.int64)) / 8e6


def _bounds(name: str, *published: str) -> tuple[Figure, ...]:
    parts = zip(("values", "gaps", "positions without structure"), (values, gaps, positions), published, strict=True)
    return tuple(
        Figure(f"{name}: {what}", BOUNDS, text, partial(compute, name), PER_NONZERO) for what, compute, text in parts
    )


BOUNDS_GROUP = Group(
    "Entropies: values and positions",
    "Zero-order entropy of the nonzero values and of the gaps down the columns: what coding both apart can reach. "
    "Positions without structure are log2 C(nm, nnz).",
    (
        *_bounds("orsreg_1", "4.79", "3.77", "9.87"),
        *_bounds("SiNa", "5.89", "5.83", "8.81"),
        *_bounds("vgg19/90-0-32", "2.36", "3.89", "4.69"),
        *_bounds("vgg19/97-0-32", "1.24", "4.87", "6.48"),
    ),
)
PROBES_GROUP = Group(
    "Entropies: pairs, sorted rows, columns",
    "What lies below those bounds: gap and value together, before and after sorting rows by falling density; "
    "columns that repeat; a code per column.",
    (
        *(
            Figure(f"{name}: gap and value together", PROBES, published, partial(pairs, name), PER_NONZERO)
            for name, published in zip(DENSER, ("6.18", "5.95"), strict=True)
        ),
        *(
            Figure(f"{name}: the same, rows sorted", PROBES, published, partial(sorted_pairs, name), PER_NONZERO)
            for name, published in zip(DENSER, ("4.29", "3.52"), strict=True)
        ),
        Figure("orsreg_1: distinct columns", PROBES, "240", partial(kinds_of_columns, "orsreg_1"), "columns"),
        Figure("covtype-38pct: one code", PROBES, "4.16", partial(one_code, "covtype-38pct"), "MB"),
        Figure("covtype-38pct: a code per column", PROBES, "2.50", partial(code_per_column, "covtype-38pct"), "MB"),
    ),
)

GROUPS = (BOUNDS_GROUP, PROBES_GROUP)
ABSENT: tuple[Absent, ...] = ()
