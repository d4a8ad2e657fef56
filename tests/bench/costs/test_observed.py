"""Observations of a folder of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.bench.commands import options
from dotbench.bench.costs.anchors import anchored
from dotbench.bench.costs.observed import family, observations
from dotbench.bench.record.csv_file import SheetError
from tests.bench.costs import made


def test_timed_rows_have_the_counts_of_their_matrix(tmp_path: Path) -> None:
    found = observations(made.folder(tmp_path, {}))
    assert len(found) == 4 * 24 and not any(one.is_point for one in found)
    one = next(one for one in found if (one.matrix, one.label) == ("made3/0.2", "csc"))
    assert one.counts == made.counts("csc", 128, 256, 6553) and one.family == "made3"
    assert one.ns == pytest.approx(made.ns("csc", one.counts), rel=1e-3)


def test_committed_rows_are_read() -> None:
    found = observations(options.RESULTS)
    points = [one for one in found if one.is_point]
    assert len(found) - len(points) > 1500 and len(points) > 4000
    assert {one.family for one in found} >= {"vgg19", "deepdta", "dlmc/rn50", "zoo", "breakeven/768x768"}
    assert {one.label for one in found if not one.lossless} == {"column_combined", "dense_w8"}


def test_ratios_of_curves_become_nanoseconds() -> None:
    """Of the shape that vgg19 has, within 15 % of what was measured there."""
    found = [one for one in anchored(observations(options.RESULTS)) if one.batch == 1 and one.threads == 1]
    point = next(one for one in found if one.matrix == "random/512x4096-float32@50" and one.label == "csc")
    real = next(one for one in found if one.matrix == "vgg19/50-0-32" and one.label == "csc")
    assert point.ns == pytest.approx(real.ns, rel=0.15)


def test_alike_matrices_are_a_family() -> None:
    assert family("dlmc/transformer-l0-90-ffn") == "dlmc/transformer"
    assert family("random/10240-0-bf16") == "random" and family("covtype~twin") == family("covtype-38pct")


def test_a_damaged_file_is_named_by_its_line(tmp_path: Path) -> None:
    place = made.folder(tmp_path, {})
    (place / "time.csv").write_text((place / "time.csv").read_text()[:-9])
    with pytest.raises(SheetError, match="line"):
        observations(place)
