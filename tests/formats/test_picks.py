"""What people say of the formats of a model's layers, without a model. (tests/pytorch has models.)"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import dotbench
from dotbench.bench.packs.choose import smallest
from dotbench.bench.packs.pack import pack
from dotbench.datasets.models import names as model_names
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.picks import Conversion, picks_of


def test_one_for_all() -> None:
    picks = picks_of("sham")
    assert str(picks.of(["anything", "at.all"])) == "sham" and picks.names() == set()
    assert picks_of("dense").of(["fc1"]) is None
    picks.check_names(set())


def test_parameters_and_marks() -> None:
    """As tables and `pick` write formats."""
    picks = picks_of({"a": "eie[huffman]", "b.weight": "bitmap[values=codebook]"})
    assert str(picks.of(["a"])) == "eie[coding=huffman]" and str(picks.of(["b"])) == "bitmap[values=codebook]"
    assert picks.of(["c"]) is None


def test_any_name_of_a_layer_will_do() -> None:
    picks = picks_of({"encoder.0": "csc", "tied": "dense"})
    assert str(picks.of(["first", "encoder.0"])) == "csc" and picks.of(["tied", "second"]) is None


def test_names_of_a_dict_are_of_this_model() -> None:
    with pytest.raises(ValueError, match="no layer 'fc3', which the pick names: did you mean fc2 or fc1"):
        picks_of({"fc1": "csc", "fc3": "csc"}).check_names({"fc1", "fc2"})
    with pytest.raises(ValueError, match="it has no layer with a name"):
        picks_of({"fc1": "csc"}).check_names(set())
    picks_of({"fc1": "csc"}).check_names({"fc1", "fc2"})


def test_names_of_a_file_may_be_of_more() -> None:
    said = {"layers": [{"name": "fc1.weight", "pick": "csc"}, {"name": "other", "pick": "csc"}]}
    picks_of(said).check_names({"fc1"})
    with pytest.raises(ValueError, match="no layer 'fc1'"):
        picks_of(said).check_names({"model.fc1"})
    picks_of({"layers": []}).check_names({"fc1"})


def test_json(tmp_path: Path) -> None:
    said = {"version": 1, "layers": [{"name": "fc1.weight", "pick": "csc"}, {"name": "weight", "pick": "sham"}]}
    (tmp_path / "pick.json").write_text(json.dumps(said))
    for pick in (said, tmp_path / "pick.json", str(tmp_path / "pick.json")):
        picks = picks_of(pick)
        assert str(picks.of(["fc1"])) == "csc" and str(picks.of([""])) == "sham"
    with pytest.raises(FileNotFoundError):
        picks_of("nowhere.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"layers": {}}', '{"layers": [3]}', '{"layers": [{"name": 1}]}', "\xff"]
)
def test_other_files_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "pick.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"pick\.json"):
        picks_of(tmp_path / "pick.json")


def test_a_pack(tmp_path: Path) -> None:
    W = np.where(np.random.default_rng(0).random((32, 64)) < 0.1, 1, 0).astype(np.float32)
    save_file({"fc1.weight": W, "fc1.bias": W[0]}, tmp_path / "model.safetensors")
    pack(model_names.tensors(tmp_path / "model.safetensors"), smallest(), tmp_path / "packed.safetensors")
    with dotbench.open_pack(tmp_path / "packed.safetensors") as opened:
        picks = picks_of(opened)
        found = picks.of(["fc1"])
        assert isinstance(found, Payload) and np.array_equal(found.decode().T, W) and picks.names() == {"fc1"}
        assert picks.of(["fc2"]) is None


def test_a_conversion_in_words() -> None:
    done = Conversion({"fc1": "csc"}, {"head": "its pick is dense"}, 400, 100)
    assert str(done).splitlines() == [
        "1 layers replaced, 400 bytes of weights became 100",
        "fc1: csc",
        "head: left, its pick is dense",
    ]
