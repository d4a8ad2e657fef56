"""Writing a payload of rank: blocks of columns, on several threads or one, put into it in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.ranks import RANKS, Ranks, bytes_of, exponents_of, nibbles, rice
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.sources.entries import Entries
from dotbench.formats.sources.source import ranges

Result = TypeVar("Result")
Bits = npt.NDArray[np.uint16]
GROUP = 16  # columns whose codes have a length of their own
MOST_BITS = 2**32 - 1


def in_order(entries: Entries, threads: int, work: Callable[[int, Bits], Result]) -> Iterator[Result]:
    """What ``work`` makes of the first column and the bits of each block, in order; few blocks are there at a time."""
    waiting: deque[Future[Result]] = deque()

    def worked(begin: int, end: int) -> Result:
        return work(begin, entries.bits(begin, end))

    with ThreadPoolExecutor(threads) as pool:
        for begin, end in ranges(entries, multiple=GROUP):
            waiting.append(pool.submit(worked, begin, end))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def counted(entries: Entries, threads: int) -> tuple[npt.NDArray[np.int64], int]:
    """How often each of the 256 exponents occurs, int64, and how many entries are not zero."""

    def work(_: int, bits: Bits) -> tuple[npt.NDArray[np.int64], int]:
        return np.bincount(exponents_of(bits).ravel(), minlength=256), int(np.count_nonzero(bits & 0x7FFF))

    histogram, nonzeros = np.zeros(256, np.int64), 0
    for counts, more in in_order(entries, threads, work):
        histogram += counts
        nonzeros += more
    return histogram, nonzeros


@dataclass(frozen=True)
class Part:
    """A block of columns: the entries that are listed; of a stream, the code, and how long each column's is."""

    begin: int
    counts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    exponents: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int64]
    code: npt.NDArray[np.bool_]


class Writer:
    """Fills a draft: ranks as nibbles, or, with a ``parameter``, in a Rice code."""

    def __init__(self, draft: Draft, ranks: Ranks, parameter: int | None) -> None:
        self._draft, self._table, self._k = draft, ranks.table, parameter
        self._listed = self._bit = 0

    def part(self, begin: int, bits: Bits) -> Part:
        """Writes weights of the columns from ``begin`` on, wherever they stand; any thread may do it, in any order."""
        ranks, rest, section = self._table[exponents_of(bits)], bytes_of(bits), self._draft["weights"]
        column, row = np.nonzero(ranks == RANKS)
        counts, exponents = np.bincount(column, minlength=len(bits)), exponents_of(bits[column, row])
        lengths, code = np.zeros(0, np.int64), np.zeros(0, bool)
        stored = rest
        if self._k is None:
            stored = nibbles(ranks, rest)
        else:
            lengths = (ranks >> self._k).sum(1, dtype=np.int64) + ranks.shape[1] * (1 + self._k)
            code = rice(ranks.ravel(), self._k)
        width = stored.shape[1]
        section[begin * width : (begin + len(bits)) * width] = stored.ravel()
        return Part(begin, counts, row, exponents, lengths, code)

    def place(self, part: Part) -> None:
        """Puts what is listed, and the code, behind that of the block before it; ValueError for too long a code."""
        place = slice(self._listed, self._listed + len(part.rows))
        self._draft["counts"][part.begin : part.begin + len(part.counts)] = part.counts
        self._draft["rows"][place], self._draft["exponents"][place] = part.rows, part.exponents
        self._listed = place.stop
        if self._k is not None:
            self._append(part)

    def _append(self, part: Part) -> None:
        groups = np.add.reduceat(part.lengths, np.arange(0, len(part.lengths), GROUP))
        if groups.max() > MOST_BITS:
            raise ValueError(f"codes of {GROUP} columns have {groups.max()} bits: rank stores 2^32 - 1 at most")
        first = part.begin // GROUP
        self._draft["lengths"][first : first + len(groups)] = groups
        at, lead = divmod(self._bit, 8)
        data = np.packbits(np.concatenate((np.zeros(lead, bool), part.code)), bitorder="little")
        self._draft["stream"][at : at + len(data)] |= data
        self._bit += len(part.code)
