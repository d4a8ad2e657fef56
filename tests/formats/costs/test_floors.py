"""Entropy floors, and densities below which formats are smaller than dense, against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.costs.bounds import lower_bound
from dotbench.formats.costs.break_even import break_even, scaled, some_values
from dotbench.formats.costs.bytes import predicted_bytes
from dotbench.formats.costs.counts import Counts, counts_of
from dotbench.formats.costs.floors import entropy_bits, floor, floors, log2_binomial


def bits(W: np.ndarray) -> dict[str, float]:
    return {one.name: one.bits for one in floors(counts_of(W))}


def test_a_matrix_whose_floors_are_counted_by_hand() -> None:
    """Entries 1 1 2 0: shares 1/2, 1/4, 1/4; one of four places is 0; exponents are 127 twice, 128, and none."""
    W = np.array([[1, 1], [2, 0]])
    nonzeros = 2 * math.log2(3 / 2) + math.log2(3)
    for dtype, width, raw in (("float32", 32, 24), ("float16", 16, 11)):
        found = bits(W.astype(dtype))
        assert found["entropy"] == pytest.approx(6 + 3 * width)
        assert found["positions_values"] == pytest.approx(2 + nonzeros + 2 * width)
        assert found["fields"] == pytest.approx(6 + 3 * raw)
    assert bits(formats.to_bfloat16(W))["fields"] == pytest.approx(6 + 3 * 8)
    assert {*bits(W.astype(np.int8))} == {"entropy", "positions_values"}


def test_an_empty_matrix_and_one_of_zeros() -> None:
    assert floor(counts_of(np.zeros((0, 3), np.float32))).bits == 0
    assert bits(np.zeros((4, 3), np.float32)) == {"entropy": 32, "positions_values": 0, "fields": 0}


@pytest.mark.parametrize(("dtype", "share"), [("float32", 0.83), ("bfloat16", 0.66), ("float16", 0.84)])
def test_floats_of_a_bell_are_as_small_as_their_fields(dtype: str, share: float) -> None:
    """2.55 bits of exponent, and 24, 8 or 11 that nobody makes smaller."""
    W = np.random.default_rng(0).standard_normal((300, 300)).astype(np.float32)
    W = formats.to_bfloat16(W) if dtype == "bfloat16" else W.astype(dtype)
    counts = counts_of(W)
    least = floor(counts)
    assert least.name == "fields" and least.nbytes / counts.dense_bytes == pytest.approx(share, abs=0.01)
    assert least.nbytes == math.ceil(least.bits / 8)


def test_no_coder_of_single_entries_is_below_the_floor() -> None:
    for seed, distinct in enumerate((2, 7, 60, 500)):
        rng = np.random.default_rng(seed)
        W = np.where(rng.random((150, 90)) < 0.4, rng.geometric(1.5 / distinct, (150, 90)), 0).astype(np.float32)
        own, least = bits(W), floor(counts_of(W)).nbytes
        size = {name: formats.parse(name).encode(W).nbytes for name in ("ham", "im_packed", "bitmap[codebook]")}
        assert own["entropy"] / 8 < size["ham"] <= size["im_packed"] + 100
        assert own["positions_values"] / 8 < size["bitmap[codebook]"] and least < min(size.values())


def test_classes_of_values_have_lower_floors() -> None:
    W = np.random.default_rng(0).standard_normal((100, 100)).astype(np.float32)
    for exact, rough in zip(floors(counts_of(W)), floors(counts_of(W, most_distinct=128)), strict=True):
        assert exact.name == rough.name and 0.99 * exact.bits < rough.bits <= exact.bits


def test_entropy_and_binomials() -> None:
    assert entropy_bits(np.array([1, 1, 2])) == 6 and entropy_bits(np.array([5])) == 0
    assert log2_binomial(10**9, 3) == pytest.approx(math.log2(10**9 * (10**9 - 1) * (10**9 - 2) / 6), abs=1e-3)
    assert log2_binomial(0, 0) == log2_binomial(9, 9) == 0


# The last line of section 2 of the facts on models: by dtype and rows, of a format whose values have that type.
DENSITIES = [
    ("float32", 256, "bitmap", 0.969),
    ("int8", 256, "bitmap", 0.875),
    ("float32", 256, "csc_min", 0.80),
    ("float32", 4096, "csc_min", 0.67),
    ("float16", 256, "csc_min", 0.67),
    ("bfloat16", 4096, "csc_min", 0.50),
    ("int8", 4096, "csr16", 0.33),
    ("float32", 4096, "csc", 0.50),
]


@pytest.mark.parametrize(("dtype", "n", "name", "density"), DENSITIES)
def test_densities_below_which_formats_are_smaller(dtype: str, n: int, name: str, density: float) -> None:
    format_ = formats.get(name)
    found = break_even(n, 1024, dtype, 100, [format_])[name]
    assert found == pytest.approx(density, abs=0.01)  # pointers take 0.5 %


def test_where_it_breaks_even_one_nonzero_decides() -> None:
    format_ = formats.get("bitmap")
    found = break_even(100, 70, "float32", 5, [format_])["bitmap"]
    assert found is not None
    first = round(found * 7000)
    W = np.zeros((100, 70), np.float32)
    for nnz, smaller in ((first - 1, True), (first, False)):
        W.T.flat[:nnz] = 1
        assert (format_.encode(W).nbytes < formats.get("dense").encode(W).nbytes) is smaller


def test_formats_that_are_always_smaller_never_or_unknown() -> None:
    names = ("ham", "dense", "cells", "eie", "rank")
    which = [formats.get(name) for name in names]
    found = break_even(64, 64, "float32", 20, which)
    assert found == {"ham": 1.0, "dense": 0.0, "cells": 1.0, "eie": None, "rank": 1.0}  # 1 to 20 are bfloat16
    assert break_even(64, 64, "float32", 100, which)["cells"] is None
    assert break_even(0, 4, "float32", 0, which)["ham"] == 0.0
    assert break_even(64, 64, "int8", 255, [formats.get("dense_s8")]) == {"dense_s8": 0.0}


def test_a_distribution_of_ones_own() -> None:
    """Skewed values are shorter in a code than as many that occur equally often."""
    own = formats.Histogram(np.arange(1, 101, dtype=np.int8), np.append(900, np.ones(99, np.int64)))
    ham = [formats.get("sham")]
    even, skewed = (break_even(256, 256, "int8", 100, ham, given)["sham"] for given in (None, own))
    assert even is not None and skewed is not None and even < skewed < 1
    assert scaled(own, 2000).counts[0] > 1700 and scaled(own, 2000).nnz == 2000
    assert all(scaled(own, nnz).nnz == nnz for nnz in (0, 1, 7, 999, 12_345, 10**12))


@pytest.mark.parametrize(("dtype", "most"), [("int8", 255), ("float16", 2 * 0x7BFF), ("bfloat16", 2 * 0x7F7F)])
def test_as_many_values_as_a_type_has(dtype: str, most: int) -> None:
    values = some_values(dtype, most)
    wide = values.astype(np.float32)
    assert len(np.unique(wide)) == most and (np.diff(wide) > 0).all() and np.isfinite(wide).all() and wide.all()
    with pytest.raises(ValueError, match=f"{most + 1} distinct values of {dtype}: there are {most}"):
        some_values(dtype, most + 1)
    with pytest.raises(ValueError, match="there are 16777216"):
        some_values("float32", (1 << 24) + 1)


def test_bounds_of_classes_come_near_to_what_values_need() -> None:
    """So that ham falls for a large layer whose values are all distinct, without a histogram."""
    W = np.random.default_rng(0).standard_normal((500, 400)).astype(np.float32)
    rough, exact = counts_of(W, most_distinct=1024), counts_of(W)
    for name in ("ham", "im_packed", "sham", "csc_palette", "bitmap[values=codebook]"):
        format_ = formats.parse(name)
        size = predicted_bytes(format_, exact)
        assert size is not None and 0.97 * size < lower_bound(format_, rough) <= size
    assert isinstance(rough, Counts) and lower_bound(formats.get("ham"), rough) > 1.4 * exact.dense_bytes
