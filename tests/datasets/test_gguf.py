"""Models of llama.cpp: numbers against the package `gguf`, and headers that claim what the file has not."""

from __future__ import annotations

import random
import struct
import sys
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from dotbench.cdot.bfloat16 import is_bfloat16, widened
from dotbench.datasets import DataError, files, reader_calls, readers
from dotbench.datasets.kinds.gguf import READER
from dotbench.datasets.models import names
from dotbench.datasets.models.gguf_blocks import NUMBERS, TYPES, UNREAD, BlockType
from dotbench.datasets.models.gguf_roles import is_tied, role_of
from dotbench.datasets.models.model_file import ModelFile

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_files import (
    BF16,
    F16,
    F32,
    F64,
    I8,
    I32,
    Q4_0,
    Q4_K,
    Q8_0,
    Tensor,
    blocks,
    build,
    network,
    of,
    pair,
    text,
    words,
)

FP16 = {
    "Q4_0": 0,
    "Q5_0": 0,
    "Q8_0": 0,
    "IQ4_NL": 0,
    "Q3_K": 108,
    "Q6_K": 208,
    "IQ4_XS": 0,
    "TQ2_0": 64,
}  # where d lies
SIX_BITS = ("Q4_K", "Q5_K")


def tensors(data: bytes, tmp_path: Path, name: str = "w.gguf") -> ModelFile:
    path = tmp_path / name
    path.write_bytes(data)
    return reader_calls.tensors(READER, path)


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


# Headers


