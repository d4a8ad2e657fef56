"""A nested payload seen level by level: `nested.c` with its types checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.kernel import Kernel


class LevelKernel(Kernel):
    """A view of one level of a `nested` payload; ``shape`` and products are those of the level.

    Inputs and outputs stand in the payload's order. Opens at the full level; not for several threads that
    change the level at the same time.
    """

    def __init__(self, data: npt.NDArray[np.uint8], isa: str | None = None) -> None:
        super().__init__("nested", data, isa=isa)
        check(self._lib.nested_by_level(self.view))

    def adapt(self, level: int) -> None:
        """Changes the level: two integers of the view are rewritten."""
        check(self._lib.nested_adapt(self.view, level))

    def bench_adapt(self, repeat: int) -> int:
        """Nanoseconds of ``repeat`` changes of level, each to the next one; ends at the full level."""
        return check(self._lib.bench_nested_adapt(self.view, repeat))
