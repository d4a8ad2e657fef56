"""column_combined: the published grouping and pruning, its sizes, its payload, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dotbench import formats
from dotbench.cdot.errors import PayloadError
from dotbench.formats.column_combined import ColumnCombined
from dotbench.formats.parts.combining import Groups, combine, pack, prune, pruned
from dotbench.formats.parts.tiles import packed_bits, tiled
from dotbench.formats.sources.source import Columns, as_source

FOLDER = "column_combine"  # of the mirror
CASES = [
    "W_128x128_sp90_uniform_s3_a2_g0.5",
    "W_128x128_sp90_uniform_s3_a8_g0.0",
    "W_128x128_sp90_uniform_s3_a8_g0.5",
    "W_8x8_sp50_uniform_s7_a8_g0.0",
    "W_8x8_sp50_uniform_s7_a8_g0.5",
    "W_8x8_sp50_uniform_s7_a8_g1.75",
]
# The paper writes filters (outputs) by inputs: its matrix is the transpose of ours.
HAND = np.float32([[-0.3, 0, -0.2, 0], [0, -0.7, 0, -0.8], [0, 0.1, -1.2, 0], [0.9, 0, 0.4, 0.7]]).T


def whole(W: np.ndarray) -> Columns:
    return as_source(W).columns(0, W.shape[1])


# ---- the rules written out once more, the slow way


def plain_conflicts(F: np.ndarray, group: list[int]) -> int:
    return int(np.maximum(np.count_nonzero(F[:, group], axis=1) - 1, 0).sum())


def plain_rows(F: np.ndarray, group: list[int]) -> int:
    return int(F[:, group].any(axis=1).sum())


def plain_index(F: np.ndarray, alpha: int, limit: int) -> list[list[int]]:
    """Filters by inputs, as the paper has it: all groups of one, merged while something fits."""
    groups = [[j] for j in range(F.shape[1]) if F[:, j].any()]
    at = 0
    while at < len(groups):
        best: tuple[int, int] | None = None
        for other in range(len(groups)):
            union = groups[at] + groups[other]
            if other == at or len(union) > alpha or plain_conflicts(F, union) > limit:
                continue
            empty = len(F) - plain_rows(F, union)
            if best is None or empty < best[0]:
                best = empty, other
        if best is None:
            at += 1
            continue
        groups[at] += groups.pop(best[1])
        at -= best[1] < at
    return groups


def plain_dense(F: np.ndarray, alpha: int, limit: int) -> list[list[int]]:
    counts = np.count_nonzero(F, axis=0)
    groups: list[list[int]] = []
    for j in np.argsort(-counts, kind="stable"):
        if counts[j] == 0:
            continue
        fits = [g for g in groups if len(g) < alpha and plain_conflicts(F, [*g, int(j)]) <= limit]
        if fits:
            max(fits, key=lambda g: plain_rows(F, [*g, int(j)])).append(int(j))  # the first of equal ones
        else:
            groups.append([int(j)])
    return groups


def plain_prune(F: np.ndarray, groups: list[list[int]]) -> np.ndarray:
    out = np.zeros_like(F)
    for group in groups:
        for i in range(len(F)):
            best = max(sorted(group), key=lambda j: abs(F[i, j]))
            out[i, best] = F[i, best]
    return out


WEIGHTS = st.sampled_from([0, 0, 0, 0, 1, -1, 2, -2.5, 0.25]).map(np.float32)
MATRICES = st.tuples(st.integers(1, 9), st.integers(1, 70)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=WEIGHTS, fill=st.nothing())
)


@given(MATRICES, st.integers(1, 5), st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.75, 30.0]))
@settings(max_examples=150, deadline=None, database=None)
def test_groups_are_those_of_the_plain_rules(W: np.ndarray, alpha: int, gamma: float) -> None:
    """Many equal values and equal columns: every tie of the rules is met."""
    limit = int(gamma * W.shape[1])
    for order, plain in (("index", plain_index), ("dense", plain_dense)):
        groups = combine(as_source(W), alpha, gamma, order)
        expected = plain(W.T, alpha, limit)
        assert groups.lists() == expected
        kept = plain_prune(W.T, expected).T
        assert np.array_equal(prune(whole(W), groups).dense(len(W)).T, kept)
        assert groups.nnz == np.count_nonzero(kept)
        payload = ColumnCombined(alpha, gamma, order).encode(W)
        assert payload.nnz == groups.nnz and np.array_equal(payload.decode(), kept)


# ---- published figures and vectors


def test_the_hand_case() -> None:
    groups = combine(as_source(HAND), alpha=2, gamma=0.25, order="index")
    assert groups.lists() == [[0, 1], [2, 3]]
    values, places = pack(whole(HAND), groups)
    assert values.tolist() == np.float32([[-0.3, -0.2], [-0.7, -0.8], [0.1, -1.2], [0.9, 0.7]]).tolist()
    inputs = np.array(groups.lists())
    assert [[int(inputs[g, places[i, g]]) for g in (0, 1)] for i in range(4)] == [[0, 2], [1, 3], [1, 2], [0, 3]]
    dropped = np.argwhere(prune(whole(HAND), groups).dense(4).T != HAND)
    assert dropped.tolist() == [[2, 3]] and HAND[2, 3] == np.float32(0.4)
    assert combine(as_source(HAND), alpha=2, gamma=0.0, order="index").lists() == [[0, 1], [2], [3]]


def test_ties_of_conflicts_go_to_the_lowest_input() -> None:
    """Inputs 0 and 2 hold the same weight of output 1, and input 2 was merged first."""
    F = np.float32([[0, 1, 0], [0.5, 0, -0.5], [1, 0, 0], [0, 1, 0]])
    groups = Groups(np.int32([0, 0, 0]), np.uint32([2, 1, 0]), np.uint32([4]))
    assert groups.lists() == [[2, 1, 0]]
    assert prune(whole(F.T), groups).dense(3).tolist() == [[0, 1, 0], [0.5, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.fixture
def vector(mirror: Path, request: pytest.FixtureRequest) -> tuple[dict[str, Any], Any, np.ndarray]:
    """The json and npz of a case, and its matrix as inputs by outputs."""
    folder = mirror / FOLDER
    known = json.loads((folder / f"{request.param}.json").read_text())
    return known, np.load(folder / f"{request.param}.npz"), np.load(folder / known["W"]).T


@pytest.mark.real_data(FOLDER)
@pytest.mark.parametrize("vector", CASES, indirect=True)
def test_published_vectors(vector: tuple[dict[str, Any], Any, np.ndarray]) -> None:
    known, arrays_, W = vector
    format_ = ColumnCombined(known["alpha"], known["gamma"])
    groups = format_.groups(as_source(W))
    assert groups.lists() == known["col_groups"] and len(groups) == known["groups"]
    assert np.array_equal(groups.group, arrays_["group_of_col"])
    sizes = groups.sizes()
    assert (sizes.max(), round(sizes.mean(), 4)) == (known["max_group_size"], known["mean_group_size"])
    assert int(known["gamma"] * W.shape[1]) == known["max_conflicts_per_group"]
    values, places = pack(whole(W), groups)
    assert np.array_equal(values, arrays_["packed_values"])
    starts = np.append(0, np.cumsum(sizes))[:-1]
    inputs = np.where(values != 0, groups.members()[starts + places], -1)
    assert np.array_equal(inputs, arrays_["source_col"])
    payload = format_.encode(W)
    assert np.array_equal(payload.decode().T, arrays_["W_pruned"])
    assert payload.nnz == known["nnz_after"] == known["nnz_before"] - known["pruned_by_conflict"]
    y = payload.dot(np.ascontiguousarray(arrays_["x"]))
    assert np.abs(y - arrays_["y_packed"]).max() <= 1e-6 * np.abs(arrays_["y_packed"]).max()


@pytest.mark.real_data(FOLDER)
@pytest.mark.parametrize("vector", CASES, indirect=True)
def test_published_vectors_of_the_dense_order(vector: tuple[dict[str, Any], Any, np.ndarray]) -> None:
    known, _, W = vector
    groups = combine(as_source(W), known["alpha"], known["gamma"], "dense")
    assert len(groups) == known["densefirst_groups"] and groups.nnz == known["densefirst_nnz_after"]
    if "densefirst_groups_list" in known:
        assert groups.lists() == known["densefirst_groups_list"]


@pytest.mark.real_data(FOLDER)
@pytest.mark.parametrize("vector", CASES[2:3], indirect=True)
def test_published_size(vector: tuple[dict[str, Any], Any, np.ndarray]) -> None:
    """16 groups: 8192 + 768 + 112 + 8 bytes; with a byte a value 2048 for the 8192."""
    _, _, W = vector
    format_ = formats.get("column_combined")
    assert len(format_.groups(as_source(W))) == 16
    bits = format_.paper_bits(as_source(W))
    assert bits == 8 * 9080 and bits - 24 * 128 * 16 == 8 * 2936
    assert format_.encode(W).nbytes == 52 + 8192 + 772 + 16 + 128


# ---- the payload


def random_matrix(n: int, m: int, density: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, m)) < density, rng.standard_normal((n, m)), 0).astype(np.float32)


@pytest.mark.parametrize("alpha", [1, 2, 3, 4, 8, 9, 16, 300, 65535])
@pytest.mark.parametrize("order", ["index", "dense"])
def test_all_selector_widths(alpha: int, order: str) -> None:
    """Alpha to 8 has fused kernels, more has blocks; 133 outputs end in a narrow tile."""
    W = random_matrix(300, 133, 0.03, alpha)
    format_ = ColumnCombined(alpha, 1.75, order)
    payload = format_.encode(W)
    held = np.asarray(pruned(as_source(W), format_.groups(as_source(W))).todense())
    assert np.array_equal(payload.decode(), held)
    assert formats.load(payload.data.tobytes()).format == format_
    for batch in (1, 7, 8, 16):
        X = np.random.default_rng(1).standard_normal((batch, 300)).astype(np.float32)
        Y = payload.dot(X)
        assert np.abs(Y - X.astype(np.float64) @ held).max() < 1e-5 * np.abs(X).sum(1).max()
        for begin in range(0, 133, 11):
            for end in (begin + 1, begin + 13, 133):
                part = payload.dot(X, columns=(begin, min(end, 133)))
                assert np.array_equal(part, Y[:, begin:end])


def test_more_groups_than_a_piece() -> None:
    """2500 groups of one input: sums of the fused kernels are made in pieces of 1024."""
    W = random_matrix(2500, 37, 0.9)
    payload = ColumnCombined(gamma=0.0).encode(W)
    assert len(payload.section("sizes")) == 2500 and np.array_equal(payload.decode(), W)
    for batch in (1, 8):
        X = np.random.default_rng(2).standard_normal((batch, 2500)).astype(np.float32)
        exact, size = X.astype(np.float64) @ W, np.abs(X).astype(np.float64) @ np.abs(W)
        assert (np.abs(payload.dot(X) - exact) <= 1e-6 * size).all()


def test_gamma_0_loses_nothing() -> None:
    """Wider than 256 outputs and inputs, with outputs and inputs that are empty."""
    W = random_matrix(700, 900, 0.02)
    W[:, ::7] = 0
    W[::5] = 0
    for order in ("index", "dense"):
        payload = ColumnCombined(gamma=0.0, order=order).encode(W)
        assert np.array_equal(payload.decode(), W) and payload.nnz == np.count_nonzero(W)
        assert len(payload.section("rows")) == np.count_nonzero(W.any(1)) < 700
        assert len(payload.section("sizes")) < 560


def test_decoded_rows_rise() -> None:
    """Groups list inputs in no order; a payload is a source all the same, and can be encoded again."""
    W = random_matrix(60, 50, 0.2)
    payload = ColumnCombined(order="dense").encode(W)
    columns = payload.columns(0, 50)
    inside = np.diff(columns.column_of_each()) == 0
    assert (np.diff(columns.rows)[inside] > 0).all()
    assert np.array_equal(formats.get("sham").encode(payload).decode(), payload.decode())


def test_the_order_of_cells() -> None:
    """20 outputs, 3 groups: a tile of 16 group by group, then one of 4."""
    cells = np.arange(60).reshape(20, 3)
    assert tiled(cells)[:32].tolist() == [*range(0, 48, 3), *range(1, 48, 3)]
    assert tiled(cells)[48:].tolist() == [48, 51, 54, 57, 49, 52, 55, 58, 50, 53, 56, 59]
    assert packed_bits(np.uint32([5, 0, 7, 1]), 3).tolist() == [0b10100011, 0b10010000]


# ---- bad input


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("alpha=0", r"\[alpha=0\]: alpha, the inputs of a group, is a whole number of 1 to 65535"),
        ("alpha=-3", r"\[alpha=-3\]"),
        ("alpha=65536", r"\[alpha=65536\]"),
        ("alpha=2.5", r"\[alpha=2.5\]: '2.5' is not int"),
        ("gamma=-0.1", r"\[gamma=-0.1\]: gamma, the conflicts per output of a group, is 0 or more"),
        ("gamma=nan", r"\[gamma=nan\]"),
        ("gamma=inf", r"\[gamma=inf\]"),
        ("gamma=much", r"\[gamma=much\]: 'much' is not float"),
        ("order=random", r"\[order=random\]: order is index or dense"),
        ("beta=1", "no parameter 'beta': it has alpha, gamma, order"),
    ],
)
def test_parameters_that_are_none(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        formats.parse(f"column_combined[{text}]")


def test_parameters_from_python() -> None:
    for wrong in (2.5, True, "8"):
        with pytest.raises(ValueError, match="alpha"):
            ColumnCombined(alpha=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gamma"):
        ColumnCombined(gamma="0.5")  # type: ignore[arg-type]
    assert str(ColumnCombined()) == "column_combined" and str(ColumnCombined(gamma=0)) == "column_combined[gamma=0.0]"
    assert formats.parse("column_combined[alpha=4,gamma=0,order=dense]") == ColumnCombined(4, -0.0, "dense")


@pytest.mark.parametrize(
    ("at", "value", "text"),
    [
        (32, b"\xff\xff\xff\x7f", "sections"),  # groups
        (36, b"\x01\x00\x00\x00", "sections"),  # kept inputs
        (40, np.float64(-1).tobytes(), "gamma"),
        (48, b"\x00\x00", "alpha"),
        (50, b"\x02", "no order 2"),
    ],
)
def test_fields_that_make_no_sense(at: int, value: bytes, text: str) -> None:
    from dotbench.cdot.kernel import aligned, crc

    data = ColumnCombined().encode(random_matrix(40, 30, 0.2)).data
    copy = aligned(len(data))
    copy[:] = data
    copy[at : at + len(value)] = np.frombuffer(value, np.uint8)
    copy[24:28] = np.frombuffer(np.uint32(crc(copy)).tobytes(), np.uint8)
    with pytest.raises(PayloadError, match=text):
        formats.load(copy.tobytes()).decode()
