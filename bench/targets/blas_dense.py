"""blas_dense: numpy's product with the dense array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import blocks

COLUMNS = 16  # decoded at once at the least: a cache line of each row


@lru_cache(maxsize=1)
def dense(reference: Payload) -> Floats:
    """W in C order; kept for the next cell, since a pass has several of one matrix. It is in memory once."""
    n, m = reference.shape
    W = np.empty((n, m), np.float32)
    for begin, end, columns in blocks(reference, multiple=COLUMNS):
        W[:, begin:end] = columns.dense(n, np.float32).T
    return W


@dataclass(frozen=True)
class BlasDense(Peer):
    """``X @ W``, W float32 (n, m) in C order, by the BLAS that numpy brings, on one thread. A matrix of 16-bit floats
    is widened before: no BLAS of numpy's multiplies them."""

    name: ClassVar[str] = "blas_dense"
    summary: ClassVar[str] = "numpy's X @ W on the dense array"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)
    value_types: ClassVar[tuple[str, ...]] = ("float32", "float16", "bfloat16")

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        W = dense(reference)
        return PeerTarget(lambda: X @ W, lambda y: y, [W] if cold else [])
