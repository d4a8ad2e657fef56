"""float16 beyond conformance: every value there is, what is stored as what, sizes, and values that are none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.bench.counting.bounds import bounds
from dotbench.bench.metrics import space
from dotbench.bench.targets.checked import reference
from dotbench.cdot import build
from dotbench.cdot.kernel import Kernel
from dotbench.formats.sources.source import as_source, matrix_sha256

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import given

NAMES = formats.names("float16")
BITS = np.arange(1 << 16, dtype=np.uint16)
EVERY = BITS.view(np.float16)
FINITE = EVERY[np.isfinite(EVERY)]


def matrix() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.where(rng.random((300, 200)) < 0.1, rng.standard_normal((300, 200)), 0).astype(np.float16)


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", NAMES)
def test_every_finite_value(name: str, isa: str) -> None:
    """Subnormal ones too, in a row and in columns: decoded, and as the product with 1, exactly."""
    for W in (FINITE.reshape(1, -1), FINITE.reshape(-1, 1), FINITE.reshape(-1, 64)):
        payload = formats.get(name).encode(W)
        assert np.array_equal(payload.decode(), W) and payload.dtype == np.float16
        kernel = Kernel(name, payload.data, isa=isa)
        for i in range(0, len(W), 9973):
            x, y = np.zeros((1, len(W)), np.float32), np.zeros((1, W.shape[1]), np.float32)
            x[0, i] = 1
            kernel.dot(x, y, (0, W.shape[1]), None, kernel.scratch(1, 1))
            assert np.array_equal(y[0], W[i].astype(np.float32))


@pytest.mark.parametrize("isa", build.instruction_sets())
def test_values_that_no_encoder_writes(isa: str) -> None:
    """Infinities and NaN of damaged bytes are infinities and NaN of the product, whatever the processor."""
    data = formats.get("dense").encode(np.ones((1, len(EVERY)), np.float16)).data.copy()
    data[32:] = BITS.view(np.uint8)
    kernel, y = Kernel("dense", data, isa=isa), np.zeros((1, len(EVERY)), np.float32)
    kernel.dot(np.ones((1, 1), np.float32), y, (0, len(EVERY)), None, kernel.scratch(1, 1))
    with np.errstate(invalid="ignore"):  # what aarch64's conversion says of signalling NaN
        expected = EVERY.astype(np.float32)
    assert np.array_equal(y[0], expected, equal_nan=True)


def test_which_formats_keep_it() -> None:
    W = matrix()
    for name in formats.names("float32"):
        held = given(name, W)
        payload = formats.get(name).encode(held)
        assert payload.dtype == (np.float16 if name in NAMES else np.float32)
        if payload.format.lossless:
            assert np.array_equal(payload.decode(), held)
    with pytest.raises(ValueError, match="no int8"):
        formats.get("csr16").encode(W)
    assert formats.get("csc").encode(W.astype(np.float32)).dtype == np.float32  # the matrix's type decides, no value


def test_containers_of_float16() -> None:
    W = matrix()
    for name in NAMES:
        expected = formats.get(name).encode(W)
        sparse = scipy.sparse.csr_array(W.astype(np.float32))
        sparse.data = sparse.data.astype(np.float16)  # scipy's constructors take no float16, its fields do
        for same in (sparse, expected, as_source(W, np.float16)):
            assert np.array_equal(formats.get(name).encode(same).data, expected.data), type(same)
        assert matrix_sha256(expected) == matrix_sha256(as_source(W, np.float16)) != matrix_sha256(as_source(W))


def test_sizes_are_exact() -> None:
    W = matrix()
    n, m, nnz = *W.shape, np.count_nonzero(W)
    half, whole = ({name: formats.get(name).encode(matrix_) for name in NAMES} for matrix_ in (W, W.astype(np.float32)))
    assert half["dense"].nbytes == 32 + 2 * n * m
    padding = 2 * nnz % 4
    assert half["csc"].nbytes == 32 + 2 * nnz + padding + 4 * (m + 1) + 4 * nnz
    assert half["csc_min"].nbytes == 32 + 2 * nnz + padding + 4 * (m + 1) + 2 * nnz
    distinct = len(np.unique(W[W != 0]))
    assert whole["sham"].nbytes - half["sham"].nbytes == 2 * distinct - 2 * distinct % 4
    assert [formats.get(name).paper_bits(as_source(W, np.float16)) for name in ("dense", "csc", "csc_min")] == [
        16 * n * m, nnz * (16 + 16) + m * 16, nnz * (16 + 16) + 32 * (m + 1),
    ]  # fmt: skip


def test_a_row_of_space() -> None:
    """`ratio` is against the dense matrix of the same type: two bytes an entry."""
    source = as_source(matrix(), np.float16)
    encoded = space.encode(formats.get("csc_min"), source, matrix_sha256(source))
    row = space.columns_of_row(encoded, source, bounds(source))
    n, m = source.shape
    assert row["dtype"] == "float16" and row["ratio"] == pytest.approx(2 * n * m / encoded.payload.nbytes, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_check_before_timing(name: str) -> None:
    source = as_source(matrix(), np.float16)
    expected = reference(source, 3, 1)
    assert expected.X.dtype == np.float32 and expected.limit == 1e-5
    assert expected.error(formats.get(name).encode(source).dot(expected.X)) < 1e-6


def test_inputs_stay_float32() -> None:
    payload = formats.get("sham").encode(matrix())
    with pytest.raises(
        TypeError, match=r"x is float16, and these kernels multiply float32: pass x.astype\(numpy.float32"
    ):
        payload.dot(np.zeros(300, np.float16))


def test_values_that_float16_does_not_hold() -> None:
    for value in (0.1, 65536.0, 1e-9):
        W = np.zeros((5, 7), np.float32)
        W[3, 4] = value
        with pytest.raises(ValueError, match=r"at row 3, column 4 is changed by rounding to float16: pass W.astype"):
            as_source(W, np.float16).columns(0, 7)
