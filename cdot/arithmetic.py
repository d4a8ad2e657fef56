"""What is multiplied, however it is stored: the two arithmetics of `core/cdot.h`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Arithmetic:
    """Inputs (x, and values in a block), outputs (y), and C's names for them."""

    name: str
    code: int  # in cdot.h
    inputs: np.dtype[Any]
    outputs: np.dtype[Any]
    c_inputs: str
    c_outputs: str
    product: str  # the function of cdot.h

    def random_inputs(self, rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """What products are tried with: standard normal numbers, or any int8.

        >>> IN_INT32.random_inputs(np.random.default_rng(0), (2, 3)).dtype
        dtype('int8')
        """
        if self.inputs.kind == "i":
            limits = np.iinfo(self.inputs)
            return rng.integers(int(limits.min), int(limits.max) + 1, shape, self.inputs.type)
        return rng.standard_normal(shape).astype(self.inputs)


FLOAT, BYTE, INT = np.dtype("<f4"), np.dtype("i1"), np.dtype("<i4")
LIMIT = 1e-5  # of float32 sums in any order
IN_FLOAT32 = Arithmetic("float32", 1, FLOAT, FLOAT, "float *", "float *", "cdot_product")
IN_INT32 = Arithmetic("int8 into int32", 2, BYTE, INT, "int8_t *", "int32_t *", "cdot_product_s8")
ARITHMETICS = {one.code: one for one in (IN_FLOAT32, IN_INT32)}


def tolerance_of(inputs: np.dtype[Any]) -> float:
    """The largest error of a product with such an x, as a share of sum |w| |x|: none for int8, whose sums are exact.

    >>> tolerance_of(np.dtype(np.int8)), tolerance_of(np.dtype(np.float32))
    (0.0, 1e-05)
    """
    return 0.0 if inputs == IN_INT32.inputs else LIMIT
