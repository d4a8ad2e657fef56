"""The .tflite format's own sparse coding: the table SPARSITY says where the stored values of a tensor lie.

A tensor of rank r may be cut into blocks along some dimensions, which gives k dimensions more: the blocks' number
along a dimension, and the place inside a block. ``order`` names all r + k dimensions from the outermost to the
innermost loop (r + i is the inside of block i, of dimension ``block_map[i]``), and each level of the loops is
either DENSE, every place up to its size, or CSR, the places that ``indices`` has between two ``segments``:

    level 0  DENSE 3          places 0 1 2
    level 1  CSR    segments  0 . 2 . 2 . 3      two places under 0, none under 1, one under 2
                    indices   0 3 . . . . 1

The innermost level has a stored value at each of its places. Numbers are held against each other and against the
count of values before anything is expanded, so that nothing grows beyond what the file itself has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.skipped import Skipped

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """One loop: ``size`` of a DENSE one, or ``segments`` and ``indices`` of a CSR one (then ``size`` is 0), which take
    ``nbytes`` in the file."""

    size: int = 0
    segments: Numbers | None = None
    indices: Numbers | None = None
    nbytes: int = 0


@dataclass(frozen=True, eq=False)
class Sparsity:
    """The table, as in the file: one level an entry of ``order``."""

    order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]

    @property
    def nbytes(self) -> int:
        """What segments and indices take in the file."""
        return sum(level.nbytes for level in self.levels)


def check(sparsity: Sparsity, shape: tuple[int, ...], stored: int) -> None:
    """Skipped where so many stored values cannot be a tensor of ``shape``; the places are not looked at yet."""
    _check_counts(sparsity, _level_sizes(sparsity, shape), stored)


def dense(sparsity: Sparsity, shape: tuple[int, ...], values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The tensor of ``shape`` with the stored ``values`` at their places, and zeros elsewhere.

    Skipped where the table contradicts itself, the shape, or the count of values. The caller holds the size of the
    result against what it allows.
    """
    sizes = _level_sizes(sparsity, shape)
    _check_counts(sparsity, sizes, len(values))
    places = _places(sparsity, shape, sizes)
    if len(np.unique(places)) != len(places):
        raise Skipped("its sparse coding has two values at one place")
    tensor = np.zeros(math.prod(shape), values.dtype)
    tensor[places] = values
    return tensor.reshape(shape)


def _level_sizes(sparsity: Sparsity, shape: tuple[int, ...]) -> list[int]:
    """How many places each dimension has, by its number: blocks of the first r, insides of the others."""
    rank, blocks = len(shape), sparsity.block_map
    if sorted(sparsity.order) != list(range(rank + len(blocks))) or len(sparsity.levels) != len(sparsity.order):
        raise Skipped(
            f"its sparse coding has the order {list(sparsity.order)} and {len(sparsity.levels)} levels, "
            f"for {rank} dimensions and {len(blocks)} blocks"
        )
    if sorted(sparsity.order[:rank]) != list(range(rank)):
        raise Skipped("its sparse coding walks through a block before it has found it")
    if len(set(blocks)) != len(blocks) or not all(0 <= dimension < rank for dimension in blocks):
        raise Skipped(f"its sparse coding has blocks of the dimensions {list(blocks)}, of {rank}")
    sizes = list(shape)
    for number, dimension in enumerate(blocks):
        size = sparsity.levels[sparsity.order.index(rank + number)].size
        if size < 1 or shape[dimension] % size:
            raise Skipped(f"its sparse coding has blocks of {size} along a dimension of {shape[dimension]}")
        sizes[dimension] //= size
        sizes.append(size)
    return sizes


def _check_counts(sparsity: Sparsity, sizes: list[int], stored: int) -> None:
    """As many places as values, told from the levels' ends alone."""
    count = 1
    for number, (dimension, level) in enumerate(zip(sparsity.order, sparsity.levels, strict=True)):
        if level.segments is None or level.indices is None:
            if level.size != sizes[dimension]:
                raise Skipped(f"level {number} of its sparse coding has {level.size} places, for {sizes[dimension]}")
            count *= level.size
            continue
        segments = level.segments
        if len(segments) != count + 1 or segments[0] != 0 or (np.diff(segments) < 0).any():
            raise Skipped(f"level {number} of its sparse coding has {len(segments)} segments, for {count} places above")
        count = len(level.indices)
        if segments[-1] != count:
            raise Skipped(f"level {number} of its sparse coding has {count} indices, and segments up to {segments[-1]}")
    if count != stored:
        raise Skipped(f"its sparse coding has {count} places for {stored} values")


def _places(sparsity: Sparsity, shape: tuple[int, ...], sizes: list[int]) -> Numbers:
    """The place of each stored value in the tensor, counted in C order."""
    steps = _steps(sparsity, shape, sizes)
    places = np.zeros(1, np.int64)
    for number, (dimension, level) in enumerate(zip(sparsity.order, sparsity.levels, strict=True)):
        if level.segments is None or level.indices is None:
            places = (places[:, None] + np.arange(level.size) * steps[dimension]).reshape(-1)
            continue
        if len(level.indices) and not 0 <= level.indices.min() <= level.indices.max() < sizes[dimension]:
            raise Skipped(f"level {number} of its sparse coding has an index outside of 0 to {sizes[dimension] - 1}")
        places = np.repeat(places, np.diff(level.segments)) + level.indices * steps[dimension]
    return places


def _steps(sparsity: Sparsity, shape: tuple[int, ...], sizes: list[int]) -> list[int]:
    """How far apart neighbours along each dimension lie in the tensor: of blocks, a block's size times as far."""
    steps = [math.prod(shape[dimension + 1 :]) for dimension in range(len(shape))]
    inside = [steps[dimension] for dimension in sparsity.block_map]
    for number, dimension in enumerate(sparsity.block_map):
        steps[dimension] *= sizes[len(shape) + number]
    return steps + inside
