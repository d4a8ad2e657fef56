"""A nested matrix as a device uses it: one set of weights, a level that changes, prefixes in and out."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.nested import LevelKernel
from dotbench.formats.nested import Nested
from dotbench.formats.parts.nested_levels import Width
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.payloads.product import dot


class NestedMatrix:
    """A `nested` payload by level: `adapt` changes it, `dot` multiplies with the first rows and columns.

    Vectors are in the payload's order, most important first: entry k of an input belongs to row
    ``row_order[k]`` of W, entry k of an output to column ``column_order[k]``. Between layers that were
    ordered alike there is nothing to reorder, and an output of one level is an input of the next layer's.
    Opens at the full level. Threads that change the level need an object each (the payload is shared).

    >>> import numpy as np
    >>> from dotbench import formats
    >>> W = np.array([[1, 4], [2, 8]], np.float32)
    >>> matrix = NestedMatrix(formats.get("nested", levels="50").encode(W))
    >>> matrix.levels, matrix.row_order.tolist(), matrix.column_order.tolist()
    (((1, 1), (2, 2)), [1, 0], [1, 0])
    >>> matrix.dot(np.ones(1, np.float32), level=0), matrix.dot(np.ones(2, np.float32), level=1)
    (array([8.], dtype=float32), array([12.,  3.], dtype=float32))
    """

    def __init__(self, payload: Payload) -> None:
        if not isinstance(payload.format, Nested):
            raise TypeError(f"a payload of {payload.format} has no levels: encode the matrix as nested")
        self._payload = payload
        self.kernel = LevelKernel(payload.data)
        self.level = len(self.levels) - 1

    @cached_property
    def levels(self) -> tuple[Width, ...]:
        """Rows (inputs) and columns (outputs) of each level, the full one last."""
        return tuple((int(rows), int(columns)) for rows, columns in self._payload.section("widths").reshape(-1, 2))

    @cached_property
    def row_order(self) -> npt.NDArray[Any]:
        """The row of W that each input belongs to, (n,)."""
        return self._payload.section("row_order")

    @cached_property
    def column_order(self) -> npt.NDArray[Any]:
        """The column of W that each output belongs to, (m,)."""
        return self._payload.section("column_order")

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """The payload's own bytes at this level, (outputs, inputs): rows are as far apart as in the whole."""
        n, m = self._payload.shape
        rows, columns = self.levels[self.level]
        return self._payload.section("values").reshape(m, n)[:columns, :rows]

    def adapt(self, level: int) -> None:
        """Changes the level, 0 the smallest; ValueError if there is none of that number."""
        if not 0 <= level < len(self.levels):
            raise ValueError(f"level {level}: the levels of this matrix are 0 to {len(self.levels) - 1}")
        self.kernel.adapt(level)
        self.level = level

    def dot(self, X: npt.ArrayLike, level: int | None = None, threads: int = 1) -> npt.NDArray[np.float32]:
        """The product at a level (None: the present one): (batch, inputs) gives (batch, outputs).

        Raises what `Payload.dot` raises, with the level's shape.
        """
        if level is not None:
            self.adapt(level)
        return dot(self.kernel, X, threads, None)
