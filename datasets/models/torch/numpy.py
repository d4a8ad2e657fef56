"""What stands for numpy in the pickles of checkpoints: arrays of any rank, whose bytes are in the pickle.

Other than in published archives (`dotbench.datasets.pickled_numpy`), an array that is not of plain numbers is no reason
to refuse the file: it is not read.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.pickled_numpy import PLAIN, PickleError, Stand


class NumpyDtype(Stand):
    """A dtype of numpy, "" where it is none of plain little-endian numbers."""

    name = ""

    def call(self, *arguments: Any) -> Any:
        found = NumpyDtype()
        name = arguments[0] if arguments else None
        found.name = name if type(name) is str and PLAIN.fullmatch(name) else ""
        return found

    def build(self, state: Any) -> None:
        if type(state) is tuple and len(state) > 1 and state[1] == ">":
            self.name = ""


class NumpyArray(Stand):
    """An array of numpy, whose bytes are in the pickle; ``why`` it is not read, "" for nothing."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.dtype, self.why = np.dtype(np.uint8), "an array of numpy without numbers"
        self._data: bytes | str = b""
        self._order = "C"

    @property
    def nbytes(self) -> int:
        return len(self._data)

    def build(self, state: Any) -> None:
        if type(state) is not tuple or len(state) != 5:
            raise PickleError("the state of an array of numpy is none")
        _, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, NumpyDtype) or not dtype.name or type(data) not in (bytes, str):
            self.why = "an array of numpy of something other than plain little-endian numbers"
            return
        self.dtype = np.dtype(dtype.name)
        good = type(shape) is tuple and len(shape) <= 32 and all(type(one) is int and one >= 0 for one in shape)
        if not good or math.prod(shape) * self.dtype.itemsize != len(data):
            raise PickleError(f"an array of numpy does not fit its {len(data)} bytes")
        self.shape, self._data, self._order, self.why = shape, data, "F" if is_fortran is True else "C", ""

    def values(self) -> npt.NDArray[Any]:
        data = self._data.encode("latin1") if isinstance(self._data, str) else self._data
        return np.frombuffer(data, self.dtype).reshape(self.shape, order=self._order)  # type: ignore[call-overload,no-any-return]


class Reconstruct(Stand):
    """Makes an array of numpy, which gets its state later."""

    def call(self, *_: Any) -> Any:
        return NumpyArray()


class NumpyScalar(Stand):
    """A number of numpy, which is no weight."""

    def call(self, *_: Any) -> Any:
        return None


NUMPY: dict[tuple[str, str], Stand] = {("numpy", "dtype"): NumpyDtype()}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # numpy 1 and 2
    NUMPY[_module, "_reconstruct"] = Reconstruct()
    NUMPY[_module, "scalar"] = NumpyScalar()
