"""Predicted nanoseconds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from dotbench.bench.costs.predict import (
    Predicted,
    dense_counts,
    dense_label,
    predicted,
    predicted_ns,
    ranked,
)
from dotbench.bench.costs.table import ERROR, OF_FLOAT32, TWO_THREADS, CostTable
from dotbench.bench.costs.work import Counts

LAYER = Counts(512, 4096, 200_000, 30, "float32", 1_616_424)
TABLE = CostTable({
    ("csc", "float32", 1): {"product": 100.0, "nonzero": 0.2, ERROR: 0.1, TWO_THREADS: 0.6},
    ("csc", "float32", 8): {"product": 100.0, "nonzero": 0.8, ERROR: 0.2, TWO_THREADS: 0.6},
    ("dense", "float32", 1): {"entry": 0.05, TWO_THREADS: 0.5},
    ("dense", "bfloat16", 1): {OF_FLOAT32: 0.5},
})  # fmt: skip


def time_of_dense(label: str, counts: Counts, table: CostTable | None = None) -> float | None:
    """Over the dense product of the type."""
    own = predicted_ns(label, counts, table=table)
    dense = predicted_ns(dense_label(counts.dtype), dense_counts(counts), table=table)
    return own / dense if own and dense else None


def test_steps_times_nanoseconds() -> None:
    found = predicted("csc", LAYER, table=TABLE)
    assert found == Predicted("csc", 40_100.0, 1_616_424, 0.1)
    assert found.surely == pytest.approx(40_100 * 1.025)


@pytest.mark.parametrize("label", ["csc", "csc_min", "sham", "bsr", "csc_palette"])
def test_more_nonzeros_take_no_less(label: str) -> None:
    """By the committed table, where bytes go with nonzeros."""
    every = [Counts(512, 2048, nnz, 30, "float32", 8200 + 6 * nnz) for nnz in range(0, 1_048_576, 65_536)]
    for batch in (1, 8, 32):
        times = [predicted_ns(label, one, batch) for one in every]
        assert all(before <= after for before, after in pairwise(times)), batch
        assert times[-1] > 5 * times[0]


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert predicted_ns("anybodys", LAYER) is None
    assert predicted_ns("csc", replace(LAYER, dtype="int8"), table=TABLE) is None
    assert time_of_dense("anybodys", LAYER) is None


def test_batches_between_are_interpolated_and_larger_ones_go_with_their_number() -> None:
    one, eight = (predicted_ns("csc", LAYER, batch, table=TABLE) for batch in (1, 8))
    two = predicted_ns("csc", LAYER, 2, table=TABLE)
    assert two == pytest.approx(one * (eight / one) ** (1 / 3))
    large = predicted("csc", LAYER, 24, table=TABLE)
    assert (large.ns, large.note) == (pytest.approx(3 * eight), "predicted from batch 8")


def test_two_threads_gain_what_the_table_says_where_there_is_work() -> None:
    large = Counts(4096, 4096, 8_000_000, 30, "float32", 64_000_000)
    alone = predicted_ns("csc", large, table=TABLE)
    assert predicted_ns("csc", large, threads=2, table=TABLE) == pytest.approx(0.6 * alone)
    assert predicted_ns("csc", large, threads=4, table=TABLE) == pytest.approx((0.2 + 0.8 / 4) * alone)
    assert predicted_ns("csc", LAYER, threads=2, table=TABLE) == predicted_ns("csc", LAYER, table=TABLE)


def test_other_floats_take_the_steps_of_float32_and_say_so() -> None:
    half = replace(LAYER, dtype="float16", bytes=LAYER.bytes - 2 * LAYER.nnz)
    found = predicted("csc", half, table=TABLE)
    assert (found.ns, found.note) == (40_100.0, "predicted from float32")
    scaled = predicted("dense", dense_counts(replace(LAYER, dtype="bfloat16")), table=TABLE)
    assert (scaled.ns, scaled.note) == (pytest.approx(0.5 * 0.05 * LAYER.entries), "predicted from float32")


def test_a_machine_has_factors_of_its_own() -> None:
    assert predicted_ns("csc", LAYER, table=TABLE, scale=lambda label, dtype: 2.0) == 80_200.0


def test_ratios_to_the_dense_product_of_the_type() -> None:
    assert time_of_dense("csc", LAYER, table=TABLE) == pytest.approx(40_100 / (0.05 * LAYER.entries))
    assert dense_label("float16") == "dense" and dense_counts(LAYER).bytes == 4 * 512 * 4096
    assert time_of_dense("dense", dense_counts(LAYER)) == 1.0
    int8 = Counts(512, 512, 5_000, 100, "int8", 10_500)
    assert 0.2 < time_of_dense("csr16", int8) < 2


def test_ties_go_to_the_smaller_payload_and_unsure_formats_stand_back() -> None:
    some = [Predicted("csc", 100, 6000), Predicted("csc_min", 101, 5000), Predicted("cser", 99, 3000, error=0.4)]
    assert [one.label for one in ranked(some)] == ["csc_min", "csc", "cser"]
