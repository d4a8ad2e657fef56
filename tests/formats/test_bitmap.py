"""bitmap: bits by hand, columns that start at every bit, cuts of long columns, damaged maps."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, aligned
from dotbench.cdot.library import ffi, library, pointer

BOTH = ["bitmap", "bitmap[values=codebook]"]


def test_sections_by_hand() -> None:
    """Columns of three bits: 110, 011, 000 from the least significant bit on."""
    W = np.array([[5, 0, 0], [7, 5, 0], [0, 6, 0]], np.float32)
    payload = formats.parse("bitmap").encode(W)
    assert payload.section("bits").tolist() == [0b110_011, 0, *[0] * 7]
    assert payload.section("values").tolist() == [5, 7, 5, 6]
    payload = formats.parse("bitmap[values=codebook]").encode(W)
    assert payload.section("bits").tolist() == [0b110_011, 0, *[0] * 7]
    assert payload.section("values").tolist() == [5, 6, 7] and payload.section("indices")[0] == 0b01_00_10_00


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("n", [1, 7, 55, 56, 57, 63, 64, 65, 8191, 8192, 8193, 20_000])
def test_columns_start_at_every_bit(name: str, n: int) -> None:
    """Around the steps of 56 bits and the cuts at 8192 rows; every column alone as in the whole."""
    m = 21
    W = np.where(np.random.default_rng(n).random((n, m)) < np.linspace(0, 1, m), 1.5, 0).astype(np.float32)
    W[:, 3:5] = 0
    W[-1] = 2
    payload = formats.parse(name).encode(W)
    assert np.array_equal(payload.decode(), W)
    x = np.random.default_rng(1).standard_normal(n).astype(np.float32)
    for isa in build.instruction_sets():
        kernel = Kernel("bitmap", payload.data, isa=isa)
        y, alone = np.zeros((2, 1, m), np.float32)
        scratch = kernel.scratch(1, 1)
        kernel.dot(x[None], y, (0, m), None, scratch)
        assert (np.abs(y[0] - x.astype(np.float64) @ W) <= 1e-5 * (np.abs(x) @ np.abs(W))).all()
        for j in range(m):
            kernel.dot(x[None], alone, (j, j + 1), None, scratch)
        assert np.array_equal(alone, y)


@pytest.mark.parametrize("name", BOTH)
def test_a_map_with_other_bits_is_refused(name: str) -> None:
    payload = formats.parse(name).encode(np.eye(20, dtype=np.float32))
    starts = payload.nbytes - 50 - 7
    for bit in (0, 1, 399):
        damaged = payload.data.copy()
        damaged[starts + bit // 8] ^= 1 << bit % 8
        with pytest.raises(PayloadError, match="pointers or counts are out of order"):
            Kernel("bitmap", damaged)
    spare = payload.data.copy()
    spare[-7:] = 0xFF  # behind the last entry: never counted
    assert np.array_equal(Kernel("bitmap", spare).decode(0, 20)[0], np.arange(20))


def test_columns_without_rows_cost_no_workspace() -> None:
    """A header may say 2^31 - 1 columns of no rows in 40 bytes; positions of them would take a gigabyte."""
    data = formats.get("bitmap").encode(np.zeros((0, 5), np.float32)).data.copy()
    data[12:16] = np.frombuffer((2**31 - 1).to_bytes(4, "little"), np.uint8)
    kernel = Kernel("bitmap", data)
    assert kernel.shape == (0, 2**31 - 1) and len(kernel.workspace) < 4096


def test_a_workspace_that_is_too_small_is_refused() -> None:
    payload = formats.get("bitmap").encode(np.eye(20, dtype=np.float32))
    find = library().cdot_find(b"bitmap")
    data, memory = pointer(payload.data, "const uint8_t *"), aligned(100)
    view = ffi.new("cdot_view *")
    assert find.open(view, data, payload.nbytes, pointer(memory, "void *"), 100) == -11  # CDOT_WORKSPACE
