"""Types of tensors by the names that .safetensors files give them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dotbench.cdot.bfloat16 import bfloat16_dtype, is_bfloat16

NUMPY = {
    "BOOL": "?",
    "U8": "<u1",
    "I8": "<i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}
BFLOAT16 = "BF16"
BYTES = ("F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ")  # which numpy has not: their bits, as uint8
BITS = {
    **{name: 8 * np.dtype(code).itemsize for name, code in NUMPY.items()},
    BFLOAT16: 16,
    **dict.fromkeys(BYTES, 8),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}


def item_bytes(name: str) -> int:
    """What tensors of a type are aligned to; 1 of types that are not whole bytes."""
    return max(1, BITS[name] // 8)


def numpy_dtype(name: str) -> np.dtype[Any] | None:
    """numpy's dtype, little-endian; of bfloat16 that of `dotbench.cdot.bfloat16`, of float8 uint8. None where an item
    is no whole byte.

    >>> numpy_dtype("I16"), numpy_dtype("F8_E4M3"), numpy_dtype("F4")
    (dtype('int16'), dtype('uint8'), None)
    """
    if name == BFLOAT16:
        return bfloat16_dtype()
    if name in BYTES:
        return np.dtype(np.uint8)
    return np.dtype(NUMPY[name]) if name in NUMPY else None


def name_of(dtype: np.dtype[Any]) -> str | None:
    """The name of numpy's dtype, of any byte order; None where files have none for it.

    >>> name_of(np.dtype(">f4")), name_of(np.dtype("U3"))
    ('F32', None)
    """
    if is_bfloat16(dtype):
        return BFLOAT16
    return next((name for name, code in NUMPY.items() if np.dtype(code) == dtype.newbyteorder("<")), None)
