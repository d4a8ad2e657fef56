"""Every metric passes the conformance class, which finds faults where there are some."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dotbench.bench.conformance.metric import MetricConformance
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import count, number, word
from dotbench.bench.metrics.faults import faults
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.metrics.plots import Axis


@pytest.mark.parametrize("of", registry.shown(), ids=registry.names(), scope="class")
class TestMetrics(MetricConformance):
    """All of the registry."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _of(cls, of: Metric) -> None:
        cls.metric = of


SPACE = registry.get("space")
WRONG = {
    "a name that is none": (replace(SPACE, name="peak rss"), "'peak rss' is no name of a metric"),
    "a name that is taken": (SPACE, "there is a metric 'space' already"),
    "a column twice": (replace(SPACE, columns=(*SPACE.columns, count("n", "", "again"))), "columns n are there more"),
    "a column of all files": (replace(SPACE, columns=(*SPACE.columns, word("reason", "again"))), "columns reason are"),
    "no meaning": (replace(SPACE, columns=(*SPACE.columns, number("x", 4, "", ""))), "column x has no meaning"),
    "no column object": (replace(SPACE, columns=("bytes",)), "are no dotbench.bench.metrics.column.Column"),
    "no figure": (replace(SPACE, figures=()), "space has no figures"),
    "a figure of no column": (replace(SPACE, figures=(Figure("size"),)), "figure size is no column of space"),
    "a figure of words": (replace(SPACE, figures=(Figure("dtype"),)), "figure dtype is text"),
    "a key of no column": (replace(SPACE, keys=("batch",)), "key batch is no column of space"),
    "an axis of no column": (replace(SPACE, axes=(Axis("x", "x"),)), "axis x is no column of space"),
    "no roots": (replace(SPACE, roots={}), "space has no roots"),
    "no function": (replace(SPACE, measure=5), "measure of space cannot be called"),
    "another dtype": (replace(SPACE, dtypes=("complex64",)), "space is of complex64: there are float32, int8, float16, bfloat16"),
    "no summary": (replace(SPACE, summary=""), "space has no summary"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_faults_are_named(what: str) -> None:
    metric, words = WRONG[what]
    taken = ["space"] if what == "a name that is taken" else []
    assert any(words in fault for fault in faults(metric, taken)), faults(metric, taken)


def test_orders_of_measuring_and_of_showing() -> None:
    assert registry.names()[:3] == ("space", "time", "instructions")
    measured = registry.names_in_runs()
    assert measured[0] == "space" and measured.index("instructions") < measured.index("time") < measured.index("energy")
    assert set(registry.names()) - set(measured) == {"board", "breakeven"}
