"""The modelled energy: sums by hand, and the published figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.energy import costs, model, published
from dotbench.bench.energy.model import model_pj_per_entry
from dotbench.bench.energy.published import published_pj_per_entry
from dotbench.formats.sources.source import Source, as_source

# n 4, m 3, nnz 5; 2.0 three times, 1.0 and -3.0 once, zero seven times. Every array is below 8 KB, so
# an access costs 1.25 at 8 bits and 5 at 32; e_s 0.9, e_m 3.7.
HAND = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)
PRODUCTS = 5 * (4.6 + 5) + 3 * 5  # of the nonzeros: 63
# ham: lengths 1, 2, 3, 3; L 19, one word; lmax 3, t 2, two entries beyond it
SEARCHED = (12 + 2 * 1.584962500721156) * 1.25
BY_HAND = {
    "dense": 12 * (4.6 + 5 + 5) + 3 * 5,
    "csc": 5 * (4.6 + 1.25 + 5 + 5) + 3 * 1.25 + 3 * 5,
    "csc_min": 5 * (4.6 + 1.25 + 5 + 5) + 3 * 5 + 3 * 5,
    "im": 12 * (5 + 1.25) + PRODUCTS,
    # groups: 1, 2, 1 in the three columns
    "cser": 5 * (0.9 + 5 + 1.25) + 4 * (4.6 + 1.25 + 1.25) + 3 * (5 + 1.25),
    "ham": 12 * 5 + 5 + 12 * 1.25 + SEARCHED + PRODUCTS,
    # sham: lengths 1, 2, 2; L 7, one word; lmax 2, t 1, two nonzeros beyond it
    "sham": 5 * 5 + 5 + 5 * 1.25 + (5 + 2 * 1) * 1.25 + 5 * 1.25 + PRODUCTS,
}
AS_PUBLISHED = {
    "csc": 5 * (4.6 + 1.25 + 5 + 5) + 12 * (1.25 + 5),
    "cser": BY_HAND["cser"],
    "ham": 12 + 5 + 5 + 12 * 1.25 + SEARCHED + PRODUCTS,
    "im": BY_HAND["im"],
    "sham": BY_HAND["sham"],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    assert model_pj_per_entry(formats.get(name), as_source(HAND)) == pytest.approx(BY_HAND[name] / 12, rel=1e-12)


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_as_published_by_hand(name: str) -> None:
    assert published_pj_per_entry(formats.get(name), as_source(HAND)) == pytest.approx(
        AS_PUBLISHED[name] / 12, rel=1e-12
    )


def test_constants() -> None:
    """The same sums as numbers, so that a slip in both places shows."""
    figures = {name: round(model_pj_per_entry(formats.get(name), as_source(HAND)) or 0, 8) for name in BY_HAND}
    assert figures == {
        "dense": 15.85,
        "csc": 8.16666667,
        "csc_min": 9.10416667,
        "im": 11.5,
        "cser": 6.90833333,
        "ham": 13.49686719,
        "sham": 9.52083333,
    }
    assert round(published_pj_per_entry(formats.get("csc"), as_source(HAND)) or 0, 8) == 12.85416667
    assert round(published_pj_per_entry(formats.get("ham"), as_source(HAND)) or 0, 8) == 9.91353385


@pytest.mark.parametrize(
    ("items", "width", "cost"),
    [
        (0, 32, 5.0),
        (8192, 8, 1.25),
        (8193, 8, 2.5),
        (4096, 16, 2.5),
        (2048, 32, 5.0),
        (2049, 32, 10.0),
        (32768, 8, 2.5),
        (32769, 8, 12.5),
        (16384, 16, 5.0),
        (8193, 32, 50.0),
        (1048576, 8, 12.5),
        (1048577, 8, 250.0),
        (524289, 16, 500.0),
        (262144, 32, 50.0),
        (262145, 32, 1000.0),
        (1024, 64, 10.0),
    ],
)
def test_the_cost_of_an_access(items: int, width: int, cost: float) -> None:
    """Limits are included; 1 KB is 1024 bytes."""
    assert costs.access(items, width) == cost


def test_operations() -> None:
    assert costs.ADD == {8: 0.2, 16: 0.4, 32: 0.9} and costs.MULTIPLY == {8: 0.6, 16: 1.1, 32: 3.7}


def test_published_sham_takes_the_index_width_from_the_columns() -> None:
    """4 rows need 8 bits, 300 columns 16; 300 nonzeros, one value, so a code of length 0 without words."""
    W = np.zeros((4, 300), np.float32)
    W[1] = 3
    rest = 300 * (5 + 1.25) + 5 * 0 + 5 + 300 * (4.6 + 5) + 300 * 5 - 5  # codebook, lmax + 2, products, outputs
    assert model_pj_per_entry(formats.get("sham"), as_source(W)) == pytest.approx((rest + 300 * 1.25) / 1200)
    assert published_pj_per_entry(formats.get("sham"), as_source(W)) == pytest.approx((rest + 300 * 2.5) / 1200)


def test_the_table_of_two_to_the_t_is_left_out_where_t_is_0() -> None:
    """Two symbols: lmax 1, t 0; 8 entries of 1 bit, one word; no logarithm, no table."""
    W = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], np.float32)
    stream = 8 * 5 + 5 + 8 * 1.25
    assert model_pj_per_entry(formats.get("ham"), as_source(W)) == pytest.approx((stream + 2 * 9.6 + 2 * 5) / 8)


def test_no_formula_and_no_entries() -> None:
    assert model_pj_per_entry(formats.get("bitmap"), as_source(HAND)) is None
    assert published_pj_per_entry(formats.get("dense"), as_source(HAND)) is None
    for shape in ((0, 5), (5, 0)):
        empty = as_source(np.zeros(shape, np.float32))
        assert model_pj_per_entry(formats.get("ham"), empty) is None
        assert published_pj_per_entry(formats.get("ham"), empty) is None


@pytest.mark.parametrize("name", sorted(model.FORMULAS))
@pytest.mark.parametrize("matrix", [np.zeros((3, 4)), np.full((3, 4), -1.5), np.eye(1)])
def test_degenerate_matrices_have_figures(name: str, matrix: np.ndarray) -> None:
    figure = model_pj_per_entry(formats.get(name), as_source(matrix.astype(np.float32)))
    assert figure is not None and np.isfinite(figure) and figure > 0


def test_every_formula_is_of_a_format_with_that_name() -> None:
    assert set(model.FORMULAS) <= set(formats.names())
    assert set(published.FORMULAS) <= set(model.FORMULAS)


# ---- real matrices: as published, and by the table

PUBLISHED = {
    "orsreg_1": {
        "csc": "15.20231422",
        "cser": "0.07935579",
        "ham": "5.13994978",
        "im": "255.04697462",
        "sham": "0.09598703",
    },
    "vgg19/90-0-32": {"csc": "43.4600", "cser": "3.4692", "ham": "6.5193", "im": "255.9795", "sham": "4.6445"},
}
BY_THE_TABLE = {
    "orsreg_1": {
        "csc": "0.20798316",
        "cser": "0.07935579",
        "ham": "9.13994875",
        "im": "255.04697462",
        "sham": "0.09598703",
    },
    "vgg19/90-0-32": {"csc": "8.4844", "cser": "3.4692", "ham": "10.5193", "im": "255.9795", "sham": "4.6445"},
}
CASES = [(matrix, name) for matrix, figures in PUBLISHED.items() for name in figures]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Source]:
    from dotbench import datasets

    folder = tmp_path_factory.mktemp("cache")
    return lambda name: datasets.load(name, cache_dir=folder).matrix


def printed(figure: float | None, like: str) -> str:
    return f"{figure:.{len(like.partition('.')[2])}f}"


@pytest.mark.real_data("orsreg_1")
@pytest.mark.parametrize(("matrix", "name"), CASES)
def test_published_figures(mirror: Path, load: Callable[[str], Source], matrix: str, name: str) -> None:
    wanted = PUBLISHED[matrix][name]
    assert printed(published_pj_per_entry(formats.get(name), load(matrix)), wanted) == wanted


@pytest.mark.real_data("orsreg_1")
@pytest.mark.parametrize(("matrix", "name"), CASES)
def test_figures_by_the_table(mirror: Path, load: Callable[[str], Source], matrix: str, name: str) -> None:
    wanted = BY_THE_TABLE[matrix][name]
    assert printed(model_pj_per_entry(formats.get(name), load(matrix)), wanted) == wanted


@pytest.mark.real_data("vgg19/90-0-32")
@pytest.mark.parametrize(("name", "wanted"), [("ham", "6.6771"), ("sham", "4.6632")])
def test_the_published_file_was_made_with_the_networks_code(
    mirror: Path, load: Callable[[str], Source], name: str, wanted: str
) -> None:
    from dotbench.datasets import sham_archive

    folder, stem = mirror / "sham_archive" / "nns" / "data" / name, "vgg_90-0-32-0-0.9951"
    archive = sham_archive.read(
        folder / "cdot_structure" / f"{stem}_096_cdot.pkl", folder / "huffman_code" / f"{stem}_code.pkl"
    )
    source = load("vgg19/90-0-32")
    code = published.network_code(archive, source)
    assert code.stream_bits == archive.ends[-1]
    assert printed(published_pj_per_entry(formats.get(name), source, code), wanted) == wanted
