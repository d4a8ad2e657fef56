"""Bit-packed indices and the formats that are little else: im_packed and csc_palette."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel
from dotbench.formats.parts import packed
from dotbench.formats.sources.source import as_source, ranges

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import SMALL, check_whole

NAMES = ["im_packed", "csc_palette", "bitmap", "bitmap[values=codebook]", "cser"]


def number(section: np.ndarray) -> int:
    """All bytes as one number: index i of width w stands at bit i w."""
    return int.from_bytes(section.tobytes(), "little")


@pytest.mark.parametrize("width", range(1, 33))
def test_indices_stand_one_behind_the_other(width: int) -> None:
    """Against Python's integers, written in parts that start at any lane and bit."""
    indices = np.random.default_rng(width).integers(0, 1 << width, 333, np.uint32, endpoint=False)
    section = np.zeros(packed.packed_section("indices", 333, width).count, np.uint8)
    assert len(section) == -(-333 * width // 8) + 7
    writer, at = packed.PackedWriter(section, width), 0
    for count in (1, 7, 0, 64, 100, 161):
        writer.place(writer.packed(at, indices[at : at + count]))
        at += count
    assert at == 333
    assert number(section) == sum(int(index) << i * width for i, index in enumerate(indices))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int64])
def test_indices_of_any_type_give_the_same_bytes(dtype: type) -> None:
    indices = (np.arange(1000) % 11).astype(dtype)
    section = np.zeros(507, np.uint8)
    writer = packed.PackedWriter(section, 4)
    writer.place(writer.packed(0, indices))
    assert number(section) == sum(int(index) << i * 4 for i, index in enumerate(indices))
    assert section[:3].tolist() == [0x10, 0x32, 0x54]


def test_one_symbol_needs_no_bits() -> None:
    section = packed.packed_section("indices", 1000, packed.index_bits(1))
    assert section.count == 0
    writer = packed.PackedWriter(np.zeros(0, np.uint8), 0)
    writer.place(writer.packed(0, np.zeros(1000, np.uint32)))
    W = SMALL["one_value_everywhere"]()
    payload = formats.get("im_packed").encode(W)
    assert payload.nbytes == 36 + 4 and np.array_equal(payload.decode(), W)
    W = SMALL["one_value"]()
    payload = formats.get("csc_palette").encode(W)
    assert payload.sections["indices"] == 0 and payload.section("values").tolist() == [0.25]
    assert np.array_equal(payload.decode(), W)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symbols", [*range(1, 19), 31, 33, 127, 129, 255, 257, 511, 513, 20_000, 70_000])
def test_every_width_of_an_index(name: str, symbols: int) -> None:
    """Codebooks just below and above a power of two, in both builds; columns start at every bit."""
    n, m = 301, max(symbols // 200, 37)
    W = np.zeros((n, m), np.float32)
    places = np.random.default_rng(symbols).permutation(n * m)[: max(2 * symbols, 1000)]
    W.reshape(-1)[places] = np.arange(len(places)) % symbols + 1
    payload = formats.parse(name).encode(W)
    assert len(np.unique(W[W != 0])) == symbols and np.array_equal(payload.decode(), W)
    x = np.random.default_rng(1).standard_normal((1, n)).astype(np.float32)
    for isa in build.instruction_sets():
        kernel = Kernel(payload.format.name, payload.data, isa=isa)
        y = np.zeros((1, m), np.float32)
        kernel.dot(x, y, (0, m), None, kernel.scratch(1, 1))
        assert (np.abs(y - x.astype(np.float64) @ W) <= 1e-5 * (np.abs(x) @ np.abs(W)) + 1e-30).all()


def test_sections_by_hand() -> None:
    """[[5, 0], [7, 5], [0, 6]]: 5.0 twice, so index 0; im_packed has 0.0 there (equal counts: smaller first)."""
    W = np.array([[5, 0], [7, 5], [0, 6]], np.float32)
    payload = formats.get("csc_palette").encode(W)
    assert payload.section("values").tolist() == [5, 6, 7]
    assert payload.section("pointers").tolist() == [0, 2, 4] and payload.section("rows").tolist() == [0, 1, 1, 2]
    assert payload.section("indices").tolist() == [0b01_00_10_00] + [0] * 7
    payload = formats.get("im_packed").encode(W)
    assert payload.section("values").tolist() == [0, 5, 6, 7]
    assert payload.section("indices").tolist() == [0b00_00_11_01, 0b10_01] + [0] * 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["ordinary", "no_zero", "mixed_lengths", "n_257"])
