"""The C side of encoders: Huffman's lengths, streams that are appended, tables that grow, packed indices."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.cdot.encode.codewords import append_bits, huffman_lengths
from dotbench.cdot.encode.gaps import with_fillers
from dotbench.cdot.encode.lists import Lists
from dotbench.cdot.encode.pack import pack_bits
from dotbench.cdot.encode.table import MissingValue, Table
from dotbench.cdot.errors import KernelError


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**12) | st.integers(1, 5), min_size=2, max_size=300))
def test_lengths_cost_what_a_heap_says(counts: list[int]) -> None:
    """The sum of all merged nodes is the length of the stream; Kraft's sum is 1."""
    falling = np.sort(np.array(counts, np.int64))[::-1]
    lengths = huffman_lengths(falling).tolist()
    heap, cost = sorted(counts), 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    assert sum(count * length for count, length in zip(falling.tolist(), lengths, strict=True)) == cost
    assert sum(2.0**-length for length in lengths) == 1 and lengths == sorted(lengths)


def test_the_longest_codeword_is_as_short_as_it_can_be() -> None:
    assert huffman_lengths(np.array([2, 2, 1, 1, 1, 1])).tolist() == [2, 2, 3, 3, 3, 3]
    assert huffman_lengths(np.array([2, 1, 1])).tolist() == [1, 2, 2]
    assert huffman_lengths(np.array([7])).tolist() == [0] and huffman_lengths(np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("bit", range(33))
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 95])
def test_streams_are_appended_at_every_bit(bit: int, count: int) -> None:
    rng = np.random.default_rng(count)
    bits = "".join(rng.choice(["0", "1"], count))
    part = np.array([int(bits[at : at + 32].ljust(32, "0"), 2) for at in range(0, count, 32)], np.uint32)
    stream = np.zeros(-(-(bit + count) // 32) or 1, np.uint32)
    before = "1" * bit
    for at in range(bit):
        stream[at // 32] |= np.uint32(1 << (31 - at % 32))
    append_bits(stream, bit, part, count)
    assert "".join(f"{word:032b}" for word in stream) == (before + bits).ljust(32 * len(stream), "0")
    with pytest.raises(KernelError, match="too small"):
        append_bits(stream, bit, np.zeros(9, np.uint32), 32 * len(stream) - bit + 1)


@pytest.mark.parametrize("distinct", [0, 1, 127, 128, 129, 5000])
def test_tables_grow(distinct: int) -> None:
    rng = np.random.default_rng(distinct)
    values = rng.permutation(np.arange(distinct, dtype=np.float32) - 7)
    table, many = Table(), np.repeat(values, rng.integers(1, 4, distinct))
    for part in np.array_split(rng.permutation(many), 5):
        table.add(part)
    found, counts = table.totals(np.float32)
    expected = np.unique(many, return_counts=True)
    assert np.array_equal(found, expected[0]) and np.array_equal(counts, expected[1])
    assert np.array_equal(Table.of(values).find(values), np.arange(distinct))
    with pytest.raises(MissingValue):
        Table.of(values).find(np.float32([1e9]))


@settings(deadline=None)
@given(st.integers(1, 32), st.integers(0, 7), st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_packed_indices_are_pythons_integers(width: int, lead: int, numbers: list[int]) -> None:
    numbers = [number % (1 << width) for number in numbers]
    out = np.zeros(-(-(lead + width * len(numbers)) // 8) + 1, np.uint8)
    out[0] = (1 << lead) - 1
    pack_bits(out, lead, np.array(numbers, np.uint32), width)
    whole = sum(number << lead + i * width for i, number in enumerate(numbers)) + (1 << lead) - 1
    assert int.from_bytes(out.tobytes(), "little") == whole
    with pytest.raises(KernelError, match="too small"):
        pack_bits(out, 8 * len(out), np.ones(1, np.uint8), width)


def test_fillers_stand_in_long_gaps() -> None:
    """Gaps of 15, 16, 31 and 32 zeros: no filler, one, one, two."""
    rows = np.cumsum([16, 17, 32, 33]).astype(np.int32) - 1
    gaps, values, indptr = with_fillers(rows, np.arange(1, 5, dtype=np.float32), np.array([0, 4, 4]))
    assert gaps.tolist() == [15, 15, 0, 15, 15, 15, 15, 0]
    assert values.tolist() == [1, 0, 2, 0, 3, 0, 0, 4] and indptr.tolist() == [0, 8, 8]


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(2, 9), st.booleans(), st.integers(0, 10**6))
def test_lists_by_falling_length_then_number(n: int, m: int, symbols: int, implicit_zero: bool, seed: int) -> None:
    """Against sorting; where 0 is not the most frequent entry, its rows are listed too."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, symbols, (m, n)).astype(np.uint32)
    zero = 0 if implicit_zero else int(rng.integers(1, symbols))
    column, rows = np.nonzero(numbers != zero)
    indptr = np.searchsorted(column, np.arange(m + 1))
    lists = Lists(n, symbols, -1 if implicit_zero else zero)
    found = lists(rows.astype(np.int32), numbers[column, rows], indptr, n * m)
    expected: tuple[list[int], list[int], list[int], list[int]] = [], [], [], []
    for one in numbers:
        here = sorted((-int((one == number).sum()), number) for number in set(one.tolist()) - {0})
        expected[3].append(len(here))
        for length, number in here:
            expected[0].extend(np.flatnonzero(one == number).tolist())
            expected[1].append(number)
            expected[2].append(-length)
    assert tuple(array.tolist() for array in found) == expected
    assert lists.count(rows.astype(np.int32), numbers[column, rows], indptr).tolist() == expected[3]
