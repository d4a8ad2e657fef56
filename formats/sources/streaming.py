"""Columns of a source through an encoder's work: on one thread or several, results in the order of columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from dotbench.formats.sources.source import Columns, Histogram, Own, Source, ranges

Result = TypeVar("Result")
Work = Callable[[int, int, Columns], Result]  # first column, nonzeros before it, the columns


@dataclass(frozen=True)
class Threaded(Own):
    """A source whose columns several threads may read and encode at once; what it stands for was looked at."""

    source: Source
    threads: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def together(self) -> int:
        return int(getattr(self.source, "together", 1))

    def histogram(self) -> Histogram:
        return self.source.histogram()

    def columns(self, begin: int, end: int) -> Columns:
        return self.source.columns(begin, end)


def streamed(source: Source, work: Work[Result], *, multiple: int = 1) -> Iterator[tuple[int, int, Result]]:
    """(begin, end, what ``work`` made of these columns) over all of ``source``, in order.

    Of a `Threaded` source, blocks are read and worked on at the same time; what is made of them is the same.
    All but the last have a multiple of ``multiple`` columns.
    """
    todo = ranges(source, multiple=multiple)
    threads = source.threads if isinstance(source, Threaded) else 1
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            yield from _Pipeline(pool, source, work, threads).run(todo)
        return
    before = 0
    for begin, end in todo:
        columns = source.columns(begin, end)
        yield begin, end, work(begin, before, columns)
        before += columns.nnz


def run(source: Source, work: Work[Any], *, multiple: int = 1) -> None:
    """`streamed` for work whose result is in what it has written."""
    for _ in streamed(source, work, multiple=multiple):
        pass


class _Pipeline:
    """Blocks that are being read, and blocks that are being worked on: about ``threads`` of either."""

    def __init__(self, pool: ThreadPoolExecutor, source: Source, work: Work[Any], threads: int) -> None:
        self._pool, self._source, self._work, self._threads = pool, source, work, threads
        self._reading: deque[tuple[int, int, Future[Columns]]] = deque()
        self._working: deque[tuple[int, int, Future[Any]]] = deque()
        self._before = 0

    def run(self, todo: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, Any]]:
        try:
            for begin, end in todo:
                self._reading.append((begin, end, self._pool.submit(self._source.columns, begin, end)))
                if len(self._reading) >= self._threads:
                    self._start()
                if len(self._working) > self._threads:
                    yield self._finished()
            while self._reading:
                self._start()
            while self._working:
                yield self._finished()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _start(self) -> None:
        begin, end, columns = self._reading.popleft()
        block = columns.result()
        self._working.append((begin, end, self._pool.submit(self._work, begin, self._before, block)))
        self._before += block.nnz

    def _finished(self) -> tuple[int, int, Any]:
        begin, end, made = self._working.popleft()
        return begin, end, made.result()
