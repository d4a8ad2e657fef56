"""cells beyond conformance: exact bytes, every value in every place, IEEE's rules, sizes, damaged payloads."""

from __future__ import annotations

import struct
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
from dotbench.formats.cells import column_bytes, packed, planes_of
from dotbench.formats.errors import TooManyValues
from dotbench.formats.sources.source import as_source

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import check_cut_short_and_flipped, check_damaged, check_longer, resealed
from matrices import check_whole

SYMBOLS = [1, 2, 15, 16, 17, 18, 31, 32, 33, 34, 48, 49, 64]
ISAS = build.instruction_sets()


def codebook(symbols: int) -> np.ndarray:
    """So many values, none of them 0, with all four bytes in use."""
    return np.random.default_rng(symbols).standard_normal(symbols).astype(np.float32)


def matrix(n: int, m: int, symbols: int, zero: bool, seed: int = 0) -> np.ndarray:
    """With exactly so many distinct entries where it has room for them; one of them 0 if ``zero``."""
    book = codebook(symbols)
    if zero:
        book[0] = 0
    numbers = np.random.default_rng(seed).permutation(np.arange(n * m) % symbols)
    return book[numbers].reshape(n, m)


def product(payload: formats.Payload, X: np.ndarray, isa: str) -> np.ndarray:
    kernel, m = Kernel("cells", payload.data, isa=isa), payload.shape[1]
    Y = np.zeros((len(X), m), np.float32)
    kernel.dot(X, Y, (0, m), None, kernel.scratch(len(X), 1))
    return Y


def test_a_payload_by_hand() -> None:
    """3 x 2: -1.5 twice, 2 once, and 0, which is last. Columns -1.5 0 2 and 0 -1.5 0: codes 0 2 1 and 2 0 2."""
    payload = formats.get("cells").encode(np.array([[-1.5, 0], [0, -1.5], [2, 0]], np.float32))
    assert payload.sections == {"header": 36, "values": 12, "cells": 4}
    assert payload.section("values").tolist() == [-1.5, 2, 0]
    assert payload.section("cells").tolist() == [0x10, 0x02, 0x22, 0x00]
    assert payload.data[:8].tobytes() == b"DOTB\1\1" + struct.pack("<H", 68)
    assert payload.data[32:36].tobytes() == struct.pack("<I", 3)


def test_how_a_column_lies() -> None:
    """As cdot/formats/cells/cells.h draws it: a chunk of 24 bytes, then the last five rows in 3 + 1 + 1."""
    codes = np.random.default_rng(0).integers(0, 64, 37).astype(np.uint8)
    column = packed(codes.reshape(1, -1), 2)[0]
    assert len(column) == 29 == column_bytes(37, 2)
    for row in range(32):
        assert column[row % 16] >> row // 16 * 4 & 15 == codes[row] & 15
        for plane in range(2):
            assert column[16 + 4 * plane + row % 4] >> 7 - row // 4 & 1 == codes[row] >> 4 + plane & 1
    for i in range(5):
        assert column[24 + i % 3] >> i // 3 * 4 & 15 == codes[32 + i] & 15
        for plane in range(2):
            assert column[27 + plane] >> i & 1 == codes[32 + i] >> 4 + plane & 1
    assert column[26] >> 4 == column[27] >> 5 == column[28] >> 5 == 0


