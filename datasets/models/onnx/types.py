"""Types of numbers in .onnx files: TensorProto's, by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import bfloat16_dtype


def text(given: str | bytes) -> str:
    """Names as protobuf gives them: bytes where they are no UTF-8."""
    return given if isinstance(given, str) else given.decode("latin-1")


@dataclass(frozen=True)
class Type:
    """``name`` is numpy's or ml_dtypes'; ``bits`` of a number, 0 where it has no size; ``field`` holds numbers that
    are not raw; ``code`` numpy's for the bits, "" where this package makes no array of them."""

    name: str
    bits: int
    field: str = "int32_data"
    code: str = ""

    @property
    def is_float(self) -> bool:
        return self.name.startswith(("float", "bfloat"))

    @property
    def is_packed(self) -> bool:
        """Whether several numbers share a byte."""
        return 0 < self.bits < 8

    def nbytes(self, count: int) -> int:
        return -(-count * self.bits // 8)


TYPES = {
    1: Type("float32", 32, "float_data", "<f4"),
    2: Type("uint8", 8, code="u1"),
    3: Type("int8", 8, code="i1"),
    4: Type("uint16", 16, code="<u2"),
    5: Type("int16", 16, code="<i2"),
    6: Type("int32", 32, code="<i4"),
    7: Type("int64", 64, "int64_data", "<i8"),
    8: Type("string", 0, "string_data"),
    9: Type("bool", 8, code="?"),
    10: Type("float16", 16, code="<f2"),
    11: Type("float64", 64, "double_data", "<f8"),
    12: Type("uint32", 32, "uint64_data", "<u4"),
    13: Type("uint64", 64, "uint64_data", "<u8"),
    14: Type("complex64", 64, "float_data"),
    15: Type("complex128", 128, "double_data"),
    16: Type("bfloat16", 16, code="<u2"),
    17: Type("float8_e4m3fn", 8),
    18: Type("float8_e4m3fnuz", 8),
    19: Type("float8_e5m2", 8),
    20: Type("float8_e5m2fnuz", 8),
    21: Type("uint4", 4, code="u1"),
    22: Type("int4", 4, code="u1"),
    23: Type("float4_e2m1fn", 4),
    24: Type("float8_e8m0fnu", 8),
    25: Type("uint2", 2, code="u1"),
    26: Type("int2", 2, code="u1"),
}
MATRICES = ("float32", "float16", "bfloat16", "float64", "int8", "int4", "uint4", "int2", "uint2")  # as they are


def from_bytes(data: npt.NDArray[np.uint8], of: Type, count: int) -> npt.NDArray[Any]:
    """``count`` numbers of their bytes: a view, but where numbers share bytes (the first in the lowest bits): those
    become int8.

    >>> two = np.uint8([0x21, 0x0F])
    >>> from_bytes(two, TYPES[22], 3).tolist(), from_bytes(two, TYPES[21], 3).tolist()  # int4, uint4
    ([1, 2, -1], [1, 2, 15])
    """
    if of.is_packed:
        return unpacked(data, of.bits, count, signed=of.name.startswith("int"))
    if of.name == "bfloat16":
        return data.view(bfloat16_dtype())
    return data.view(of.code)


def unpacked(data: npt.NDArray[np.uint8], bits: int, count: int, signed: bool = False) -> npt.NDArray[np.int8]:
    """int8 (count,) of numbers of 2 or 4 bits, low bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    numbers = ((data.reshape(-1, 1) >> shifts) & np.uint8((1 << bits) - 1)).reshape(-1)[:count].view(np.int8)
    if signed:
        numbers -= (numbers >> (bits - 1)) << bits
    return numbers
