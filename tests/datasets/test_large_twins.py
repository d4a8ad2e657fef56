"""Twins of the large tables: shapes, densities, values; pairs stay related, rows differ; the same everywhere.

At full shape only with ``-m large``: gigabytes of disk and a minute or more.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dotbench import datasets
from dotbench.datasets import chow_liu_fit, twins
from dotbench.datasets.chow_liu import TreeTwin, draw, spread
from dotbench.datasets.features import FeatureTwin
from dotbench.formats.sources.source import Source, as_source, matrix_sha256

FEATURES = twins.statistics()["imagenet"]
TREES = {"covtype": 54, "census": 68}


def tree(name: str, n: int) -> TreeTwin:
    return TreeTwin(twins.variables(name), (n, TREES[name]), twins.SEED)


def dense(source: Source) -> npt.NDArray[np.float32]:
    return source.columns(0, source.shape[1]).dense(source.shape[0]).T


def density(source: Source) -> float:
    return source.histogram().nnz / (source.shape[0] * source.shape[1])


# ---- fewer rows


@pytest.mark.parametrize(("name", "share", "distinct"), [("covtype", 0.220, 6682), ("census", 0.4291, 45)])
def test_densities_and_values_of_trees(name: str, share: float, distinct: int) -> None:
    source = tree(name, 60_000)
    assert len(source.histogram().values) == distinct
    assert density(source) == pytest.approx(share, abs=0.001)


def test_densities_and_values_of_features() -> None:
    source = FeatureTwin({**FEATURES, "shape": [20_000, 900]}, twins.SEED)
    histogram = source.histogram()
    assert histogram.values.tolist() == list(range(1, 825))
    assert density(source) == pytest.approx(0.3099, abs=0.001)
    assert histogram.counts[0] > 100 * histogram.counts[-700:].max()
    columns = source.columns(0, 900).counts() / 20_000
    assert columns.min() == pytest.approx(0.3099 / 4, abs=0.01) and columns.max() == pytest.approx(0.774, abs=0.01)


def test_a_column_is_the_same_however_it_is_asked_for() -> None:
    for source in (tree("covtype", 500), FeatureTwin({**FEATURES, "shape": [500, 30]}, twins.SEED)):
        whole, m = dense(source), source.shape[1]
        apart = [source.columns(j, j + 1).dense(500)[0] for j in reversed(range(m))]
        assert np.array_equal(whole, np.array(apart[::-1]).T)
        assert source.columns(3, 3).nnz == 0 and len(source.columns(3, 3).indptr) == 1
        assert matrix_sha256(source) == matrix_sha256(as_source(whole))


def test_covtype_has_one_wilderness_and_one_soil_in_each_row() -> None:
    rows = dense(tree("covtype", 20_000))
    assert (rows[:, 10:14].sum(axis=1) == 1).all() and (rows[:, 14:].sum(axis=1) == 1).all()
    assert (rows[:, 4] < 0).any() and rows[:, 0].min() > 1800


def test_rows_repeat_no_more_than_in_reality() -> None:
    """All real rows of covtype differ; of the first 1000 of census 996 do."""
    covtype, census = dense(tree("covtype", 100_000)), dense(tree("census", 20_000))
    assert len(np.unique(covtype, axis=0)) == 100_000
    assert min(len(np.unique(part, axis=0)) for part in np.split(census, 20)) >= 996


@pytest.mark.real_data("all")
def test_pairs_of_columns_stay_related_as_in_the_real_rows(mirror: Path, tmp_path: Path) -> None:
    """Along the tree the shares of pairs of states are the real ones; without it they would be products."""
    real = datasets.load("census-1000", cache_dir=tmp_path).matrix.columns(0, 68).dense(1000).T
    variables, made = twins.variables("census"), dense(tree("census", 100_000))
    away, apart = [], []
    for child in variables[1:]:
        columns = [variables[child["parent"]]["begin"], child["begin"]]
        if 49 not in columns:  # its bin of islands has values that the 1000 rows lack
            shares = [pair_shares(rows[:, columns]) for rows in (real, made)]
            away.append(difference(*shares))
            apart.append(difference(shares[0], independent(real[:, columns])))
    assert max(away) < 0.02
    assert np.mean(apart) > 0.2


Shares = dict[tuple[float, float], float]


def pair_shares(pairs: npt.NDArray[np.float32]) -> Shares:
    found, counts = np.unique(pairs[:, 0] + 1j * pairs[:, 1], return_counts=True)
    return {(pair.real, pair.imag): count / len(pairs) for pair, count in zip(found, counts, strict=True)}


def independent(pairs: npt.NDArray[np.float32]) -> Shares:
    one, two = ({v: c / len(pairs) for v, c in zip(*np.unique(p, return_counts=True), strict=True)} for p in pairs.T)
    return {(float(a), float(b)): p * q for a, p in one.items() for b, q in two.items()}


def difference(first: Shares, second: Shares) -> float:
    """Total variation."""
    return sum(abs(first.get(pair, 0) - second.get(pair, 0)) for pair in first.keys() | second.keys()) / 2


# ---- their parts


def test_a_state_that_no_row_had_is_never_drawn() -> None:
    table = [[0, 3, 0], [5, 0, 1]]
    uniform = np.array([0, 0.5, 1 - 2.0**-53, 0, 5 / 6 - 1e-9, 5 / 6 + 1e-9, 1 - 2.0**-53])
    assert draw(table, np.uint8([0, 0, 0, 1, 1, 1, 1]), uniform).tolist() == [1, 1, 1, 0, 0, 2, 2]


def test_values_of_a_bin_keep_their_shares() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    values, counts = np.unique(spread([1, 2, 3, 4], [700, 250, 50, 0], 10_001, rng), return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {1: 7000, 2: 2500, 3: 500, 4: 1}
    assert set(spread([1, 2, 3], [1, 1, 1], 2, rng).tolist()) <= {1, 2, 3}  # fewer places than values
    assert spread([1, 2], [0, 0], 4, rng).tolist().count(1) == 2
    assert len(spread([1, 2], [1, 1], 0, rng)) == 0


def test_the_tree_joins_what_depends() -> None:
    """c copies a, d nearly copies b; e is one-hot over two columns and copies b."""
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, 5, 4000), rng.integers(0, 2, 4000)
    d = np.where(rng.random(4000) < 0.9, b, 1 - b)
    sample = np.stack([a, b, 3 * a, d, b == 0, b == 1], axis=1).astype(np.int64)
    variables = chow_liu_fit.fit(sample, [(4, 6)], {})
    edges = {(variables[v["parent"]]["begin"], v["begin"]) for v in variables if v["parent"] >= 0}
    assert {frozenset(edge) for edge in edges} >= {frozenset((0, 2)), frozenset((1, 4))}
    assert all(v["parent"] < at for at, v in enumerate(variables)) and [v["end"] for v in variables if v["begin"] == 4]
    made = dense(TreeTwin(variables, (3000, 6), 1))
    assert np.array_equal(made[:, 2], 3 * made[:, 0]) and np.array_equal(made[:, 5], made[:, 1])
    assert np.mean(made[:, 3] == made[:, 1]) == pytest.approx(0.9, abs=0.03)


def test_bins_hold_about_as_many_rows_and_zero_has_its_own() -> None:
    rng = np.random.default_rng(1)
    column = np.where(rng.random(9000) < 0.2, 0, rng.integers(-500, 500, 9000))
    bins, states = chow_liu_fit.binned(column, {10_000: 0, -10_000: 0})
    assert len(bins) == chow_liu_fit.BINS and [list(found) for found in bins if 0 in found] == [[0]]
    counts = np.bincount(states)
    assert counts.sum() == 9000 and np.sort(counts)[-2] < 1.2 * np.sort(counts)[0]
    assert all(column[states == s].min() == min(v for v, c in bins[s].items() if c) for s in range(len(bins)))
    assert 10_000 in max(bins, key=max) and -10_000 in min(bins, key=min)


@pytest.mark.real_data("all")
def test_trees_are_fitted_to_the_mirror(mirror: Path) -> None:
    """Running the fit again gives the statistics that are committed."""
    from dotbench.datasets import twins_fit

    for name, fitted in twins_fit.TREES.items():
        assert json.loads(json.dumps(fitted(mirror))) == twins.variables(name)
    for name in ("covtype", "covtype-38pct", "imagenet", "dlmc/rn50-random-90-bottleneck2"):
        again = twins_fit.fit(datasets.describe(name), mirror)
        assert json.loads(json.dumps(again)) == twins.statistics()[name]


def test_every_matrix_has_a_twin_of_its_shape() -> None:
    shapes = {name: tuple(fitted["shape"]) for name, fitted in twins.statistics().items()}
    assert shapes == {name: datasets.describe(name).shape for name in datasets.names()}


# ---- full shape: constants from the first time they were made

SMALLER = {
    "census-1000": ("77d9157abfea", 29317, 40),
    "covtype-38pct": ("c8309810e7c1", 2667367, 6682),
    "dlmc/transformer-magnitude-95-ffn": ("1a52e6fe942f", 52428, 32),
}
FULL = {
    "covtype": ("b90f19413158", 6903022, 6682),
    "census": ("a289d79c6bfa", 71741687, 45),
    "imagenet": ("e6f22590acc7", 352007903, 824),
}


@pytest.mark.parametrize("name", SMALLER)
def test_smaller_twins(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, *SMALLER[name])


@pytest.mark.large
@pytest.mark.parametrize("name", FULL)
def test_twins_at_full_shape(name: str, tmp_path: Path) -> None:
    try:
        check(name, tmp_path, *FULL[name])
    finally:
        shutil.rmtree(tmp_path)
    entry = datasets.describe(name)
    assert FULL[name][1] / np.prod(entry.shape) == pytest.approx(entry.density, rel=0.003)
    assert FULL[name][2] == entry.distinct


def check(name: str, tmp_path: Path, sha: str, nnz: int, distinct: int) -> None:
    found = datasets.load(f"{name}~twin", cache_dir=tmp_path)
    histogram = found.matrix.histogram()
    assert (found.matrix_sha256[:12], histogram.nnz, len(histogram.values)) == (sha, nnz, distinct)
    assert (found.name, found.source, found.matrix.shape) == (f"{name}~twin", "twin", datasets.describe(name).shape)
