"""The columns that stand for a large matrix: chosen by nonzeros and by values, in whole numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench.bench.counting import column_sample
from dotbench.formats.sources.source import as_source


@pytest.fixture(autouse=True)
def _small_is_large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "mirror" not in request.fixturenames:
        monkeypatch.setattr(column_sample, "WHOLE", 100)
        monkeypatch.setattr(column_sample, "SHARE", 5)


def filled(*counts: int, value: float = 1.0) -> np.ndarray:
    """12 rows; so many nonzeros in each 16 columns."""
    by_16 = np.zeros((len(counts), 16 * 12), np.float32)
    for k, count in enumerate(counts):
        by_16[k, :count] = value
    return by_16.reshape(-1, 12).T


def test_nonzeros_decide() -> None:
    """Of 185 a fifth is 37: 40 is nearest. Of equals the first is taken."""
    assert column_sample.columns_of(as_source(filled(2, 90, 40, 41, 12))) == (32, 48)
    assert column_sample.columns_of(as_source(filled(9, 9, 9, 9, 9))) == (0, 16)


def test_values_decide() -> None:
    """A rare value in slices that are equally full: each of its entries has 2 bits, and the common one's 1.

    Entries 20 a slice; rare ones 0, 20, 4, 5, 4: 33 of 100, so 2 bits (100 // 33 = 3), the others 1. In all
    133 bits, a fifth 26.6: the slices have 20, 40, 24, 25, 24.
    """
    W = filled(20, 20, 20, 20, 20)
    for k, count in enumerate((0, 20, 4, 5, 4)):
        part = np.argwhere(W[:, 16 * k : 16 * (k + 1)])[:count]
        W[part[:, 0], part[:, 1] + 16 * k] = 2
    assert column_sample.columns_of(as_source(W)) == (48, 64)


@pytest.mark.parametrize(
    ("shape", "columns"), [((12, 8), (0, 8)), ((120, 3), (0, 1)), ((120, 16), (0, 4)), ((30, 81), (0, 17))]
)
def test_how_many(shape: tuple[int, int], columns: tuple[int, int]) -> None:
    assert column_sample.columns_of(as_source(np.ones(shape, np.float32))) == columns
    assert column_sample.columns_of(as_source(np.zeros(shape, np.float32))) == columns


@pytest.mark.real_data("SiNa")
def test_the_slice_of_sina(mirror: Path, tmp_path: Path) -> None:
    from dotbench import datasets

    source = datasets.load("SiNa", cache_dir=tmp_path).matrix
    assert column_sample.columns_of(source) == (3712, 3802)  # 90 columns, a 64th of 5743
    assert source.columns(3712, 3802).nnz == 3214  # 3115 would be its share of 198 787
