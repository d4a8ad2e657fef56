"""One pass over a matrix: any layout, both kinds of bfloat16, what is not finite, and no more memory than it says."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot.bfloat16 import BITS, bfloat16_dtype
from dotbench.formats.costs import tallies
from dotbench.formats.costs.bounds import lower_bound
from dotbench.formats.costs.counts import Counts, counts_of

Matrix = np.ndarray
MIB = 1 << 20


def matrix(dtype: str) -> Matrix:
    """30 by 20, a third of it 0, five of these negative where the type has that."""
    rng = np.random.default_rng(3)
    W = (
        np.where(rng.random((30, 20)) < 2 / 3, np.round(rng.standard_normal((30, 20)) * 20) / 4, 0).astype(np.float32)
        + 0
    )
    W[tuple(np.argwhere(W == 0)[:5].T)] = -0.0
    if dtype == "int8":
        return (W * 4).astype(np.int8)
    if dtype in ("bfloat16", "bits"):
        return formats.to_bfloat16(W).view(np.uint16).view(BITS if dtype == "bits" else bfloat16_dtype())
    return W.astype(dtype)


LAYOUTS = {
    "C": lambda W: W,
    "Fortran": np.asfortranarray,
    "strided": lambda W: np.repeat(np.repeat(W, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda W: np.ascontiguousarray(W[::-1, ::-1])[::-1, ::-1],
    "slice": lambda W: np.pad(W.view(f"u{W.itemsize}"), 3).view(W.dtype)[3:-3, 3:-3],
    "transposed": lambda W: np.ascontiguousarray(W.T).T,
    "swapped": lambda W: W if W.dtype == BITS else W.astype(W.dtype.newbyteorder(">")),
    "read-only": lambda W: np.frombuffer(W.tobytes(), W.dtype).reshape(W.shape),
}


@pytest.mark.parametrize("blocks", [7, 1 << 18])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "bits", "int8"])
def test_counts_are_those_of_encoders(dtype: str, layout: str, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "BLOCK", blocks)
    W = matrix(dtype)
    counts = counts_of(LAYOUTS[layout](W))
    name = "bfloat16" if dtype == "bits" else dtype
    expected = formats.as_source(W, name).histogram()
    assert (counts.n, counts.m, counts.dtype, counts.entries) == (30, 20, name, 600)
    assert counts.histogram is not None and counts.histogram.values.dtype == expected.values.dtype
    assert np.array_equal(counts.histogram.values, expected.values)
    assert np.array_equal(counts.histogram.counts, expected.counts)
    assert counts.nnz == expected.nnz and counts.zeros == 600 - counts.nnz and counts.density == counts.nnz / 600
    assert counts.negative_zeros == (0 if dtype == "int8" else 5)
    assert counts.classes.tolist() == sorted(expected.counts.tolist(), reverse=True)
    assert counts.all_classes.tolist() == sorted([*expected.counts.tolist(), counts.zeros], reverse=True)
    assert counts.dense_bytes == 600 * W.itemsize
    if dtype == "int8":
        assert counts.exponents is None
    else:
        assert counts.exponents is not None
        values = expected.values.astype(np.float64)
        fields = np.floor(np.log2(np.abs(values))).astype(int) + (15 if dtype == "float16" else 127)
        assert np.array_equal(counts.exponents, np.bincount(fields, expected.counts, len(counts.exponents)))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "bits"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(2, 3), (29, 19)])
def test_what_is_not_finite_is_named_as_encoders_do(dtype: str, value: float, at: tuple[int, int]) -> None:
    W = matrix("float32")
    W[at] = W[29, 19] = value
    other = formats.to_bfloat16(W) if dtype in ("bfloat16", "bits") else W.astype(dtype)
    other = other.view(np.uint16).view(BITS) if dtype == "bits" else other
    where = f"{value} at row {at[0]}, column {at[1]} is not a finite number: replace it before encoding"
    for same in (other, np.asfortranarray(other), other[:, :]):
        with pytest.raises(ValueError) as error:
            counts_of(same)
        assert str(error.value) == where
    with pytest.raises(ValueError, match=f"row {at[0]}, column {at[1]}"):
        formats.get("csc").encode(other)


@pytest.mark.parametrize("most", [16, 64, 256])
@pytest.mark.parametrize("blocks", [7, 100, 1 << 18])
def test_too_many_values_are_counted_in_classes(most: int, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "BLOCK", blocks)
    rng = np.random.default_rng(0)
    W = np.where(rng.random((50, 40)) < 0.5, rng.integers(1, 900, (50, 40)), 0).astype(np.float32)
    W[tuple(np.argwhere(W == 0)[::100].T)] = -0.0
    exact, rough = counts_of(W), counts_of(np.asfortranarray(W), most_distinct=most)
    assert rough.histogram is None and exact.histogram is not None
    assert (rough.nnz, rough.negative_zeros) == (exact.nnz, exact.negative_zeros)
    assert np.array_equal(rough.exponents, exact.exponents)
    assert most // 2 < rough.distinct_at_least <= exact.distinct_at_least
    assert rough.distinct_at_least > 0.99 * exact.distinct_at_least  # of 2^23 classes few have two values
    assert rough.classes.max() >= exact.classes.max()


@pytest.mark.parametrize("at", [0, 20, 99])
def test_what_is_not_finite_is_found_when_values_are_counted_in_classes(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "BLOCK", 10)
    W = np.arange(1, 101, dtype=np.float32)[None]
    W[0, 30:60] = 1e-45  # it has the exponent of zero
    assert counts_of(W, most_distinct=16).nnz == 100
    W[0, at] = np.nan
    with pytest.raises(ValueError, match=f"nan at row 0, column {at} is not a finite number"):
        counts_of(W, most_distinct=16)


def test_as_many_values_as_there_may_be_are_told_apart() -> None:
    """The two zeros have places of their own."""
    W = np.float32([[*range(31), -0.0]])
    assert counts_of(W, most_distinct=32).histogram is not None
    assert counts_of(np.append(W, np.float32([[99]]), 1), most_distinct=32).histogram is None


def test_the_last_values_may_be_zeros() -> None:
    W = np.concatenate([np.arange(1, 40, dtype=np.float32), np.zeros(100, np.float32)]).reshape(1, -1)
    rough = counts_of(W, most_distinct=32)
    assert (rough.nnz, rough.zeros, rough.negative_zeros) == (39, 100, 0)


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (7, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_nothing_at_all(shape: tuple[int, int], dtype: str) -> None:
    counts = counts_of(np.zeros(shape, bfloat16_dtype() if dtype == "bfloat16" else dtype))
    assert (counts.nnz, counts.zeros, counts.density, counts.distinct_at_least) == (0, 0, 0.0, 0)
    assert counts.histogram is not None and len(counts.all_classes) == 0


def test_what_else_can_be_encoded_is_counted() -> None:
    W = matrix("float32")
    expected = counts_of(W)
    for same in (W.astype(np.float64), scipy.sparse.csr_matrix(W), formats.get("sham").encode(W)):
        counts = counts_of(same)
        assert counts.dtype == "float32" and counts.nnz == expected.nnz
        assert counts.classes.tolist() == expected.classes.tolist()
    assert counts_of(formats.get("ham").encode(matrix("int8"))).dtype == "int8"
    with pytest.raises(ValueError, match="changed by rounding to float32"):
        counts_of(np.array([[0.1]]))
    with pytest.raises(ValueError, match="a matrix has 2 dimensions"):
        counts_of(np.zeros(3, np.float32))
    with pytest.raises(TypeError, match="its mask would be lost"):
        counts_of(np.ma.array(W, mask=W == 0))
    with pytest.raises(TypeError, match="not a matrix"):
        counts_of("W")


def test_counts_of_a_file_are_counted_where_it_is_mapped(tmp_path: Path) -> None:
    W = matrix("float16")
    np.save(tmp_path / "w.npy", np.asfortranarray(W))
    mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
    assert counts_of(mapped).classes.tolist() == counts_of(W).classes.tolist()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_a_view_in_fortran_order_of_200_megabytes_is_not_copied(dtype: str) -> None:
    """Random bits; of 50 million float32, a million is distinct."""
    random = np.random.default_rng(0).integers(0, 1 << 32, 1 << 20, np.uint32)
    random &= 0xBFBFBFBF if dtype == "bfloat16" else 0xBFFFFFFF  # no exponent of ones alone
    W = np.tile(random, 50).view(bfloat16_dtype() if dtype == "bfloat16" else dtype).reshape(-1, 4096)[1:].T
    assert W.size * W.itemsize > 199 * MIB and W.strides[0] == W.itemsize
    tracemalloc.start()
    try:
        counts = counts_of(W)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB, peak
    assert counts.entries == W.size and counts.distinct_at_least > (1_000_000 if dtype == "float32" else 250)


def test_32_million_values_take_less_than_64_megabytes() -> None:
    W = np.arange(0x3F000000, 0x3F000000 + (32 << 20), dtype=np.uint32).view(np.float32).reshape(1, -1)
    tracemalloc.start()
    try:
        counts = counts_of(W)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB, peak
    assert counts.histogram is None and counts.nnz == 32 << 20
    assert 7 << 20 < counts.distinct_at_least <= 8 << 20
    assert 0.7 * counts.dense_bytes < lower_bound(formats.get("ham"), counts)


def test_counts_are_told_apart_by_identity() -> None:
    """Arrays have no truth value: counts are not compared."""
    counts = counts_of(np.eye(2, dtype=np.float32))
    assert counts == counts and counts != counts_of(np.eye(2, dtype=np.float32))
    assert isinstance(hash(counts), int) and Counts.of((2, 2), "float32", counts.histogram).nnz == 2  # type: ignore[arg-type]
