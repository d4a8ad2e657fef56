"""A packed model gives every tensor back with its bits, whatever it holds, and plain readers open it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dotbench
from dotbench import formats
from dotbench.bench.packs.choose import candidates, smallest
from dotbench.bench.packs.pack import pack
from dotbench.bench.packs.unpack import unpack
from dotbench.bench.packs.verify import differing
from dotbench.cdot import bfloat16
from dotbench.datasets.models import npz_file
from dotbench.datasets.models.model_file import ModelFile, Scales
from dotbench.formats.packs import dtypes
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.writer import Part, write
from dotbench.formats.sources import entries

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_models
from made_models import pruned, raw

RANDOM = np.random.default_rng(3)
SUBNORMAL = np.float32(1e-41)


def everything() -> dict[str, Any]:
    """Tensors of all kinds."""
    w = pruned((96, 64))
    w[0, :4] = [SUBNORMAL, -SUBNORMAL, np.finfo(np.float32).max, np.finfo(np.float32).tiny]
    whole = RANDOM.integers(-5, 6, (32, 4, 3, 3)).astype(np.int8)
    return {
        "f32.weight": w,
        "f16.weight": pruned((64, 48), 0.2).astype(np.float16),
        "bf16.weight": formats.to_bfloat16(RANDOM.standard_normal((64, 80))),
        "conv.weight": whole,
        "deep.weight": pruned((32, 8, 5), 0.05),
        "c_fc.weight": pruned((48, 96)),
        "dense.weight": RANDOM.standard_normal((40, 40)).astype(np.float32),
        "nan.weight": np.where(w == 0, np.float32("nan"), w),
        "inf.weight": np.where(w > 1, np.float32("inf"), w),
        "f64.weight": pruned((30, 30)).astype(np.float64),
        "embeddings.weight": pruned((50, 8)),
        "bias": np.float32([-0.0, 0.0, np.nan, np.inf]),
        "scalar": np.array(-0.0, np.float32),
        "empty.weight": np.zeros((0, 7), np.float32),
        "steps": np.arange(5),
        "mask": np.array([True, False, True]),
        "odd": np.arange(3, dtype=np.uint8),
    }


def check(arrays: dict[str, Any], path: Path) -> None:
    """Each tensor of a pack against what it was."""
    with dotbench.open_pack(path) as opened:
        assert set(opened.names) == arrays.keys()
        for name, array in arrays.items():
            found = opened.tensor(name)
            assert found.shape == array.shape == opened.shape(name), name
            assert bfloat16.name_of(found.dtype) == bfloat16.name_of(array.dtype), name
            assert raw(found).tobytes() == raw(array).tobytes() == opened.raw(name, 2).tobytes(), name


def test_every_bit_comes_back(tmp_path: Path) -> None:
    arrays = everything()
    made = made_models.packed(tmp_path, arrays, metadata={"format": "pt", "made by": "ä"})
    chosen = {line.name: line.format for line in made.lines if line.format}
    assert chosen.keys() == {f"{name}.weight" for name in ("f32", "f16", "bf16", "conv", "deep", "c_fc")}
    assert chosen["bf16.weight"] == "rank[coding=rice]" and chosen["f16.weight"] == "csc_min"
    assert {line.name: line.why for line in made.lines if line.why} == {
        "dense.weight": "no format saves 2 %",
        "nan.weight": "it holds NaN or infinity",
        "inf.weight": "it holds NaN or infinity",
        "empty.weight": "no format saves 2 %",
    }
    assert made.nbytes == made.path.stat().st_size < 0.7 * made.before
    check(arrays, made.path)
    assert unpack(made.path, tmp_path / "again.safetensors") == (tmp_path / "again.safetensors").stat().st_size
    assert differing(made_models.model(tmp_path / "model2.safetensors", arrays), made.path) == []
    again = {**arrays, "steps": arrays["steps"] + 1}
    assert differing(made_models.model(tmp_path / "model3.safetensors", again), made.path) == ["steps"]


def test_the_library_opens_pack_and_what_was_unpacked(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors", reason="no safetensors: pip install -e '.[models]' brings it")
    arrays = everything()
    made = made_models.packed(tmp_path, arrays, metadata={"format": "pt"})
    unpack(made.path, tmp_path / "again.safetensors")
    read = {name: dict(told) for name, told in library.deserialize((tmp_path / "again.safetensors").read_bytes())}
    assert {name: bytes(told["data"]) for name, told in read.items()} == {
        name: raw(array).tobytes() for name, array in arrays.items()
    }
    with library.safe_open(tmp_path / "again.safetensors", "np") as file:
        assert file.metadata() == {"format": "pt"}
    with library.safe_open(made.path, "np") as file:
        assert {"f32.weight.dotb", "f32.weight.negative_zeros", "bias"} < set(file.keys())
        assert file.metadata().keys() == {"format", "dotbench"}
        payload = file.get_tensor("conv.weight.dotb")
    with dotbench.open_pack(made.path) as opened:
        assert payload[: opened.note("conv.weight").nbytes].tobytes() == opened["conv"].data.tobytes()


def test_without_ml_dtypes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bfloat16, dtypes, entries):
        monkeypatch.setattr(module, "bfloat16_dtype", lambda: bfloat16.BITS)
    bits = RANDOM.integers(0, 2**16, (64, 48), np.uint16)
    bits[(bits & 0x7F80) == 0x7F80] = 0x8000
    w = formats.to_bfloat16(pruned((64, 48)))
    arrays = {"bits.weight": bits.view(bfloat16.BITS), "w.weight": w.view(np.uint16).view(bfloat16.BITS)}
    made = made_models.packed(tmp_path, arrays)
    assert {line.format for line in made.lines} & {"csc_min", "sham", "rank[coding=rice]", "rank"}
    check(arrays, made.path)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_each_format_gives_every_bit_back(dtype: str, tmp_path: Path) -> None:
    """Of those that are tried, and all others that are lossless and store the type."""
    w = np.round(pruned((80, 33, 3), 0.3) * 8) / 8  # few values, for formats whose codes are short
    array = (
        np.clip(w * 40, -127, 127).astype(np.int8)
        if dtype == "int8"
        else formats.to_bfloat16(w) if dtype == "bfloat16" else w.astype(dtype)
    )  # fmt: skip
    tried = {*candidates(dtype), *(one for one in formats.standard(dtype) if one.lossless)}
    for number, format_ in enumerate(tried):
        (folder := tmp_path / str(number)).mkdir()
        made = made_models.packed(folder, {"w.weight": array}, lambda *_, one=format_: one)  # type: ignore[misc]
        check({"w.weight": array}, made.path)
        assert made.lines[0].format in (str(format_), ""), format_


def test_what_a_reader_of_another_kind_gives(tmp_path: Path) -> None:
    """Its arrays under its names, scales' axis in the note, what it cannot read left out by name."""
    conv, table = np.round(pruned((3, 3, 8, 16), 0.4) * 9).astype(np.int8), pruned((4, 4))
    tensors = (
        made_models.tensor("conv", conv, "product", "inputs_first"),
        made_models.tensor("table", table, "unread"),
        made_models.tensor("big", conv.astype(">i2"), "vector"),
        made_models.tensor("words", np.array(["a"]), "vector"),
    )
    object.__setattr__(tensors[0], "scales", Scales("output", 64))
    made = pack(ModelFile(tmp_path / "m.onnx", "onnx", (tmp_path / "m.onnx",), tensors), smallest(), tmp_path / "p")
    assert made.left_out.keys() == {"table", "words"}
    with dotbench.open_pack(made.path) as opened:
        assert opened.note("conv").scales == "output" and opened.left_out == made.left_out
        assert opened["conv"].shape == (72, 16) and (opened.tensor("conv") == conv).all()
        assert (opened.tensor("big") == conv).all()


