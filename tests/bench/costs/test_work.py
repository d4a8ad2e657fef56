"""Steps of a product, from counts."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.costs.work import KINDS, STEPS, Counts, kinds, pieces, steps
from dotbench.formats.payloads.parallel import most_threads


def test_every_kind_of_step_is_counted_somewhere_and_known() -> None:
    named = {step for some in KINDS.values() for step in some}
    assert named == STEPS.keys()


def test_the_formats_with_steps_of_their_own_are_there() -> None:
    known = formats.kinds().keys() | {"blas_dense"}
    assert {label.partition("[")[0] for label in KINDS} <= known


@pytest.mark.parametrize("label", sorted({*KINDS, "csc", "anybodys"}))
def test_an_empty_matrix_has_no_steps_but_the_product(label: str) -> None:
    assert steps(label, Counts(0, 0, 0, 0, "float32", 0)) == {"product": 1.0}


def test_counts_of_a_matrix() -> None:
    one = Counts(1000, 10, 2500, 4, "float32", 3 << 20)
    assert (one.entries, one.density, one.column) == (10_000, 0.25, 250)
    assert one.occupied(2) == pytest.approx(1 - 0.75**2)
    assert one.groups == pytest.approx(4, abs=1e-9)
    assert one.reread(2 << 20) == 0.5 and one.reread(4 << 20) == 0.0 and one.reread(1 << 20) == 1.0
    assert one.beyond(2000, 1) == 0.5 and one.beyond(8000, 1) == 0.0  # 4000 bytes of inputs
    assert Counts(1000, 10, 0, 0, "int8", 0).beyond(500, 1) == 0.5  # one byte each


@pytest.mark.parametrize(("distinct", "density", "batch", "step"), [
    (32, 0.5, 1, "in_registers"), (33, 0.5, 1, "looked_up"), (32, 0.5, 8, "looked_up"), (32, 0.1, 8, "search"),
    (33, 0.1, 1, "search"), (32, 0.1, 1, "found"),
])  # fmt: skip
def test_im_multiplies_in_one_way(distinct: int, density: float, batch: int, step: str) -> None:
    counted = steps("im", Counts(100, 100, int(density * 10_000), distinct, "float32", 10_000), batch)
    ways = counted.keys() & {"in_registers", "looked_up", "search"}
    assert step in counted and len(ways) == (step != "found")


@pytest.mark.parametrize("label", ["csc", "dense", "sham", "bitmap"])
@pytest.mark.parametrize("batch", [1, 8, 32])
def test_pieces_are_those_that_products_are_cut_into(label: str, batch: int) -> None:
    rng = np.random.default_rng(0)
    W = rng.standard_normal((512, 2048), np.float32) * (rng.random((512, 2048)) < 0.5)
    payload = formats.parse(label).encode(W)
    counts = Counts(512, 2048, payload.header.nnz, 9, "float32", payload.nbytes)
    assert pieces(counts, batch) == most_threads(payload.kernel, batch, 2048)


def test_parameters_of_a_format_may_change_its_steps() -> None:
    assert "nonzero_of_33" in kinds("bitmap[values=codebook]") and "nonzero_of_33" not in kinds("bitmap")
