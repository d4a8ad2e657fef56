"""Places behind 2^32 bytes: matrices of so many columns, in memory of which only the pages in use are there."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.kernel import Kernel
from dotbench.cdot.library import ffi, library, pointer

HERE, WIDTH = 2**30, 8  # columns that are multiplied: the first ones whose place has 33 bits
NO_RESERVE = 0x4000  # Linux's MAP_NORESERVE, which not every Python names
FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE


@pytest.fixture
def wide() -> Iterator[tuple[Kernel, np.ndarray]]:
    """An opened matrix of 0 rows, whose products are 0, and room for a y of 2 floats a column."""
    columns = HERE + 2 * WIDTH
    kernel = Kernel("dense", formats.get("dense").encode(np.zeros((0, 1), np.float32)).data)
    kernel.view.m = columns
    memory = mmap.mmap(-1, 8 * columns, flags=FLAGS)
    yield kernel, np.frombuffer(memory, np.float32)


def test_outputs_are_cleared_where_they_are(wide: tuple[Kernel, np.ndarray]) -> None:
    kernel, memory = wide
    y = memory[: kernel.shape[1]][None]
    y[:, :WIDTH] = y[:, HERE - 1 : HERE + WIDTH + 1] = 7
    scratch = kernel.scratch(1, 1)
    kernel.dot(np.zeros((1, 0), np.float32), y, (HERE, HERE + WIDTH), None, scratch)
    assert y[0, HERE - 1 : HERE + WIDTH + 1].tolist() == [7, *[0] * WIDTH, 7]
    assert (y[0, :WIDTH] == 7).all()


@pytest.mark.parametrize("function", ["cdot_dot", "cdot_dot_s8"])
def test_the_same_where_outputs_are_further_apart(wide: tuple[Kernel, np.ndarray], function: str) -> None:
    kernel, memory = wide
    kernel.view.value_type = kernel.view.arithmetic = 2 if function.endswith("s8") else 1
    y = memory.reshape(-1, 2)
    y[:WIDTH] = y[HERE // 2 : HERE // 2 + WIDTH] = y[HERE : HERE + WIDTH] = 7
    out = pointer(y, "float *" if function == "cdot_dot" else "int32_t *")
    scratch = pointer(kernel.scratch(1, 1), "void *")
    assert getattr(library(), function)(kernel.view, ffi.NULL, 1, out, 2, 1, HERE, HERE + WIDTH, scratch) == 0
    assert y[HERE : HERE + WIDTH].tolist() == [[0, 7]] * WIDTH
    assert (y[:WIDTH] == 7).all() and (y[HERE // 2 : HERE // 2 + WIDTH] == 7).all()
