"""Files: nothing is overwritten, nothing is left behind, and memory does not grow with the model."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.packs.choose import smallest
from dotbench.bench.packs.pack import pack
from dotbench.bench.packs.unpack import unpack
from dotbench.datasets.models.model_file import ModelFile
from dotbench.formats.packs.errors import PackError

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_models
from made_models import pruned

ARRAYS = {"w.weight": pruned((60, 40)), "b": np.ones(40, np.float32)}


def test_a_file_that_exists_stays(tmp_path: Path) -> None:
    made = made_models.packed(tmp_path, ARRAYS)
    model = made_models.model(tmp_path / "m.safetensors", ARRAYS)
    before = made.path.read_bytes()
    for target in (made.path, model.path):
        with pytest.raises(PackError, match="exists: choose another name, or pass --force"):
            pack(model, smallest(), target)
        with pytest.raises(PackError, match="exists"):
            unpack(made.path, target)
    assert made.path.read_bytes() == before
    pack(model, smallest(), made.path, force=True)
    with pytest.raises(PackError, match="is a folder"):
        pack(model, smallest(), tmp_path, force=True)


def test_a_pack_is_not_packed_again(tmp_path: Path) -> None:
    path = made_models.packed(tmp_path, ARRAYS).path
    with pytest.raises(PackError, match="is a pack already: dotbench unpack"):
        pack(ModelFile(path, "safetensors", (path,), ()), smallest(), tmp_path / "q")
    with pytest.raises(PackError, match="has no tensors that can be read"):
        pack(ModelFile(tmp_path / "x.onnx", "onnx", (), ()), smallest(), tmp_path / "q")


def test_a_model_can_be_replaced_by_its_pack(tmp_path: Path) -> None:
    model = made_models.model(tmp_path / "m.safetensors", ARRAYS)
    pack(model, smallest(), model.path, force=True)
    unpack(model.path, model.path, force=True)
    assert made_models.model(tmp_path / "n.safetensors", ARRAYS).path.stat().st_size == model.path.stat().st_size


def test_a_choice_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("of a plug-in")

    with pytest.raises(RuntimeError, match="of a plug-in"):
        made_models.packed(tmp_path, ARRAYS, fail)
    assert [one.name for one in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_damaged_pack_leaves_nothing(tmp_path: Path) -> None:
    path = made_models.packed(tmp_path, ARRAYS).path
    data = bytearray(path.read_bytes())
    data[data.index(b"DOTB") + 60] ^= 1
    path.write_bytes(data)
    with pytest.raises(PackError, match=r"w\.weight.* is damaged: its CRC-32C"):
        unpack(path, tmp_path / "again")
    assert {one.name for one in tmp_path.iterdir()} == {"model.safetensors", "pack.safetensors"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    model = made_models.model(tmp_path / "m.safetensors", ARRAYS)
    with pytest.raises(OSError, match="Make room, or choose another folder"):
        pack(model, smallest(), tmp_path / "no" / "p")


def test_memory_is_that_of_the_largest_layer(tmp_path: Path) -> None:
    """Twelve layers of 1 MB: a pack, and what is unpacked, never has more than a few of them in memory."""
    random = np.random.default_rng(0)
    layers = {f"{k}.weight": formats.to_bfloat16(random.standard_normal((512, 1024))) for k in range(12)}
    model = made_models.model(tmp_path / "m.safetensors", layers)
    read = ModelFile(model.path, "safetensors", model.files, tuple(made_models.tensor(k, w) for k, w in layers.items()))
    peaks = []
    for count in (3, 12):
        part = {name: layers[name] for name in [*layers][:count]}
        made = made_models.model(tmp_path / f"{count}.safetensors", part)
        tracemalloc.start()
        pack(ModelFile(made.path, made.kind, made.files, read.tensors), smallest(), tmp_path / f"p{count}")
        unpack(tmp_path / f"p{count}", tmp_path / f"u{count}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20), peaks
