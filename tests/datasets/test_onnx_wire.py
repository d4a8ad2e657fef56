"""Large initializers of .onnx files stay in the file: what is parsed without them is the same model."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
from onnx_files import node, seeds
from test_onnx import one, read, whole
from test_onnx_hostile import damaged

from dotbench.datasets import DataError
from dotbench.datasets.models.onnx import reader as onnx_reader
from dotbench.datasets.models.onnx import wire as onnx_wire

LARGE = whole(200, 300)


def test_large_numbers_are_mapped_in_the_order_of_the_file(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x a", "y"), node("MatMul", "x w", "z"), node("MatMul", "x b", "v")]
    made = read(tmp_path, nodes, {"a": whole(4, 6), "w": LARGE, "b": whole(4, 6)})
    assert [tensor.name for tensor in made.tensors] == ["a", "w", "b"] and made.files == (tmp_path / "m.onnx",)
    assert made.tensors[1].array().tolist() == LARGE.tolist()
    (tmp_path / "m.onnx").write_bytes(b"")
    with pytest.raises(DataError, match=r"m\.onnx cannot be read"):
        made.tensors[1].array()


@pytest.mark.parametrize("longer", range(4))
def test_numbers_are_aligned_wherever_they_lie(longer: int, tmp_path: Path) -> None:
    name = "w" * (1 + longer)
    found = one(read(tmp_path, [node("MatMul", f"x {name}")], {name: LARGE})).array()
    assert found.flags.aligned and found.tolist() == LARGE.tolist()


def test_only_numbers_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_wire, "LARGE", 16)
    left_out = 0
    for data in seeds():
        rest, spans = onnx_wire.without_numbers(memoryview(data))
        parsed = onnx.ModelProto.FromString(rest)
        for number, (offset, length) in spans.items():
            assert not parsed.graph.initializer[number].raw_data
            parsed.graph.initializer[number].raw_data = data[offset : offset + length]
        assert parsed == onnx.ModelProto.FromString(data)
        left_out += len(spans)
    assert left_out == 14


def said(data: bytes, path: Path) -> Any:
    """What a file is read as, or why not."""
    path.write_bytes(data)
    try:
        made = onnx_reader.read(path)
    except DataError:
        return "refused"
    found = []
    for tensor in made.tensors:
        try:
            numbers = np.asarray(tensor.array()).tobytes()
        except DataError:
            numbers = b""
        found.append((tensor.name, tensor.role, tensor.dtype, tensor.shape, tensor.orientation, tensor.note, numbers))
    return found


def test_damaged_files_are_the_same_with_numbers_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, whole_files = random.Random(3), seeds()
    (tmp_path / "w.bin").write_bytes(bytes(96))
    read_right = 0
    for _ in range(600):
        data = damaged(rng.choice(whole_files), rng)
        expected = said(data, tmp_path / "m.onnx")
        with monkeypatch.context() as patch:
            patch.setattr(onnx_wire, "LARGE", 16)
            assert said(data, tmp_path / "m.onnx") == expected
        read_right += expected != "refused"
    assert read_right > 30


@pytest.mark.parametrize("data", [b"\x3a\x7f", b"\x3a", b"\x3b\x00", b"\xff" * 12, b"\x39\x00"])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError):
        onnx_wire.without_numbers(memoryview(data))
