"""The quick encoder of rank[coding=rice] writes the bytes that the format writes."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.encode.ranks import write_rice
from dotbench.cdot.errors import KernelError
from dotbench.formats.parts import rice_ranks

RANDOM = np.random.default_rng(0)
SHAPES = [
    (0, 0),
    (0, 5),
    (5, 0),
    (1, 1),
    (1, 40),
    (40, 1),
    (33, 17),
    (32, 16),
    (255, 31),
    (256, 48),
    (257, 100),
    (70_000, 3),
]


def matrices(shape: tuple[int, int]) -> list[np.ndarray]:
    """Weights, all bit patterns, one value, and weights in row order."""
    gauss = RANDOM.standard_normal(shape)
    bits = RANDOM.integers(0, 1 << 16, shape, np.uint16)
    few = formats.to_bfloat16(np.where(RANDOM.random(shape) < 0.1, gauss, -0.0))
    found = [
        formats.to_bfloat16(gauss * 0.02),
        formats.bfloat16_from_bits(bits),
        formats.to_bfloat16(np.ones(shape)),
        few,
    ]
    return [*found, *(np.asfortranarray(one) for one in found)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_the_same_bytes(shape: tuple[int, int], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rice_ranks, "BLOCK", block)
    for W in matrices(shape):
        expected = formats.get("rank", coding="rice").encode(W)
        for threads in (1, 3):
            found = rice_ranks.encode(W, threads)
            assert found.format == expected.format and bytes(found.data) == bytes(expected.data)
        assert formats.load(bytes(found.data)).decode().view(np.uint16).tolist() == W.view(np.uint16).tolist()


def test_other_matrices_are_taken_as_the_format_takes_them() -> None:
    W = np.round(RANDOM.standard_normal((50, 40)) * 4).astype(np.float32)
    payload = formats.get("rank").encode(W)
    for matrix in (W, payload):
        assert bytes(rice_ranks.encode(matrix).data) == bytes(formats.get("rank", coding="rice").encode(W).data)
    with pytest.raises(ValueError, match="changed by rounding to bfloat16"):
        rice_ranks.encode(np.full((2, 2), 0.1))


def test_memory_that_is_too_small_is_an_error() -> None:
    bits = RANDOM.integers(0, 1 << 16, (4, 100), np.uint16)
    codes = np.full(256, 16 << 16 | 1 << 24, np.uint32)
    weights = np.zeros(400, np.uint8)
    assert len(write_rice(bits, codes, weights, 7, 6400, 400).rows) == 400
    for wrong in (
        (codes, weights, 0, 6400, 399),
        (codes, weights, 0, 5000, 400),
        (codes, weights, 0, 0, 400),
        (codes, weights, 8, 6400, 400),
        (codes, weights[1:], 0, 6400, 400),
        (codes[1:], weights, 0, 6400, 400),
        (codes | 1 << 20 | 1 << 21, weights, 0, 64000, 400),
    ):
        with pytest.raises(KernelError, match="too small"):
            write_rice(bits, *wrong)
