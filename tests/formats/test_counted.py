"""The simple int8 formats: published sizes, and small cases by hand. W is inputs by outputs, as everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.payloads.payload import Payload

PAPER = ("dense_s8", "csr16", "bcsr2x2", "rle4", "rel15", "bitmap", "dcsr")


def layer(n: int, m: int, density: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, m)) < density, rng.choice(np.r_[-128:0, 1:128], (n, m)), 0).astype(np.int8)


def arrays(payload: formats.Payload) -> int:
    return sum(size for name, size in payload.sections.items() if name != "header")


@pytest.mark.parametrize("density", [0.0, 0.03, 0.1, 0.5, 1.0])
def test_arrays_have_the_published_sizes(density: float) -> None:
    """Byte for byte with an even number of outputs; bitmap ends with 7 bytes that may be loaded."""
    W = layer(600, 40, density, 1)
    source = formats.as_source(W, np.int8)
    for name in PAPER:
        payload = formats.get(name).encode(W)
        spare = 7 if name == "bitmap" else 0
        assert 8 * (arrays(payload) - spare) == formats.get(name).paper_bits(source), name
        assert payload.header_bytes <= 48
    psr8 = formats.get("psr8").encode(W)
    assert 8 * (arrays(psr8) - psr8.sections["present"]) == formats.get("psr8").paper_bits(source)


def test_formulas_by_hand() -> None:
    """300 inputs, 3 outputs: 0 and 15 and 16 and 46; 299; nothing."""
    W = np.zeros((300, 3), np.int8)
    W[[0, 15, 16, 46], 0] = 1, 2, 3, 4
    W[299, 1] = -5
    expected = {
        "dense_s8": 900,
        "csr16": 3 * 5 + 2 * 3,
        "bcsr2x2": 6 * 5 + 2 * 3,  # rows 0; 14 15; 16 17; 46 47; and 298 299 in the first pair of outputs
        "rle4": (5 + 22) + 14 + 4 * 3,  # gaps 0 15 1 30 and 299: 0 1 0 2 19 zeros
        "rel15": (5 + 20) + 13 + 2 * 3,  # 0 0 0 1 19 zeros
        "bitmap": 113 + 5,
        "psr8": 2 * 5 + 2 + 4 * 3,
    }
    source = formats.as_source(W, np.int8)
    assert {name: formats.get(name).paper_bits(source) / 8 for name in expected} == expected
    rel15 = formats.get("rel15").encode(W)
    assert rel15.section("counts").tolist() == [5, 20, 0]
    assert [f"{pair:02x}" for pair in rel15.section("gaps")] == ["0f", "1f", "ff", *["ff"] * 9, "e0"]
    assert rel15.section("values").tolist() == [1, 2, 3, 0, 4, *[0] * 19, -5]
    rle4 = formats.get("rle4").encode(W)
    assert rle4.section("ends").tolist() == [7, 27, 27]
    assert rle4.section("values").tolist() == [1, 0, 2, 3, 0, 0, 4, *[0] * 19, -5]
    assert "".join(f"{pair:02x}" for pair in rle4.section("gaps")) == "0f01ff0" + "f" * 19 + "e" + "0"


def test_blocks_of_two_by_two() -> None:
    """Odd numbers of inputs and outputs: the padding is zeros, and a nonzero in it is not multiplied."""
    W = np.array([[1, 2, 0], [3, 4, 0], [0, 0, 9]], np.int8)
    payload = formats.get("bcsr2x2").encode(W)
    assert payload.section("ends").tolist() == [1, 2] and payload.section("blocks").tolist() == [0, 1]
    assert payload.section("values").tolist() == [1, 3, 2, 4, 9, 0, 0, 0]
    data = payload.data.copy()
    data[-3:] = 77  # the paddings of the second block
    assert np.array_equal(Payload(payload.format, data).decode(), W)
    assert Payload(payload.format, data).dot(np.array([1, 10, 100], np.int8)).tolist() == [31, 42, 900]


def test_rice_by_hand() -> None:
    """Zeros 5 0 and 2: with k = 1 they take 4 + 2 + 3 bits, with k = 0 10 and with k = 2 10."""
    W = np.zeros((8, 2), np.int8)
    W[[5, 6], 0], W[2, 1] = (1, 2), 3
    payload = formats.get("rice").encode(W)
    assert np.frombuffer(payload.fields, "<u4").tolist() == [1, 9]
    assert f"{payload.section('stream')[1]:08b}{payload.section('stream')[0]:08b}"[-9:] == "001001011"  # from the right
    assert formats.get("rice").paper_bits(formats.as_source(W, np.int8)) == 8 * (3 + 4) + 9
    far = np.zeros((60_000, 40), np.int8)  # long runs of ones: the parameter is that of the short gaps
    far[:2000, :39], far[-1, 39] = 1, 7
    payload = formats.get("rice").encode(far)
    assert np.frombuffer(payload.fields, "<u4")[0] == 0 and np.array_equal(payload.decode(), far)


def test_rice_of_values_by_hand() -> None:
    """Zeros 1 1 0 and 0 1 0, then places 1 2 1 and 0 0 0 among 5, 3 and -1: 9 + 10 bits with k = 0."""
    W = np.array([[0, 5], [3, 0], [0, 5], [-1, 5], [3, 0]], np.int8)
    rice = formats.parse("rice[values=coded]")
    payload = rice.encode(W)
    assert payload.fields == bytes([0, 0, 2, 3, 19, 0, 0, 0]) and payload.section("values").tolist() == [5, 3, -1]
    assert payload.section("counts").tolist() == [3, 3] and payload.sections["counts"] == 2
    assert payload.section("stream")[:3].tolist() == [0b01000101, 0b01011010, 0]
    assert rice.paper_bits(formats.as_source(W, np.int8)) == 8 * (3 + 2) + 19
    long = np.full((256, 2), 7, np.int8)  # a count that no byte holds
    payload = rice.encode(long)
    assert payload.fields[2] == 1 and payload.sections["counts"] == 4 and np.array_equal(payload.decode(), long)
    with pytest.raises(ValueError, match=r"rice\[values=raw\]: values are int8 or coded"):
        formats.parse("rice[values=raw]")


def test_spans_of_256() -> None:
    """A count of 256, and blocks that are left out."""
    W = np.zeros((1000, 2), np.int8)
    W[256:512, 0] = 1
    W[[3, 999], 1] = 2, 3
    payload = formats.get("psr8").encode(W)
    assert payload.section("counts").tolist() == [255, 0, 0] and payload.section("ends").tolist() == [256, 258]
    assert payload.section("present").tolist() == [0b1001_0010]
    assert payload.section("rows").tolist() == [*range(256), 3, 999 - 768]
    assert np.array_equal(payload.decode(), W)


def test_what_the_baselines_cost_at_the_published_densities() -> None:
    """bitmap is below dcsr at 80 % zeros and above at 95; rel15 below dcsr to 90; csr16 below rle4 at 97."""
    sizes = {}
    for zeros in (80, 90, 95, 97):
        source = formats.as_source(layer(512, 256, 1 - zeros / 100, zeros), np.int8)
        sizes[zeros] = {name: formats.get(name).paper_bits(source) / 8 for name in (*PAPER, "psr8")}
    assert sizes[80]["bitmap"] < sizes[80]["dcsr"] and sizes[95]["bitmap"] > sizes[95]["dcsr"]
    assert all(sizes[zeros]["rel15"] < sizes[zeros]["dcsr"] for zeros in (80, 90))
    assert sizes[97]["csr16"] < sizes[97]["rle4"]
    assert sizes[80]["dcsr"] > sizes[80]["rle4"]
