"""How a tensor of a model file lies as a matrix W of n inputs by m outputs, and the way back.

```
outputs_first   (m, ...)        PyTorch's Linear, ONNX's Gemm with transB, GGUF, .tflite: W = tensor.reshape(m, -1).T
inputs_first    (..., m)        Keras, ONNX's MatMul, GPT-2's Conv1D:                      W = tensor.reshape(-1, m)
channels_first  (m, c, kernel)  convolutions of PyTorch and ONNX: rows in the order kernel, then channels, as in .tflite
```

A view of the tensor, but for kernels of convolutions, whose numbers change places.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

OUTPUTS_FIRST, INPUTS_FIRST, CHANNELS_FIRST = "outputs_first", "inputs_first", "channels_first"
ORIENTATIONS = (OUTPUTS_FIRST, INPUTS_FIRST, CHANNELS_FIRST)


def matrix_shape(shape: tuple[int, ...], orientation: str) -> tuple[int, int]:
    """(n, m) of a tensor with two dimensions or more.

    >>> matrix_shape((10, 784), OUTPUTS_FIRST), matrix_shape((3, 3, 8, 16), INPUTS_FIRST)
    ((784, 10), (72, 16))
    """
    if orientation == INPUTS_FIRST:
        return math.prod(shape[:-1]), shape[-1]
    return math.prod(shape[1:]), shape[0]


def to_matrix(tensor: npt.NDArray[Any], orientation: str) -> npt.NDArray[Any]:
    """W (n, m) of a tensor.

    >>> to_matrix(np.arange(6).reshape(2, 3), OUTPUTS_FIRST).tolist()
    [[0, 3], [1, 4], [2, 5]]
    >>> to_matrix(np.arange(8).reshape(1, 2, 2, 2), CHANNELS_FIRST).ravel().tolist()  # kernel first, then channels
    [0, 4, 1, 5, 2, 6, 3, 7]
    """
    n, m = matrix_shape(tensor.shape, orientation)
    if orientation == INPUTS_FIRST:
        return tensor.reshape(n, m)
    if orientation == CHANNELS_FIRST and tensor.ndim > 2:
        tensor = np.moveaxis(tensor, 1, -1)
    return tensor.reshape(m, n).T


def to_tensor(matrix: npt.NDArray[Any], shape: tuple[int, ...], orientation: str) -> npt.NDArray[Any]:
    """The tensor of that ``shape`` whose matrix this is.

    >>> tensor = np.arange(24).reshape(2, 3, 2, 2)
    >>> all((to_tensor(to_matrix(tensor, one), tensor.shape, one) == tensor).all() for one in ORIENTATIONS)
    True
    """
    if orientation == INPUTS_FIRST:
        return matrix.reshape(shape)
    if orientation == CHANNELS_FIRST and len(shape) > 2:
        return np.moveaxis(matrix.T.reshape(shape[0], *shape[2:], shape[1]), -1, 1)
    return matrix.T.reshape(shape)
