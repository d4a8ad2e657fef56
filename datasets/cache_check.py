"""Is a cached matrix what was written? Its pointers, its indices, its content and its histogram, once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from dotbench.datasets.stamps import stamp_of
from dotbench.formats.sources.content import ContentHash, Tally
from dotbench.formats.sources.source import Source, blocks


class Noted(Source, Protocol):
    """A source in a folder, with the hash of its content as it was noted when it was written."""

    folder: Path
    matrix_sha256: str


def verify(source: Noted) -> None:
    """ValueError says what is wrong; what this process has found whole is read again only after a change."""
    stamps = tuple(tuple(stamp_of(path)) for path in sorted(source.folder.iterdir()))
    if stamps not in _found_whole(source.folder):
        _check(source)
        _found_whole(source.folder).add(stamps)


@cache
def _found_whole(folder: Path) -> set[tuple[tuple[int, ...], ...]]:
    """The states of a folder that were verified; the set is filled by `verify`."""
    return set()


def _check(source: Noted) -> None:
    n = source.shape[0]
    content, tally = ContentHash(source.shape, source.dtype), Tally(source.dtype)
    for begin, _, columns in blocks(source):
        if columns.nnz and not 0 <= int(columns.rows.min()) <= int(columns.rows.max()) < n:
            raise ValueError(f"rows.npy has indices outside 0 to {n - 1}")
        content.add(begin, columns)
        tally.add(columns.values)
    if content.hexdigest() != source.matrix_sha256:
        raise ValueError("its content has another hash than was noted")
    histogram = source.histogram()
    distinct, counts = tally.totals()
    if not (np.array_equal(distinct, histogram.values) and np.array_equal(counts, histogram.counts)):
        raise ValueError("its histogram is that of other values")
