"""The modelled energy as the source paper's code computes it, so that its printed figures can be checked.

It departs from its own formulas in three places: HAM's first term adds nm to A(K, b) instead of
multiplying; CSC charges pointer reads (at the index array's cost) and output writes nm times each
instead of m times; sHAM takes the width of row indices from m. `model` has none of that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dotbench.bench.energy import model
from dotbench.bench.energy.costs import MULTIPLY_ADD, VALUE, access
from dotbench.datasets.sham_archive import Archive
from dotbench.formats.format import Format
from dotbench.formats.ham import Ham
from dotbench.formats.parts.huffman import Code
from dotbench.formats.payloads.header import bits
from dotbench.formats.sham import Sham
from dotbench.formats.sources.source import Source


def published_pj_per_entry(format_: Format, source: Source, code: Code | None = None) -> float | None:
    """Picojoules per entry of W by the published code; None for formats that it has not.

    ``code``: for ham and sham another code than the matrix's own, such as that of a whole network, which
    published figures of layers are made with.
    """
    n, m = source.shape
    if format_.name not in FORMULAS or n * m == 0:
        return None
    return FORMULAS[format_.name](source, code) / (n * m)


def _csc(source: Source, _: Code | None) -> float:
    n, m = source.shape
    nnz, width = source.histogram().nnz, bits(n)
    indices = access(nnz, width)
    products = nnz * (MULTIPLY_ADD + indices + access(nnz, VALUE) + access(n, VALUE))
    return products + n * m * (indices + access(m, VALUE))


def _ham(source: Source, code: Code | None) -> float:
    n, m = source.shape
    code = code or Ham().code(source)
    codebook = n * m + access(len(code.values), VALUE)
    return codebook + model.stream(code) + model.multiply_nonzeros(source)


def _sham(source: Source, code: Code | None) -> float:
    nnz, m = source.histogram().nnz, source.shape[1]
    code = code or Sham().code(source)
    return model.decode(code) + nnz * access(nnz, bits(m)) + model.multiply_nonzeros(source)


FORMULAS: dict[str, Callable[[Source, Code | None], float]] = {
    "csc": _csc,
    "cser": lambda source, _: model.cser(source),
    "ham": _ham,
    "im": lambda source, _: model.im(source),
    "sham": _sham,
}


def network_code(archive: Archive, source: Source) -> Code:
    """A network's published code with the counts of one of its layers, to use as ``code``."""
    numbers = np.arange(len(archive.symbols))
    starts = archive.first_symbol[: archive.longest + 1]
    lengths = np.searchsorted(starts, numbers, side="right") - 1
    histogram = source.histogram()
    counts = dict(zip(histogram.values.tolist(), histogram.counts.tolist(), strict=True))
    n, m = source.shape
    counts[0.0] = n * m - histogram.nnz if archive.counts is None else 0
    found = [counts.get(value, 0) for value in archive.symbols.tolist()]
    return Code(archive.symbols, np.array(found, np.int64), lengths.astype(np.uint8))
