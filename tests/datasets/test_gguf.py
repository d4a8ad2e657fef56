"""Models of llama.cpp: numbers against the package `gguf`, and what tensors are for."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from dotbench.cdot.bfloat16 import is_bfloat16, widened
from dotbench.datasets import DataError, reader_calls, readers
from dotbench.datasets.kinds.gguf import READER
from dotbench.datasets.models import names
from dotbench.datasets.models.gguf.blocks import NUMBERS, TYPES, UNREAD, BlockType
from dotbench.datasets.models.gguf.roles import is_tied, role_of

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_files import (
    BF16,
    F16,
    F64,
    FP16,
    I8,
    I32,
    Q8_0,
    SIX_BITS,
    Tensor,
    blocks,
    build,
    network,
    of,
    pair,
    tensors,
    text,
)


def refused(data: bytes, tmp_path: Path, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        tensors(data, tmp_path)
    assert "w.gguf" in str(caught.value)


# Numbers


def random_blocks(block: BlockType, count: int, seed: int) -> np.ndarray:
    """Bytes of blocks whose scales are plain numbers of 16 bits."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, 256, (count, block.nbytes), np.uint8)
    places = [0, 2] if block.minima else [FP16[block.name]] if block.name in FP16 else []
    if block.name == "Q2_K":
        places = [80, 82]
    if block.name == "MXFP4":
        found[:, 0] = rng.integers(100, 140, count)
    for place in places:
        found[:, place : place + 2] = rng.normal(size=(count, 1)).astype(np.float16).view(np.uint8)
    return found


