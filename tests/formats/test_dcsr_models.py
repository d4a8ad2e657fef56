"""dcsr and its baselines on the published models: exact, and as large as the formulas say, on every layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.datasets.models.tflite import reader

FORMATS = ("dense_s8", "csr16", "bcsr2x2", "rle4", "rel15", "psr8", "dcsr")


def check(path: Path, names: tuple[str, ...]) -> dict[str, int]:
    """Checks all layers but depthwise ones; the sum of the published sizes in bytes."""
    totals = dict.fromkeys(names, 0)
    for layer in reader.read(path).layers:
        if layer.kind == "depthwise":
            continue
        source = formats.as_source(layer.weights, np.int8)
        x = np.random.default_rng(0).integers(-128, 128, source.shape[0], np.int8)
        for name in names:
            payload = formats.get(name).encode(source)
            assert np.array_equal(payload.dot(x), x.astype(np.int64) @ layer.weights.astype(np.int64)), layer.name
            assert np.array_equal(payload.decode(), layer.weights)
            totals[name] += formats.get(name).paper_bits(source) // 8
            if name == "dcsr":
                arrays = sum(size for part, size in payload.sections.items() if part != "header")
                assert arrays * 8 == formats.get(name).paper_bits(source), layer.name
    return totals


@pytest.mark.real_data("dcsr_models")
def test_a_keyword_spotter(mirror: Path) -> None:
    sizes = check(mirror / "dcsr_models" / "sparse_s_90.tflite", FORMATS)
    expected = (37376, 18667, 20992, 11608, 10834, 13705, 12786)
    assert sizes == dict(zip(FORMATS, expected, strict=True))


@pytest.mark.slow
@pytest.mark.real_data("dcsr_models")
def test_every_model_of_the_paper(mirror: Path) -> None:
    """And dcsr is larger than rel15 in all totals."""
    for path in sorted((mirror / "dcsr_models").glob("*.tflite")):
        sizes = check(path, ("rle4", "rel15", "dcsr"))
        assert sizes["dcsr"] > sizes["rel15"], path.name
