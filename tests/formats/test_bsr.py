"""bsr against scipy's own arrays, its parameter, its padding, and its product where blocks are cut."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, aligned
from dotbench.cdot.library import ffi, library, pointer
from dotbench.formats.sources.source import as_source, ranges

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import SMALL, check_whole, sparse

SIZES = [4, 8, 16]


def bsr(block: int) -> formats.Format:
    return formats.get("bsr", block=block)


def scipys(W: np.ndarray, block: int) -> scipy.sparse.bsr_array:
    """scipy's BSR of W transposed, with zeros up to whole blocks."""
    n, m = W.shape
    padded = np.pad(W, ((0, -n % block), (0, -m % block)))
    made = scipy.sparse.bsr_array(scipy.sparse.csr_array(padded.T), blocksize=(block, block))
    made.sort_indices()
    return made


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("key", ["one_entry", "ordinary", "mixed_lengths", "n_257", "dense_blocks", "very_sparse"])
def test_the_arrays_are_scipys(key: str, block: int) -> None:
    W = SMALL[key]()
    payload, theirs = bsr(block).encode(W), scipys(W, block)
    for name, array in (("values", theirs.data), ("indices", theirs.indices), ("pointers", theirs.indptr)):
        ours = payload.section(name)
        assert np.array_equal(ours, array.reshape(-1)) and ours.dtype == array.dtype, name
    sizes = theirs.data.nbytes + theirs.indices.nbytes + theirs.indptr.nbytes
    assert payload.nbytes == 64 + sizes and bsr(block).paper_bits(as_source(W)) == 8 * sizes


@pytest.mark.real_data("orsreg_1")
def test_orsreg_1(mirror: object, tmp_path: Path) -> None:
    """Bytes of scipy's arrays, counted once with scipy alone."""
    from dotbench import datasets

    source = datasets.load("orsreg_1", cache_dir=tmp_path).matrix
    assert [bsr(block).paper_bits(source) // 8 for block in SIZES] == [374172, 712988, 1149860]
    assert formats.matrix_sha256(bsr(4).encode(source)) == formats.matrix_sha256(source)


def test_other_blocks_are_refused() -> None:
    for block in (-4, 0, 1, 5, 32, 2**40):
        with pytest.raises(ValueError, match=rf"bsr\[block={block}\]: blocks have 4, 8, 16 rows and columns"):
            formats.parse(f"bsr[block={block}]")
    with pytest.raises(ValueError, match="'4.0' is not int"):
        formats.parse("bsr[block=4.0]")
    assert formats.parse("bsr[block=4]") == formats.parse("bsr") and bsr(8).params == "block=8"


def test_fields_that_make_no_sense() -> None:
    payload = bsr(8).encode(SMALL["ordinary"]())
    for block in (0, 5, 32, 2**32 - 1):
        damaged = aligned(payload.nbytes)
        damaged[:] = payload.data
        damaged[32:36] = np.frombuffer(struct.pack("<I", block), np.uint8)
        with pytest.raises(PayloadError, match="do not add up"):
            Kernel("bsr", damaged)
        with pytest.raises(ValueError, match=f"block={block}"):
            type(payload.format).stored(payload.header, damaged[32:40].tobytes())


def changed(payload: formats.Payload, name: str, at: int, value: float) -> np.ndarray:
    """The bytes with one item of a section changed."""
    data = aligned(payload.nbytes)
    data[:] = payload.data
    formats.Payload(payload.format, data).section(name)[at] = value
    return data


def test_damage_is_refused() -> None:
    payload = bsr(4).encode(SMALL["n_257"]())
    for name, at, value, words in (
        ("indices", 3, 65, "index in it is out of range"),
        ("indices", 3, -1, "index in it is out of range"),
        ("pointers", 1, 10_000, "out of order"),
        ("pointers", 5, payload.section("pointers")[5] - 1, "out of order"),
    ):
        with pytest.raises(PayloadError, match=words):
            Kernel("bsr", changed(payload, name, at if name == "indices" else -at, value))


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("batch", [1, 8])
def test_what_stands_in_the_padding_does_not_matter(block: int, batch: int) -> None:
    W = sparse(block + 1, 2 * block - 1, 1.0, 5, 1)
    payload = bsr(block).encode(W)
    values = payload.section("values").reshape(-1, block, block)
    padding = np.ones((2, 2, block, block), bool)  # column of blocks, row of blocks, column, row
    padding[:, 0] = False
    padding[:, 1, :, 0] = False
    padding[1, :, -1, :] = True
    damaged = changed(payload, "values", 0, values.reshape(-1)[0])
    formats.Payload(payload.format, damaged).section("values")[padding.reshape(-1)] = 7
    kernel = Kernel("bsr", damaged)
    X, Y = np.ones((batch, block + 1), np.float32), np.zeros((batch, 2 * block - 1), np.float32)
    kernel.dot(X, Y, (0, 2 * block - 1), None, kernel.scratch(batch, 1))
    assert np.allclose(Y, W.sum(0)) and kernel.decode(0, 2 * block - 1)[0].max() == block


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize(("batch", "ldx", "ldy"), [(1, 1, 1), (1, 3, 1), (3, 3, 3), (5, 7, 6), (8, 8, 8), (11, 12, 11)])
def test_any_number_of_vectors_and_any_distance(isa: str, block: int, batch: int, ldx: int, ldy: int) -> None:
    """The kernel's own contract; what Python calls always pads a batch to eights."""
    n, m = 6 * block + 3, 50
    W = sparse(n, m, 0.3, 9, 2)
    kernel = Kernel("bsr", bsr(block).encode(W).data, isa=isa)
    x = np.random.default_rng(0).standard_normal((n, ldx)).astype(np.float32)
    y = np.full((m, ldy), 99, np.float32)
    flat = pointer(x, "const float *"), ldx, pointer(y, "float *"), ldy
    assert library(isa).cdot_dot(kernel.view, *flat, batch, 1, 47, ffi.NULL) == 0
    exact = (W.T.astype(np.float64) @ x)[1:47, :batch]
    assert np.allclose(y[1:47, :batch], exact, rtol=1e-5, atol=1e-4)
    y[1:47, :batch] = 99
    assert (y == 99).all()


def test_too_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.formats.bsr.MAX_BLOCKS", 3)
    with pytest.raises(ValueError, match=r"4 blocks are too many for bsr\[block=8\]: its pointers have 32 bits"):
        bsr(8).encode(np.eye(32, dtype=np.float32))


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("key", ["ordinary", "mixed_lengths", "n_257"])
def test_encoders_stream(block: int, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bsr(block).encode(SMALL[key]())
    for entries in (1, 1000, 5000):
        monkeypatch.setattr(ranges, "__defaults__", (entries,))
        assert np.array_equal(bsr(block).encode(SMALL[key]()).data, whole.data)


@pytest.mark.parametrize("block", SIZES)
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 40), st.floats(0, 1), st.integers(0, 10**6), st.data())
def test_whatever_the_matrix(block: int, n: int, m: int, density: float, seed: int, data: st.DataObject) -> None:
    W = sparse(n, m, density, 9, seed)
    check_whole(bsr(block).encode(W), W, data, seed)
