"""What every registered format has to do, on every matrix; formats from entry points too."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.kernel import Kernel, Pool

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import HALF, LARGE, SMALL, VARIANTS, format_of, given, sparse

NAMES = [*formats.names("float32"), *VARIANTS, *HALF]
ALL = {**SMALL, **LARGE}


@pytest.fixture(scope="module", params=sorted(ALL))
def case(request: pytest.FixtureRequest) -> np.ndarray:
    return ALL[request.param]()


def held(format_: formats.Format, W: np.ndarray) -> np.ndarray:
    """The matrix that a payload of W has to decode to: W itself, unless the format is lossy."""
    if format_.lossless:
        return W
    return format_.holds(W).columns(0, W.shape[1]).dense(len(W)).T


def allowed(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """1e-5 of sum |w||x|; below float32's smallest normal number nothing is promised."""
    return 1e-5 * (np.abs(X).astype(np.float64) @ np.abs(W.astype(np.float64))) + np.finfo(np.float32).tiny


@pytest.mark.parametrize("name", NAMES)
def test_round_trip_sections_and_products(name: str, case: np.ndarray) -> None:
    format_ = format_of(name)
    case = given(name, case)
    payload = format_.encode(case)
    case = held(format_, case)
    n, m = case.shape
    assert payload.shape == (n, m) and payload.nnz == np.count_nonzero(case)
    assert sum(payload.sections.values()) == payload.nbytes
    assert np.array_equal(payload.decode(), case) and payload.decode().dtype == payload.dtype == case.dtype
    assert payload.scratch_bytes >= 0
    rng = np.random.default_rng(0)
    for batch in (1, 3, 8, 41):
        X = rng.standard_normal((batch, n)).astype(np.float32)
        Y = payload.dot(X)
        exact = X.astype(np.float64) @ case.astype(np.float64)
        assert Y.shape == (batch, m) and Y.dtype == np.float32
        assert (np.abs(Y - exact) <= allowed(X, case)).all()
        for threads in (2, 3, 16):
            assert np.array_equal(payload.dot(X, threads=threads), Y), f"{threads} threads"
        for begin, end in {(0, m), (0, 0), (m // 3, m), (m // 2, m - m // 5), (max(m - 1, 0), m)}:
            assert np.array_equal(payload.dot(X, columns=(begin, end)), Y[:, begin:end]), (begin, end)


@pytest.mark.parametrize("name", NAMES)
def test_every_column_alone(name: str) -> None:
    """A range may start at any column of a seek group: what is skipped must not shift the rest."""
    for W in (SMALL["mixed_lengths"](), SMALL["every_bit"](), SMALL["dense_blocks"]()):
        payload = format_of(name).encode(given(name, W))
        x = np.random.default_rng(1).standard_normal(len(W)).astype(np.float32)
        whole = payload.dot(x)
        alone = [payload.dot(x, columns=(j, j + 1))[0] for j in range(W.shape[1])]
        assert np.array_equal(whole, np.array(alone, np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_gives_a_vector(name: str) -> None:
    W = given(name, SMALL["ordinary"]())
    x = np.ones(300, np.float32)
    y = format_of(name).encode(W).dot(x)
    assert y.shape == (200,) and np.allclose(y, held(format_of(name), W).sum(0, np.float32), rtol=1e-5, atol=1e-5)
    assert format_of(name).encode(W).dot(np.zeros((0, 300), np.float32)).shape == (0, 200)


@pytest.mark.parametrize("name", NAMES)
def test_layouts_and_containers_of_input_make_no_difference(name: str) -> None:
    W = given(name, SMALL["ordinary"]())
    expected = format_of(name).encode(W).data
    big = np.zeros((600, 400), W.dtype)
    big[::2, ::2] = W
    same_matrices = [
        np.asfortranarray(W),
        big[::2, ::2],
        W.astype(W.dtype.newbyteorder(">")),
        formats.get("csc").encode(W),
    ]
    if not format_of(name).bitwise:  # the sign of zero is kept there
        same_matrices.append(np.where(W == 0, -0.0, W).astype(W.dtype))
    if W.dtype == np.float32:  # the type of wider ones that hold the same; scipy computes with no float16
        same_matrices += [W.astype(np.float64), scipy.sparse.csr_matrix(W), scipy.sparse.coo_array(W)]
    for same in same_matrices:
        assert np.array_equal(format_of(name).encode(same).data, expected), type(same)


@pytest.mark.parametrize("name", [name for name in NAMES if format_of(name).bitwise])
@pytest.mark.parametrize("shape", [(300, 200), (5000, 7), (1, 70), (70, 1), (33, 40)])
def test_formats_that_keep_bits_keep_all_of_them(name: str, shape: tuple[int, int]) -> None:
    """Any bits: infinities, NaN of both kinds, subnormal numbers, zeros of both signs."""
    random = np.random.default_rng(6).integers(0, 1 << 16, shape).astype(np.uint16)
    random[np.random.default_rng(7).random(shape) < 0.2] = 0x8000
    W = formats.bfloat16_from_bits(random)
    payload = formats.load(format_of(name).encode(W).data.tobytes())
    assert np.array_equal(payload.decode().view(np.uint16), W.view(np.uint16))
    assert np.array_equal(payload.entries(0, 1).view(np.uint16)[0], W.view(np.uint16)[:, 0])


@pytest.mark.parametrize("name", NAMES)
def test_encoding_is_a_function_of_the_matrix(name: str) -> None:
    W = given(name, sparse(100, 50, 0.3, 20, 17))
    assert np.array_equal(format_of(name).encode(W).data, format_of(name).encode(W.copy()).data)


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", NAMES)
def test_both_builds(name: str, isa: str) -> None:
    """Portable C and AVX2 compute the same product up to rounding."""
    for key in ("ordinary", "mixed_lengths", "long_codes", "one_value_everywhere"):
        W = given(name, SMALL[key]())
        payload = format_of(name).encode(W)
        W = held(payload.format, W)
        kernel = Kernel(payload.format.name, payload.data, payload.format.kernel_source, isa)
        rows, values, indptr = kernel.decode(0, W.shape[1])
        decoded = scipy.sparse.csc_array((values, rows, indptr), shape=W.shape).toarray().astype(W.dtype)
        assert np.array_equal(decoded, W)
        for batch in (1, 8):
            X = np.random.default_rng(2).standard_normal((batch, len(W))).astype(np.float32)
            Y = np.zeros((batch, W.shape[1]), np.float32)
            kernel.dot(X, Y, (0, W.shape[1]), None, kernel.scratch(batch, 1))
            assert (np.abs(Y - X.astype(np.float64) @ W.astype(np.float64)) <= allowed(X, W)).all()


@pytest.mark.parametrize("name", NAMES)
def test_one_view_serves_many_threads_and_calls(name: str) -> None:
    W = given(name, SMALL["dense_blocks"]())
    kernel = format_of(name).encode(W).kernel
    X = np.random.default_rng(3).standard_normal((8, len(W))).astype(np.float32)
    Y = np.zeros((8, W.shape[1]), np.float32)
    with Pool(4) as pool:
        scratch = kernel.scratch(8, 4)
        kernel.dot(X, Y, (0, W.shape[1]), pool, scratch)
        first = Y.copy()
        for _ in range(20):
            kernel.dot(X, Y, (0, W.shape[1]), pool, scratch)
            assert np.array_equal(Y, first)


@pytest.mark.parametrize("name", NAMES)
def test_drivers_run_the_kernel(name: str) -> None:
    """The timing drivers compute the product as well; what they return is time."""
    W = given(name, SMALL["ordinary"]())
    kernel = format_of(name).encode(W).kernel
    W = held(format_of(name), W)
    X, Y = np.ones((1, 300), np.float32), np.zeros((1, 200), np.float32)
    scratch = kernel.scratch(1, 1)
    assert kernel.bench_dot(X, Y, (0, 200), None, scratch, 3) > 0
    assert np.allclose(Y, W.sum(0, np.float32), rtol=1e-5, atol=1e-5)
    assert kernel.bench_dot(X, Y, (0, 200), None, scratch, 2, cold=True) > 0
    assert kernel.bench_decode(scratch, 2) >= 0
