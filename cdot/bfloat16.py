"""bfloat16 in numpy: the upper half of a float32 in two bytes, sign, 8 bits of exponent and 7 of mantissa.

numpy has no such dtype. The package ml_dtypes brings one (``pip install 'dotbench[bf16]'``); where it is missing,
arrays have a field of 16 bits named ``bfloat16`` and can be encoded, multiplied and decoded, not calculated with. Both
have the same bytes: ``array.view(numpy.uint16)`` gives the bits of either.

Conversions are made of bits, not of values: ml_dtypes' own turn a signalling NaN into a quiet one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

NAME = "bfloat16"
BITS = np.dtype([(NAME, "<u2")])  # where ml_dtypes is missing
EXPONENT, MANTISSA, SIGN = 0x7F80, 0x007F, 0x8000  # of its bits
LARGEST = float(np.uint32(0x7F7F0000).view(np.float32))


@cache
def bfloat16_dtype() -> np.dtype[Any]:
    """ml_dtypes' dtype, or `BITS`."""
    try:
        import ml_dtypes
    except ImportError:
        return BITS
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return found


def is_bfloat16(dtype: Any) -> bool:
    """Whether an array of this dtype is of bfloat16, by either of the two.

    >>> is_bfloat16(BITS), is_bfloat16(np.dtype(np.float16))
    (True, False)
    """
    return bool(getattr(dtype, "name", "") == NAME or dtype == BITS)


def dtype_of(wanted: Any) -> np.dtype[Any]:
    """``np.dtype(wanted)``, which knows bfloat16 by its name."""
    named = isinstance(wanted, str) and wanted == NAME
    return bfloat16_dtype() if named or is_bfloat16(wanted) else np.dtype(wanted)


def dtype_in_file(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of what numpy has saved: it writes bfloat16 as two bytes of anything, ``|V2``.

    >>> dtype_in_file(np.dtype("V2")) == bfloat16_dtype(), dtype_in_file(np.dtype("f4"))
    (True, dtype('float32'))
    """
    return bfloat16_dtype() if dtype == np.dtype("V2") or is_bfloat16(dtype) else dtype


def numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values as numpy calculates with them: bfloat16 as float32, others as they are."""
    return widened(values) if is_bfloat16(values.dtype) else values


def converted(values: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Values of any type of numpy's in another one, which may be bfloat16: cut, so only what is exact is right."""
    return cut(values.astype(np.float32)) if is_bfloat16(dtype) else values.astype(dtype, copy=False)


def name_of(dtype: Any) -> str:
    """numpy's name of a dtype, of both kinds of bfloat16 the same."""
    return NAME if is_bfloat16(dtype) else np.dtype(dtype).name


def bits_of(values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """The bits of bfloat16 of either byte order, uint16 of the same shape; a view where the array is contiguous."""
    bits = np.ascontiguousarray(values).view(np.uint16)
    return bits if values.dtype.isnative else bits.byteswap()


def widened(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """bfloat16 as float32, exactly; of NaN the bits too.

    >>> widened(np.array([0x3FC0, 0xFF80], np.uint16).view(BITS))
    array([ 1.5, -inf], dtype=float32)
    """
    wide = bits_of(values).astype(np.uint32)
    wide <<= np.uint32(16)
    return wide.view(np.float32)


def cut(values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """The upper halves of float32 as bfloat16: exact where the lower ones are 0.

    >>> cut(np.float32([1.5])).view(np.uint16)
    array([16320], dtype=uint16)
    """
    wide = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return (wide >> np.uint32(16)).astype(np.uint16).view(bfloat16_dtype())


def rounded(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """The nearest bfloat16 of numbers as float32, ties to even; infinities stay, and so does NaN.

    >>> widened(rounded([1.0, 3.14159265, 1e39]))
    array([1.      , 3.140625,      inf], dtype=float32)
    """
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, np.float32)
    wide = array.view(np.uint32)
    nearest = wide + (((wide >> np.uint32(16)) & np.uint32(1)) + np.uint32(0x7FFF))
    return cut(np.where(np.isnan(array), wide | np.uint32(0x400000), nearest).view(np.float32))


def to_bfloat16(W: npt.ArrayLike) -> npt.NDArray[Any]:
    """An array of bfloat16: the nearest of each number, ties to even. Infinities, NaN and the sign of zero stay.

    Returns an array of the same shape, of ml_dtypes' ``bfloat16`` where that package is installed.

    >>> to_bfloat16([[1.0, 0.1]]).view(np.uint16)
    array([[16256, 15821]], dtype=uint16)
    """
    return rounded(W)


def bfloat16_from_bits(bits: npt.NDArray[np.uint16]) -> npt.NDArray[Any]:
    """An array of bfloat16 from its bits, uint16 of any shape, as other libraries give them; TypeError for others.

    ``array.view(numpy.uint16)`` is the way back.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = bfloat16_from_bits(np.array([[0x3F80, 0x8000], [0x7F80, 0x0001]], np.uint16))  # 1, -0, infinity, 2^-133
    >>> payload = formats.get("rank").encode(W)
    >>> payload.decode().view(np.uint16).tolist() == W.view(np.uint16).tolist()
    True
    """
    array = np.asarray(bits)
    if array.dtype != np.uint16:
        raise TypeError(f"bits of bfloat16 are uint16, and this array is of {array.dtype}: numbers go to to_bfloat16")
    return np.ascontiguousarray(array, np.uint16).view(bfloat16_dtype())
