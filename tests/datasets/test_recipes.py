"""Layers that are pruned and shared by a fixed recipe: what it does, and that it is the same everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets
from dotbench.datasets import recipes
from dotbench.datasets.models import packages
from dotbench.datasets.training.magnitude import prune
from dotbench.datasets.training.sharing import share
from dotbench.formats.sources.source import as_source, matrix_sha256


def made(dtype: str) -> np.ndarray:
    """Sums of uniform numbers, which are the same on every machine."""
    rng = np.random.Generator(np.random.PCG64(5))
    numbers = rng.random((12, 60, 40)).sum(0) - 6
    return (numbers * 30).astype(np.int8) if dtype == "int8" else numbers.astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "sha"),
    [
        ("float32", "38112d79ade2d6c1"),
        ("int8", "424e06ddad45be7d"),
    ],
)
def test_the_same_matrix_everywhere(dtype: str, sha: str) -> None:
    found = share(prune(made(dtype), 90), 32)
    assert matrix_sha256(as_source(found, found.dtype))[:16] == sha


def test_recipes_are_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a layer that is at hand; one whose hash is another is refused."""
    name = "magika#conv~prune90-share32"
    assert datasets.resolve([name]) == [name] and datasets.source_now(name) == "recipe"
    assert datasets.describe(name).shape == (1280, 512) and datasets.pixels(name) == 1
    assert len(datasets.resolve(["*~prune90-share32"])) == 4 == len(recipes.entries())
    assert all(len(sha) == 64 for sha in recipes.PINNED.values())
    assert not {name for name in datasets.resolve(["magika"]) if "~" in name}
    with pytest.raises(datasets.UnknownDataset):
        datasets.resolve(["magika#conv~prune80-share32"])
    W = made("float32")
    path = tmp_path / "w.npy"
    np.save(path, W)
    of = datasets.load(str(path), cache_dir=tmp_path / "cache")
    recipe = recipes.Recipe(name, "magika#conv", 90, 32)
    pruned = recipe.make(of.matrix).columns(0, 40).dense(60).T
    assert np.array_equal(pruned, share(prune(W, 90), 32)) and np.count_nonzero(pruned) == 240
    monkeypatch.setattr("dotbench.datasets.loading._from_package", lambda entry, cache_dir: of)
    with pytest.raises(datasets.DataError, match="the recipe holds 60 x 40 numbers"):
        datasets.load(name, cache_dir=tmp_path / "cache")
    assert packages.entries()["magika#conv"].shape == (1280, 512)
