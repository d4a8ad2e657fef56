"""ONNX Runtime's MatMulNBits: an m x n matrix of 2, 4 or 8 bits, in blocks along its inputs that have a scale each.

```
B            uint8  (m, ceil(n / block), block * bits / 8)   low bits first; the last block is filled up
scales       float  m * ceil(n / block)
zero points  uint8  packed as B is, each output's from a byte of its own; 2 ** (bits - 1) where they are left out
```

Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.onnx import view as onnx_view
from dotbench.datasets.models.onnx.quantised import NO_INT8
from dotbench.datasets.models.onnx.types import unpacked as bits_of
from dotbench.datasets.models.onnx.view import Scaling, View

Value = tuple[View, ...]
BITS = (2, 4, 8)


@dataclass(frozen=True)
class Layout:
    """n inputs, m outputs, in blocks of ``block`` numbers of ``bits``."""

    n: int
    m: int
    bits: int
    block: int

    @property
    def blocks(self) -> int:
        """Of an output."""
        return -(-self.n // self.block)

    @property
    def nbytes(self) -> int:
        return self.m * self.blocks * self.block * self.bits // 8

    @property
    def zero_bytes(self) -> int:
        """Of an output's zero points."""
        return -(-self.blocks * self.bits // 8)

    def numbers(self, packed: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """(m, n)"""
        rows = packed.reshape(self.m, -1)
        flat = rows.reshape(-1) if self.bits == 8 else bits_of(rows.reshape(-1), self.bits, rows.size * 8 // self.bits)
        return flat.view(np.uint8).reshape(self.m, -1)[:, : self.n]

    def zeros(self, packed: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
        """(m, blocks)"""
        flat = packed.reshape(-1)
        flat = flat if self.bits == 8 else bits_of(flat, self.bits, flat.size * 8 // self.bits)
        return flat.view(np.uint8).reshape(self.m, -1)[:, : self.blocks].astype(np.int16)


def unpacked(inputs: Sequence[Value | None], attributes: Mapping[str, Any]) -> Iterator[tuple[View, str]]:
    """The matrix of an operator, int8 (m, n) less its zero points, and what should be known of it; nothing where it is
    no constant."""
    given = [*inputs, (), (), (), (), ()][:5]
    if not given[1] or len(given[1]) > 1 or not given[2]:
        return
    view, scales, zeros = given[1][0], given[2][0], given[3]
    layout = Layout(
        *(attributes.get(word, default) for word, default in (("K", 0), ("N", 0), ("bits", 4), ("block_size", 0)))
    )
    trouble = _trouble(layout, view, scales, zeros)
    if trouble:
        yield replace(view, trouble=trouble), ""
        return
    about = zeros[0] if zeros else None
    around = _zeros(layout, about)
    trouble = _beyond(layout, view, around) if layout.bits == 8 and (about is None or (around != 128).any()) else ""
    made = onnx_view.computed(view, (layout.m, layout.n), lambda: _matrix(layout, view, around), "int8")
    if made is None:
        return
    sources = (scales.root, about.root) if about else (scales.root,)
    axes = frozenset((0,) if layout.blocks == 1 else (0, 1))
    block = layout.block if layout.blocks > 1 else 0
    usual = bool((around == 1 << layout.bits - 1).all())
    scaling = Scaling(axes, scales.size, sum(one.nbytes for one in sources), sources, block, not usual)
    order = "its inputs are in the order of g_idx" if given[4] else ""
    yield replace(made.scaled(scaling) or made, trouble=trouble), order


def _trouble(layout: Layout, view: View, scales: View, zeros: Value | None) -> str:
    """Why it cannot be read, "" for nothing."""
    if layout.bits not in BITS or min(layout.n, layout.m) < 1 or layout.block < 8:
        return f"a matrix of {layout.n} x {layout.m} in {layout.bits} bits and blocks of {layout.block}"
    if view.root.is_sparse or any(zero.root.is_sparse for zero in zeros or ()):
        return "it is sparse, and its bytes are several numbers each"
    if view.trouble or view.root.type.name != "uint8" or view.size != layout.nbytes:
        return (
            view.trouble or f"it has {view.size} numbers of {view.root.type.name}, and {layout.nbytes} bytes are needed"
        )
    if scales.size != layout.m * layout.blocks:
        return f"it has {scales.size} scales for {layout.m * layout.blocks} blocks"
    if zeros is None or len(zeros) > 1:
        return "its zero points are computed when the model runs"
    if zeros and (zeros[0].trouble or zeros[0].root.type.name != "uint8"):
        return zeros[0].trouble or f"its zero points are {zeros[0].root.type.name}: no whole numbers to subtract"
    if zeros and zeros[0].size != layout.m * layout.zero_bytes:
        return f"it has {zeros[0].size} bytes of zero points, and {layout.m * layout.zero_bytes} are needed"
    return ""


def _zeros(layout: Layout, zeros: View | None) -> npt.NDArray[np.int16]:
    """(m, blocks) or (1, 1)."""
    return np.full((1, 1), 1 << layout.bits - 1, np.int16) if zeros is None else layout.zeros(zeros.array())


def _beyond(layout: Layout, view: View, zeros: npt.NDArray[np.int16]) -> str:
    """Why int8 does not hold it."""
    low, high = 0, 0
    for at, row in enumerate(layout.numbers(view.array())):
        difference = row.astype(np.int16) - _along(layout, zeros[at % len(zeros)])
        low, high = min(low, int(difference.min())), max(high, int(difference.max()))
    return NO_INT8.format(low, high) if low < -128 or high > 127 else ""


def _matrix(layout: Layout, view: View, zeros: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """int8 holds the differences, so they are right when both sides are cut to 8 bits."""
    matrix: npt.NDArray[np.int8] = layout.numbers(view.array()).view(np.int8) - _along(layout, zeros).astype(np.int8)
    return matrix


def _along(layout: Layout, zeros: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Zero points of blocks as those of numbers."""
    return zeros if zeros.shape[-1] == 1 else np.repeat(zeros, layout.block, -1)[..., : layout.n]
