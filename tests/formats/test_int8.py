"""What every format that stores int8 has to do: the conformance suite over int8, exactly in int32."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import KernelError, PayloadError
from dotbench.cdot.kernel import Kernel, Pool

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import check_cut_short_and_flipped, check_damaged, check_longer, resealed
from matrices import INT8, LARGE, SMALL, int8, sparse

NAMES = [
    *formats.names("int8"),
    *(f"{name}[{params}]" for name in formats.names("int8") for params in formats.kinds()[name].variants),
]
CASES = {**{name: lambda make=make: int8(make()) for name, make in SMALL.items() if "huge" not in name}, **INT8}
SHORT = 65_535  # inputs that 16-bit indices reach
WIDE = {"dense_s8", "bitmap", "csc_palette", "ham", "sham"}  # which have no such limit


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> np.ndarray:
    return CASES[request.param]()


def product(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    return X.astype(np.int64) @ W.astype(np.int64)


def inputs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-128, 128, shape, np.int8)


@pytest.mark.parametrize("name", NAMES)
def test_round_trip_sections_and_products(name: str, case: np.ndarray) -> None:
    payload = formats.parse(name).encode(case)
    n, m = case.shape
    assert payload.shape == (n, m) and payload.nnz == np.count_nonzero(case) and payload.dtype == np.int8
    assert sum(payload.sections.values()) == payload.nbytes
    assert payload.decode().dtype == np.int8 and np.array_equal(payload.decode(), case)
    assert payload.columns(0, m).values.dtype == np.int8
    rng = np.random.default_rng(0)
    for batch in (1, 3, 8, 41):
        X = inputs(rng, batch, n)
        Y = payload.dot(X)
        assert Y.dtype == np.int32 and Y.shape == (batch, m) and np.array_equal(Y, product(X, case))
        for threads in (2, 16):
            assert np.array_equal(payload.dot(X, threads=threads), Y), f"{threads} threads"
        for begin, end in {(0, m), (0, 0), (m // 3, m), (m // 2, m - m // 5), (max(m - 1, 0), m)}:
            assert np.array_equal(payload.dot(X, columns=(begin, end)), Y[:, begin:end]), (begin, end)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", sorted(LARGE))
def test_large(name: str, key: str) -> None:
    W = int8(LARGE[key]())
    format_ = formats.parse(name)
    if len(W) > SHORT and format_.name not in WIDE:
        with pytest.raises(ValueError, match=f"{len(W)} inputs are too many for {format_.name}.*65535"):
            format_.encode(W)
        return
    payload = format_.encode(W)
    X = inputs(np.random.default_rng(1), 2, len(W))
    assert np.array_equal(payload.decode(), W) and np.array_equal(payload.dot(X), product(X, W))


@pytest.mark.parametrize("name", NAMES)
def test_every_column_alone(name: str) -> None:
    for key in ("mixed_lengths", "every_bit", "dense_blocks", "full_and_empty_spans"):
        W = CASES[key]()
        payload = formats.parse(name).encode(W)
        x = inputs(np.random.default_rng(1), len(W))
        alone = [payload.dot(x, columns=(j, j + 1))[0] for j in range(W.shape[1])]
        assert np.array_equal(product(x, W), alone)


@pytest.mark.parametrize("name", NAMES)
def test_containers_of_input_make_no_difference(name: str) -> None:
    W = CASES["ordinary"]()
    format_ = formats.parse(name)
    expected = format_.encode(W)
    big = np.zeros((600, 400), np.int8)
    big[::2, ::2] = W
    same = [np.asfortranarray(W), big[::2, ::2], scipy.sparse.csr_matrix(W), formats.get("csr16").encode(W)]
    if "float32" not in format_.value_types:  # other dtypes are taken where all values are int8
        same += [W.astype(np.float32), W.astype(np.float64), W.astype(np.int64), formats.get("csc").encode(W)]
    for other in same:
        assert np.array_equal(format_.encode(other).data, expected.data), type(other)
    sha = formats.matrix_sha256(formats.as_source(W, np.int8))
    assert formats.matrix_sha256(expected) == sha != formats.matrix_sha256(formats.as_source(W))
    assert formats.load(expected.data.tobytes()).format == format_


def test_a_format_of_both_takes_the_dtype_of_the_matrix() -> None:
    W = CASES["ordinary"]()
    for name in ("bitmap", "csc_palette", "ham", "sham"):
        assert formats.get(name).encode(W).dtype == np.int8
        assert formats.get(name).encode(W.astype(np.float32)).dtype == np.float32
        assert formats.get(name).encode(W.astype(np.int16)).dtype == np.float32
    assert formats.get("csc").encode(W).dtype == np.float32  # of float32 alone: exact in it


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("name", NAMES)
def test_both_builds(name: str, isa: str) -> None:
    for key in ("ordinary", "mixed_lengths", "long_codes", "one_value_everywhere", "extremes"):
        W = CASES[key]()
        payload = formats.parse(name).encode(W)
        kernel = Kernel(payload.format.name, payload.data, None, isa)
        rows, values, indptr = kernel.decode(0, W.shape[1])
        assert np.array_equal(scipy.sparse.csc_array((values, rows, indptr), shape=W.shape).toarray(), W)
        for batch in (1, 8):
            X = inputs(np.random.default_rng(2), batch, len(W))
            Y = np.zeros((batch, W.shape[1]), np.int32)
            kernel.dot(X, Y, (0, W.shape[1]), None, kernel.scratch(batch, 1))
            assert np.array_equal(Y, product(X, W))


@pytest.mark.parametrize("name", NAMES)
def test_one_view_serves_many_threads_and_drivers(name: str) -> None:
    W = CASES["ordinary"]()
    kernel = formats.parse(name).encode(W).kernel
    X, Y = inputs(np.random.default_rng(3), 8, len(W)), np.zeros((8, W.shape[1]), np.int32)
    with Pool(4) as pool:
        scratch = kernel.scratch(8, 4)
        for _ in range(10):
            kernel.dot(X, Y, (0, W.shape[1]), pool, scratch)
            assert np.array_equal(Y, product(X, W))
    Y[:] = 0
    assert kernel.bench_dot(X, Y, (0, W.shape[1]), None, kernel.scratch(8, 1), 3) > 0
    assert np.array_equal(Y, product(X, W))
    assert kernel.bench_decode(kernel.scratch(1, 1), 2) >= 0


def test_sums_wrap_beyond_32_bits() -> None:
    """Exact for every x to 131 071 rows; above modulo 2^32, not undefined."""
    for n in (131_071, 131_073, 262_144):
        W = np.full((n, 2), -128, np.int8)
        exact = n * 128 * 128
        y = formats.get("dense_s8").encode(W).dot(np.full(n, -128, np.int8))
        assert (y == (exact + 2**31) % 2**32 - 2**31).all() and (n > 131_072 or (y == exact).all())


@pytest.mark.parametrize("name", NAMES)
def test_header_on_a_small_layer(name: str) -> None:
    W = int8(sparse(64, 64, 0.1, 1000, 5))
    payload = formats.parse(name).encode(W)
    assert payload.header_bytes <= 48 and payload.header.fields_bytes <= 16
    assert np.array_equal(payload.decode(), W)


@pytest.mark.parametrize("name", NAMES)
def test_no_vector_and_no_matrix(name: str) -> None:
    format_ = formats.parse(name)
    payload = format_.encode(CASES["ordinary"]())
    for dtype in (np.float32, np.uint8, np.int32):
        with pytest.raises(TypeError, match=f"x is {np.dtype(dtype)}.*multiply int8.*quantise x"):
            payload.dot(np.zeros(300, dtype))
    with pytest.raises(ValueError, match=r"299 entries.*300 rows"):
        payload.dot(np.zeros(299, np.int8))
    with pytest.raises(KernelError, match="float32 and int32.*needs int8 and int32"):
        payload.kernel.dot(np.zeros((1, 300), np.float32), np.zeros((1, 200), np.int32), (0, 200), None, payload.data)
    if "float32" in format_.value_types:
        return
    for value in (128, -129, 0.5, 1e30):
        W = np.zeros((5, 7))
        W[3, 4] = value
        with pytest.raises(ValueError, match=r"row 3, column 4 is no int8, a whole number from -128 to 127.*quantise"):
            format_.encode(W)
    with pytest.raises(ValueError, match=r"nan at row 0, column 0 is not a finite number"):
        format_.encode(np.full((1, 1), np.nan))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["n_257", "long_codes", "mixed_lengths", "full_and_empty_spans", "long_gaps"])
def test_damaged_with_a_fitting_checksum(name: str, key: str) -> None:
    check_damaged(formats.parse(name).encode(CASES[key]()).data)


@pytest.mark.parametrize("name", NAMES)
def test_cut_short_and_flipped(name: str) -> None:
    check_cut_short_and_flipped(formats.parse(name).encode(CASES["n_257"]()).data)


@pytest.mark.parametrize("name", NAMES)
def test_longer(name: str) -> None:
    check_longer(formats.parse(name).encode(CASES["n_257"]()))


def test_value_types_that_do_not_fit() -> None:
    W = CASES["ordinary"]()
    for name, value_type, text in (
        ("csr16", 1, "says that it holds float32, and csr16 stores int8"),
        ("csc", 2, "says that it holds int8, and csc stores float32"),
        ("bitmap", 3, "says that it holds float16, and bitmap stores float32 and int8"),
        ("bitmap", 4, "says that it holds bfloat16, and bitmap stores float32 and int8"),
        ("bitmap", 5, "values of type 5, which this version does not know"),
    ):
        data = formats.get(name).encode(W).data.copy()
        data[5] = value_type
        with pytest.raises(PayloadError, match=text):
            formats.load(resealed(data))
    assert {"dense_s8", "csr16", "bitmap", "ham"} <= set(formats.names("int8")) and "csc" not in formats.names("int8")
    assert not {"dcsr", "csr16"} & {format_.name for format_ in formats.standard()}
    assert {"dcsr", "bitmap[values=codebook]", "rice[values=coded]"} <= {
        str(format_) for format_ in formats.standard("int8")
    }
