"""Cells of packed columns in the order of a payload: tiles of outputs side by side, numbers of a few bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.formats.sources.source import BLOCK_ENTRIES, Source

TILE = 16  # outputs that lie side by side: COMBINED_TILE of cdot/formats/column_combined/column_combined.h


def ranges(source: Source) -> Iterator[tuple[int, int]]:
    """Ranges of columns that start at a tile, of a size that fits into memory."""
    n, m = source.shape
    step = max(TILE, BLOCK_ENTRIES // 4 // max(n, 1) // TILE * TILE)
    return ((begin, min(begin + step, m)) for begin in range(0, m, step))


def tiled(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Cells (outputs, groups) in the order of the payload: tile by tile, in a tile by group."""
    outputs, groups = cells.shape
    full = outputs // TILE * TILE
    tiles = cells[:full].reshape(full // TILE, TILE, groups).transpose(0, 2, 1)
    return np.concatenate([tiles.ravel(), cells[full:].T.ravel()])


def packed_bits(numbers: npt.NDArray[np.uint32], width: int) -> npt.NDArray[np.uint8]:
    """Numbers of ``width`` bits one behind the other, most significant bit first, in bytes."""
    bits = numbers[:, None] >> np.arange(width - 1, -1, -1, dtype=np.uint32) & 1
    return np.packbits(bits.astype(np.uint8))
