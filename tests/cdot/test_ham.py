"""ham's decoders: unary zeros or a table, pairs or look-ups, long codewords, long runs, streams side by side or alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dotbench import formats
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel

# Rows, columns, share of nonzeros, how steeply the frequency of values falls, and how many there are.
CASES = {
    "unary, a sum in two pieces": (5000, 50, 0.1, 0.3, 32),
    "unary, short columns": (60, 300, 0.3, 0.3, 20),
    "unary, empty columns": (40, 200, 0.01, 0.3, 4),
    "unary, long codewords": (700, 90, 0.4, 0.002, 4000),
    "unary, one stream alone": (9000, 40, 0.003, 0.1, 60),
    "unary, two symbols": (300, 70, 0.45, 0.5, 1),
    "look-ups": (600, 3000, 0.15, 0.3, 32),
    "look-ups, columns of few rows": (7, 260_000, 0.2, 0.4, 9),
    "look-ups, long columns": (16_384, 130, 0.1, 0.3, 32),
    "look-ups, long codewords": (700, 3000, 0.1, 0.002, 4000),
    "zero is the bit 1": (300, 70, 0.7, 0.5, 1),
    "zeros of two bits": (300, 70, 0.75, 0.4, 6),
    "no zeros, long codewords": (300, 70, 1.0, 0.002, 4000),
    "wide rows": (70000, 3, 0.2, 0.3, 9),
}


def matrix(name: str) -> npt.NDArray[np.float32]:
    """Whole numbers, so that float32 sums are exact."""
    n, m, density, fall, values = CASES[name]
    rng = np.random.default_rng(0)
    W = np.zeros((n, m), np.float32)
    mask = rng.random(W.shape) < density
    W[mask] = np.minimum(rng.geometric(fall, int(mask.sum())), values)
    return W


@pytest.mark.parametrize("name", CASES)
def test_products_are_exact_for_any_range(name: str) -> None:
    W = matrix(name)
    payload = formats.get("ham").encode(W)
    assert np.array_equal(payload.decode(), W)
    n, m = W.shape
    for batch in (1, 3):
        X = np.random.default_rng(1).integers(-2, 3, (batch, n)).astype(np.float32)
        exact = X.astype(np.float64) @ W.astype(np.float64)
        for begin, end in ((0, m), (1, m), (m // 2, m - 1), (m - 1, m)):
            assert np.array_equal(payload.dot(X, columns=(begin, end)), exact[:, begin:end]), (batch, begin)


@pytest.mark.parametrize("name", CASES)
def test_a_sum_has_the_same_bits_for_any_range(name: str) -> None:
    payload = formats.get("ham").encode(matrix(name))
    n, m = payload.shape
    x = np.random.default_rng(2).standard_normal((1, n)).astype(np.float32)
    whole = payload.dot(x)
    for begin in range(0, m, max(13, m // 200)):
        assert np.array_equal(payload.dot(x, columns=(begin, m)), whole[:, begin:]), begin


@pytest.mark.parametrize("name", CASES)
def test_look_ups_are_used_where_streams_are_long_and_columns_short(name: str) -> None:
    """Their table is 64 KiB of the workspace, and there is no other of 30 KiB or more."""
    kernel = Kernel("ham", formats.get("ham").encode(matrix(name)).data)
    assert (len(kernel.workspace) > 60_000) == name.startswith("look-ups")


@pytest.mark.parametrize("name", ["look-ups", "look-ups, long columns", "unary, short columns"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_inputs_that_are_not_finite_reach_only_the_columns_that_have_them(name: str, value: float) -> None:
    W = matrix(name)
    x = np.ones((1, len(W)), np.float32)
    x[0, 5] = value
    with np.errstate(invalid="ignore"):
        y = formats.get("ham").encode(W).dot(x)
    reached = W[5] != 0
    assert reached.any() and not reached.all()
    assert np.array_equal(np.isfinite(y[0]), ~reached)
    assert np.array_equal(y[0, ~reached], W.sum(axis=0)[~reached])


def test_int8_products_are_exact() -> None:
    W = matrix("unary, a sum in two pieces").astype(np.int8)
    x = np.random.default_rng(3).integers(-128, 128, (1, len(W))).astype(np.int8)
    assert np.array_equal(formats.get("ham").encode(W).dot(x), x.astype(np.int32) @ W.astype(np.int32))


@pytest.mark.parametrize("dtype", [np.float32, np.int8])
def test_a_payload_with_more_than_its_sections_is_refused(dtype: npt.DTypeLike) -> None:
    payload = formats.get("ham").encode(np.eye(40, dtype=dtype))
    with pytest.raises(PayloadError, match="add up"):
        Kernel("ham", np.concatenate([payload.data, np.zeros(4, np.uint8)]))


@pytest.mark.parametrize("fill", [0, 255])
@pytest.mark.parametrize("name", [name for name in CASES if name != "wide rows"])
def test_columns_that_start_at_the_end_of_a_stream(name: str, fill: int) -> None:
    """Whatever such a payload means, nothing is read outside (`nox -s sanitize`), and every product is the same."""
    payload = formats.get("ham").encode(matrix(name))
    data, sections = payload.data.copy(), payload.sections
    stream = len(data) - sections["stream"]
    points = data[stream - sections["seek_points"] : stream].view(np.uint32)
    points[:] = 8 * sections["stream"] - np.arange(len(points))[::-1]
    data[-16:] = fill
    kernel = Kernel("ham", data)
    (n, m), scratch = kernel.shape, kernel.scratch(1, 1)
    x, whole, part = np.ones((1, n), np.float32), np.zeros((1, m), np.float32), np.zeros((1, m), np.float32)
    kernel.dot(x, whole, (0, m), None, scratch)
    kernel.dot(x, part, (m // 2, m), None, scratch)
    assert np.array_equal(part[:, m // 2 :], whole[:, m // 2 :])
    rows, _, indptr = kernel.decode(0, m)
    assert indptr[-1] == len(rows) and (rows < n).all()