def test_npz(tmp_path: Path) -> None:
    arrays = {"w": pruned((60, 40)), "fc.weight": pruned((40, 60)), "fc.bias": np.ones(40, np.float32), "i": np.eye(3)}
    np.savez(tmp_path / "m.npz", **arrays)
    made = pack(npz_file.read(tmp_path / "m.npz"), smallest(), tmp_path / "p.safetensors")
    check(arrays, made.path)
    with dotbench.open_pack(made.path) as opened:
        assert (opened["w"].shape, opened["fc"].shape) == ((60, 40), (40, 60))


def test_names_that_a_payload_would_take(tmp_path: Path) -> None:
    arrays = {
        "a": pruned((40, 40)),
        "a.dotb": pruned((40, 40), 0.2),
        "b": pruned((40, 40)),
        "b.negative_zeros": pruned((9, 9)),
    }
    tensors = tuple(made_models.tensor(name, one, "product") for name, one in arrays.items())
    model = made_models.model(tmp_path / "m.safetensors", arrays)
    made = pack(ModelFile(model.path, "safetensors", model.files, tensors), smallest(), tmp_path / "p")
    assert [line.name for line in made.lines if "of the name" in line.why] == ["a", "b"]
    check(arrays, made.path)


def test_shards_become_one_file(tmp_path: Path) -> None:
    first, second = {"a.weight": pruned((40, 40))}, {"b.weight": pruned((40, 40), seed=1)}
    shards = [made_models.model(tmp_path / f"{n}.safetensors", one) for n, one in enumerate((first, second))]
    index = tmp_path / "model.safetensors.index.json"
    both = ModelFile(
        index, "safetensors", (index, *(one.path for one in shards)), shards[0].tensors + shards[1].tensors
    )
    made = pack(both, smallest(), tmp_path / "p")
    check({**first, **second}, made.path)
    twice = ModelFile(index, "safetensors", (shards[0].path, shards[0].path), shards[0].tensors)
    with pytest.raises(PackError, match="of one name"):
        pack(twice, smallest(), tmp_path / "q")
    assert not (tmp_path / "q").exists()


def test_tensors_at_odd_bytes(tmp_path: Path) -> None:
    """As the library itself never writes them, and reads them."""
    arrays = {
        "odd": np.arange(3, dtype=np.uint8),
        "f.weight": pruned((40, 40)),
        "g.weight": formats.to_bfloat16(pruned((40, 40))),
    }
    parts = [
        Part(name, str(dtypes.name_of(one.dtype)), one.shape, partial(pieces, one)) for name, one in arrays.items()
    ]
    write(tmp_path / "m.safetensors", parts, {})
    tensors = tuple(made_models.tensor(name, one) for name, one in arrays.items())
    model = ModelFile(tmp_path / "m.safetensors", "safetensors", (tmp_path / "m.safetensors",), tensors)
    made = pack(model, smallest(), tmp_path / "p")
    assert sum(bool(line.format) for line in made.lines) == 2
    check(arrays, made.path)


def pieces(array: Any) -> list[Any]:
    """The bytes of an array, for a `Part`."""
    return [raw(array)]


def test_what_a_reader_shows_otherwise_than_it_is_stored(tmp_path: Path) -> None:
    """Such a tensor stays as it is."""
    arrays = {"w.weight": pruned((40, 40))}
    model = made_models.model(tmp_path / "m.safetensors", arrays)
    shown = made_models.tensor("w.weight", arrays["w.weight"].reshape(20, 80))
    made = pack(ModelFile(model.path, model.kind, model.files, (shown,)), smallest(), tmp_path / "p")
    assert made.lines[0].format == ""
    check(arrays, made.path)
