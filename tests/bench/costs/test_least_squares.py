"""Nanoseconds a step, of products whose nanoseconds are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dotbench.bench.costs.least_squares import cost, fit, spread
from tests.bench.costs import made


@pytest.mark.parametrize("label", sorted(made.NS))
def test_steps_are_recovered(label: str) -> None:
    products = made.products(label)
    found = fit(products)
    for step, ns in made.NS[label].items():
        assert found[step] == pytest.approx(ns, rel=0.05), step
    assert spread(found, products) < 0.005


def test_one_product_that_is_far_off_changes_little() -> None:
    products = made.products("csc")
    products[5] = replace(products[5], ns=10 * products[5].ns)
    found = fit(products)
    assert found["nonzero"] == pytest.approx(0.2, rel=0.1)
    assert cost(found, products[6]) == pytest.approx(products[6].ns, rel=0.1)


def test_a_weight_counts_as_so_many_products() -> None:
    products = made.products("dense")
    slow = [replace(one, ns=1.1 * one.ns) for one in products]
    twice = [replace(one, weight=2.0) for one in slow]
    assert fit([*products, *twice])["entry"] == pytest.approx(fit([*products, *slow, *slow])["entry"], rel=1e-3)


def test_no_step_is_below_zero() -> None:
    products = [replace(one, ns=1e6 / one.counts.entries) for one in made.products("dense")]
    assert all(ns > 0 for ns in fit(products).values())


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        fit([])
