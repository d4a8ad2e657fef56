"""The table of encoding: figures of fresh processes, and words where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench.bench.goals import encode_speed
from dotbench.datasets.cache import write_cache
from dotbench.formats import as_source, get


def cached(tmp_path: Path) -> Path:
    W = np.where(np.random.default_rng(0).random((900, 1000)) < 0.1, 1.5, 0).astype(np.float32)
    return write_cache(as_source(W), tmp_path / "matrix").folder


@pytest.mark.parametrize("array", [False, True])
def test_figures_of_a_fresh_process(tmp_path: Path, array: bool) -> None:
    folder = cached(tmp_path)
    found = encode_speed.encode_apart(folder, "dense", 2, array, 60)
    assert found.trouble == "" and found.payload_bytes == 32 + 900 * 1000 * 4, found
    assert found.seconds > 0 and found.peak_bytes > found.payload_bytes
    assert found.row(3_600_000).split()[0] == "dense" and len(found.row(3_600_000).split()) == 7


def test_what_is_refused_dies_or_hangs_has_words(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    assert encode_speed.encode_apart(tmp_path / "nowhere", "ham", 1, False, 60).trouble.startswith(
        "dotbench.datasets.errors"
    )
    assert encode_speed.encode_apart(folder, "ham", 1, False, 0.01).trouble == "not finished after 0 s"
    refused = encode_speed.Encoding("x", trouble="refused: too large")
    assert refused.row(1).endswith("refused: too large")


def test_the_array_is_the_matrix(tmp_path: Path) -> None:
    from dotbench.datasets.cache import CachedSource

    source = CachedSource(cached(tmp_path))
    array = encode_speed.as_array(source)
    assert array.shape == (900, 1000) and array.flags.c_contiguous
    assert np.array_equal(get("csc").encode(array).data, get("csc").encode(source).data)
