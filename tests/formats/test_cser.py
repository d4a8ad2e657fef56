"""cser: its lists by hand, its counts, its product where it is hard."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, aligned
from dotbench.cdot.library import library, pointer
from dotbench.formats.cser import CserCounts, counts
from dotbench.formats.sources.source import as_source, ranges

# Column 0: 3.0 in rows 1 and 4, 2.0 in row 0; column 1: nothing; column 2: 2.0 in rows 2 and 3, 3.0 in row 0,
# -1.0 in row 4. Of the 15 entries 0 has eight, 2.0 and 3.0 have three each, -1.0 has one.
HAND = np.array([[2, 0, 3], [3, 0, 0], [0, 0, 2], [0, 0, 2], [3, 0, -1]], np.float32)


def test_arrays_by_hand() -> None:
    """By falling length, then by rank: column 0 {1 4: 3.0} {0: 2.0}, column 2 {2 3: 2.0} {0: 3.0} {4: -1.0}."""
    payload = formats.get("cser").encode(HAND)
    assert payload.section("values").tolist() == [0, 2, 3, -1]
    assert payload.section("column_pointers").tolist() == [0, 2, 2, 5]
    assert payload.section("group_pointers").tolist() == [0, 2, 3, 5, 6, 7]
    assert payload.section("ranks").tolist() == [2, 1, 1, 2, 3]
    assert payload.section("rows").tolist() == [1, 4, 0, 2, 3, 0, 4]
    assert payload.nbytes == 44 + 16 + 4 + 8 + 8 + 7
    y = payload.dot(np.float32([1, 10, 100, 1000, 10000]))
    assert y.tolist() == [2 + 3 * 10010, 0, 3 + 2 * 1100 - 10000]


def test_counts_by_hand() -> None:
    found = counts(as_source(HAND))
    assert found == CserCounts(symbols=4, indices=7, groups=5, columns=3)
    assert (found.group_pointers, found.column_pointers, found.groups_per_column) == (6, 4, 5 / 3)
    # 4 * 32 + 7 * 8 + 5 * 8 + 6 * 8 + 4 * 8
    assert formats.get("cser").paper_bits(as_source(HAND)) == 304


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        (np.zeros((0, 5)), CserCounts(0, 0, 0, 5)),
        (np.zeros((5, 0)), CserCounts(0, 0, 0, 0)),
        (np.zeros((5, 4)), CserCounts(1, 0, 0, 4)),
        (np.full((5, 4), 2), CserCounts(1, 0, 0, 4)),
        (np.full((5, 4), 2) - 2 * np.eye(5, 4), CserCounts(2, 4, 4, 4)),  # zeros are listed: 2.0 is implicit
        (np.eye(5, 4), CserCounts(2, 4, 4, 4)),
    ],
)
def test_counts_at_the_edges(W: np.ndarray, expected: CserCounts) -> None:
    found = counts(as_source(W))
    payload = formats.get("cser").encode(W)
    assert found == expected
    assert found.groups_per_column == (expected.groups / expected.columns if expected.columns else 0)
    assert len(payload.section("group_pointers")) == found.group_pointers
    assert len(payload.section("column_pointers")) == found.column_pointers
    assert len(payload.section("rows")) == found.indices and np.array_equal(payload.decode(), W)


def test_counts_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    W = np.random.default_rng(0).integers(0, 9, (60, 50)).astype(np.float32)
    whole = counts(as_source(W))
    lists = sum(len(np.unique(column[column != np.bincount(W.astype(int).ravel()).argmax()])) for column in W.T)
    monkeypatch.setattr(ranges, "__defaults__", (100,))
    assert counts(as_source(W)) == whole and whole.groups == lists


@pytest.mark.parametrize(("n", "row_bytes"), [(255, 1), (256, 2), (65535, 2), (65536, 4)])
@pytest.mark.parametrize("batch", [1, 3, 8, 11, 16])
def test_vectors_with_strides(n: int, row_bytes: int, batch: int) -> None:
    """The kernel itself, with batches that fill no vector and rows of x and y that lie apart."""
    W = np.where(np.random.default_rng(n).random((n, 9)) < 3000 / n / 9, 1, 0).astype(np.float32)
    W *= np.random.default_rng(1).integers(1, 6, W.shape)
    payload = formats.get("cser").encode(W)
    assert payload.section("rows").itemsize == row_bytes
    ldx, ldy = batch + 2, batch + 1
    x = np.random.default_rng(2).standard_normal((n, ldx)).astype(np.float32)
    y = np.full((9, ldy), 7, np.float32)
    scratch = aligned(int(payload.kernel.view.scratch_bytes))
    status = library().cdot_dot(
        payload.kernel.view, pointer(x, "const float *"), ldx, pointer(y, "float *"), ldy, batch, 2, 8,
        pointer(scratch, "void *"),
    )  # fmt: skip
    assert status == 0 and (y[:2] == 7).all() and (y[8:] == 7).all() and (y[:, batch:] == 7).all()
    exact, size = W[:, 2:8].T.astype(np.float64) @ x[:, :batch], np.abs(W[:, 2:8].T) @ np.abs(x[:, :batch])
    assert (np.abs(y[2:8, :batch] - exact) <= 1e-5 * size).all()


def test_an_implicit_value_that_is_not_zero_loses_no_digits() -> None:
    """y is the small input alone; 1.0 times all inputs minus the others would leave nothing of it."""
    n = 1000
    W = np.ones((n, 3), np.float32)
    W[1:, 2] = 0
    x = np.full((9, n), 1e6, np.float32)
    x[:, 0] = 0.1
    payload = formats.get("cser").encode(W)
    assert payload.section("values").tolist() == [1, 0]
    for X in (x[0], x):
        y = payload.dot(X)
        assert (np.abs(y[..., 2] - np.float32(0.1)) <= 1e-6).all() and np.allclose(y[..., 0], 999e6, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 8])
def test_long_sums_are_made_in_pieces(batch: int) -> None:
    """One list of 150 000 rows, and 150 000 lists of one row: same-signed terms, on which plain sums drift."""
    n = 300_000
    W = np.zeros((n, 2), np.float32)
    W[::2, 0] = 1
    W[1::2, 1] = np.linspace(1, 2, n // 2)
    X = np.random.default_rng(0).random((batch, n)).astype(np.float32) + 1
    exact = X.astype(np.float64) @ W
    assert (np.abs(formats.get("cser").encode(W).dot(X) - exact) <= 5e-7 * exact).all()


@pytest.mark.parametrize("rows", range(1, 12))
def test_the_last_list_reads_nothing_behind_it(rows: int) -> None:
    """Rows are read four at a time; the payload's very last ones are not (the sanitizers watch)."""
    W = np.zeros((12, 2), np.float32)
    W[-rows:, 1] = 2
    payload = formats.get("cser").encode(W)
    for X in (np.arange(12, dtype=np.float32), np.ones((8, 12), np.float32)):
        assert np.array_equal(payload.dot(X), X @ W)


