"""Whole numbers in .onnx files: zero points are subtracted, scales are counted, and int8 holds what is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
from onnx_files import MICROSOFT, node, packed
from test_onnx import computed, one, one_unread, read, whole

from dotbench.datasets.models.model_file import Scales

Q = whole(4, 6, dtype=np.int8)
PRODUCT = node("MatMul", "x w")
PER_OUTPUT, PER_INPUT = np.float32([[1, 2, 4, 8, 16, 32]]), np.float32([[1], [2], [4], [8]])
GROUPS = np.float32([[1, 2, 4, 8, 16, 32], [64, 32, 16, 8, 4, 2]])  # one for two inputs


def floats(**more: Any) -> dict[str, Any]:
    return {"q": Q, **more}


CAST, DEQUANTIZE = node("Cast", "q", "f", to=1), node("DequantizeLinear", "q s", "w", axis=1)
SCALED = {
    "tensor": ([CAST, node("Mul", "f s", "w")], np.float32(2), Scales("tensor", 4)),
    "output": ([CAST, node("Mul", "s f", "w")], PER_OUTPUT, Scales("output", 24)),
    "input": ([CAST, node("Mul", "f s", "w")], PER_INPUT, Scales("input", 16)),
    "divided": ([CAST, node("Div", "f s", "w")], 1 / PER_OUTPUT, Scales("output", 24)),
    "dequantized, tensor": ([DEQUANTIZE], np.float32(2), Scales("tensor", 4)),
    "dequantized, output": ([DEQUANTIZE], PER_OUTPUT.ravel(), Scales("output", 24)),
    "dequantized, input": ([node("DequantizeLinear", "q s", "w", axis=-2)], PER_INPUT.ravel(), Scales("input", 16)),
    "dequantized, blocks": ([node("DequantizeLinear", "q s", "w", axis=0, block_size=2)], GROUPS, Scales("group of 2", 48)),
}  # fmt: skip


@pytest.mark.parametrize("what", SCALED)
def test_scales(what: str, tmp_path: Path) -> None:
    nodes, scales, expected = SCALED[what]
    found = one(read(tmp_path, [*nodes, PRODUCT], floats(s=scales), (3, 4)))
    assert found.scales == expected and found.array().dtype == np.int8 and found.note == ""
    real = {"divided": PER_OUTPUT, "dequantized, input": PER_INPUT, "dequantized, blocks": np.repeat(GROUPS, 2, 0)}.get(
        what, scales
    )
    x = whole(3, 4)
    assert computed(tmp_path, x).tolist() == (x @ (found.matrix() * np.float32(real))).tolist()


def test_scales_follow_their_axis_through_a_transpose_and_a_reshape(tmp_path: Path) -> None:
    nodes = [CAST, node("Mul", "f s", "m"), node("Transpose", "m", "t"), node("Gemm", "x t", transB=1)]
    assert one(read(tmp_path, nodes, floats(s=PER_OUTPUT))).scales == Scales("output", 24)
    nodes = [CAST, node("Mul", "f s", "m"), node("Reshape", "m to", "w"), PRODUCT]
    found = one(read(tmp_path, nodes, {"q": Q.reshape(2, 2, 6), "s": PER_OUTPUT, "to": np.int64([4, 6])}))
    assert found.scales == Scales("output", 24)
    groups = np.float32([1, 2, 4]).reshape(1, 3, 1)  # of two inputs each, for all outputs
    nodes = [CAST, node("Mul", "f s", "m"), node("Reshape", "m to", "w"), node("Gemm", "x w", transB=1)]
    found = one(read(tmp_path, nodes, {"q": Q.reshape(4, 3, 2), "s": np.repeat(groups, 4, 0), "to": np.int64([4, 6])}))
    assert (found.matrix_shape, found.scales) == ((6, 4), Scales("group of 2", 48))


ZEROS = {
    "int8": (Q, np.int8(3), "its zero points are subtracted"),
    "uint8 around 128": (Q.astype(np.uint8) + np.uint8(128), np.uint8(128), "its zero points are subtracted"),
    "uint8 of small numbers": (np.abs(Q).astype(np.uint8), np.uint8(0), ""),
    "an output each": (Q, np.int8([1, 2, 3, 4, 5, 6]), "its zero points are subtracted"),
}


@pytest.mark.parametrize("what", ZEROS)
def test_zero_points(what: str, tmp_path: Path) -> None:
    q, zero, note = ZEROS[what]
    scale = np.ones(zero.shape, np.float32)
    found = one(
        read(tmp_path, [node("DequantizeLinear", "q s z", "w"), PRODUCT], {"q": q, "s": scale, "z": zero}, (3, 4))
    )
    x = whole(3, 4)
    assert found.array().dtype == np.int8 and found.note == note
    assert found.scales is not None and found.scales.zero_points == bool(zero.any())
    assert found.scales.nbytes == scale.nbytes + zero.nbytes
    assert computed(tmp_path, x).tolist() == (x @ found.matrix().astype(np.float32)).tolist()


def test_a_zero_point_that_int8_does_not_hold(tmp_path: Path) -> None:
    q = np.uint8([[0, 255], [3, 4]])
    nodes = [node("DequantizeLinear", "q s z", "w"), PRODUCT]
    found = one_unread(read(tmp_path, nodes, {"q": q, "s": np.float32(1), "z": np.uint8(100)}))
    assert found.note == "less their zero points its numbers are from -100 to 155, and int8 ends at -128 and 127"
    assert (
        one_unread(read(tmp_path, [PRODUCT], {"w": np.int16(Q)})).note
        == "numbers of type int16 are not read as a matrix"
    )


def test_subtracted_by_an_operator(tmp_path: Path) -> None:
    nodes = [CAST, node("Sub", "f z", "d"), node("Mul", "d s", "w"), PRODUCT]
    zero = np.float32([[1, 2, 3, 4, 5, 6]])
    found = one(read(tmp_path, nodes, floats(z=zero, s=np.float32(1)), (3, 4)))
    assert found.matrix().tolist() == (Q - zero).tolist() and found.scales == Scales("tensor", 28, True)
    found = one_unread(read(tmp_path, nodes, floats(z=zero + np.float32(0.5), s=np.float32(1))))
    assert found.note == "its zero points are no whole numbers"


@pytest.mark.parametrize("kind", ["INT4", "UINT4"])
@pytest.mark.parametrize("raw", [True, False])
def test_four_bits(kind: str, raw: bool, tmp_path: Path) -> None:
    numbers = whole(4, 6, low=0, high=7) if kind == "UINT4" else whole(4, 6, low=-8, high=7)
    q = helper.make_tensor("q", getattr(TensorProto, kind), (4, 6), numbers.ravel())
    if raw:
        low, high = numbers.astype(np.int8).ravel()[::2] & 15, numbers.astype(np.int8).ravel()[1::2] & 15
        q = packed("q", getattr(TensorProto, kind), (4, 6), (low | high << 4).astype(np.uint8).tobytes())
    found = one(
        read(tmp_path, [node("DequantizeLinear", "q s", "w", axis=0, block_size=2), PRODUCT], {"q": q, "s": GROUPS})
    )
    assert found.matrix().tolist() == numbers.tolist() and found.array().dtype == np.int8
    assert (found.dtype, found.nbytes, found.scales) == (kind.lower(), 12, Scales("group of 2", 48))


def test_products_of_whole_numbers(tmp_path: Path) -> None:
    x = whole(3, 4, dtype=np.int8)
    of = {"of": TensorProto.INT8, "gives": TensorProto.INT32}
    found = one(read(tmp_path, [node("MatMulInteger", "x q - z")], floats(z=np.int8([1, 2, 3, 4, 5, 6])), (3, 4), **of))
    assert computed(tmp_path, x).tolist() == (x.astype(int) @ found.matrix().astype(int)).tolist()
    assert found.scales == Scales("output", 6, True)
    assert (
        one(read(tmp_path, [node("MatMulInteger", "x q")], floats(), **of)).note == "its scales are not told beside it"
    )
    kernel, image = whole(5, 2, 3, 4, dtype=np.uint8, low=120, high=136), whole(1, 2, 3, 4, dtype=np.uint8, low=0)
    of["of"] = TensorProto.UINT8
    found = one(read(tmp_path, [node("ConvInteger", "x k - z")], {"k": kernel, "z": np.uint8(128)}, (1, 2, 3, 4), **of))
    expected = np.moveaxis(image[0], 0, -1).ravel().astype(int) @ found.matrix().astype(int)
    assert computed(tmp_path, image).ravel().tolist() == expected.tolist()


def test_products_that_are_rounded_again(tmp_path: Path) -> None:
    of = {"of": TensorProto.INT8, "gives": TensorProto.INT8}
    one_, zero = np.float32(1), np.int8(0)
    constants = {"q": Q, "one": one_, "zero": zero, "s": np.ones(6, np.float32), "z": np.int8([1, 0, 0, 0, 0, 2])}
    nodes = [node("QLinearMatMul", "x one zero q s z big zero")]
    found = one(read(tmp_path, nodes, {**constants, "big": np.float32(1)}, (3, 4), **of))
    x = whole(3, 4, low=-3, high=3, dtype=np.int8)
    expected = np.clip(x.astype(int) @ found.matrix().astype(int), -128, 127)
    assert computed(tmp_path, x).tolist() == expected.tolist() and found.scales == Scales("output", 30, True)
    kernel = whole(5, 2, 1, 1, dtype=np.int8)
    constants = {
        "k": kernel,
        "one": one_,
        "zero": zero,
        "s": np.ones(5, np.float32),
        "z": np.zeros(5, np.int8),
        "b": np.zeros(5, np.int32),
    }
    made = read(tmp_path, [node("QLinearConv", "x one zero k s z one zero b")], constants, (1, 2, 1, 1), **of)
    assert [tensor.name for tensor in made.tensors] == [
        "k",
        "one",
        "zero",
        "b",
    ]  # its scales and zero points count with it
    found, bias = one(made), made.tensors[-1]
    assert (found.role, found.matrix_shape, found.scales, bias.role) == (
        "product",
        (2, 5),
        Scales("output", 25),
        "vector",
    )


def nbits(bits: int, n: int, m: int, block: int, zeros: bool) -> tuple[dict[str, Any], Any]:
    """Inputs of MatMulNBits, and the whole numbers that they stand for, n x m."""
    rng, blocks = np.random.default_rng(bits), -(-n // block)
    q = rng.integers(0, 1 << bits, (m, blocks * block))
    zero = rng.integers(0, 1 << bits, (m, blocks)) if zeros else np.full((m, blocks), 1 << bits - 1)
    if bits == 8:
        zero = np.clip(zero, 127, 128)

    def pack(numbers: Any) -> Any:
        each = 8 // bits
        numbers = np.pad(numbers, ((0, 0), (0, -numbers.shape[1] % each))).reshape(m, -1, each)
        return (numbers << np.arange(0, 8, bits)).sum(2).astype(np.uint8)

    inputs = {"q": pack(q).reshape(m, blocks, -1), "s": np.ones(m * blocks, np.float16)}
    return {**inputs, **({"z": pack(zero)} if zeros else {})}, (q - np.repeat(zero, block, 1))[:, :n].T


def call(names: str, **attributes: int) -> Any:
    return helper.make_node("MatMulNBits", names.split(), ["y"], "/nbits", domain=MICROSOFT, **attributes)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_matrices_of_few_bits(bits: int, zeros: bool, tmp_path: Path) -> None:
    inputs, expected = nbits(bits, 40, 3, 16, zeros)
    found = one(read(tmp_path, [call(f"x {' '.join(inputs)}", K=40, N=3, bits=bits, block_size=16)], inputs, (3, 40)))
    assert found.matrix().tolist() == expected.tolist() and found.array().dtype == np.int8
    around = sum(inputs[one].nbytes for one in inputs if one == "z")
    assert found.scales == Scales("group of 16", 18 + around, zeros) and found.nbytes == 3 * 48 * bits // 8
    whole_rows, _ = nbits(bits, 16, 3, 16, False)
    found = one(read(tmp_path, [call("x q s", K=16, N=3, bits=bits, block_size=16)], whole_rows))
    assert found.scales == Scales("output", 6)


WRONG = {
    "it has 48 numbers of uint8, and 144 bytes are needed": {"N": 6},
    "a matrix of 40 x 3 in 3 bits and blocks of 16": {"bits": 3},
    "a matrix of 40 x 3 in 4 bits and blocks of 0": {"block_size": 0},
    "it has 48 numbers of uint8, and 12582912 bytes are needed": {"K": 1 << 23},
}


@pytest.mark.parametrize("words", WRONG)
def test_matrices_of_few_bits_that_contradict_themselves(words: str, tmp_path: Path) -> None:
    inputs, _ = nbits(4, 40, 3, 16, False)
    inputs["q"] = inputs["q"][:, :2] if "48" in words else inputs["q"]
    attributes = {"K": 40, "N": 3, "bits": 4, "block_size": 16, **WRONG[words]}
    found = one_unread(read(tmp_path, [call("x q s", **attributes)], inputs))
    assert words in found.note


def test_eight_bits_that_int8_does_not_hold(tmp_path: Path) -> None:
    inputs, _ = nbits(8, 16, 3, 16, True)
    inputs["z"] = np.uint8([[0], [0], [0]])
    assert (
        "int8 ends at" in one_unread(read(tmp_path, [call("x q s z", K=16, N=3, bits=8, block_size=16)], inputs)).note
    )


def test_a_table_of_whole_numbers(tmp_path: Path) -> None:
    nodes = [CAST, node("Mul", "f s", "w"), node("Gather", "w x")]
    found = one(read(tmp_path, nodes, floats(s=PER_INPUT)), "gather")  # a scale a row
    assert found.scales == Scales("output", 16) and found.array().tolist() == Q.tolist()


def test_floats_that_are_scaled_or_quantised_when_the_model_runs(tmp_path: Path) -> None:
    W = whole(4, 6)
    found = one(read(tmp_path, [node("Mul", "q s", "w"), PRODUCT], {"q": W, "s": PER_OUTPUT}))
    assert (found.scales, found.note) == (None, "scaled by 6 constants before")
    nodes = [node("QuantizeLinear", "q s z", "p"), node("DequantizeLinear", "p s z", "w"), PRODUCT]
    found = one(read(tmp_path, nodes, {"q": W, "s": np.float32(1), "z": np.int8(0)}))
    assert found.array().tolist() == W.tolist() and "quantised when the model is loaded" in found.note
