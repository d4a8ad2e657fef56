"""zstd: a peer that stores something. Streams, products, levels, damage."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import zstandard

from dotbench import formats
from dotbench.bench.metrics.hashes import stored_sha
from dotbench.bench.targets import peers
from dotbench.bench.targets.zstd import Zstd, compress, decompress_into
from dotbench.formats.sources.source import as_source, blocks

sys.path.insert(0, str(Path(__file__).parents[2]))
from matrices import SMALL, sparse


@pytest.mark.parametrize("key", ["no_rows", "no_columns", "one_entry", "all_zero", "ordinary", "long_codes"])
@pytest.mark.parametrize("level", [1, 3, 22])
def test_round_trip(key: str, level: int) -> None:
    W = SMALL[key]()
    data = compress(as_source(W), level)
    assert zstandard.frame_content_size(data) == W.nbytes
    assert zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False) == W.T.tobytes()
    columns = np.full(W.T.shape, np.nan, np.float32)
    decompress_into(data, columns)
    assert np.array_equal(columns.T, W)


def test_exact_bytes() -> None:
    """What zstandard 0.25.0 (libzstd 1.5.7) makes of 4000 bytes of zeros, and of an arithmetic pattern."""
    assert zstandard.ZSTD_VERSION == (1, 5, 7)
    i, j = np.meshgrid(np.arange(200), np.arange(300), indexing="ij")
    W = np.where((i * 7919 + j * 104729 + i * j * 31) % 101 < 10, (i + j) % 7 + 1, 0).astype(np.float32)
    assert [len(compress(as_source(matrix), 3)) for matrix in (np.zeros((1000, 1)), W)] == [19, 9216]


def test_streaming_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does what the matrix comes from: bytes are a function of the matrix, the level and the library."""
    W = sparse(700, 500, 0.3, 200, 1)
    whole = compress(as_source(W), 3)
    assert compress(formats.get("sham").encode(W), 3) == whole
    for entries in (1, 5000, 100_000):
        monkeypatch.setattr(blocks, "__defaults__", (entries,))
        assert compress(as_source(W), 3) == whole


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("cold", [False, True])
def test_store_and_product(batch: int, cold: bool, tmp_path: Path) -> None:
    W, path = SMALL["ordinary"](), tmp_path / "w.stored"
    peer = peers.parse("zstd[level=19]")
    assert peer.store(as_source(W), path) == path.stat().st_size == len(compress(as_source(W), 19))
    X = np.random.default_rng(0).standard_normal((batch, 300)).astype(np.float32)
    target = peer.target(formats.get("csc").encode(W), path, X, cold)
    Y = target.product()
    assert Y is not None and Y.shape == (batch, 200) and Y.dtype == np.float32
    assert np.allclose(Y, X.astype(np.float64) @ W, rtol=1e-5, atol=1e-4)
    assert target.run(2) > 0 and target.call_ns > 0


def test_every_product_decompresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    W, path = SMALL["ordinary"](), tmp_path / "w.stored"
    Zstd().store(as_source(W), path)
    calls = []
    monkeypatch.setattr(
        "dotbench.bench.targets.zstd.decompress_into", lambda data, columns: calls.append(columns.fill(1))
    )
    target = Zstd().target(formats.get("csc").encode(W), path, np.ones((1, 300), np.float32), False)
    target.run(3)
    assert len(calls) == 3 and target.product().tolist() == [[300] * 200]  # type: ignore[union-attr]


def test_levels() -> None:
    assert str(peers.parse("zstd")) == str(peers.parse("zstd[level=3]")) == "zstd" and Zstd(22).params == "level=22"
    for level in (-1, 0, 23):
        with pytest.raises(ValueError, match=rf"zstd\[level={level}\]: levels go from 1 to 22"):
            peers.parse(f"zstd[level={level}]")
    with pytest.raises(ValueError, match="'fast' is not int"):
        peers.parse("zstd[level=fast]")
    assert len(compress(as_source(SMALL["long_codes"]()), 19)) < len(compress(as_source(SMALL["long_codes"]()), 1))
    assert stored_sha(Zstd(1)) != stored_sha(Zstd(3))
    assert Zstd.stored and Zstd.repetitive


def test_damage() -> None:
    W = sparse(100, 50, 0.3, 200, 1)
    data = compress(as_source(W), 3)
    short, long = np.zeros((50, 99), np.float32), np.zeros((50, 101), np.float32)
    with pytest.raises(ValueError, match="holds more bytes, not 19800"):
        decompress_into(data, short)
    with pytest.raises(ValueError, match="holds 20000 bytes, not 20200"):
        decompress_into(data, long)
    columns = np.zeros((50, 100), np.float32)
    for damaged in (data[:-10], data[:3], b"", b"no zstd at all", data[:20] + b"\xff" * 20 + data[40:]):
        with pytest.raises(ValueError, match="damaged|holds .* bytes, not 20000"):
            decompress_into(damaged, columns)
