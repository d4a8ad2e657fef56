"""A tensor of a .tflite file: its name, type and shape, and a constant's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.layer import Quantisation
from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite.sparse_tensor import Sparsity

TYPES: dict[str, np.dtype[Any]] = {
    "INT8": np.dtype("i1"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FLOAT16": np.dtype("<f2"),
    "FLOAT32": np.dtype("<f4"),
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """``data`` are its bytes where they are in the file (int8 view), None where they are computed.

    ``sparsity`` reads where they lie in a sparse tensor; None in all others. ``buffer``: which of the file's they are,
    that several tensors may name; ``scale_bytes``: what scales and zero points take.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    quantisation: Quantisation
    data: npt.NDArray[np.int8] | None
    sparsity: Callable[[], Sparsity] | None = None
    buffer: int = 0
    scale_bytes: int = 0

    def values(self) -> npt.NDArray[Any]:
        """A constant's numbers in their shape; Skipped where its bytes are not as many as that needs."""
        assert self.data is not None
        dtype = TYPES[self.type]
        if math.prod(self.shape) * dtype.itemsize != self.data.nbytes:
            raise Skipped(
                f"tensor {self.name!r} of shape {list(self.shape)} and type {self.type} has {self.data.nbytes} bytes"
            )
        values: npt.NDArray[Any] = self.data.view(dtype).reshape(self.shape)
        return values
