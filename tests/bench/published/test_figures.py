"""What published figures are computed with, on matrices small enough to count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dotbench.bench.published import (
    at_hand,
    column_combining,
    combining_vectors,
    entropies,
    entropy_coding,
    matrices,
    reds,
)
from dotbench.bench.published.at_hand import Data, NotAtHand
from dotbench.datasets.sham_archive import Archive
from dotbench.formats.parts.huffman import Code
from dotbench.formats.sources.source import Source, as_source

HAND = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)
# sham: 2.0 three times, -3.0 and 1.0 once, lengths 1, 2, 2; symbols 0 (0), 10, 11; T = 168 (tests/formats/test_figures.py)
ENDS = np.array([2, 5, 7])


class ByHand(Data):
    """One small matrix, and a published stream of it."""

    def __init__(self, W: np.ndarray = HAND, ends: np.ndarray = ENDS) -> None:
        super().__init__(Path("/nonexistent"))
        self.W, self.ends = W, ends

    def _matrix(self, name: str) -> Source:
        return as_source(self.W)

    def _archive(self, name: str, format_: str) -> Archive:
        symbols = np.array([2, -3, 1], np.float32)
        counts = np.count_nonzero(self.W, axis=0)
        starts, first = np.array([0, 0, 1, 3]), np.array([0, 0, 2, 4])
        return Archive(symbols, starts, first, 2, np.zeros(1, np.uint32), self.ends, counts, np.zeros(0, np.int64))


def test_sizes() -> None:
    assert entropy_coding.size("w", "sham", ByHand()) == 264 / 12
    assert entropy_coding.network_size("w", "sham", ByHand()) == 264 / 12
    assert entropy_coding.payload_size("w", "sham", ByHand()) == 8 * (48 + 12 + 8 + 4 + 8 + 3 + 1 + 5) / 12
    assert (entropy_coding.own_words("w", "sham", ByHand()), entropy_coding.network_words("w", "sham", ByHand())) == (
        1,
        1,
    )
    assert (entropy_coding.longest("w", "ham", ByHand()), entropy_coding.longest("w", "sham", ByHand())) == (3, 2)


def test_another_code_is_another_size() -> None:
    """A network's code for ten symbols: 4 bits each, and a larger table."""
    values = np.arange(1, 11, dtype=np.float32)
    code = Code(values, np.r_[5, np.zeros(9, np.int64)], np.full(10, 4, np.uint8))
    tables = 32 * 10 + 5 * 8 + 6 * 8 + 4 * 8
    assert entropy_coding.claimed_bits(as_source(HAND), "sham", code) == 32 + tables + (5 + 3) * 8
    assert entropy_coding.claimed_bits(as_source(HAND), "ham", code) == 32 + tables


def test_what_the_published_code_stores() -> None:
    """264 bits claimed; 3 column ends of 32 bits, and 24 bits more for each of 5 rows and 3 counts."""
    assert entropy_coding.stored_over_claimed("w", ByHand()) == (264 + 3 * 32 + 8 * 24) / 264


def test_columns_that_start_at_the_last_bit() -> None:
    """Column 1 starts at bit 31, column 2 at 63; column 3, at 95, is empty."""
    assert entropy_coding.wrong_columns("w", ByHand(ends=np.array([31, 63, 95, 95]))) == 2


def test_matrices() -> None:
    assert matrices.density("w", ByHand()) == 5 / 12 and matrices.distinct("w", ByHand()) == 3


def test_layers_whose_name_tells_their_zeros() -> None:
    """A layer of 4 in 10 nonzeros stands for all: those with 60 in their name agree."""
    W = np.zeros((10, 10), np.float32)
    W[:4] = 1
    assert matrices.as_named("vgg19", ByHand(W)) == 2 and matrices.as_named("deepdta", ByHand(W)) == 2


def test_entropies() -> None:
    """Gaps 1 2, 2 2, 3 and values 2 2, 1 2, -3: pairs (1,2) (2,2) (2,1) (2,2) (3,-3)."""
    pair = (5 * np.log2(5) - 2 * np.log2(2)) / 5
    assert entropies.pairs("w", ByHand()) == pytest.approx(pair)
    assert entropies.values("w", ByHand()) == pytest.approx((5 * np.log2(5) - 3 * np.log2(3)) / 5)
    assert entropies.gaps("w", ByHand()) == pytest.approx((5 * np.log2(5) - 3 * np.log2(3)) / 5)
    assert entropies.positions("w", ByHand()) == pytest.approx(np.log2(792) / 5)  # 12 over 5


