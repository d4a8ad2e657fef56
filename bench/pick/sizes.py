"""Bytes of every format of a layer: from counts, from positions, by encoding, or bounded from below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dotbench import formats
from dotbench.bench.metrics import space
from dotbench.bench.pick.answer import Candidate, Excluded, Floor, Layer
from dotbench.bench.pick.question import SAVES
from dotbench.bench.pick.weights import Weights
from dotbench.formats.costs.bounds import lower_bound
from dotbench.formats.costs.break_even import break_even
from dotbench.formats.costs.bytes import predicted_bytes
from dotbench.formats.costs.counts import Counts, counts_of
from dotbench.formats.costs.floors import floor
from dotbench.formats.costs.positions import predicted_from_positions
from dotbench.formats.format import Format
from dotbench.formats.sources.source import as_source, matrix_sha256

LOOKED_AT = 1 << 25  # entries of one model whose places are looked at to learn sizes, format by format
BY_ZEROS = ("bitmap", "csc_min", "csr16")  # formats whose bytes follow from how many zeros there are, and a type
NEVER = ("nested",)  # for prefixes of a matrix: what it stores is all entries, and the levels besides
DENSE = {"int8": "dense_s8"}  # the dense format of a type; of others `dense`


def dense_label(dtype: str) -> str:
    """The dense format of a type.

    >>> dense_label("int8"), dense_label("bfloat16")
    ('dense_s8', 'dense')
    """
    return DENSE.get(dtype, "dense")


@lru_cache(maxsize=64)
def choices(labels: tuple[str, ...] | None, dtype: str) -> tuple[Format, ...]:
    """The formats that lose nothing of a type, or those of them that are asked for, and the dense one first."""
    dense = formats.parse(dense_label(dtype))
    every = (one for one in formats.standard_of_all() if one.name not in NEVER)
    named = tuple(every) if labels is None else tuple(map(formats.parse, labels))
    return (dense, *(one for one in named if one.lossless and dtype in one.value_types and one != dense))


@dataclass
class Allowance:
    """Entries whose places may still be looked at only to learn a size."""

    entries: int = LOOKED_AT

    def take(self, entries: int) -> bool:
        """Whether there is room for one more."""
        if entries > self.entries:
            return False
        self.entries -= entries
        return True


def sized(weights: Weights, labels: tuple[str, ...] | None, allowance: Allowance) -> Layer:
    """A layer with the bytes of its formats; one that cannot be read or encoded fails by name."""
    empty = Candidate("dense", 0, "computed")
    try:
        matrix, note = weights.read()
        counts = counts_of(matrix)
        dense, *others = choices(labels, counts.dtype)
        known, excluded = _sizes(matrix, counts, dense, others, allowance)
    except MemoryError:
        return Layer(weights, empty, failed="there is not enough memory for it")
    except (ValueError, TypeError, ArithmeticError, OSError) as error:
        return Layer(weights, empty, failed=str(error) or type(error).__name__)
    least = floor(counts)
    return Layer(
        weights,
        known[0],
        tuple(known),
        counts.dtype,
        tuple(excluded),
        counts.density,
        counts.distinct_at_least,
        counts.histogram is None,
        counts.negative_zeros,
        Floor(least.nbytes, least.name.replace("_", " and ")),
        dict(_break_even(counts.n, counts.m, counts.dtype, tuple(str(one) for one in others if str(one) in BY_ZEROS))),
        note,
    )


@lru_cache(maxsize=4096)
def _break_even(n: int, m: int, dtype: str, labels: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Below which density formats are smaller than dense, of those that need not know the values."""
    found = break_even(n, m, dtype, 1, map(formats.parse, labels)) if n * m else {}
    return tuple((label, density) for label, density in found.items() if density is not None)


def _sizes(
    matrix: Any, counts: Counts, dense: Format, others: Iterable[Format], allowance: Allowance
) -> tuple[list[Candidate], list[Excluded]]:
    """Candidates, the dense one first, and the formats that are surely larger than dense or too dear to encode."""
    limit = predicted_bytes(dense, counts)
    assert limit is not None
    known, excluded = [Candidate(str(dense), limit, "computed")], []
    unknown = []
    for one in others:
        try:
            size = predicted_bytes(one, counts)
            if size is not None:
                known.append(Candidate(str(one), size, "computed"))
            else:
                unknown.append((lower_bound(one, counts), one))
        except ValueError as refused:
            excluded.append(Excluded(str(one), 0, str(refused)))
    for bound, one in sorted(unknown, key=lambda pair: pair[0]):
        if bound >= (1 - SAVES) * limit:
            excluded.append(Excluded(str(one), bound, "its payload is no smaller than dense"))
        elif not allowance.take(counts.n * counts.m):
            excluded.append(
                Excluded(str(one), bound, "its bytes depend on where nonzeros are: too many entries to look")
            )
        else:
            try:
                size = predicted_from_positions(one, matrix, counts)
                known.append(Candidate(str(one), size, "computed") if size is not None else _encoded(matrix, one))
            except (ValueError, TypeError, ArithmeticError) as refused:
                excluded.append(Excluded(str(one), bound, str(refused)))
    return known, excluded


def _encoded(matrix: Any, one: Format) -> Candidate:
    """Encoded, and compared with what the payload decodes to."""
    source = as_source(matrix, matrix.dtype)
    return Candidate(str(one), space.encode(one, source, matrix_sha256(source)).payload.nbytes, "encoded")


def all_sized(
    weights: Iterable[Weights], labels: tuple[str, ...] | None, say: Callable[[str], None] = lambda words: None
) -> Iterator[Layer]:
    """Layer by layer, each as soon as it is known."""
    allowance = Allowance()
    for one in weights:
        say(f"sizes: {one.name}")
        yield sized(one, labels, allowance)
