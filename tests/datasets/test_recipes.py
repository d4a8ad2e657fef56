"""Layers that are pruned and shared by a fixed recipe: what it does, and that it is the same everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets
from dotbench.cdot.bfloat16 import to_bfloat16, widened
from dotbench.datasets import recipes
from dotbench.datasets.models import packages
from dotbench.datasets.training.prune import prune
from dotbench.datasets.training.share import share
from dotbench.formats.sources.source import as_source, matrix_sha256


def made(dtype: str) -> np.ndarray:
    """Sums of uniform numbers, which are the same on every machine."""
    rng = np.random.Generator(np.random.PCG64(5))
    numbers = rng.random((12, 60, 40)).sum(0) - 6
    return (numbers * 30).astype(np.int8) if dtype == "int8" else numbers.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_the_smallest_go(dtype: str) -> None:
    W = made(dtype)
    pruned = prune(W, 90)
    assert pruned.dtype == W.dtype and np.count_nonzero(pruned) == 240
    kept = pruned != 0
    assert (pruned[kept] == W[kept]).all()
    assert np.abs(W[kept].astype(float)).min() >= np.abs(W[~kept].astype(float)).max()
    assert (prune(W, 0) == W).all() and not prune(W, 100).any()


def test_ties_go_by_their_place() -> None:
    assert prune(np.ones((2, 3), np.float32), 50).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert prune(np.array([[-128, 127, 3, -2]], np.int8), 50).tolist() == [[-128, 127, 0, 0]]
    with pytest.raises(ValueError, match="101 % of the entries cannot be pruned"):
        prune(np.ones((1, 1)), 101)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_values_are_shared_by_equally_many(dtype: str) -> None:
    W = prune(made(dtype), 50)
    shared = share(W, 16)
    assert shared.dtype == W.dtype and ((shared == 0) == (W == 0)).all()
    values, counts = np.unique(shared[shared != 0], return_counts=True)
    assert len(values) <= 16 and set(values) <= set(W[W != 0])
    assert dtype != "float32" or (len(values) == 16 and counts.tolist() == [75] * 16)
    order = np.argsort(W[W != 0], kind="stable")
    assert (np.diff(shared[W != 0][order].astype(float)) >= 0).all()


def test_sharing_few_or_no_values() -> None:
    W = np.float32([[1, 2], [0, 2]])
    assert share(W, 8).tolist() == W.tolist() and not share(np.zeros((2, 2), np.int8), 4).any()
    narrow = share(to_bfloat16([[1, 2, 3, 4]]), 2)
    assert widened(narrow).tolist() == [[1, 1, 3, 3]]
    with pytest.raises(ValueError, match="0 values cannot be shared"):
        share(W, 0)


@pytest.mark.parametrize(
    ("dtype", "sha"),
    [
        ("float32", "059c7aef8ac6edbc"),
        ("int8", "a266a8ec27bb3c8e"),
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
    assert (share(prune(W, 90), 32) == recipe.make(of.matrix).columns(0, 40).dense(60).T).all()
    monkeypatch.setattr("dotbench.datasets.loading._from_package", lambda entry, cache_dir: of)
    with pytest.raises(datasets.DataError, match="the recipe holds 60 x 40 numbers"):
        datasets.load(name, cache_dir=tmp_path / "cache")
    assert packages.entries()["magika#conv"].shape == (1280, 512)
