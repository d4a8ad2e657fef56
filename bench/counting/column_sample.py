"""Which columns stand for a matrix that is too large to be counted whole."""

from __future__ import annotations

import json
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from dotbench.bench.record.identity import definitions_sha
from dotbench.bench.record.sealed import read_sealed, write_sealed
from dotbench.formats.sources.source import Source, blocks

WHOLE = 1 << 24  # entries of a matrix of which all columns are taken
SHARE = 64  # of a larger one: so many times fewer
GROUP = 16  # columns: a slice starts where bit-coded formats have a seek point (CDOT_GROUP)


def columns_of(source: Source) -> tuple[int, int]:
    """All columns, or of a large matrix a slice of m / SHARE of them that is like the whole.

    Of all slices that start at a seek point: the one whose nonzeros, and whose values' code lengths, are
    nearest to their share of the matrix's (the sum of both distances, relative; of equals the first). All
    in whole numbers, so that the choice is the same everywhere.

    >>> import numpy as np
    >>> from dotbench.formats.sources.source import as_source
    >>> columns_of(as_source(np.eye(100)))
    (0, 100)
    """
    n, m = source.shape
    if n * m <= WHOLE:
        return 0, m
    width = -(-m // SHARE)
    nonzeros, bits = _running_totals(source)

    def distance(begin: int) -> int:
        """Both distances, times m and both totals."""
        off = [abs((sums[begin + width] - sums[begin]) * m - sums[-1] * width) for sums in (nonzeros, bits)]
        return off[0] * bits[-1] + off[1] * nonzeros[-1]

    begin = min(range(0, m - width + 1, GROUP), key=distance)
    return begin, begin + width


def cached_columns_of(source: Source, folder: Path) -> tuple[int, int]:
    """`columns_of` from the matrix's folder, chosen if that is not known yet: it reads all of a large matrix."""
    path = folder / f"slice-{definitions_sha(f'{__name__}.columns_of')}.sealed"
    if stored := read_sealed(path):
        begin, end = json.loads(stored)
    else:
        begin, end = columns_of(source)
        write_sealed(path, json.dumps([begin, end]).encode())
    return begin, end


def _running_totals(source: Source) -> tuple[list[int], list[int]]:
    """Nonzeros, and bits of their values in a code by frequency (rounded up), in front of each column."""
    histogram = source.histogram()
    lengths = np.array([(histogram.nnz // count).bit_length() for count in histogram.counts.tolist()], np.int64)
    nonzeros, bits = [0], [0]
    for _, _, columns in blocks(source):
        sums = np.concatenate([[0], np.cumsum(lengths[np.searchsorted(histogram.values, columns.values)])])
        nonzeros += columns.counts().tolist()
        bits += [after - before for before, after in pairwise(sums[columns.indptr].tolist())]
    return list(accumulate(nonzeros)), list(accumulate(bits))
