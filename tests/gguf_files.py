"""Small .gguf files, built field by field, so that a test can make any of them wrong."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dotbench.datasets import reader_calls
from dotbench.datasets.kinds.gguf import READER
from dotbench.datasets.models.model_file import ModelFile

F32, F16, Q4_0, Q8_0, Q4_K, Q6_K, I8, I32, F64, BF16 = 0, 1, 2, 8, 12, 14, 24, 26, 28, 30
BLOCKS = {Q4_0: (32, 18), Q8_0: (32, 34), Q4_K: (256, 144), Q6_K: (256, 210)}


@dataclass
class Tensor:
    """``dims``: the contiguous one first; ``offset``: where it is said to lie, None for where it does."""

    name: str
    dims: Sequence[int]
    data: bytes
    type: int = F32
    offset: int | None = None


def of(name: str, array: np.ndarray, type: int = F32) -> Tensor:
    """A tensor of an array as numpy has it."""
    return Tensor(name, array.shape[::-1], array.tobytes(), type)


def blocks(name: str, shape: tuple[int, ...], type: int, seed: int = 0) -> Tensor:
    """A tensor of random blocks, (m, n)."""
    numbers, nbytes = BLOCKS[type]
    rng = np.random.default_rng(seed)
    return Tensor(name, shape[::-1], rng.bytes(int(np.prod(shape)) // numbers * nbytes), type)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str | bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def words(key: str, values: Sequence[str]) -> bytes:
    """A vocabulary."""
    return pair(key, 9, struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values)))


def build(
    tensors: Sequence[Tensor],
    pairs: Sequence[bytes] = (),
    alignment: int = 32,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A file; ``counts``: of tensors and pairs as they are claimed."""
    infos, data = b"", b""
    for tensor in tensors:
        data += bytes(-len(data) % alignment)
        offset = len(data) if tensor.offset is None else tensor.offset
        infos += text(tensor.name) + struct.pack("<I", len(tensor.dims))
        infos += struct.pack(f"<{len(tensor.dims)}Q", *tensor.dims) + struct.pack("<IQ", tensor.type, offset)
        data += tensor.data
    claimed = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, *claimed) + b"".join(pairs) + infos
    return head + bytes(-len(head) % alignment) + data


def network() -> bytes:
    """A model of one block, with a vocabulary: a table, two products, a norm."""
    rng = np.random.default_rng(5)
    tensors = [
        blocks("token_embd.weight", (8, 32), Q8_0),
        of("blk.0.attn_norm.weight", np.ones(32, np.float32)),
        of("blk.0.attn_q.weight", rng.normal(size=(6, 32)).astype(np.float32)),
        of("blk.0.ffn_up.weight", rng.normal(size=(5, 32)).astype(np.float16), F16),
        blocks("blk.0.ffn_down.weight", (3, 256), Q4_K),
        blocks("blk.0.attn_v.weight", (3, 32), Q4_0),
    ]
    pairs = [
        pair("general.architecture", 8, text("llama")),
        words("tokenizer.ggml.tokens", ["<s>", "a", "b", ""]),
        pair("llama.context_length", 4, struct.pack("<I", 128)),
    ]
    return build(tensors, pairs)


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
