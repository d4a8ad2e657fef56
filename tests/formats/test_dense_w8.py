"""dense_w8 beyond conformance: how entries are rounded, and sizes."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.metrics import space
from dotbench.cdot import build
from dotbench.cdot.kernel import Kernel
from dotbench.formats.sources.source import as_source, matrix_sha256
from dotbench.formats.value_types import given_to

FORMAT = formats.get("dense_w8")


def test_entries_are_the_nearest_multiples_of_their_columns_scale() -> None:
    W = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32)
    payload = FORMAT.encode(W)
    held, scales = payload.decode(), np.abs(W).max(0) / np.float32(127)
    assert held.dtype == payload.dtype == np.float32 and (np.abs(held - W) <= scales * 0.5001).all()
    assert np.array_equal(payload.section("scales"), scales) and payload.section("values").min() >= -127
    assert np.array_equal(held, FORMAT.holds(W).columns(0, 40).dense(300).T)
    assert payload.nbytes == 32 + 300 * 40 + 4 * 40 and FORMAT.paper_bits(as_source(W)) == 8 * 12_000 + 32 * 40


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_row_beside_floats_of_16_bits(dtype: str) -> None:
    """What runs give it, too: it says how many bytes 8 bits are against 16, and what they cost in error."""
    W = np.random.default_rng(1).standard_normal((64, 32))
    source = as_source(formats.to_bfloat16(W) if dtype == "bfloat16" else W.astype(np.float16), dtype)
    encoded = space.encode(FORMAT, source, matrix_sha256(source))
    assert encoded.payload.dtype == np.float32 and 0.003 < encoded.error < 0.02
    assert dtype not in FORMAT.value_types and dtype in given_to(FORMAT)


def test_the_largest_and_the_smallest_numbers() -> None:
    top = np.finfo(np.float32).max
    W = np.array([[top, 1e-45, 0], [-top, 3e-45, 0]], np.float32)
    held = FORMAT.encode(W).decode()
    assert np.isfinite(held).all() and np.allclose(held[:, 0], W[:, 0], rtol=1e-6) and not held[:, 2].any()


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("batch", [1, 3])
def test_inputs_near_the_end_of_float32(batch: int, isa: str) -> None:
    """Whole numbers times such inputs are no float32, and scaled ones are."""
    n = 77
    W = np.random.default_rng(3).standard_normal((n, 9)).astype(np.float32) / 1000
    X = np.full((batch, n), 1e37, np.float32)
    X[:, 1::2] *= -1
    payload = FORMAT.encode(W)
    kernel = Kernel("dense_w8", payload.data, isa=isa)
    Y = np.zeros((batch, 9), np.float32)
    kernel.dot(X, Y, (0, 9), None, kernel.scratch(batch, 1))
    exact = X.astype(np.float64) @ payload.decode().astype(np.float64)
    assert np.isfinite(Y).all() and np.allclose(Y, exact, rtol=0, atol=1e-5 * np.abs(W).sum(0).max() * 1e37)
    X[:, 5] = np.inf
    Y[:] = 0
    kernel.dot(X, Y, (0, 9), None, kernel.scratch(batch, 1))
    assert np.array_equal(np.isnan(Y) | np.isinf(Y), np.full(Y.shape, True))
