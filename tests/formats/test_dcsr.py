"""dcsr: the published arrays bit for bit, zeros where they belong, and nothing corrupted."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.dcsr import Entries
from dotbench.formats.parts.counted import whole
from dotbench.formats.parts.dcsr_groups import Groups, padded
from dotbench.formats.payloads.payload import Payload


def published_decoder(payload: Payload) -> np.ndarray:
    """From the arrays alone, one entry at a time, as the paper describes it."""
    n, m = payload.shape
    names = "values delta_indices bitmaps bitmasks group_minimums row_offsets nnze"
    values, low, maps, masks, minimums, offsets, nnze = (
        payload.section(name).astype(np.int64) for name in names.split()
    )
    out = np.zeros((n, m), np.int64)
    entry = group = mask = 0
    for j in range(m):
        count, base = int(offsets[j]) + int(nnze[0]) // m, 0
        slope = (n + count // 2) // count if count else 0
        for first in range(0, count, 16):
            shift = 0 if group % 2 else 4
            base += int(minimums[group])
            bits = int(maps[group // 2]) >> shift & 15
            index = [base + slope * i + (int(low[group // 2 * 16 + i]) >> shift & 15) for i in range(16)]
            for extension in range(4):
                if bits >> extension & 1:
                    index = [at + ((int(masks[mask]) >> i & 1) << (4 + extension)) for i, at in enumerate(index)]
                    mask += 1
            for i in range(min(16, count - first)):
                out[index[i], j] += values[entry]
                entry += 1
            base += 16 * slope
            group += 1
    assert (entry, group, mask) == (len(values), len(minimums), len(masks)) and nnze[0] == entry
    return out


def check(W: np.ndarray) -> None:
    payload = formats.get("dcsr").encode(W)
    assert np.array_equal(payload.decode(), W)
    assert np.array_equal(published_decoder(payload), W)
    arrays = sum(size for name, size in payload.sections.items() if name != "header")
    assert 8 * arrays == formats.get("dcsr").paper_bits(formats.as_source(W, np.int8))
    x = np.random.default_rng(0).integers(-128, 128, len(W), np.int8)
    assert np.array_equal(payload.dot(x), x.astype(np.int64) @ W.astype(np.int64))


def test_by_hand() -> None:
    """20 of 32 inputs. Slope 2, residuals 0, -1 .. of the first group, one minimum a group."""
    W = np.zeros((32, 1), np.int8)
    W[[*range(16), 20, 24, 28, 31], 0] = np.arange(1, 21)
    payload = formats.get("dcsr").encode(W)
    # slope (32 + 10) // 20 = 2; residuals 0 - 2 * 0 .. 15 - 2 * 15: 0 .. -15, so minimum -15, deltas 15 .. 0
    # second group 20, 22, 24, 25: minimum 20, deltas 0 2 4 5, step 20 + 15 - 32 = 3
    assert payload.section("group_minimums").tolist() == [-15, 3]
    low = [(15 - i) << 4 for i in range(16)]
    for lane, delta in enumerate((0, 2, 4, 5)):
        low[lane] |= delta
    assert payload.section("delta_indices").tolist() == low
    assert payload.section("bitmaps").tolist() == [0] and payload.section("bitmasks").tolist() == []
    assert payload.section("row_offsets").tolist() == [0] and payload.section("nnze").tolist() == [20]
    assert payload.section("values").tolist() == list(range(1, 21))
    check(W)


def test_extension_bits_by_hand() -> None:
    """Two entries of 100 inputs: slope 50 is too steep, zeros follow until it is 17."""
    indices = np.array([3, 90])
    zeros, groups = padded(indices, 100)
    # gaps 3 87 10: 46; 3 43 44 10: 46..90 -> 68; 43 -> 24; 22s: 24..46 -> 35 (first of 22, 22), 46 / 68 -> ...
    assert zeros[:4].tolist() == [46, 68, 24, 35] and groups.slope == (100 + 3) // 6 == 17
    W = np.zeros((100, 1), np.int8)
    W[indices, 0] = 7, -7
    payload = formats.get("dcsr").encode(W)
    # entries 3 24 35 46 68 90; residuals 3 7 1 -5 0 5; minimum -5; deltas 8 12 6 0 5 10
    assert payload.section("values").tolist() == [7, 0, 0, 0, 0, -7]
    assert payload.section("group_minimums").tolist() == [-5]
    assert [byte >> 4 for byte in payload.section("delta_indices")[:6]] == [8, 12, 6, 0, 5, 10]
    check(W)


def test_a_single_entry_gets_its_first_zero_at_half_its_index() -> None:
    for n, at, first in ((1000, 100, 50), (1000, 0, 0), (1000, 999, 499), (5000, 1, 0)):
        zeros, _ = padded(np.array([at]), n)
        assert zeros[0] == first
        W = np.zeros((n, 2), np.int8)
        W[at, 0] = -3
        payload = formats.get("dcsr").encode(W)
        if at == 0:  # stored in front of the entry, in the same place
            assert payload.section("values")[:2].tolist() == [0, -3]
        check(W)
    assert len(padded(np.array([3]), 17)[0]) == 0  # slope 17 fits: nothing is inserted


def test_the_case_that_the_published_encoder_corrupts() -> None:
    W = np.zeros((1024, 1), np.int8)
    W[[*range(248), *range(800, 808)], 0] = 1
    assert Groups.of(np.flatnonzero(W[:, 0]), 1024).deltas.max() >= 256  # cast to 8 bits it would pass
    check(W)


def test_zeros_are_inserted_only_where_something_does_not_fit() -> None:
    rng = np.random.default_rng(1)
    for n in (64, 300, 2000):
        W = (rng.integers(1, 100, (n, 20)) * (rng.random((n, 20)) < 0.3)).astype(np.int8)
        entries = Entries.of(whole(formats.as_source(W, np.int8)), n)
        assert len(entries.values) == np.count_nonzero(W)
        check(W)


def clustered(rng: np.random.Generator) -> np.ndarray:
    """A matrix of random shape and density, in clusters or not, with outputs that have nothing."""
    n, m = int(rng.integers(1, 20_001) ** rng.choice([0.5, 0.8, 1])), int(rng.integers(1, 5))
    density = (
        float(rng.choice([0.001, 0.01, 0.05, 0.2, 0.6, 1])) if n < 2000 else float(rng.choice([0.0005, 0.005, 0.02]))
    )
    where = rng.random((n, m)) < density
    if rng.random() < 0.5:  # clusters with gaps of more than 255 between them
        length = int(rng.integers(1, 600))
        where = np.repeat(rng.random((-(-n // length), m)) < 0.2, length, 0)[:n] & (rng.random((n, m)) < 0.7)
    where &= rng.random(m) < 0.8
    return np.where(where, rng.choice(np.r_[-128:0, 1:128], (n, m)), 0).astype(np.int8)


def round_trips(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    gaps = empty = 0
    for _ in range(count):
        W = clustered(rng)
        for name in ("dcsr", "rle4", "rel15", "psr8", "csr16", "bcsr2x2", "rice"):
            assert np.array_equal(formats.get(name).encode(W).decode(), W), (name, W.shape)
        rows = [np.flatnonzero(column) for column in W.T]
        gaps += any((np.diff(at) > 255).any() for at in rows)
        empty += any(len(at) == 0 for at in rows)
    assert gaps > count // 20 and empty > count // 20


def test_random_and_clustered_matrices() -> None:
    round_trips(1, 120)


@pytest.mark.slow
def test_ten_thousand_matrices() -> None:
    round_trips(2, 10_000)


def test_random_arrays_against_the_published_decoder() -> None:
    rng = np.random.default_rng(3)
    for _ in range(25):
        check(clustered(rng)[:1500])
    for empty in (np.zeros((0, 3), np.int8), np.zeros((3, 0), np.int8), np.zeros((700, 9), np.int8)):
        check(empty)
