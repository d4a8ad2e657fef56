"""What a product will take, from counts alone: steps times the nanoseconds of the committed table. Nothing is timed.

>>> csc = Counts(512, 4096, 209_715, 9, "float32", 1_692_408)
>>> dense = Counts(512, 4096, 209_715, 9, "float32", 8_388_648)
>>> predicted_ns("csc", csc) < predicted_ns("dense", dense)
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from dotbench import formats
from dotbench.bench.costs.table import ERROR, OF_FLOAT32, TWO_THREADS, CostTable, committed
from dotbench.bench.costs.work import Counts, pieces, steps
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.value_types import value_type, value_type_of_code

FLOAT32 = "float32"
PESSIMISM = 0.25  # times the error of a format's predictions: added to its nanoseconds before it is ranked
TIED = 0.02  # predictions that differ by less are called equal: the payload with fewer bytes comes first
Scale = Callable[[str, str], float]  # format and type to what a machine's nanoseconds are of the table's


@dataclass(frozen=True)
class Predicted:
    """A format's product: nanoseconds, and the payload's bytes.

    ``error``: the relative error that four of five products stayed below which the steps were fitted to. ``note``: what
    the nanoseconds rest on, if not on products of this very type and batch.
    """

    label: str
    ns: float
    bytes: float
    error: float = 0.0
    note: str = ""

    @property
    def surely(self) -> float:
        """Nanoseconds that it is ranked by: a format whose predictions are often off has to be ahead."""
        return self.ns * (1 + PESSIMISM * self.error)


def counts_of(payload: Payload, distinct: int) -> Counts:
    """Of a payload, and the number of distinct values among its nonzeros (a source's ``histogram()`` has them).

    >>> import numpy as np
    >>> payload = formats.parse("csc").encode(np.eye(64, 32, dtype=np.float32))
    >>> counts_of(payload, 1) == Counts(64, 32, 32, 1, "float32", payload.nbytes)
    True
    """
    n, m = payload.shape
    return Counts(n, m, payload.nnz, distinct, value_type_of_code(payload.header.value_type).name, payload.nbytes)


def predicted(
    label: str,
    counts: Counts,
    batch: int = 1,
    threads: int = 1,
    table: CostTable | None = None,
    scale: Scale | None = None,
) -> Predicted | None:
    """A product of ``batch`` vectors with a format; None where nothing is known of it.

    ``label``: the format with its parameters, as rows have it, or ``blas_dense``. ``table``: None for the committed
    one. ``scale``: of this machine (`dotbench.bench.costs.calibrate.Calibration.scale`); None for the table's machine.

    Batches between those of the table are interpolated, larger ones go with their number. Types that are multiplied in
    float32 and have no steps of their own take float32's, with the payload's own bytes.
    """
    table = table or committed()
    dtype, note = counts.dtype, ""
    if not (known := table.batches(label, dtype)):
        if value_type(dtype).arithmetic != value_type(FLOAT32).arithmetic:
            return None
        if not (known := table.batches(label, FLOAT32)):
            return None
        dtype, note = FLOAT32, f"predicted from {FLOAT32}"
    alone = _interpolated({one: _cost(table, (label, dtype, one), counts) for one in _near(known, batch)}, batch)
    if batch > known[-1]:
        note = "; ".join(filter(None, (note, f"predicted from batch {known[-1]}")))
    own = table.share(label, counts.dtype, OF_FLOAT32) if dtype != counts.dtype else None
    factor = (own or 1.0) * _threads_factor(table, label, counts, batch, threads)
    ns = alone * factor * (scale(label, counts.dtype) if scale else 1.0)
    return Predicted(label, ns, counts.bytes, table.steps[label, dtype, _near(known, batch)[0]].get(ERROR, 0.0), note)


def predicted_ns(
    label: str,
    counts: Counts,
    batch: int = 1,
    threads: int = 1,
    table: CostTable | None = None,
    scale: Scale | None = None,
) -> float | None:
    """The nanoseconds of `predicted`; None where nothing is known of the format."""
    found = predicted(label, counts, batch, threads, table, scale)
    return found.ns if found else None


def dense_label(dtype: str) -> str:
    """Our dense format for values of a type.

    >>> dense_label("int8"), dense_label("bfloat16")
    ('dense_s8', 'dense')
    """
    return next(name for name in ("dense", "dense_s8") if dtype in formats.kinds()[name].value_types)


def dense_counts(counts: Counts) -> Counts:
    """The same matrix as a dense array of its type."""
    return replace(counts, bytes=counts.entries * value_type(counts.dtype).dtype.itemsize)


def ranked(found: Iterable[Predicted]) -> list[Predicted]:
    """The fastest first; of those within `TIED` of it the smallest, and so on.

    >>> some = [Predicted("csc", 100, 6000), Predicted("csc_min", 101, 5000), Predicted("ham", 900, 1000)]
    >>> [one.label for one in ranked(some)]
    ['csc_min', 'csc', 'ham']
    """
    left = sorted(found, key=lambda one: (one.surely, one.bytes, one.label))
    order = []
    while left:
        tied = [one for one in left if one.surely <= (1 + TIED) * left[0].surely]
        first = min(tied, key=lambda one: (one.bytes, one.surely, one.label))
        order.append(first)
        left.remove(first)
    return order


def _cost(table: CostTable, key: tuple[str, str, int], counts: Counts) -> float:
    fitted = table.steps[key]
    return sum(fitted.get(step, 0.0) * count for step, count in steps(key[0], counts, key[2]).items())


def _near(known: list[int], batch: int) -> list[int]:
    """The batch itself, or its two neighbours in the table, or the outermost."""
    if batch in known:
        return [batch]
    between = [pair for pair in pairwise(known) if pair[0] < batch < pair[1]]
    return list(between[0]) if between else [known[0] if batch < known[0] else known[-1]]


def _interpolated(costs: dict[int, float], batch: int) -> float:
    """On a straight line between logarithms; from the outermost batch on with the number of vectors."""
    (low, cost), *others = costs.items()
    if not others:
        return cost * max(1.0, batch / low)
    ((high, above),) = others
    if min(cost, above) <= 0:
        return max(cost, above)
    share = math.log(batch / low) / math.log(high / low)
    return math.exp(math.log(cost) + share * math.log(above / cost))


def _threads_factor(table: CostTable, label: str, counts: Counts, batch: int, threads: int) -> float:
    """Time with so many threads over that with one (Amdahl's law through what two threads gain). Ours take no more
    than they have work for; 1 where it is not known what they gain."""
    two = table.share(label, counts.dtype, TWO_THREADS) or table.share(label, FLOAT32, TWO_THREADS)
    if label in formats.kinds() or label.partition("[")[0] in formats.kinds():
        able = min(pieces(counts, batch), max(counts.m, 1))
        threads = threads if able >= threads else 1 << (able.bit_length() - 1)
    if threads < 2 or two is None:
        return 1.0
    alone = min(1.0, max(0.0, 2 * two - 1))
    return alone + (1 - alone) / threads