def test_sorting_rows() -> None:
    """The last row is full: on top, its gaps are all 1. Rows as dense as each other keep their order."""
    W = np.float32([[7, 0, 0, 0], [0, 7, 0, 0], [0, 0, 0, 0], [7, 7, 7, 7]])
    assert entropies.pairs("w", ByHand(W)) == pytest.approx(entropies.pair_entropy(as_source(W).columns(0, 4)))
    moved = as_source(W[[3, 0, 1, 2]])  # gaps 1 1, 1 2, 1, 1
    assert entropies.sorted_pairs("w", ByHand(W)) == pytest.approx(entropies.pair_entropy(moved.columns(0, 4)))
    assert entropies.sorted_pairs("w", ByHand(W)) == pytest.approx((6 * np.log2(6) - 5 * np.log2(5)) / 6)


def test_columns_that_repeat() -> None:
    """The same two values at the same distance, one row lower; another value; another distance; an empty one."""
    W = np.float32([[1, 0, 1, 1, 0, 0], [2, 1, 0, 3, 0, 0], [0, 2, 2, 0, 0, 0]])
    assert entropies.kinds_of_columns("w", ByHand(W)) == 4


def test_codes_of_columns() -> None:
    """Columns of one value each need nothing by themselves; one code for both needs a bit an entry."""
    W = np.zeros((8, 2), np.float32)
    W[:, 1] = 5
    assert entropies.one_code("w", ByHand(W)) == 16 / 8e6 and entropies.code_per_column("w", ByHand(W)) == 0


def test_column_combining_by_hand() -> None:
    data = ByHand()
    assert column_combining.hand_groups(0.25, data) == "[0, 1] [2, 3]" and column_combining.hand_pruned(data) == 1
    assert column_combining.hand_groups(0.0, data) == "[0, 1] [2] [3]"


def test_lines_through_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 us and 0.25 us a multiplication, which is 16 cycles at 64 MHz."""
    (tmp_path / "reds").mkdir()
    times = {"net": {"macs": [100, 200, 400], "us": [75, 100, 150]}}
    (tmp_path / "reds" / "arduino_nano33_timings.json").write_text(json.dumps(times))
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path))
    assert reds.line_of("net", True, Data(tmp_path)) == pytest.approx(16)
    assert reds.line_of("net", False, Data(tmp_path)) == pytest.approx(50)


def test_vectors_from_a_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hand case as a mirror would hold it: outputs by inputs."""
    (tmp_path / "column_combine").mkdir()
    np.save(tmp_path / "column_combine" / "W_hand.npy", column_combining.HAND.T)
    x = np.ones(4, np.float32)
    np.savez(tmp_path / "column_combine" / "W_hand_a2_g0.25.npz", x=x)
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path))
    found = {
        one: combining_vectors.vector("hand", 2, 0.25, one, Data(tmp_path)) for one in combining_vectors.QUANTITIES
    }
    W = column_combining.HAND.astype(float)
    exact = W.sum(0)
    assert found == {
        "groups": 2,
        "weights kept": 8,
        "utilization": 100.0,
        "error of W": pytest.approx(0.4 / np.sqrt((W**2).sum()), rel=1e-6),
        "error of xW": pytest.approx(0.4 / np.linalg.norm(exact), rel=1e-6),
        "tiles of 32 x 32": 1,
        "dense order: groups": 2,
        "dense order: weights kept": found["dense order: weights kept"],
    }
    assert 0 < found["dense order: weights kept"] <= 9


# ---- data at hand


def test_nothing_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twin could be made of orsreg_1, and is not."""
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path))
    data = Data(tmp_path / "home")
    with pytest.raises(NotAtHand, match="^orsreg_1$"):
        data.matrix("orsreg_1")
    with pytest.raises(NotAtHand, match="sham_archive/benchmark/data/ham/cdot_structure/SiNa_cdot.pkl"):
        data.archive("SiNa", "ham")
    assert not (tmp_path / "home").exists()


def test_things_are_made_once() -> None:
    data = ByHand()
    assert data.matrix("w") is data.matrix("w") and data.archive("w", "sham") is data.archive("w", "sham")


@pytest.mark.real_data("sham_archive")
@pytest.mark.parametrize("name", at_hand.STREAMS)
def test_published_codes_give_the_published_streams(mirror: Path, tmp_path: Path, name: str) -> None:
    """The lengths of a network's code, times the counts of the layer, are the bits of the published stream."""
    data = Data(tmp_path)
    for format_ in ("ham",) if name == "deepdta/80-0-16" else ("ham", "sham"):
        assert data.published_code(name, format_).stream_bits == data.archive(name, format_).ends[-1]
