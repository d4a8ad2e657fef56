"""What a stored type is: the one place that knows how values lie in payloads, and what is multiplied for them.

How a matrix is stored and how it is multiplied are two things (`dotbench.cdot.arithmetic`): float16 and bfloat16 are
stored in two bytes and multiplied in float32. Codes 5 and 6 (fp8: e4m3 and e5m2) and 7 (int4) are kept for types to
come. bfloat16 is no dtype of numpy (`dotbench.cdot.bfloat16`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot import bfloat16
from dotbench.cdot.arithmetic import IN_FLOAT32, IN_INT32, Arithmetic, tolerance_of


@dataclass(frozen=True)
class ValueType:
    """``name`` is numpy's of the dtype; ``code`` stands in a payload's header, as cdot.h has it.

    ``reference``: the format that times of such matrices are held against. ``refused`` and ``cure``: what an error
    says of a value that the type does not hold, and what to do.
    """

    name: str
    code: int
    arithmetic: Arithmetic
    reference: str
    refused: str
    cure: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of stored values, little-endian.

        >>> FLOAT16.dtype.itemsize, FLOAT16.arithmetic.inputs
        (2, dtype('float32'))
        """
        if self.name == bfloat16.NAME:
            return bfloat16.bfloat16_dtype()
        return np.dtype(self.name).newbyteorder("<")

    @property
    def largest(self) -> float:
        """The largest value that it holds.

        >>> FLOAT16.largest, INT8.largest
        (65504.0, 127.0)
        """
        if self.name == bfloat16.NAME:
            return bfloat16.LARGEST
        return float(np.iinfo(self.dtype).max if self.dtype.kind == "i" else np.finfo(self.dtype).max)

    @property
    def tolerance(self) -> float:
        """The largest error of a product as a share of sum |w| |x|; 0 where products are exact."""
        return tolerance_of(self.arithmetic.inputs)

    def random_inputs(self, rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """What products with such a matrix are tried with, of the arithmetic's inputs."""
        return self.arithmetic.random_inputs(rng, shape)


FLOAT32 = ValueType(
    "float32",
    1,
    IN_FLOAT32,
    "csc",
    "changed by rounding to float32",
    "pass W.astype(numpy.float32) if rounding is what you want",
)
INT8 = ValueType(
    "int8",
    2,
    IN_INT32,
    "dense_s8",
    "no int8, a whole number from -128 to 127",
    "quantise the matrix, or take a format for float32",
)
FLOAT16 = ValueType(
    "float16",
    3,
    IN_FLOAT32,
    "csc",
    "changed by rounding to float16",
    "pass W.astype(numpy.float32), or W.astype(numpy.float16) if rounding is what you want",
)
BFLOAT16 = ValueType(
    bfloat16.NAME,
    4,
    IN_FLOAT32,
    "dense",
    "changed by rounding to bfloat16",
    "take a format for float32, or pass formats.to_bfloat16(W) if rounding is what you want",
)
VALUE_TYPES = (FLOAT32, INT8, FLOAT16, BFLOAT16)


def value_type_names() -> tuple[str, ...]:
    """Of all types, in the order of their codes."""
    return tuple(one.name for one in VALUE_TYPES)


def value_type(name: str) -> ValueType:
    """The type of a dtype's name; KeyError where it is none that is stored.

    >>> value_type("int8").code
    2
    """
    return {one.name: one for one in VALUE_TYPES}[name]


def value_type_of_code(code: int) -> ValueType:
    """The type of a header's code; KeyError where it is none."""
    return {one.code: one for one in VALUE_TYPES}[code]


def value_type_of(dtype: npt.DTypeLike) -> ValueType:
    """The type that values of a dtype are stored as; KeyError as `value_type`."""
    return value_type(bfloat16.name_of(dtype))


def given_to(format_: Any) -> tuple[str, ...]:
    """Dtypes of the matrices that runs give a format: those that it stores, and what it names in ``takes`` besides,
    which it stores as the first of them.

    >>> from dotbench import formats
    >>> given_to(formats.get("dense_s8")), given_to(formats.get("dense_w8"))
    (('int8',), ('float32', 'float16', 'bfloat16'))
    """
    return (*format_.value_types, *getattr(format_, "takes", ()))
