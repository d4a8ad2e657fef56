"""A payload as a dense array, blocks of columns on several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import ranges

BLOCK = 1 << 19  # entries: what a thread has at hand stays in its cache


def outputs_by_inputs(payload: Payload, threads: int = 1) -> npt.NDArray[Any]:
    """W transposed, (m, n) in C order, of the payload's dtype: `Payload.decode`, transposed, where threads is 1."""
    n, m = payload.shape
    out = np.empty((m, n), payload.dtype)
    _ = payload.kernel  # opened once, before several threads ask for it

    def fill(part: tuple[int, int]) -> None:
        out[slice(*part)] = payload.entries(*part)

    if threads == 1:
        for part in ranges(payload, BLOCK):
            fill(part)
        return out
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(fill, ranges(payload, BLOCK)):
            pass
    return out
