"""Encoders that are given no columns say so, whatever is wrong, and write nothing outside of their memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dotbench.cdot.encode.codewords import encode_columns
from dotbench.cdot.encode.combining import Combining
from dotbench.cdot.encode.dense import add_sizes, scatter, set_bits
from dotbench.cdot.encode.gaps import gap_counts, with_fillers
from dotbench.cdot.encode.lists import Blocks, Lists
from dotbench.cdot.encode.sparse import ColumnsError
from dotbench.cdot.encode.table import Table
from dotbench.cdot.errors import KernelError

N, COLUMNS = 5, 3
Encoder = Callable[[np.ndarray, np.ndarray, np.ndarray], object]


def huffman(rows: np.ndarray, values: np.ndarray, indptr: np.ndarray) -> object:
    codewords = np.array([1 << 8 | 1, 0 << 8 | 1], np.uint64)
    table = Table.of(np.array([1, 0], np.float32))
    return encode_columns(rows, values, indptr, N, 1, table, codewords, np.zeros(1, np.uint32), 0)


def numbers(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values), np.uint32)


ENCODERS: dict[str, Encoder] = {
    "columns": huffman,
    "scatter": lambda rows, values, indptr: scatter(
        rows, numbers(values), indptr, N, np.zeros((COLUMNS, N), np.uint32), N * np.arange(len(indptr) - 1)
    ),
    "bits": lambda rows, values, indptr: set_bits(rows, indptr, N, np.zeros(2, np.uint8)),
    "sums": lambda rows, values, indptr: add_sizes(rows, values, indptr, np.zeros(N), np.zeros(len(indptr) - 1)),
    "gap_counts": lambda rows, values, indptr: gap_counts(rows, indptr),
    "gaps": lambda rows, values, indptr: with_fillers(rows, values, indptr),
    "lists": lambda rows, values, indptr: Lists(N, 2, -1).count(rows, numbers(values), indptr),
    "blocks": lambda rows, values, indptr: Blocks(N, 2).count(rows, values, indptr),
    "combining": lambda rows, values, indptr: Combining(N, COLUMNS).occupy(0, rows, indptr),
}
WITHOUT_N = ("gap_counts", "gaps")  # to these every row is below the last

RIGHT = ([0, 3, 1, 2, 4], [0, 2, 2, 5])
WRONG = {
    "a row behind the last": ([0, 5, 1, 2, 4], [0, 2, 2, 5]),
    "a row far behind it": ([0, 3, 1, 2, 2**31 - 1], [0, 2, 2, 5]),
    "a negative row": ([-1, 3, 1, 2, 4], [0, 2, 2, 5]),
    "a most negative row": ([0, 3, -(2**31), 2, 4], [0, 2, 2, 5]),
    "rows that fall": ([3, 0, 1, 2, 4], [0, 2, 2, 5]),
    "a row twice": ([0, 3, 1, 1, 4], [0, 2, 2, 5]),
    "pointers that begin behind 0": ([0, 3, 1, 2, 4], [1, 2, 2, 5]),
    "negative pointers": ([0, 3, 1, 2, 4], [0, -2, 2, 5]),
    "pointers that fall": ([0, 3, 1, 2, 4], [0, 4, 2, 5]),
    "pointers that end too early": ([0, 3, 1, 2, 4], [0, 2, 2, 4]),
    "pointers that end too late": ([0, 3, 1, 2, 4], [0, 2, 2, 6]),
    "pointers far outside": ([0, 3, 1, 2, 4], [0, 2**40, 2**41, 2**62]),
}


def encoded(name: str, rows: list[int], indptr: list[int]) -> object:
    return ENCODERS[name](np.array(rows, np.int32), np.ones(len(rows), np.float32), np.array(indptr, np.int64))


@pytest.mark.parametrize("name", ENCODERS)
def test_columns_are_taken(name: str) -> None:
    encoded(name, *RIGHT)
    encoded(name, [], [0, 0, 0])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ENCODERS)
def test_what_is_no_columns_is_refused(name: str, wrong: str) -> None:
    if name in WITHOUT_N and wrong == "a row behind the last":
        encoded(name, *WRONG[wrong])
        return
    with pytest.raises(ColumnsError, match=r"indptr has to rise .* rows of each column .* Sort and sum"):
        encoded(name, *WRONG[wrong])


@pytest.mark.parametrize("name", ENCODERS)
def test_not_even_one_pointer(name: str) -> None:
    with pytest.raises(ValueError, match="indptr has to rise|negative dimensions"):
        encoded(name, [0, 3, 1, 2, 4], [])


def test_fewer_values_than_rows() -> None:
    rows, indptr = np.array(RIGHT[0], np.int32), np.array(RIGHT[1], np.int64)
    for name in ("columns", "scatter", "lists", "blocks", "gaps"):
        with pytest.raises(ColumnsError):
            ENCODERS[name](rows, np.ones(4, np.float32), indptr)


def test_places_outside_of_the_array() -> None:
    rows, items, indptr = np.array([4], np.int32), np.ones(1, np.uint32), np.array([0, 1], np.int64)
    out = np.zeros(12, np.uint32)
    scatter(rows, items, indptr, N, out, np.array([7]))
    assert out[11] == 1
    for start in (8, -1, 2**40):
        with pytest.raises(KernelError, match="too small"):
            scatter(rows, items, indptr, N, out, np.array([start]))
    with pytest.raises(KernelError, match="too small"):
        scatter(rows, items, indptr, N, out, np.array([7]), np.array([0, 1, 2, 3, 5], np.uint32))
    with pytest.raises(ValueError, match="places of 2 columns, and there are 1"):
        scatter(rows, items, indptr, N, out, np.array([0, 0]))
    with pytest.raises(KernelError, match="too small"):
        set_bits(rows, indptr, N, np.zeros(1, np.uint8), lead=4)
    with pytest.raises(ValueError, match="sums of 2 columns, and there are 1"):
        add_sizes(rows, items.astype(np.float32), indptr, np.zeros(N), np.zeros(2))


def test_more_blocks_than_there_is_room_for() -> None:
    """A source that has more the second time it is asked."""
    rows, indptr = np.array([0, 4], np.int32), np.array([0, 2], np.int64)
    room = np.zeros(1, np.int32), np.zeros(16, np.float32)
    with pytest.raises(KernelError, match="too small"):
        Blocks(N, 2).fill(rows, np.ones(2, np.float32), indptr, *room)


def test_more_rows_than_there_are_bits_for() -> None:
    with pytest.raises(KernelError, match="too small"):
        Combining(N, COLUMNS).occupy(62, np.array([0], np.int32), np.array([0, 0, 0, 1]))