def test_encoders_stream(name: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few columns, as matrices larger than memory have them, give the same bytes."""
    whole = formats.parse(name).encode(SMALL[key]())
    for entries in (1, 1000, 5000):
        monkeypatch.setattr(ranges, "__defaults__", (entries,))
        assert np.array_equal(formats.parse(name).encode(SMALL[key]()).data, whole.data)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_the_matrix(name: str, data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 40))
    values = data.draw(st.lists(st.sampled_from([0, 0, 0, 1, -1, 0.5, 3, 1e-3, -1e3]), min_size=1, max_size=6))
    seed = data.draw(st.integers(0, 2**32 - 1))
    W = np.random.default_rng(seed).choice(np.array(values, np.float32), (n, m))
    payload = formats.parse(name).encode(W)
    check_whole(payload, W, data, seed)
    assert payload.format.paper_bits(as_source(W)) <= 8 * payload.nbytes


def refused(name: str, W: np.ndarray, at: int, byte: int, words: str) -> None:
    data = formats.parse(name).encode(W).data.copy()
    data[at] = byte
    with pytest.raises(PayloadError, match=words):
        Kernel(formats.parse(name).name, data)


def test_indices_out_of_range_are_refused() -> None:
    """Three symbols in two bits: index 3 is none. Four symbols in two bits: there is nothing to refuse."""
    W = np.array([[5, 0], [7, 5], [0, 6]], np.float32)
    refused("csc_palette", W, 36 + 12 + 12 + 4, 0xFF, "index in it is out of range")
    refused("csc_palette", W, 36 + 12 + 12, 3, "index in it is out of range")  # a row
    refused("csc_palette", W, 36 + 12, 1, "pointers or counts are out of order")
    refused("bitmap[values=codebook]", W, 40 + 12, 0xFF, "index in it is out of range")
    refused("im_packed", np.diag(np.float32([1, 2])), 36 + 12, 0xFF, "index in it is out of range")
    data = formats.get("im_packed").encode(W).data.copy()
    data[36 + 16] = 0xFF
    Kernel("im_packed", data)
    for name in ("im_packed", "csc_palette"):  # entries, and no symbols at all
        empty = formats.get(name).encode(np.ones((3, 2), np.float32)).data.copy()
        short = np.concatenate([empty[:32], np.zeros(4, np.uint8), empty[40:]])
        with pytest.raises(PayloadError, match="index in it is out of range"):
            Kernel(name, short)


@pytest.mark.parametrize("symbols", [5, 200, 3000, 20_000])
def test_indices_of_every_width_are_checked(symbols: int) -> None:
    """Not one of these is a power of two, so an index of nothing but ones is out of range."""
    W = (np.arange(25_600, dtype=np.float32) % symbols + 1).reshape(160, 160)
    for name in ("csc_palette", "im_packed"):
        data = formats.get(name).encode(W).data.copy()
        data[-20:-7] = 0xFF
        with pytest.raises(PayloadError, match="index in it is out of range"):
            Kernel(name, data)


def test_too_many_nonzeros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.formats.csc.MAX_NONZEROS", 3)
    with pytest.raises(ValueError, match="4 nonzeros are too many for csc_palette: its pointers have 32 bits"):
        formats.get("csc_palette").encode(np.eye(4, dtype=np.float32))


@pytest.mark.parametrize("name", ["im", *NAMES[:4]])
@pytest.mark.parametrize("symbols", [1, 2, 9, 16, 17, 18, 31, 32, 33, 34])
@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.97])
def test_every_value_of_a_small_codebook(name: str, symbols: int, zeros: float) -> None:
    """One input at a time gives each entry exactly, wherever it stands in a step of 32 and a word of 64."""
    rng = np.random.default_rng(symbols)
    book = rng.standard_normal(symbols).astype(np.float32)
    for n, m in ((1, 97), (31, 40), (64, 9), (229, 7)):
        W = book[rng.integers(0, symbols, (n, m))]
        W[rng.random(W.shape) < zeros] = 0
        payload = formats.parse(name).encode(W)
        assert np.array_equal(payload.decode(), W)
        for i, x in enumerate(np.eye(n, dtype=np.float32)):
            assert np.array_equal(payload.dot(x), W[i]), i
        assert np.array_equal(payload.dot(np.eye(n, dtype=np.float32)), W)


@pytest.mark.parametrize("zeros", [0.5, 0.9])
def test_index_maps_of_long_columns(zeros: float) -> None:
    """Columns that are taken in several pieces, with rows of two bytes and of four."""
    rng = np.random.default_rng(0)
    for n, m in ((4096, 5), (9001, 4), (70_001, 3)):
        W = rng.choice(np.arange(1, 30, dtype=np.float32), (n, m))
        W[rng.random(W.shape) < zeros] = 0
        X = rng.integers(-3, 4, (9, n)).astype(np.float32)
        for name in ("im", "im_packed", "bitmap"):
            payload = formats.get(name).encode(W)
            assert np.array_equal(payload.decode(), W)
            assert np.array_equal(payload.dot(X[0]), X[0].astype(np.float64) @ W), "sums below 2^24 are exact"
            assert np.array_equal(payload.dot(X), X.astype(np.float64) @ W)