def test_infinite_inputs_of_other_lists_do_not_leak() -> None:
    """What a list does not have of its last four rows is masked, not multiplied by 0."""
    W = np.zeros((8, 1), np.float32)
    W[:, 0] = [1, 1, 2, 2, 0, 0, 0, 0]
    W = np.hstack([W, np.roll(W, 4)])
    X = np.ones((8, 8), np.float32)
    X[:, 4:] = np.inf
    payload = formats.get("cser").encode(W)
    assert payload.dot(X)[:, 0].tolist() == [6] * 8 and payload.dot(X[0])[0] == 6


@pytest.mark.parametrize(
    ("at", "byte", "words"),
    [
        (32, 3, "do not add up"),  # symbols
        (36, 4, "do not add up"),  # lists
        (44 + 16 + 1, 6, "out of order"),  # column pointers
        (44 + 16 + 4 + 1, 0, "out of order"),  # an empty list
        (44 + 16 + 4 + 2, 1, "out of order"),
        (44 + 16 + 4 + 8, 4, "out of range"),  # ranks
        (44 + 16 + 4 + 8 + 8, 5, "out of range"),  # rows
        (16, 8, "do not add up"),  # nnz of the header
    ],
)
def test_damage_is_refused(at: int, byte: int, words: str) -> None:
    data = formats.get("cser").encode(HAND).data.copy()
    data[at] = byte
    with pytest.raises(PayloadError, match=words):
        Kernel("cser", data)


def test_too_many_indices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.formats.cser.MOST_INDICES", 6)
    with pytest.raises(ValueError, match="7 row indices are too many for cser: its pointers have 32 bits"):
        formats.get("cser").encode(HAND)


@pytest.mark.real_data("orsreg_1")
def test_orsreg(mirror: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """111 values and zero, 14133 nonzeros. From the published 0.11527 bits per entry follows the number of lists:
    (0.11527 * 2205^2 - 112 * 32 - 14133 * 16 - 2206 * 16 - 16) / (8 + 16) = 12309, to the last digit."""
    from dotbench import datasets

    source = datasets.load("orsreg_1", cache_dir=tmp_path_factory.mktemp("cache")).matrix
    assert counts(source) == CserCounts(symbols=112, indices=14133, groups=12309, columns=2205)
    payload = formats.get("cser").encode(source)
    assert 8 * payload.nbytes - payload.format.paper_bits(source) == 8 * (44 + 3)  # header, fields, padding
