"""Published figures of REDS that can be computed: the fit of its times, and what its budgets are."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.bench.published import reds


def test_a_fit_by_hand() -> None:
    """Times made from 50 us + 20 us a layer + 0.2 us a multiplication, one of them 5 % off."""
    macs = [1000, 500, 100, 20]
    timings = {
        name: {"macs": macs, "us": [50 + 20 * layers + 0.2 * count for count in macs]}
        for name, layers in reds.LAYERS.items()
    }
    found = reds.fit_times(timings)
    assert (found.fixed, found.layer, found.multiplication) == pytest.approx((50, 20, 0.2))
    assert found.worst == pytest.approx(0, abs=1e-9) and found.cycles == pytest.approx(12.8)
    timings["mlp2_mnist"]["us"][0] *= 1.05
    assert 0.01 < reds.fit_times(timings).worst < 0.05
    del timings["mlp2_mnist"]
    with pytest.raises(ValueError, match="no times of mlp2_mnist: the fit is over mlp2_mnist, mlp3_mnist, mlp11_mnist"):
        reds.fit_times(timings)


@pytest.mark.real_data("reds")
def test_the_published_times(mirror: Path) -> None:
    """t = 66.4 us + 25.4 us a layer + 0.170 us a multiplication, 10.9 cycles each; worst 4.4 %."""
    found = reds.fit_times(reds.read_timings(mirror / "reds" / "arduino_nano33_timings.json"))
    assert (round(found.fixed, 1), round(found.layer, 1), round(found.multiplication, 3)) == (66.4, 25.4, 0.170)
    assert round(found.cycles, 1) == 10.9 and round(100 * found.worst, 1) == 4.4


@pytest.mark.real_data("reds")
def test_the_published_budgets(mirror: Path) -> None:
    network, levels = reds.levels_of(mirror / "reds" / "reds_dnn_s_case.json", outputs=reds.CLASSES)
    assert [round(share, 1) for share in reds.true_shares(network, levels)] == [7.9, 33.8, 67.3]
    network, levels = reds.levels_of(mirror / "reds" / "reds_ds_cnn_s_case.json")
    assert [round(share, 1) for share in reds.true_shares(network, levels)] == [25.0, 50.0, 75.0]


def test_published_figures_fall_with_the_level() -> None:
    for figures in (*reds.ACCURACY.values(), *reds.ENERGY_MJ.values()):
        assert len(figures) == len(reds.SHARES) and list(figures) == sorted(figures, reverse=True)
