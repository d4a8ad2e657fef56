"""How many steps of each kind a product takes, from counts of the matrix and the length of its payload.

A step is something a kernel does again and again: it looks at an entry, adds a nonzero, reads a byte that lies beyond
a cache. Which kinds a format has follows from how its kernel walks (`KINDS`). What a step takes in nanoseconds is
fitted (`dotbench.bench.costs.fit`) and stands in a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from dotbench.formats.payloads.parallel import ENOUGH

L1 = 32 << 10  # bytes; inputs beyond it are fetched from L2
L2 = 2 << 20
L3 = 16 << 20  # what one core has of it; a payload that does not fit is read from memory in every product
PALETTE = 32  # values that fit into vector registers; half of them takes half the work
NARROW = 256  # distinct values that an index of one byte tells apart
SPARSE = 0.25  # share of nonzeros below which `im` looks for them
FREQUENT = 0.62  # share of nonzeros from which on zero is no one-bit codeword: `ham` has no runs of zeros then
VECTOR = 8  # float32 lanes
INPUT_BYTES = {"int8": 1}  # of an input; else 4


@dataclass(frozen=True)
class Counts:
    """What is known of a matrix (n, m) and its payload before any product.

    ``nnz``: nonzeros. ``distinct``: distinct values among them. ``dtype``: of the stored values. ``bytes``: the
    payload's length; of a dense product that has no payload, the array's.
    """

    n: int
    m: int
    nnz: int
    distinct: int
    dtype: str
    bytes: float

    @cached_property
    def entries(self) -> int:
        return self.n * self.m

    @cached_property
    def density(self) -> float:
        """Share of nonzeros."""
        return self.nnz / self.entries if self.entries else 0.0

    @property
    def column(self) -> float:
        """Nonzeros of a column, on average."""
        return self.nnz / self.m if self.m else 0.0

    def occupied(self, size: int) -> float:
        """Share of pieces of ``size`` entries that hold a nonzero, were these anywhere alike.

        >>> Counts(100, 100, 5000, 3, "float32", 0).occupied(2)
        0.75
        """
        return 1 - (1 - self.density) ** size

    def beyond(self, cache: int, batch: int) -> float:
        """Share of the inputs of a product that do not fit into a cache."""
        size = self.n * batch * INPUT_BYTES.get(self.dtype, 4)
        return max(0.0, 1 - cache / size) if size else 0.0

    def reread(self, cache: int) -> float:
        """Share of the payload that a product reads from beyond a cache, for the one before has pushed it out: all of
        it from twice the cache's length on."""
        return min(1.0, max(0.0, self.bytes / cache - 1))

    @property
    def groups(self) -> float:
        """Different values of a column on average, were values alike frequent; the segments of `cser`."""
        return self.distinct * (1 - (1 - 1 / self.distinct) ** self.column) if self.distinct else 0.0

    @property
    def sparse(self) -> bool:
        """Whether `im` looks for nonzeros."""
        return self.distinct < NARROW and self.density < SPARSE

    def in_registers(self, batch: int) -> bool:
        """Whether `im` keeps its table there."""
        return batch == 1 and self.distinct <= PALETTE


Step = Callable[[Counts, int], float]

