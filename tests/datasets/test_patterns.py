"""Patterns of the Deep Learning Matrix Collection: what is read, which values they get, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets
from dotbench.datasets.patterns import codebook, read_pattern

PATTERN = "3, 4, 5\n0 2 2 5 \n1 3 0 1 2 \n"  # three outputs, four inputs


def pattern(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.smtx"
    path.write_text(text)
    return path


def test_a_pattern_is_transposed_and_takes_its_values_in_order(tmp_path: Path) -> None:
    found = read_pattern(pattern(tmp_path, PATTERN))
    assert found.shape == (4, 3) and found.dtype == np.float32
    assert (found.toarray() != 0).tolist() == [
        [False, False, True],
        [True, False, True],
        [False, False, True],
        [True, False, False],
    ]
    assert [codebook().tolist().index(value) for value in found.data] == [5, 5, 23, 15, 14]


def test_the_values_are_the_same_everywhere() -> None:
    values = codebook()
    assert values.dtype == np.float32 and len(np.unique(values)) == 32 and 0 not in values
    assert values[[0, 1, 13, 31]].tolist() == np.float32([-0.49084944, 1.10838, -1.6517482, -1.0606694]).tolist()


BAD = {
    "": "is no .smtx pattern",
    "3, 4\n0 2\n1\n": "is no .smtx pattern",
    "3, 4, 5\n0 2 2 5": "is no .smtx pattern",
    "a, b, c\n0\n0\n": "is no .smtx pattern",
    "3, 4, 5\n0 2 2 x\n1 3 0 1 2\n": "is no .smtx pattern",
    "3, 4, 99999999999999999999\n0 2 2 5\n1 3 0 1 2\n": "its arrays do not fit",
    "2, 4, 5\n0 2 2 5\n1 3 0 1 2\n": "its arrays do not fit its 2 rows, 4 columns and 5 nonzeros",
    "3, 4, 4\n0 2 2 5\n1 3 0 1 2\n": "its arrays do not fit",
    "3, 4, 5\n0 3 2 5\n1 3 0 1 2\n": "its arrays do not fit",
    "3, 4, 5\n1 2 2 5\n1 3 0 1 2\n": "its arrays do not fit",
    "-1, 4, 0\n\n\n": "its arrays do not fit",
    "3, 4000000000, 5\n0 2 2 5\n1 3 0 1 2\n": "its arrays do not fit",
    "3, 4, 5\n0 2 2 5\n1 4 0 1 2\n": "has a column outside 0 to 3",
    "3, 4, 5\n0 2 2 5\n1 -1 0 1 2\n": "has a column outside 0 to 3",
    "3, 4, 5\n0 2 2 5\n1 1 0 1 2\n": "has a column twice in one row",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_pattern(text: str, tmp_path: Path) -> None:
    with pytest.raises(datasets.DataError, match=f"p.smtx.*{BAD[text]}"):
        read_pattern(pattern(tmp_path, text))


def test_names_say_model_pruning_percent_and_layer() -> None:
    entry = datasets.describe("dlmc/transformer-magnitude-95-ffn")
    layer = "body_encoder_layer_0_ffn_conv1_fully_connected.smtx"
    assert entry.member == f"dlmc/transformer/magnitude_pruning/0.95/{layer}"
    assert entry.mirror == f"dlmc/transformer_magnitude_pruning_0.95_{layer}"
    assert entry.shape == (512, 2048)
    assert "Transformer, magnitude pruning, nominally 95 % zeros" in entry.summary


@pytest.mark.real_data("all")
def test_all_patterns_of_the_mirror(mirror: Path, tmp_path: Path) -> None:
    for name in datasets.resolve(["dlmc/*"]):
        found = datasets.load(name, cache_dir=tmp_path)
        assert (found.source, found.matrix_sha256) == ("mirror", datasets.describe(name).matrix_sha256)
        assert len(found.matrix.histogram().values) == 32
