"""Matrices of bfloat16 and float16 in the cache, and the seeded ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets, formats
from dotbench.cdot.bfloat16 import bits_of, numbers
from dotbench.datasets import seeded
from dotbench.datasets.cache import CachedSource, write_cache
from dotbench.formats.sources.source import as_source, matrix_sha256

W = np.random.default_rng(0).standard_normal((70, 30)) * (np.random.default_rng(1).random((70, 30)) < 0.5)
NARROW = {"bfloat16": formats.to_bfloat16(W), "float16": W.astype(np.float16)}


@pytest.mark.parametrize("dtype", NARROW)
def test_the_cache_keeps_them(dtype: str, tmp_path: Path) -> None:
    source = as_source(NARROW[dtype], dtype)
    written = write_cache(source, tmp_path / "m")
    for found in (written, CachedSource(tmp_path / "m")):
        assert found.dtype == NARROW[dtype].dtype and found.matrix_sha256 == matrix_sha256(source)
        assert np.array_equal(numbers(found.columns(3, 30).dense(70).T), numbers(NARROW[dtype][:, 3:]))
        assert np.array_equal(numbers(found.histogram().values), np.unique(numbers(NARROW[dtype][W != 0])))
        payload = formats.get("dense").encode(found)
        assert payload.dtype == found.dtype and payload.nbytes == 32 + 2 * W.size


def test_seeded_layers_have_the_same_numbers() -> None:
    bf16, f16 = (
        seeded.make(replace(datasets.describe(f"random/10240-0-{short}"), shape=(512, 64))) for short in ("bf16", "f16")
    )
    wide = [source.columns(0, 64).dense(512).T for source in (bf16, f16)]
    assert [source.shape for source in (bf16, f16)] == [(512, 64)] * 2
    values = wide[1].astype(np.float64)
    assert abs(values.mean()) < 3e-4 and values.std() * 64 == pytest.approx(1, abs=0.01)
    assert np.allclose(numbers(wide[0]), values, rtol=2**-8, atol=1e-7)
    exponents = np.bincount((bits_of(wide[0]) >> 7 & 0xFF).ravel(), minlength=256)
    share = exponents[exponents > 0] / exponents.sum()
    assert 10.5 < 8 - (share * np.log2(share)).sum() < 10.65


@pytest.mark.large
@pytest.mark.parametrize("name", datasets.seeded.FULL)
def test_seeded_layers_at_full_shape(name: str, tmp_path: Path) -> None:
    found = datasets.load(name, cache_dir=tmp_path)  # its hash is verified
    assert (found.source, found.matrix.shape) == ("seed", (10240, 10240))
