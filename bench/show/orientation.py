"""Which side of a matrix is taken for its inputs: the first thing that a run says of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotbench.datasets.own_files import TRANSPOSED

if TYPE_CHECKING:
    from dotbench import datasets

SOURCES = ("file", "model")


def line(matrix: datasets.Matrix) -> str:
    """``w.npy: 784 inputs, 300 outputs``, and what to do if it is the other way round; "" of registered matrices.

    A model says itself what is what.
    """
    if matrix.source not in SOURCES:
        return ""
    n, m = matrix.matrix.shape
    words = f"{matrix.name}: {n} inputs, {m} outputs"
    if matrix.source == "model" or matrix.name.endswith(TRANSPOSED):
        return words
    return f"{words} (--transpose if its rows are the outputs, as PyTorch keeps them)"