def test_vocabularies_and_other_values_are_skipped(tmp_path: Path) -> None:
    nested = struct.pack("<IQ", 9, 2) + 2 * (struct.pack("<IQ", 0, 3) + b"abc")
    pairs = [
        words("tokenizer.ggml.tokens", [str(number) for number in range(1000)]),
        pair("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12)),
        pair("x.nested", 9, nested),
        *(pair(f"x.{kind}", kind, bytes(width)) for kind, width in ((0, 1), (3, 2), (5, 4), (7, 1), (10, 8), (12, 8))),
        pair("general.alignment", 4, struct.pack("<I", 64)),
        pair("general.name", 8, text(b"\xff" * 70_000)),
        pair("general.tags", 9, struct.pack("<IQ", 8, 1) + text("a")),
    ]
    W = np.arange(6, dtype=np.float32).reshape(2, 3)
    for version in (2, 3):
        model = tensors(build([of("a.weight", W), of("b.weight", W)], pairs, 64, version), tmp_path)
        assert np.array_equal(model.tensors[1].array(), W)


def test_an_empty_model_and_empty_tensors(tmp_path: Path) -> None:
    assert tensors(build([]), tmp_path).tensors == ()
    found = tensors(build([Tensor("a", (0, 4), b""), Tensor("b", (), bytes(4))]), tmp_path).tensors
    assert [one.array().shape for one in found] == [(4, 0), ()]


SOME = of("a.weight", np.ones((2, 8), np.float32))
HUGE = 1 << 62
NAN_KEY = pair("k", 5, bytes(4))
HOSTILE = {
    "is empty": b"",
    "does not start with GGUF": b"GGML" + bytes(60),
    "ends within its header": b"GGUF\3",
    "claims 8 bytes from byte 8": build([])[:10],
    "big-endian": b"GGUF" + struct.pack(">I", 3) + bytes(40),
    "of version 1, and 2 and 3 are read": build([], version=1),
    f"claims {HUGE} tensors and 0 pairs": build([], counts=(HUGE, 0)),
    f"claims 0 tensors and {HUGE} pairs": build([], counts=(0, HUGE)),
    "claims 8 bytes from byte 24 on, of 24": build([], counts=(5, 0))[:24],
    "claims 0 x 33554432 entries in 96 bytes": build([Tensor("a", (0, 1 << 25), b"")]),
    "the key 'k' is given twice": build([SOME], [NAN_KEY, NAN_KEY]),
    "the text at byte 32 is no UTF-8": build([SOME], [pair(b"\xff", 0, b"0")]),
    f"claims {HUGE} bytes": build([], [struct.pack("<Q", HUGE)]),
    "a name or a text of 70000 bytes": build([SOME], [pair("k" * 70_000, 0, b"0")]),
    "of type 13, which is not known": build([SOME], [pair("k", 13, bytes(9))]),
    "an array too deep": build([SOME], [pair("k", 9, struct.pack("<IQ", 9, 1) * 9 + bytes(90))]),
    f"claims {HUGE * 8} bytes": build([SOME], [pair("k", 9, struct.pack("<IQ", 10, HUGE))]),
    "claims 9 strings from byte": build([SOME], [pair("k", 9, struct.pack("<IQ", 8, 9) + text("a"))])[:80],
    "more than 4194304 strings": build([SOME], [pair("k", 9, struct.pack("<IQ", 8, HUGE))]),
    "more than 4194304 strings and": build([SOME], [pair("k", 9, struct.pack("<IQ", 9, HUGE))]),
    "general.alignment is 0": build([SOME], [pair("general.alignment", 4, bytes(4))]),
    "general.alignment is 24": build([SOME], [pair("general.alignment", 4, struct.pack("<I", 24))]),
    "general.alignment is 'x'": build([SOME], [pair("general.alignment", 8, text("x"))]),
    "general.alignment is True": build([SOME], [pair("general.alignment", 7, b"\1")]),
    "have the same name": build([SOME, SOME]),
    "has the name ''": build([Tensor("", (2,), bytes(8))]),
    "has the name 'a.x1b\\[2J'": build([Tensor("a\x1b[2J", (2,), bytes(8))]),
    "a name or a text of 2000 bytes": build([Tensor("a" * 2000, (2,), bytes(8))]),
    "a has 5 dimensions": build([Tensor("a", (1,) * 5, bytes(4))]),
    f"a claims {1 << 40} x {1 << 40} numbers": build([Tensor("a", (1 << 40, 1 << 40), bytes(8))]),
    f"a takes {1 << 42} bytes from 0 on, of 8": build([Tensor("a", (1 << 20, 1 << 20), bytes(8))]),
    "a takes 12 bytes from 0 on, of 8": build([Tensor("a", (3,), bytes(8))]),
    "a starts at 8, which is no multiple of 32": build([Tensor("a", (2,), bytes(16), offset=8)]),
    "a takes 8 bytes from 64 on, of 8": build([Tensor("a", (2,), bytes(8), offset=64)]),
    f"a takes 8 bytes from {HUGE} on": build([Tensor("a", (2,), bytes(8), offset=HUGE)]),
    "b lies over a": build([Tensor("a", (12,), bytes(48)), Tensor("b", (2,), bytes(8), offset=32)]),
    "b lies over a: it starts at 0": build([Tensor("a", (12,), bytes(48)), Tensor("b", (12,), bytes(48), offset=0)]),
    "a has rows of 48 numbers, which blocks of Q4_0": build([Tensor("a", (48, 2), bytes(54), Q4_0)]),
    "a has rows of 1 numbers, which blocks of Q4_K": build([Tensor("a", (), bytes(144), Q4_K)]),
    f"a takes 0 bytes from {1 << 20} on": build([Tensor("a", (0, 2), b"", 77, offset=1 << 20)]),
    "split.count is -1": build([SOME], [pair("split.count", 5, struct.pack("<i", -1))]),
}  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_what_a_file_has_not_is_refused(words: str, tmp_path: Path) -> None:
    tracemalloc.start()
    refused(HOSTILE[words], tmp_path, words)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = network()
    for length in (*range(0, 700, 7), *range(700, len(data), 31)):
        refused(data[:length], tmp_path, "cannot be read as a model")


# Several parts


def part(number: int, count: int, name: str) -> bytes:
    pairs = [pair("split.no", 2, struct.pack("<H", number)), pair("split.count", 2, struct.pack("<H", count))]
    return build([of(name, np.full((2, 3), number, np.float32))], pairs)


def write_parts(tmp_path: Path, *given: bytes) -> Path:
    for number, data in enumerate(given, 1):
        (tmp_path / f"m-{number:05}-of-{len(given):05}.gguf").write_bytes(data)
    return tmp_path / f"m-00001-of-{len(given):05}.gguf"


def test_a_model_in_several_files(tmp_path: Path) -> None:
    first = write_parts(tmp_path, part(0, 3, "token_embd.weight"), part(1, 3, "a.weight"), part(2, 3, "output.weight"))
    model = reader_calls.tensors(READER, first)
    assert [path.name[:7] for path in model.files] == ["m-00001", "m-00002", "m-00003"]
    assert [(one.name, one.role, one.array()[0, 0]) for one in model.tensors] == [
        ("token_embd.weight", "gather", 0), ("a.weight", "product", 1), ("output.weight", "product", 2),
    ]  # fmt: skip
    later = reader_calls.tensors(READER, model.files[1])
    assert len(later.tensors) == 1 and later.notes[1] == "part 2 of 3: name the first for the whole model"


def test_parts_that_do_not_fit(tmp_path: Path) -> None:
    def fails(words: str, *given: bytes) -> None:
        with pytest.raises(DataError, match=words):
            reader_calls.tensors(READER, write_parts(tmp_path, *given))

    fails("is not part 2 of", part(0, 2, "a.weight"), part(0, 2, "b.weight"))
    fails("the tensor a.weight is in two of its parts", part(0, 2, "a.weight"), part(1, 2, "a.weight"))
    fails("m-00002-of-00002.gguf cannot be read", part(0, 2, "a.weight"), part(1, 2, "b.weight")[:-9])
    fails("has to end in -00001-of-00003.gguf", part(0, 3, "a.weight"), part(1, 2, "b.weight"))
    (tmp_path / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(DataError, match="m-00002-of-00002.gguf is not beside it"):
        tensors(part(0, 2, "a.weight"), tmp_path, "m-00001-of-00002.gguf")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b").write_bytes(part(1, 2, "b.weight"))
    (tmp_path / "m-00002-of-00002.gguf").symlink_to(elsewhere / "b")
    with pytest.raises(DataError, match="a link out of its folder"):
        tensors(part(0, 2, "a.weight"), tmp_path, "m-00001-of-00002.gguf")


# Damage


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to four changes, most of them in the header."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(min(len(out) - 8, 600) if rng.random() < 0.9 else len(out) - 8)
        change = rng.randrange(4)
        if change == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            out[at] = rng.randrange(256)
        elif change == 2:
            number = rng.choice((0, 1, 7, 255, len(out), 1 << 31, (1 << 63) - 1, (1 << 64) - 1))
            out[at : at + 8] = number.to_bytes(8, "little")
        else:
            size = rng.randrange(1, 40)
            out[at : at + size] = out[rng.randrange(len(out) - size) :][:size]
    return bytes(out if rng.random() < 0.9 else out[: rng.randrange(len(out))])


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    rng, good, read = random.Random(7), network(), 0
    path = tmp_path / "w.gguf"
    for _ in range(3000):
        path.write_bytes(damaged(good, rng))
        try:
            model = reader_calls.tensors(READER, path)
        except DataError as error:
            assert "w.gguf" in str(error)
            continue
        read += 1
        for one in model.tensors:
            if one.role != "unread":
                array = one.array()
                assert array.shape == one.shape and array.size <= 32 * path.stat().st_size
    assert 300 < read < 2900


def test_names_of_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        reader_calls.tensors(READER, tmp_path / "none.gguf")
    with pytest.raises(DataError):
        files.read(tmp_path / "none.gguf")


def test_types_of_numbers_have_bytes_as_claimed() -> None:
    assert {name: number for number, name in NUMBERS.items()}["float32"] == F32