STEPS: dict[str, Step] = {
    "product": lambda c, batch: 1,
    "column": lambda c, batch: c.m,
    "row": lambda c, batch: c.n,
    "entry": lambda c, batch: c.entries,
    "nonzero": lambda c, batch: c.nnz,
    "byte": lambda c, batch: c.bytes,
    "byte_beyond_l2": lambda c, batch: c.bytes * c.reread(L2),
    "byte_beyond_l3": lambda c, batch: c.bytes * c.reread(L3),
    "tail": lambda c, batch: c.m * (1 - math.exp(-c.column / VECTOR)),  # of a column, that fills no vector
    "nonzero_beyond_l1": lambda c, batch: c.nnz * c.beyond(L1, batch),  # its input is fetched
    "nonzero_beyond_l2": lambda c, batch: c.nnz * c.beyond(L2, batch),
    "nonzero_beyond_l3": lambda c, batch: c.nnz * c.beyond(L3, batch),
    "entry_beyond_l1": lambda c, batch: c.entries * c.beyond(L1, batch),
    "entry_beyond_l2": lambda c, batch: c.entries * c.beyond(L2, batch),
    "in_word": lambda c, batch: c.entries * c.occupied(64),  # entries in a word of a bit map that is not empty
    "in_octet": lambda c, batch: c.entries * c.occupied(8),
    "in_quad": lambda c, batch: c.entries * c.occupied(4),
    "uncertain": lambda c, batch: c.entries * min(c.density, 1 - c.density),  # branches that nobody can foresee
    "code_bit": lambda c, batch: c.nnz * math.log2(c.distinct + 1),
    "no_run": lambda c, batch: c.entries * (c.density > FREQUENT),
    "nonzero_of_17": lambda c, batch: c.nnz * (c.distinct > PALETTE // 2),
    "nonzero_of_33": lambda c, batch: c.nnz * (c.distinct > PALETTE),
    "nonzero_of_257": lambda c, batch: c.nnz * (c.distinct > NARROW),
    "entry_of_17": lambda c, batch: c.entries * (c.distinct > PALETTE // 2),
    "entry_of_33": lambda c, batch: c.entries * (c.distinct > PALETTE),
    "entry_of_257": lambda c, batch: c.entries * (c.distinct > NARROW),
    "group": lambda c, batch: c.m * c.groups,
    "group_end": lambda c, batch: c.m * c.groups * (1 - math.exp(-c.column / VECTOR / max(c.groups, 1))),  # unforeseen
    # im: entries that are looked for, multiplied out of registers, or looked up one by one
    "found": lambda c, batch: c.nnz * c.sparse,
    "found_of_17": lambda c, batch: c.nnz * (c.sparse and c.distinct > PALETTE // 2),
    "search": lambda c, batch: c.entries * (c.sparse and not c.in_registers(batch)),
    "skipped": lambda c, batch: c.entries * c.sparse * min(c.occupied(32), 1 - c.occupied(32)),
    "in_registers": lambda c, batch: c.entries * (not c.sparse and c.in_registers(batch)),
    "in_registers_17": lambda c, batch: (
        c.entries * (not c.sparse and c.in_registers(batch) and c.distinct > PALETTE // 2)
    ),
    "looked_up": lambda c, batch: c.entries * (not c.sparse and not c.in_registers(batch)),
}

EVERY = ("product", "column", "row", "entry", "byte_beyond_l2", "byte_beyond_l3")
DENSE = (*EVERY, "entry_beyond_l1", "entry_beyond_l2")
GENERAL = (*EVERY, "nonzero", "byte", "nonzero_beyond_l1", "nonzero_beyond_l2", "nonzero_beyond_l3", "tail")
TABLED = ("nonzero_of_17", "nonzero_of_33", "nonzero_of_257")
INDEXED = ("entry_of_17", "entry_of_33", "entry_of_257", "entry_beyond_l2")
BIT_MAP = ("in_word", "in_octet", "uncertain", "entry_beyond_l2")
KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dense", "blas_dense", "dense_s8", "dense_w8", "nested"), DENSE),
    **dict.fromkeys(("sham", "eie", "rice"), (*GENERAL, "code_bit")),
    "ham": (*GENERAL, "code_bit", "uncertain", "no_run"),
    "bitmap": (*GENERAL, *BIT_MAP),
    "bitmap[values=codebook]": (*GENERAL, *BIT_MAP, *TABLED),
    "csc_palette": (*GENERAL, *TABLED),
    "cser": (*GENERAL, "group", "group_end"),
    "cells": (*GENERAL, *INDEXED),
    "im_packed": (*GENERAL, *INDEXED, "uncertain"),
    "im": (*EVERY, "entry_beyond_l2", "entry_of_257", "found", "found_of_17", "search", "skipped", "in_registers",
           "in_registers_17", "looked_up"),
    **dict.fromkeys(("bsr", "bcsr2x2"), (*GENERAL, "in_quad")),
    "rank": (*GENERAL, *BIT_MAP),
}  # fmt: skip


def kinds(label: str) -> tuple[str, ...]:
    """The kinds of steps that a format's product consists of; ``label`` as rows have it, with parameters.

    >>> "code_bit" in kinds("eie[coding=huffman]"), kinds("anybodys") == GENERAL
    (True, True)
    """
    return KINDS.get(label) or KINDS.get(label.partition("[")[0], GENERAL)


def steps(label: str, counts: Counts, batch: int = 1) -> dict[str, float]:
    """How many steps of each kind a product of ``batch`` vectors with a format takes; kinds that it has none of left
    out.

    >>> steps("dense", Counts(64, 32, 200, 9, "float32", 8232))
    {'product': 1.0, 'column': 32.0, 'row': 64.0, 'entry': 2048.0}
    """
    counted = {kind: float(STEPS[kind](counts, batch)) for kind in kinds(label)}
    return {kind: count for kind, count in counted.items() if count}


def pieces(counts: Counts, batch: int) -> int:
    """How many threads a product of ours has enough to do for, as `formats.payloads.parallel.most_threads` counts it.

    >>> pieces(Counts(512, 4096, 1_000_000, 9, "float32", 6_000_000), 1)
    3
    """
    vectors = max(4, batch) / 4
    counted = min(max(counts.nnz * vectors, counts.bytes / 4), counts.entries * vectors)
    return max(1, int(counted) // ENOUGH)
