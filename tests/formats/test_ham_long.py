"""ham where many nonzeros have long codewords: its way of comparing all lengths at once, near zeros and far from them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel
from dotbench.formats.payloads.payload import Payload

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import resealed
from matrices import Matrix

CASES = {  # rows, columns, share of nonzeros, distinct values, and how long the longest codeword is
    "near": (5000, 40, 0.4, 4000, range(12, 18)),
    "near_long": (8000, 100, 0.4, 0, range(18, 33)),
    "far": (30000, 70, 0.006, 6000, range(12, 33)),
    "far_and_empty": (70000, 17, 0.005, 5000, range(12, 33)),
}


def values_of(distinct: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Whole numbers from 1 on, equally likely; 0: half of them of 3000 rare ones, the others each half as often as the
    one before."""
    if distinct:
        return rng.integers(1, distinct + 1, count).astype(np.float32)
    often, rare = 1 + rng.geometric(0.5, count), rng.integers(40, 3040, count)
    return np.where(rng.random(count) < 0.5, rare, often).astype(np.float32)


def matrix(case: str) -> Matrix:
    n, m, share, distinct, _ = CASES[case]
    rng = np.random.default_rng(len(case))
    W = np.zeros((n, m), np.float32)
    W[:, : m - 1] = rng.random((n, m - 1)) < share
    W[: n // 2, 2] = 0  # a run of zeros longer than a piece, where columns are
    W[W != 0] = values_of(distinct, int(W.sum()), rng)
    return W


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> tuple[str, Matrix, Payload]:
    W = matrix(request.param)
    return request.param, W, formats.get("ham").encode(W)


def test_they_are_what_they_say(case: tuple[str, Matrix, Payload]) -> None:
    """Zeros have one bit, and a quarter of what follows a 1 and more is longer than the table's 11 bits."""
    name, W, payload = case
    per_length = payload.section("lengths")
    share = sum(int(count) / 2.0 ** (length + 1) for length, count in enumerate(per_length) if length >= 11)
    assert per_length[0] == 1 and share > 0.5 / 4 and len(per_length) in CASES[name][4]
    assert ("far" in name) == (np.count_nonzero(W) < payload.section("stream").size * 32 / 64)


@pytest.mark.parametrize("isa", build.instruction_sets())
def test_products_are_exact_for_any_range_of_columns(case: tuple[str, Matrix, Payload], isa: str) -> None:
    _, W, payload = case
    kernel, m = Kernel("ham", payload.data, None, isa), W.shape[1]
    X = np.random.default_rng(1).integers(-2, 3, (1, len(W))).astype(np.float32)
    X *= np.random.default_rng(2).random(len(W)) < 0.02  # sums stay exact in float32
    whole = np.zeros((1, m), np.float32)
    kernel.dot(X, whole, (0, m), None, kernel.scratch(1, 1))
    assert np.array_equal(whole, X.astype(np.float64) @ W)
    for begin, end in ((1, m), (m // 3, m - 1), (m // 2, m // 2 + 1), (m - 1, m)):
        part = np.zeros((1, m), np.float32)
        kernel.dot(X, part, (begin, end), None, kernel.scratch(1, 1))
        assert np.array_equal(part[:, begin:end], whole[:, begin:end]), (begin, end)


def test_what_is_infinite_or_no_number_stays_where_it_is(case: tuple[str, Matrix, Payload]) -> None:
    _, W, payload = case
    x = np.ones(len(W), np.float32)
    row = int(np.flatnonzero(W[:, 1])[3])
    for odd in (np.inf, np.nan):
        x[row] = odd
        assert np.array_equal(np.isfinite(payload.dot(x)), W[row] == 0)


def test_a_stream_that_is_cut_or_turned_gives_an_error_or_a_product(case: tuple[str, Matrix, Payload]) -> None:
    """Whatever the bits are, nothing is read outside of the payload: `sanitize` runs this, too."""
    _, W, payload = case
    x = np.ones(len(W), np.float32)
    begin, rng = payload.nbytes - payload.sections["stream"], np.random.default_rng(4)
    for _ in range(20):
        damaged = payload.data.copy()
        at = int(rng.integers(begin, payload.nbytes - 8))
        damaged[at : at + 8] = ((0,) * 8, (255,) * 8, rng.integers(0, 256, 8))[int(rng.integers(3))]
        try:
            formats.load(resealed(damaged)).dot(x)
        except PayloadError:
            continue