@pytest.mark.parametrize("symbols", SYMBOLS)
def test_sizes_are_exact(symbols: int) -> None:
    """The formula of the docstring, worked out again; the published one is without headers and the rest of bytes."""
    planes = planes_of(symbols)
    assert planes == (0 if symbols <= 16 else 1 if symbols <= 32 else 2)
    for n, m in ((1, 70), (16, 9), (31, 40), (32, 3), (33, 30), (96, 5), (1000, 2)):
        if n * m < symbols:
            continue
        payload, t = formats.get("cells").encode(matrix(n, m, symbols, False)), n % 32
        cells = m * (n // 32 * (16 + 4 * planes) + (t + 1) // 2 + planes * ((t + 7) // 8))
        start = (36 + 4 * symbols + 15) // 16 * 16
        assert payload.sections == {"header": start - 4 * symbols, "values": 4 * symbols, "cells": cells}
        bits = payload.format.paper_bits(as_source(matrix(n, m, symbols, False)))
        assert bits == n * m * (4 + planes) + 32 * symbols <= 8 * payload.nbytes


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("symbols", SYMBOLS)
def test_every_value_in_every_place(symbols: int, zero: bool, isa: str) -> None:
    """One input at a time gives each entry exactly, in a chunk and in the last rows, alone, of eight and of 32."""
    for n, m in ((1, 97), (31, 40), (64, 9), (229, 7)):
        W = matrix(n, m, symbols, zero)
        payload = formats.get("cells").encode(W)
        assert np.array_equal(payload.decode(), W)
        assert payload.section("values")[-1] == 0 if zero else 0 not in payload.section("values")
        eye = np.eye(n, dtype=np.float32)
        assert np.array_equal(product(payload, eye, isa), W)
        for i in range(n):
            assert np.array_equal(product(payload, eye[i : i + 1], isa)[0], W[i]), i
        assert np.array_equal(product(payload, eye[:8], isa), W[:8])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("symbols", [15, 17, 31, 33, 60])
def test_products_follow_ieee(symbols: int, isa: str) -> None:
    """x has an infinity or a NaN: 0 times it is NaN, as in a product of dense, and nothing leaks from other rows."""
    n, m = 133, 6
    W = matrix(n, m, symbols, True, 3)
    W[128:, 2], W[:, 3] = 0, 0
    payload = formats.get("cells").encode(W)
    for place in (0, 31, 32, 127, 128, 132):
        for value in (np.inf, -np.inf, np.nan):
            for batch in (1, 8, 32):
                X = np.random.default_rng(2).standard_normal((batch, n)).astype(np.float32)
                X[batch // 2, place] = value
                Y = product(payload, X, isa)
                with np.errstate(invalid="ignore"):
                    exact = X.astype(np.float64) @ W.astype(np.float64)
                assert np.array_equal(np.isnan(Y), np.isnan(exact)), (place, value, batch)
                assert np.array_equal(Y[np.isinf(exact)], exact[np.isinf(exact)].astype(np.float32))
                rest = np.isfinite(exact)
                assert np.allclose(Y[rest], exact[rest], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("isa", ISAS)
def test_long_columns(isa: str) -> None:
    """Columns that are taken in several pieces; sums below 2^24 are exact."""
    rng = np.random.default_rng(0)
    for n, m in ((512, 9), (4096, 5), (4100, 6), (9001, 4), (70_001, 3)):
        for symbols in (16, 32, 33):
            W = rng.integers(0, symbols, (n, m)).astype(np.float32)
            X = rng.integers(-3, 4, (41, n)).astype(np.float32)
            payload = formats.get("cells").encode(W)
            assert np.array_equal(payload.decode(), W)
            for batch in (1, 8, 9, 41):
                assert np.array_equal(product(payload, X[:batch], isa), X[:batch].astype(np.float64) @ W)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_the_matrix(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 40))
    symbols, zeros = data.draw(st.sampled_from(SYMBOLS)), data.draw(st.sampled_from([0, 0.3, 0.9]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    W = codebook(symbols)[rng.integers(0, symbols, (n, m))]
    W[rng.random((n, m)) < zeros] = 0
    if len(np.unique(W)) <= 64:
        check_whole(formats.get("cells").encode(W), W, data, seed)


def test_too_many_values() -> None:
    assert formats.get("cells").encode(matrix(20, 20, 64, True)).shape == (20, 20)
    words = "65 distinct entries are too many for cells, which has codes for 64: take im_packed"
    for W in (matrix(20, 20, 65, True), matrix(20, 20, 65, False)):
        with pytest.raises(TooManyValues, match=words):
            formats.get("cells").encode(W)
        with pytest.raises(ValueError, match=words):
            formats.get("cells").paper_bits(as_source(W))
    assert issubclass(TooManyValues, formats.TooMuchWork), "runs skip such a cell; it is no failure of theirs"


@pytest.mark.parametrize("n", [32, 37, 64, 6])
@pytest.mark.parametrize("symbols", [3, 15, 17, 31, 33, 50, 63])
def test_codes_out_of_range_are_refused(symbols: int, n: int) -> None:
    """Each cell in turn gets the first code that is none; what is behind the last row of a column may be anything."""
    W = matrix(n, 12, symbols, False)
    payload = formats.get("cells").encode(W)
    codes = np.argmax(W.T[:, :, None] == payload.section("values"), 2).astype(np.uint8)
    at, planes = len(payload.data) - payload.sections["cells"], planes_of(symbols)
    assert np.array_equal(packed(codes, planes).ravel(), payload.data[at:])
    for isa in ISAS:
        for row in range(n):
            damaged, wrong = payload.data.copy(), codes.copy()
            wrong[row % 12, row] = symbols
            damaged[at:] = packed(wrong, planes).ravel()
            with pytest.raises(PayloadError, match="index in it is out of range"):
                Kernel("cells", np.frombuffer(resealed(damaged), np.uint8), isa=isa)
    full = payload.data.copy()
    full[at:] = 0xFF
    with pytest.raises(PayloadError, match="index in it is out of range"):
        formats.load(resealed(full)).dot(np.ones(n, np.float32))


def test_every_code_of_a_full_codebook_is_one() -> None:
    for symbols in (16, 32, 64):
        data = formats.get("cells").encode(matrix(37, 12, symbols, True)).data.copy()
        data[-200:] = 0xFF
        loaded = formats.load(resealed(data))
        assert loaded.decode()[-1, -1] == loaded.section("values")[-1]


def test_fields_that_make_no_sense() -> None:
    payload = formats.get("cells").encode(matrix(37, 12, 20, True))
    refused = {65: "65 distinct entries", 2**32 - 1: "it has 64 at most"}
    for symbols, words in {**refused, **dict.fromkeys((0, 16, 19, 33), "cannot be read")}.items():
        data = payload.data.copy()
        data[32:36] = np.frombuffer(struct.pack("<I", symbols), np.uint8)
        with pytest.raises(PayloadError, match=words):
            formats.load(resealed(data)).dot(np.ones(37, np.float32))
        for isa in ISAS:
            with pytest.raises(PayloadError):
                Kernel("cells", np.frombuffer(resealed(data), np.uint8), isa=isa)
    none = np.concatenate([payload.data[:32], np.zeros(16, np.uint8), np.zeros(12 * column_bytes(37, 0), np.uint8)])
    with pytest.raises(PayloadError, match="index in it is out of range"):  # entries, and no symbols at all
        Kernel("cells", np.frombuffer(resealed(none), np.uint8))


def test_a_codebook_that_is_no_matrix_of_numbers() -> None:
    """Infinities and NaN of damaged bytes stay in the columns that have them, whatever stands beside the last rows."""
    W = matrix(37, 12, 33, True)
    W[:, 5] = W[:, 5].max()
    payload = formats.get("cells").encode(W)
    data = payload.data.copy()
    at = 36 + 4 * int(np.argmax(payload.section("values") != W[0, 5]))
    data[at : at + 4] = np.frombuffer(struct.pack("<f", np.nan), np.uint8)
    for isa in ISAS:
        kernel = Kernel("cells", np.frombuffer(resealed(data), np.uint8), isa=isa)
        for batch in (1, 8, 32):
            Y = np.zeros((batch, 12), np.float32)
            kernel.dot(np.ones((batch, 37), np.float32), Y, (0, 12), None, kernel.scratch(batch, 1))
            assert np.allclose(Y[:, 5], 37 * W[0, 5], rtol=1e-5) and np.isnan(Y).any()


@pytest.mark.parametrize("symbols", [5, 17, 33, 50])
def test_damaged_payloads(symbols: int) -> None:
    payload = formats.get("cells").encode(matrix(45, 30, symbols, True))
    check_cut_short_and_flipped(payload.data)
    check_damaged(payload.data)
    check_longer(payload)


def test_threads_encode_the_same_bytes() -> None:
    for symbols in (9, 40):
        W = matrix(3000, 700, symbols, True)
        expected = formats.get("cells").encode(W).data
        assert np.array_equal(formats.get("cells").encode(W, threads=3).data, expected)
