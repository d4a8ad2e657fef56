"""Weights of few bits in .safetensors: GPTQ's are unpacked, of others it is said what they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.datasets.models.values import stored

sys.path.insert(0, str(Path(__file__).parent.parent))
from safetensors_files import RNG, by_name, random, read, saved


def pack(numbers: np.ndarray, bits: int, axis: int) -> np.ndarray:
    """Words of 32 bits along an axis, the lowest bits first."""
    numbers = np.moveaxis(numbers.astype(np.uint64), axis, 0)
    per = 32 // bits
    words = sum(numbers[place::per] << np.uint64(bits * place) for place in range(per))
    return np.moveaxis(np.asarray(words).astype(np.uint32).view(np.int32), 0, axis)


def gptq(bits: int, n: int = 64, m: int = 32, group: int = 32, zero: int | None = None) -> dict[str, np.ndarray]:
    zero = (1 << (bits - 1)) - 1 if zero is None else zero
    groups = n // group
    return {
        "l.qweight": pack(RNG.integers(0, 1 << bits, (n, m)), bits, 0),
        "l.scales": np.abs(random(groups, m)).astype(np.float16),
        "l.qzeros": pack(np.full((groups, m), zero), bits, 1),
        "l.g_idx": (np.arange(n) // group).astype(np.int32),
    }


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_gptq(bits: int, tmp_path: Path) -> None:
    arrays = gptq(bits)
    found = by_name(read(tmp_path, saved(arrays)))
    tensor = found["l.qweight"]
    assert (tensor.role, tensor.dtype, tensor.shape, tensor.matrix_shape) == (
        "product",
        f"int{bits}",
        (64, 32),
        (64, 32),
    )
    assert tensor.nbytes == 64 * 32 * bits // 8 and tensor.scales is not None
    assert (tensor.scales.per, tensor.scales.zero_points) == ("group of 32", False)
    assert tensor.scales.nbytes == sum(arrays[f"l.{one}"].nbytes for one in ("scales", "qzeros", "g_idx"))
    assert {found[name].role for name in arrays if name != "l.qweight"} == {"vector"}
    q = stored(tensor)[0]
    words = arrays["l.qweight"].view(np.uint32)
    by_hand = [
        [(int(words[i * bits // 32, j]) >> (i * bits % 32)) & ((1 << bits) - 1) for j in range(32)] for i in range(64)
    ]
    assert np.array_equal(q.astype(int) + (1 << (bits - 1)), by_hand)
    # (q - zero) * scale, as the kernels of GPTQ multiply, with the zero point that is stored less 1
    x, scales = random(64), arrays["l.scales"].astype(float)[arrays["l.g_idx"]]
    assert np.allclose(x @ (q * scales), x @ ((np.array(by_hand) - (1 << (bits - 1))) * scales))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"l.qzeros": None}, "without scales and qzeros"),
        ({"l.scales": None}, "without scales and qzeros"),
        ({"l.scales": np.ones((2, 31), np.float16)}, "do not fit"),
        ({"l.qzeros": np.zeros((2, 3), np.int32)}, "other than 2, 4 or 8 bits"),
        ({"l.qzeros": np.zeros((3, 4), np.int32)}, "do not fit"),
        ({"l.g_idx": np.zeros(63, np.int32)}, "do not fit its 64 rows"),
        ({"l.qweight": np.zeros((64, 4), np.int32)}, "AWQ"),
        ({"l.qweight": np.zeros((8, 32), np.int16)}, "GPTQ's are int32"),
    ],
)
def test_packed_weights_that_are_not_read(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    arrays = {name: one for name, one in (gptq(4) | change).items() if one is not None}
    tensor = by_name(read(tmp_path, saved(arrays)))["l.qweight"]
    assert tensor.role == "unread" and words in tensor.note


def test_zero_points_and_orders_of_gptq(tmp_path: Path) -> None:
    mixed = gptq(4, zero=5) | {"l.g_idx": RNG.permutation(64).astype(np.int32) % 2}
    tensor = by_name(read(tmp_path, saved(mixed)))["l.qweight"]
    assert tensor.scales is not None and tensor.scales.zero_points
    assert tensor.note == "GPTQ, 4 bits, less 8, rows in the groups that g_idx says"


def test_other_packed_weights_and_scales(tmp_path: Path) -> None:
    arrays = {
        "a.weight_packed": np.zeros((4, 2), np.int32), "a.weight_scale": np.ones((4, 1), np.float32),
        "b.weight": np.zeros((8, 1), np.uint8), "b.weight.absmax": np.ones((2, 1), np.float32),
        "c.weight": np.ones((4, 6), np.int8), "c.SCB": np.ones(4, np.float32),
        "d.weight": np.ones((4, 6), np.int8), "d.weight_scale": np.ones((4, 2), np.float32),
        "e.weight": np.ones((4, 6), np.int8), "e.scale": np.ones((), np.float32),
        "f.scale": np.ones((4, 2), np.float32),
    }  # fmt: skip
    found = by_name(read(tmp_path, saved(arrays)))
    assert found["a.weight_packed"].note == "packed weights of compressed-tensors are not read"
    assert found["b.weight"].note == "packed weights of bitsandbytes are not read"
    assert {found[name].role for name in ("a.weight_scale", "b.weight.absmax", "c.SCB", "d.weight_scale")} == {"vector"}
    scales = [found[f"{name}.weight"].scales for name in "cde"]
    assert [one and one.per for one in scales] == ["output", "group of 3", "tensor"]
    assert found["f.scale"].role == "unsure"  # nothing quantised is beside it
