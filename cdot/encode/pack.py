"""Indices of a few bits one behind the other: `encode_pack.c` with its types checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.library import library, pointer


def pack_bits(out: npt.NDArray[np.uint8], bit: int, indices: npt.NDArray[Any], width: int) -> None:
    """``indices`` (unsigned, of up to 32 bits) as ``width`` bits each from ``bit`` on, least significant first."""
    if indices.dtype.itemsize > 4 or indices.dtype.kind != "u":
        indices = indices.astype(np.uint32)
    indices = np.ascontiguousarray(indices)
    if bit + len(indices) * width > 8 * len(out):
        check(-13)
    begin, count = pointer(indices, "const void *"), len(indices)
    library().encode_pack(pointer(out, "uint8_t *"), bit, begin, indices.itemsize, count, width)