def factors(block: BlockType, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and minimum of each group, float32 (blocks, groups), by the published layouts."""
    f16 = lambda at: found[:, at : at + 2].copy().view(np.float16).astype(np.float32)  # noqa: E731
    none = np.zeros((len(found), 1), np.float32)
    if block.name in ("Q4_0", "Q5_0", "Q8_0", "IQ4_NL", "TQ2_0"):
        return f16(FP16[block.name]), none
    if block.name in ("Q4_1", "Q5_1"):
        return f16(0), f16(2)
    if block.name == "MXFP4":
        return np.ldexp(np.float32(1), found[:, :1].astype(np.int32) - 128).astype(np.float32), none
    if block.name == "Q2_K":
        return f16(80) * (found[:, :16] & 15), -f16(82) * (found[:, :16] >> 4)
    if block.name == "Q6_K":
        return f16(208) * found[:, 192:208].view(np.int8), none
    if block.name in SIX_BITS:
        one, other, high = (found[:, at : at + 4].astype(int) for at in (4, 8, 12))
        scale = np.hstack([one & 63, (high & 15) | (one >> 6 << 4)])
        minimum = np.hstack([other & 63, (high >> 4) | (other >> 6 << 4)])
        return f16(0) * scale.astype(np.float32), -f16(2) * minimum.astype(np.float32)
    if block.name == "Q3_K":
        low, high = found[:, 96:104].astype(int), found[:, 104:108].astype(int)
        nibbles = np.hstack([low & 15, low >> 4])
        pairs = np.hstack([high >> shift & 3 for shift in (0, 2, 4, 6)])
        return f16(108) * (nibbles + 16 * pairs - 32).astype(np.float32), none
    assert block.name == "IQ4_XS"
    low = np.stack([found[:, 4:8] & 15, found[:, 4:8] >> 4], axis=2).reshape(-1, 8).astype(int)
    high = found[:, 2:4].copy().view("<u2").astype(int) >> np.arange(0, 16, 2) & 3
    return f16(0) * (low + 16 * high - 32).astype(np.float32), none


@pytest.mark.parametrize("number", TYPES, ids=[block.name for block in TYPES.values()])
def test_whole_numbers_with_scales_are_what_the_library_gives(number: int, tmp_path: Path) -> None:
    block = TYPES[number]
    for seed, rows in enumerate((1, 3, 40)):
        found = random_blocks(block, 2 * rows, seed)
        data = build([Tensor("blk.0.ffn_up.weight", (2 * block.numbers, rows), found.tobytes(), number)])
        (tensor,) = tensors(data, tmp_path).tensors
        q = tensor.array()
        assert q.dtype == np.int8 and q.shape == tensor.shape == (rows, 2 * block.numbers)
        d, m = factors(block, found)
        groups = q.reshape(len(found), -1, block.group).astype(np.float32)
        ours = (d[:, :, None] * groups + m[:, :, None]).reshape(q.shape)
        wanted = gguf.quants.dequantize(found.reshape(rows, -1), GGMLQuantizationType(number))
        assert np.array_equal(ours, wanted)
        assert tensor.dtype == block.name and tensor.scales is not None
        assert tensor.nbytes + tensor.scales.nbytes == found.nbytes
        assert tensor.scales.per == f"group of {block.group}" and tensor.scales.zero_points == block.minima
        assert ("minima apart" in tensor.note) == block.minima
        assert tensor.matrix().shape == (2 * block.numbers, rows)


def test_sizes_of_all_types_are_the_library_s() -> None:
    for number, block in {**TYPES, **UNREAD}.items():
        assert GGMLQuantizationType(number).name == block.name
        if block.name != "Q8_1":  # the library's has one that is not written to files
            assert GGML_QUANT_SIZES[GGMLQuantizationType(number)] == (block.numbers, block.nbytes)
    ours = {*NUMBERS, *TYPES, *UNREAD}
    assert ours == {int(one) for one in GGMLQuantizationType}


@pytest.mark.parametrize(
    "name, number, low, high, scales",
    [("Q4_0", 2, -8, 7, 2), ("Q5_0", 6, -16, 15, 2), ("Q8_0", 8, -128, 127, 2), ("Q6_K", 14, -32, 31, 18),
     ("Q3_K", 11, -4, 3, 14), ("Q4_K", 12, 0, 15, 16), ("Q5_K", 13, 0, 31, 16), ("Q2_K", 10, 0, 3, 20),
     ("Q4_1", 3, 0, 15, 4), ("Q5_1", 7, 0, 31, 4), ("TQ2_0", 35, -1, 2, 2)],
)  # fmt: skip
def test_what_numbers_a_type_has(name: str, number: int, low: int, high: int, scales: int) -> None:
    block = TYPES[number]
    found = block.unpack(random_blocks(block, 300, 1))
    assert (block.name, found.min(), found.max(), block.scale_bytes) == (name, low, high, scales)


def test_blocks_are_unpacked_a_part_at_a_time() -> None:
    """2^23 numbers in Q4_K: beside the result a few MB."""
    data = np.random.default_rng(1).integers(0, 256, (1 << 15) * 144, np.uint8)
    tracemalloc.start()
    found = TYPES[12].unpack(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.size == 1 << 23 and peak < found.size + (8 << 20)
    assert np.array_equal(found[-256:], TYPES[12].unpack(data[-144:]))


def test_numbers_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    W = rng.normal(size=(3, 4))
    bits = rng.integers(0, 1 << 16, (2, 3), np.uint16)
    given = [
        of("a.weight", W.astype("<f4")), of("b.weight", W.astype("<f2"), F16), of("c.weight", W.astype("<f8"), F64),
        of("d.weight", np.arange(-6, 6, dtype=np.int8).reshape(3, 4), I8), of("e.weight", bits, BF16),
    ]  # fmt: skip
    found = tensors(build(given), tmp_path).tensors
    assert [one.dtype for one in found] == ["float32", "float16", "float64", "int8", "bfloat16"]
    assert [one.nbytes for one in found] == [48, 24, 96, 12, 12]
    for one, wanted in zip(found[:4], given[:4], strict=True):
        array = one.array()
        assert array.tobytes() == wanted.data and not array.flags.owndata and array.shape == (3, 4)
        assert one.matrix().shape == (4, 3)
    last = found[4].array()
    assert is_bfloat16(last.dtype) and np.array_equal(last.view(np.uint16), bits)
    assert np.array_equal(widened(last).view(np.uint32) >> 16, bits)


def test_x_times_w_is_what_a_linear_layer_gives(tmp_path: Path) -> None:
    """Written by the library, from an array as numpy has it, m by n: y = W x."""
    W = np.random.default_rng(3).normal(size=(5, 7)).astype(np.float32)
    kernel = np.random.default_rng(4).normal(size=(6, 3, 2, 2)).astype(np.float32)
    path = tmp_path / "w.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("blk.0.attn_q.weight", W)
    writer.add_tensor("v.patch_embd.weight", kernel)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    model = reader_calls.tensors(READER, path)
    x = np.arange(7, dtype=np.float32)
    assert np.array_equal(model.tensors[0].array(), W)
    assert np.allclose(x @ model.tensors[0].matrix(), W @ x)
    patch = np.random.default_rng(5).normal(size=(2, 2, 3)).astype(np.float32)  # row, column, channel
    y = np.einsum("mchw,hwc->m", kernel, patch)
    assert np.allclose(patch.reshape(-1) @ model.tensors[1].matrix(), y, atol=1e-5)
    assert [one.role for one in model.tensors] == ["product", "product"]


def test_experts_lie_beside_each_other(tmp_path: Path) -> None:
    stack = np.random.default_rng(6).normal(size=(4, 3, 5)).astype(np.float32)  # experts, outputs, inputs
    (tensor,) = tensors(build([of("blk.1.ffn_up_exps.weight", stack)]), tmp_path).tensors
    x = np.arange(5, dtype=np.float32)
    assert tensor.role == "product" and tensor.matrix_shape == (5, 12)
    assert np.allclose((x @ tensor.matrix()).reshape(4, 3), stack @ x)
    assert tensor.note == "4 experts of 5 by 3, their outputs beside each other"


# Roles

ROLES = {
    "blk.0.attn_qkv.weight": ((8, 8), "product"),
    "output.weight": ((8, 8), "product"),
    "token_embd.weight": ((8, 8), "gather"),
    "per_layer_token_embd.weight": ((8, 8), "gather"),
    "position_embd.weight": ((8, 8), "gather"),
    "token_types.weight": ((2, 8), "gather"),
    "enc.blk.0.attn_rel_b.weight": ((8, 8), "gather"),
    "blk.0.attn_q_norm.weight": ((8, 8), "vector"),
    "output_norm.weight": ((8,), "vector"),
    "blk.0.attn_q.bias": ((8,), "vector"),
    "rope_freqs.weight": ((8,), "vector"),
    "blk.0.ssm_a": ((8, 8), "vector"),
    "blk.0.ssm_conv1d.weight": ((8, 4), "depthwise"),
    "blk.0.ssm_in.weight": ((8, 4), "product"),
    "blk.0.time_mix_first.weight": ((8, 4), "vector"),
    "blk.0.shortconv.conv.weight": ((8, 4), "product"),
    "v.blk.0.conv_dw.weight": ((8, 1, 3, 3), "depthwise"),
    "a.conv1d.1.weight": ((8, 4, 3), "product"),
    "blk.0.time_mix_w2.weight": ((5, 8, 4), "unsure"),
    "blk.0.attn_q.weight.lora_a": ((8, 4), "unsure"),
}


@pytest.mark.parametrize("name", ROLES)
def test_roles_by_names(name: str) -> None:
    shape, role = ROLES[name]
    assert role_of(name, shape, False)[0] == role


def test_a_table_without_a_head_is_the_head(tmp_path: Path) -> None:
    table, head = blocks("token_embd.weight", (4, 32), Q8_0), blocks("output.weight", (4, 32), Q8_0)
    assert [one.role for one in tensors(build([table]), tmp_path).tensors] == ["tied"]
    assert [one.role for one in tensors(build([table, head]), tmp_path).tensors] == ["gather", "product"]
    bert = pair("general.architecture", 8, text("nomic-bert"))
    assert [one.role for one in tensors(build([table], [bert]), tmp_path).tensors] == ["gather"]
    assert not is_tied({"output.weight"}, "llama")


def test_what_is_not_read_says_its_type(tmp_path: Path) -> None:
    given = [
        Tensor("blk.0.ffn_up.weight", (256, 2), bytes(132), 16),
        Tensor("blk.0.ffn_gate.weight", (7, 2), bytes(50), 77),
        of("table.weight", np.ones((2, 2), np.int32), I32),
        of("ids", np.ones(3, np.int32), I32),
    ]
    model = tensors(build(given), tmp_path)
    assert [one.role for one in model.tensors] == ["unread", "unread", "unread", "vector"]
    assert [one.nbytes for one in model.tensors] == [132, 64, 16, 12]  # of an unknown type: up to the next
    assert [one.dtype for one in model.tensors] == ["IQ2_XXS", "type 77", "int32", "int32"]
    assert "numbers of IQ2_XXS are not read" in model.tensors[0].note
    with pytest.raises(DataError, match="blk.0.ffn_gate.weight is not read: numbers of type 77"):
        model.tensors[1].array()
    assert model.tensors[3].array().tolist() == [1, 1, 1]


def test_layers_of_a_file_by_name(tmp_path: Path) -> None:
    path = tmp_path / "w.gguf"
    path.write_bytes(network())
    assert [reader.name for reader in readers.ALL].count("gguf") == 1
    wanted = ["token_embd", "blk.0.attn_q", "blk.0.ffn_up", "blk.0.ffn_down", "blk.0.attn_v"]
    assert names.expand(str(path)) == [f"{path}#{one}" for one in wanted]
    source, note = names.read(path, "blk.0.ffn_down")
    assert (source.shape, source.dtype, note) == ((256, 3), np.int8, "")
    assert reader_calls.tensors(READER, path).notes == ("llama: 2 float32, 1 Q8_0, 1 float16, 1 Q4_K, 1 Q4_0",)
