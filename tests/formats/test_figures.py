"""Published and hand-made figures: sizes by the papers' formulas, exact bytes, codes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.parts.huffman import Code, code_lengths
from dotbench.formats.sources.source import Histogram, as_source, matrix_sha256

# Worked out by hand from formats.md section 1 for the matrix below: n 4, m 3, nnz 5, values 2.0 three
# times, 1.0 and -3.0 once, zero seven times.
HAND = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)
# ham: lengths 1 (0), 2 (2.0), 3, 3: L = 7 + 6 + 3 + 3 = 19, one word; K = 4, lmax 3, t = 2
#   T = 4*32 + 4*8 + 5*8 + 4*8 = 232; 32 + 232 = 264
# sham: lengths 1, 2, 2: L = 3 + 2 + 2 = 7, one word; K = 3, lmax 2, t = 1; T = 3*32 + 3*8 + 4*8 + 2*8 = 168
#   32 + 5*8 + 3*8 + 168 = 264
# cser: zeros are implicit; lists {0: 2.0}, {1: 2.0; 1: 1.0}, {2: -3.0}: |colI| = 5, |OI| = 4, |OPtr| = 5,
#   |rowPtr| = 4, all of 8 bits; 4*32 + 5*8 + 4*8 + 5*8 + 4*8 = 272
# bsr: one block; eie: 5 gaps (no fillers) of 4 bits, 5 indices of 2, pointers of 8; coded: 7 bits each
# csc_palette: k = 3, 2 bits an index; im_packed: K = 4, 2 bits
HAND_BITS = {
    "dense": 384,
    "csc": 5 * 40 + 3 * 8,
    "csc_min": 5 * 40 + 4 * 32,
    "csc_palette": 5 * (8 + 2) + 4 * 32 + 3 * 32,
    "im": 12 * 8 + 4 * 32,
    "im_packed": 12 * 2 + 4 * 32,
    "bitmap": 12 + 5 * 32,
    "bitmap[values=codebook]": 12 + 5 * 2 + 3 * 32,
    "bsr": 32 * (16 + 1) + 2 * 32,
    "bsr[block=8]": 32 * (64 + 1) + 2 * 32,
    "cser": 272,
    "eie": 5 * (4 + 2) + 4 * 8 + 3 * 32,
    "eie[coding=huffman]": 7 + 7 + 4 * 8 + 3 * 32,
    "ham": 264,
    "sham": 264,
}
HAND_BYTES = {
    "dense": 32 + 48,
    "csc": 32 + 20 + 16 + 20,
    "csc_min": 32 + 20 + 16 + 5,
    "csc_palette": 36 + 12 + 16 + 8 + (2 + 7),  # three bytes of padding behind the rows, seven to spare at the end
    "im": 36 + 16 + 12,
    "im_packed": 36 + 16 + (3 + 7),
    "bitmap": 40 + 20 + (2 + 7),
    "bitmap[values=codebook]": 40 + 12 + (2 + 7) + 3 + (2 + 7),
    "bsr": 64 + 64 + 4 + 8,
    "bsr[block=8]": 64 + 256 + 4 + 8,
    "cser": 44 + 16 + 4 + (5 + 3) + 4 + 5,
    "eie": 72 + 12 + (3 + 7) + 2 + (2 + 7) + 3 + 3,  # two and three bytes of padding
    "eie[coding=huffman]": 72 + 12 + 8 + 4 + 8 + (3 + 1) + 8 + 4 + 8 + 3,
    "ham": 48 + 16 + 12 + 4 + 8,
    "sham": 48 + 12 + 8 + 4 + 8 + 3 + 1 + 5,  # a byte of padding behind the counts
}


@pytest.mark.parametrize("name", HAND_BITS)
def test_sizes_by_hand(name: str) -> None:
    format_ = formats.parse(name)
    assert format_.paper_bits(as_source(HAND)) == HAND_BITS[name]
    assert format_.encode(HAND).nbytes == HAND_BYTES[name]


def test_the_stream_by_hand() -> None:
    """Codewords 0: 0, 2.0: 10, -3.0: 110, 1.0: 111 (equal counts: the smaller value first)."""
    payload = formats.get("ham").encode(HAND)
    assert payload.section("values").tolist() == [0, 2, -3, 1]
    assert payload.section("lengths").tolist() == [1, 1, 2]
    bits = "100100" + "0111010" + "001100"
    assert payload.section("stream").tolist() == [int(bits.ljust(32, "0"), 2), 0]
    payload = formats.get("sham").encode(HAND)  # 2.0: 0, -3.0: 10, 1.0: 11
    assert payload.section("stream").tolist() == [int("0011010".ljust(32, "0"), 2), 0]
    assert payload.section("counts").tolist() == [2, 2, 1]
    assert payload.section("rows").tolist() == [0, 2, 1, 3, 2]


@pytest.mark.parametrize(
    ("counts", "lengths"),
    [
        ([], []),
        ([7], [0]),
        ([5, 5], [1, 1]),
        ([5, 2, 1, 1], [1, 2, 3, 3]),
        ([1, 1, 1, 1], [2, 2, 2, 2]),
        ([3, 2, 2, 1, 1], [2, 2, 2, 3, 3]),
        ([13, 8, 5, 3, 2, 1, 1], [1, 2, 3, 4, 5, 6, 6]),
        ([2, 2, 1, 1], [2, 2, 2, 2]),  # the other choice on ties gives 1 2 3 3, as long in all
    ],
)
def test_code_lengths(counts: list[int], lengths: list[int]) -> None:
    assert code_lengths(np.array(counts, np.int64)).tolist() == lengths


def test_code_lengths_are_optimal_and_complete() -> None:
    import heapq

    rng = np.random.default_rng(0)
    for size in (2, 3, 10, 100, 1000):
        counts = np.sort(rng.integers(1, 1000, size))[::-1]
        lengths = code_lengths(counts)
        heap = counts.tolist()
        heapq.heapify(heap)
        cost = 0
        while len(heap) > 1:
            merged = heapq.heappop(heap) + heapq.heappop(heap)
            cost += merged
            heapq.heappush(heap, merged)
        assert int((lengths * counts).sum()) == cost
        assert sum(2.0 ** -int(length) for length in lengths) == 1.0
        words = Code(np.arange(size), counts, lengths).codewords()
        text = [format(int(word), f"0{length}b") for word, length in zip(words, lengths, strict=True)]
        assert text == sorted(text) and not any(b.startswith(a) for a, b in itertools.pairwise(text))


def test_frequency_order() -> None:
    ordered = Histogram(np.float32([-2, 1, 5]), np.array([4, 4, 9])).by_frequency(zeros=4)
    assert ordered.values.tolist() == [5, -2, 0, 1] and ordered.counts.tolist() == [9, 4, 4, 4]


def test_matrix_sha256_is_of_the_content() -> None:
    """The constant was computed from the definition with hashlib alone."""
    import hashlib

    positions = np.array([0, 2, 5, 7, 10], "<i8").tobytes()
    values = np.array([2, 2, 1, 2, -3], "<f4").tobytes()
    inner = hashlib.sha256(positions).digest() + hashlib.sha256(values).digest()
    assert matrix_sha256(as_source(HAND)) == hashlib.sha256(b"4 3 <f4\n" + inner).hexdigest()
    assert matrix_sha256(as_source(HAND)) != matrix_sha256(as_source(HAND.T.copy()))


# ---- real matrices: paper_bits per entry as published or as the specification has it

PUBLISHED = {
    ("orsreg_1", "ham"): 1.01491,
    ("orsreg_1", "sham"): 0.06866,
    ("orsreg_1", "csc"): 0.14678,
    ("orsreg_1", "im"): 8.00074,
    ("orsreg_1", "cser"): 0.11527,
    ("vgg19/90-0-32", "ham"): 1.24343,
    ("vgg19/90-0-32", "sham"): 1.87461,
}


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> object:
    from dotbench import datasets

    folder = tmp_path_factory.mktemp("cache")
    return lambda name: datasets.load(name, cache_dir=folder).matrix


@pytest.mark.real_data("orsreg_1")
@pytest.mark.parametrize(("name", "format_"), PUBLISHED)
def test_published_sizes(mirror: object, load: object, name: str, format_: str) -> None:
    source = load(name)
    n, m = source.shape
    assert round(formats.get(format_).paper_bits(source) / (n * m), 5) == PUBLISHED[name, format_]


@pytest.mark.real_data("vgg19/*")
@pytest.mark.parametrize("prune", [30, 50, 60, 80, 90, 95, 96, 97, 98, 99])
@pytest.mark.parametrize("k", [32, 256])
def test_coded_layers_are_within_three_percent(mirror: object, load: object, prune: int, k: int) -> None:
    source = load(f"vgg19/{prune}-0-{k}")
    for name in ("ham", "sham"):
        payload = formats.get(name).encode(source)
        assert 8 * payload.nbytes <= 1.03 * formats.get(name).paper_bits(source)
        assert matrix_sha256(payload) == matrix_sha256(source)


@pytest.mark.real_data("vgg19/99-0-32")
def test_the_tightest_layer(mirror: object, load: object) -> None:
    source = load("vgg19/99-0-32")
    extra = formats.get("sham").encode(source).nbytes - formats.get("sham").paper_bits(source) / 8
    assert extra == 1075 and extra <= 1583


@pytest.mark.real_data("SiNa")
def test_longest_codeword_of_sina(mirror: object, load: object) -> None:
    """18 bits; taking merged nodes first on ties would give 19."""
    source = load("SiNa")
    assert formats.get("ham").code(source).longest == 18
    histogram = source.histogram()
    assert (len(histogram.values), histogram.nnz) == (24165, 198787)


def test_codewords_that_are_too_long_are_refused() -> None:
    from dotbench.formats.parts.huffman import Fields

    lengths = np.minimum(np.arange(1, 59), 57).astype(np.uint8)
    with pytest.raises(ValueError, match="57 bits is longer than these kernels read"):
        Fields.of(Code(np.arange(58), np.ones(58, np.int64), lengths), 10)
