"""Payloads of few bytes that ask for much memory or much work."""

from __future__ import annotations

import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot.kernel import Kernel

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import resealed

ENTRIES = ["im_packed", "ham", "column_combined"]  # where an all-zero matrix of any shape has a few bytes


def with_shape(name: str, n: int, m: int) -> bytes:
    """The payload of a small matrix of zeros, said to be n by m; the formats have no other length for it."""
    data = formats.get(name).encode(np.zeros((8, 8), np.float32)).data.copy()
    data[8:16] = np.frombuffer(struct.pack("<II", n, m), np.uint8)
    return resealed(data)


def halves(n: int) -> bytes:
    """cser with an implicit value that is not 0: its columns are decoded into scratch."""
    data = formats.get("cser").encode(np.full((8, 1), 1.5, np.float32)).data.copy()
    data[8:12] = np.frombuffer(struct.pack("<I", n), np.uint8)
    data[16:24] = np.frombuffer(struct.pack("<Q", n), np.uint8)
    return resealed(data)


@pytest.mark.parametrize("name", ENTRIES)
def test_more_entries_than_bytes_may_have(name: str) -> None:
    with pytest.raises(formats.PayloadError, match=r"1099511627776 entries.* limits=formats.Limits\(steps=10995"):
        formats.load(with_shape(name, 1 << 20, 1 << 20))


def test_a_limit_is_raised_by_what_the_error_says() -> None:
    data = with_shape("im_packed", 1 << 15, 1 << 14)
    with pytest.raises(formats.PayloadError) as error:
        formats.load(data)
    found = re.search(r"limits=formats\.(Limits\(\w+=\d+\))", str(error.value))
    assert found
    for limits in (None, formats.Limits(steps=1 << 29)):
        assert formats.load(data, limits=limits).shape == (1 << 15, 1 << 14)
    assert eval(found[1], {"Limits": formats.Limits}) == formats.Limits(steps=1 << 29)


def test_more_scratch_than_bytes_may_have() -> None:
    n = 2**31 - 1
    payload = formats.load(halves(n), formats.Limits(steps=n))
    with pytest.raises(formats.PayloadError, match=r"asks for 85\d{8} bytes of memory.*Limits\(scratch_bytes=85"):
        payload.dot(np.zeros(0, np.float32))
    with pytest.raises(formats.PayloadError, match="asks for 85"):
        Kernel("cser", np.frombuffer(halves(n), np.uint8), limits=formats.LIMITS)


def test_columns_without_bytes() -> None:
    """A matrix of 0 rows has no entries, and 8 GB of outputs."""
    with pytest.raises(formats.PayloadError, match="2147483679 entries"):
        formats.load(with_shape_of_nothing(2**31 - 1))


def with_shape_of_nothing(m: int) -> bytes:
    data = formats.get("dense").encode(np.zeros((0, 8), np.float32)).data.copy()
    data[12:16] = np.frombuffer(struct.pack("<I", m), np.uint8)
    return resealed(data)


@pytest.mark.parametrize("name", ["csc", "sham", "cser", "eie", "eie[coding=huffman]"])
def test_few_entries_of_a_large_matrix_are_no_work(name: str) -> None:
    """300 000 inputs by 2000 outputs: 2656 bytes of cser, whose products have 100 rows to go through."""
    rng, shape = np.random.default_rng(0), (300_000, 2000)
    places = rng.choice(shape[0], 100, replace=False), rng.choice(shape[1], 100, replace=False)
    W = scipy.sparse.coo_array((np.float32([3.5] * 100), places), shape=shape)
    payload = formats.load(formats.parse(name).encode(W).data.tobytes())
    assert payload.dot(np.ones(shape[0], np.float32)).sum() == 350
    assert payload.format.steps(payload) < 1 << 21


@pytest.mark.parametrize("name", ["im_packed", "ham", "column_combined", "cser", "eie[coding=huffman]"])
def test_zeros_are_loaded_as_a_matter_of_course(name: str) -> None:
    """2^20 entries in however few bytes; and what is encoded here has no limits at all."""
    payload = formats.parse(name).encode(np.zeros((1 << 10, 1 << 10), np.float32))
    loaded = formats.load(payload.data.tobytes())
    assert not loaded.dot(np.ones(1 << 10, np.float32)).any()
    nothing = formats.Limits(scratch_bytes=0, scratch_per_byte=0, steps=0, steps_per_byte=0)
    with pytest.raises(formats.PayloadError, match="walk through"):
        formats.load(payload.data.tobytes(), nothing)
    assert not payload.dot(np.ones(1 << 10, np.float32)).any()


@pytest.mark.parametrize("name", ["csc", "sham"])
def test_large_and_nearly_empty(name: str) -> None:
    """2 * 10^9 entries, of which a product sees the 2000 that there are."""
    n, m = 10**6, 2000
    at = np.arange(m)
    W = scipy.sparse.csc_matrix((np.ones(m, np.float32), (500 * at, at)), shape=(n, m))
    loaded = formats.load(formats.get(name).encode(W).data.tobytes())
    assert n * m > formats.LIMITS.steps_per_byte * loaded.nbytes
    assert loaded.dot(np.ones(n, np.float32)).sum() == m


BOMBS = {
    "bomb-cser-scratch8G": "asks for 85",
    "bomb-ham-2^20": "1099511627776 entries",
    "bomb-im_packed-2^20": "1099511627776 entries",
    "bomb-column_combined-2^20": "1099511627776 entries",
    "bomb-cser-2^20": "",  # one column of 2^20 entries: 4 MB, which is not much
}


@pytest.mark.parametrize("name", BOMBS)
def test_payloads_that_others_made(name: str, mirror: Path) -> None:
    path = mirror / "faults" / f"{name}.dbp"
    if BOMBS[name]:
        with pytest.raises(formats.PayloadError, match=BOMBS[name]):
            formats.load(path, formats.Limits(steps=1 << 31)).dot(np.zeros(0, np.float32))
    else:
        payload = formats.load(path)
        assert not payload.dot(np.ones(payload.shape[0], np.float32)).any()


def test_a_row_twice_in_a_column() -> None:
    """A damaged payload whose product would add what its matrix overwrites."""
    data = formats.get("csc").encode(np.ones((4, 2), np.float32)).data.copy()
    found = data.view(np.uint32).tolist()
    rows = next(i for i in range(8, len(found)) if found[i : i + 4] == [0, 1, 2, 3])
    data.view(np.uint32)[rows : rows + 4] = [0, 2, 2, 1]
    damaged = formats.load(resealed(data))
    for use in (damaged.decode, lambda: damaged.columns(0, 2), lambda: formats.get("sham").encode(damaged)):
        with pytest.raises(formats.PayloadError, match="damaged: a column of 0 to 2 has one of its rows twice"):
            use()
